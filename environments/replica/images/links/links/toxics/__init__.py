"""The kinds of toxics. To add one: a file beside these, and its line below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .bandwidth import Bandwidth, BandwidthStage
from .latency import Latency, LatencyStage
from .limit_data import LimitData, LimitDataStage
from .reset_peer import ResetPeer, ResetPeerStage
from .slicer import Slicer, SlicerStage
from .slow_close import SlowClose, SlowCloseStage
from .timeout import Timeout, TimeoutStage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .stage import Stage

Attributes = Latency | Bandwidth | SlowClose | Timeout | ResetPeer | Slicer | LimitData


@dataclass(frozen=True, slots=True)
class Kind:
    """What a toxic of a type is set to, and what it then does.

    ``buffer_bytes`` is how much one direction of a connection may keep. Latency needs
    what is under way in that time (4 MiB: 2 MB/s at 2 s); the others should be felt by
    the sender soon.
    """

    attributes: type[Attributes]
    stage: type[Stage[Any]]
    buffer_bytes: int = 64 * 1024


KINDS: Mapping[str, Kind] = {
    "latency": Kind(Latency, LatencyStage, buffer_bytes=4 * 1024 * 1024),
    "bandwidth": Kind(Bandwidth, BandwidthStage),
    "slow_close": Kind(SlowClose, SlowCloseStage),
    "timeout": Kind(Timeout, TimeoutStage),
    "reset_peer": Kind(ResetPeer, ResetPeerStage),
    "slicer": Kind(Slicer, SlicerStage),
    "limit_data": Kind(LimitData, LimitDataStage),
}
