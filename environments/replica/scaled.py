"""A replica whose instances come and go by themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.model import ScalingDecision, ScalingStage, ScalingStatus, WorldError
from environments.replica.autoscaling_nodes import SCALER_PORT
from environments.replica.probes import NoAnswerError, http_ok
from environments.replica.replica import Replica
from environments.replica.scaling import read_decisions, read_stages, read_status
from environments.replica.topology import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ScaledReplica(Replica):
    """Implements Scaled, too."""

    def scaling(self) -> ScalingStatus:
        return self._ask_scaler("/status", read_status)

    def scaling_decisions(self, after: int) -> Sequence[ScalingDecision]:
        return self._ask_scaler(f"/decisions?after={after}", read_decisions)

    def scaling_stages(self, after: int) -> Sequence[ScalingStage]:
        return self._ask_scaler(f"/stages?after={after}", read_stages)

    def _ask_scaler(self, path: str, read: Callable[[Any], Value]) -> Value:
        scaler = next(n for n in self.started.values() if n.spec.role is Role.SCALER)
        try:
            return read(json.loads(http_ok(scaler.port(SCALER_PORT), path)))
        except (NoAnswerError, ValueError) as error:
            raise WorldError(
                f"{scaler.spec.name} does not say how it scales ({error}): see its log"
            ) from error
