"""The caches that Sentinel watches: who is their primary, and what is amiss. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from environments.replica.probes import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GROUP = "muster"  # what the sentinels call the caches that they watch
WELL = "master"  # a Sentinel's flags of a primary with which nothing is the matter
PRIMARY, REPLICA, ABSENT = "primary", "replica", "absent"


@dataclass(frozen=True, slots=True)
class CacheView:
    """What one Redis says of itself."""

    is_primary: bool
    follows: str | None = None
    in_step: bool = True  # a replica that is connected, and has its whole copy


@dataclass(frozen=True, slots=True)
class SentinelView:
    """What one Sentinel thinks of the caches that it watches."""

    primary: str
    flags: str  # of that primary: "master" where nothing is the matter with it
    sentinels: int  # how many it knows, itself included
    quorum: int  # how many must think the primary dead before one may replace it


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheGroup:
    """What was seen at one moment; who gave no answer is in ``names`` alone.

    Without names there is no such group in this replica, and nothing about it to be amiss.
    """

    names: tuple[str, ...] = ()
    caches: Mapping[str, CacheView] = field(default_factory=dict)
    sentinels: Mapping[str, SentinelView] = field(default_factory=dict)
    routed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # router -> leads to

    def states(self) -> dict[str, str]:
        """Say which is the "primary", by a majority of all sentinels, and who a "replica".

        One that does not answer, or is neither, is "absent".

        Raises:
            NoAnswerError: no majority thinks the same cache to be a primary that is well.
        """
        if not self.names:
            return {}
        chosen = self._chosen()
        return {name: PRIMARY if name == chosen else self._state(name) for name in self.names}

    def deviations(self) -> Iterator[str]:
        """Say what is amiss with the group, a sentence each."""
        if not self.names:
            return
        acting = sorted(name for name, view in self.caches.items() if view.is_primary)
        if not acting:
            yield "no cache is the primary"
        elif len(acting) > 1:
            yield f"{' and '.join(acting)} both act as the primary of the caches"
        else:
            (primary,) = acting
            yield from self._replicas(primary)
            yield from self._sentinels(primary)
            yield from self._routing(primary)

    @property
    def _majority(self) -> int:
        return len(self.names) // 2 + 1

    def _chosen(self) -> str:
        thought = Counter(v.primary for v in self.sentinels.values() if v.flags == WELL)
        for name, sentinels in thought.items():
            if sentinels >= self._majority:
                return name
        said = "; ".join(
            f"{name} says {view.primary}: {view.flags}"
            for name, view in sorted(self.sentinels.items())
        )
        raise NoAnswerError(f"no majority of the sentinels says so: {said or 'all are silent'}")

    def _state(self, name: str) -> str:
        view = self.caches.get(name)
        return ABSENT if view is None or view.is_primary else REPLICA

    def _replicas(self, primary: str) -> Iterator[str]:
        for name, cache in self.caches.items():
            if name == primary:
                continue
            if cache.follows != primary:
                yield f"{name} follows {cache.follows}, the primary of the caches is {primary}"
            elif not cache.in_step:
                yield f"{name} has not all that {primary} has"

    def _sentinels(self, primary: str) -> Iterator[str]:
        for name, sentinel in self.sentinels.items():
            if sentinel.primary != primary:
                yield f"the sentinel of {name} follows {sentinel.primary}, not {primary}"
            elif sentinel.flags != WELL:
                yield f"the sentinel of {name} says of {primary}: {sentinel.flags}"
            if sentinel.sentinels != len(self.names):
                yield (
                    f"the sentinel of {name} knows {sentinel.sentinels} sentinels, "
                    f"not {len(self.names)}"
                )
            if sentinel.quorum != self._majority:
                yield (
                    f"the sentinel of {name} replaces no primary before {sentinel.quorum} "
                    f"agree, it should be {self._majority}"
                )

    def _routing(self, primary: str) -> Iterator[str]:
        for router, routed in self.routed.items():
            if routed != (primary,):
                yield f"{router} leads to {', '.join(routed) or 'nobody'}, not {primary}"


def read_cache(replication: str) -> CacheView:
    """Read what ``INFO replication`` says (https://redis.io/docs/latest/commands/info/).

    Raises:
        NoAnswerError: it does not say which role it has.
    """
    said = dict(line.partition(":")[::2] for line in replication.splitlines())
    role = said.get("role")
    if role == "master":
        return CacheView(is_primary=True)
    if role != "slave":
        raise NoAnswerError(f"INFO replication gives the role as {role!r}")
    return CacheView(
        is_primary=False,
        follows=said.get("master_host"),
        in_step=(
            said.get("master_link_status") == "up"
            and said.get("master_sync_in_progress") == "0"
        ),
    )


def read_sentinel(master: Sequence[str]) -> SentinelView:
    """Read what ``SENTINEL MASTER`` says: names and values in turn.

    Raises:
        NoAnswerError: something that it always says is missing.
    """
    said = dict(zip(master[::2], master[1::2], strict=False))
    try:
        return SentinelView(
            primary=said["ip"],
            flags=said["flags"],
            sentinels=int(said["num-other-sentinels"]) + 1,
            quorum=int(said["quorum"]),
        )
    except (KeyError, ValueError) as error:
        raise NoAnswerError(f"SENTINEL MASTER does not say it all: {error}") from error
