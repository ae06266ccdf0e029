"""A replica whose service is changed by tools: releases, configuration, migrations."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.model import ChangeTold, WorldError
from environments.replica.deploying import read_changes
from environments.replica.probes import NoAnswerError, http_ok
from environments.replica.replica import Replica
from environments.replica.topology import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    from environments.replica.starting import Started

    Value = TypeVar("Value")

TOOLS = {Role.DEPLOYER, Role.CONFIGURATOR, Role.MIGRATOR}
HISTORY_PORT = 9200  # of each of them


@dataclass(frozen=True, slots=True)
class ChangingReplica(Replica):
    """Implements Changing, too."""

    def change_tools(self) -> Sequence[str]:
        return [name for name, node in self.started.items() if node.spec.role in TOOLS]

    def changes(self, tool: str, after: int) -> Sequence[ChangeTold]:
        return _told(self.started[tool], f"/changes?after={after}", read_changes)


def _told(node: Started, path: str, read: Callable[[Any], Value]) -> Value:
    try:
        return read(json.loads(http_ok(node.port(HISTORY_PORT), path)))
    except (NoAnswerError, ValueError) as error:
        raise WorldError(
            f"{node.spec.name} does not say what it changed ({error}): see its log"
        ) from error
