"""Who can connect to whom: attempts from every node to whatever listens on any other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence


class Reach(StrEnum):
    """What came of an attempt to connect."""

    OPEN = "open"  # it was connected
    CLOSED = "closed"  # it was refused by the other host, which was reached all the same
    SILENT = "silent"  # neither: as it is between networks, and where a host is dead


@dataclass(frozen=True, slots=True)
class Connection:
    """One node's attempts to connect to a port that another listens on, at all its addresses.

    ``allowed`` is what the policy says: whether they stand on a network in common.
    """

    source: str
    source_role: str
    target: str
    target_role: str
    port: int
    reach: Reach  # the best of all addresses
    allowed: bool


@runtime_checkable
class Apart(Protocol):
    """An environment whose nodes are meant to stand on networks apart."""

    def try_connections(self) -> Sequence[Connection]:
        """Try every pair, at every port that is listened on.

        Raises:
            WorldError: somebody could not try, or could not be tried.
        """
        ...
