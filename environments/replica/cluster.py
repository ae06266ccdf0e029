"""The database cluster as Patroni keeps it in etcd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.replica.probes import json_object
from environments.replica.topology import SCOPE

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = f"/service/{SCOPE}/"
PRIMARY, STANDBY, REPLICA = "primary", "standby", "replica"
STANDBY_LEADER = "standby-leader"  # it leads a cluster that follows another region's


@dataclass(frozen=True, slots=True)
class Member:
    state: str  # "running", "streaming", "starting", …
    timeline: int | None
    position: int | None  # bytes of write-ahead log that it has


@dataclass(frozen=True, slots=True)
class Cluster:
    """Who leads, who has everything the leader acknowledged, and how far each one is."""

    leader: str | None
    standbys: frozenset[str]
    members: Mapping[str, Member]
    paused: bool  # in maintenance: nobody is promoted, and nobody rejoins, by itself
    follows: bool = False  # a standby cluster: its leader streams from another cluster

    def states(self, names: tuple[str, ...]) -> dict[str, str]:
        """Each database's state: "primary", "standby" (the synchronous one) or "replica".

        Who leads a cluster that follows another is its "standby-leader", and one that
        Patroni does not know is "absent".
        """
        return {name: self._state(name) for name in names}

    def _state(self, name: str) -> str:
        if name == self.leader:
            return STANDBY_LEADER if self.follows else PRIMARY
        if name not in self.members:
            return "absent"
        return STANDBY if name in self.standbys else REPLICA


def read_cluster(keys: Mapping[str, str]) -> Cluster:
    """Read the cluster from its keys, the prefix removed.

    Patroni's layout: ``config``, ``leader``, ``sync`` and ``members/<name>``
    (https://patroni.readthedocs.io/en/latest/patroni_configuration.html).

    Raises:
        NoAnswerError: a value is not as Patroni writes it.
    """
    members = {
        key.removeprefix("members/"): _member(value)
        for key, value in keys.items()
        if key.startswith("members/")
    }
    sync = json_object(keys.get("sync") or "{}")
    leader = keys.get("leader")
    recorded = str(sync.get("sync_standby") or "") if sync.get("leader") == leader else ""
    standbys = frozenset(name for name in recorded.split(",") if name)
    config = json_object(keys.get("config") or "{}")
    return Cluster(
        leader,
        standbys,
        members,
        paused=bool(config.get("pause")),
        follows=bool(config.get("standby_cluster")),
    )


def _member(value: str) -> Member:
    fields = json_object(value)
    state = str(fields.get("replication_state") or fields.get("state"))
    return Member(state, fields.get("timeline"), fields.get("xlog_location"))
