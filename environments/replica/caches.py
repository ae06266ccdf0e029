"""The caches that Sentinel watches: who is their primary, and what is amiss. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from environments.replica.probes import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GROUP = "muster"  # what the sentinels call the caches that they watch
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
    status: str  # of that primary: "ok", "sdown", "odown"
    sentinels: int  # how many it knows, itself included


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

    def _chosen(self) -> str:
        thought = Counter(v.primary for v in self.sentinels.values() if v.status == "ok")
        for name, sentinels in thought.items():
            if 2 * sentinels > len(self.names):
                return name
        said = "; ".join(
            f"{name} says that {view.primary} is {view.status}"
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
            elif sentinel.status != "ok":
                yield f"the sentinel of {name} says that {primary} is {sentinel.status}"
            if sentinel.sentinels != len(self.names):
                yield (
                    f"the sentinel of {name} knows {sentinel.sentinels} sentinels, "
                    f"not {len(self.names)}"
                )

    def _routing(self, primary: str) -> Iterator[str]:
        for router, routed in self.routed.items():
            if routed != (primary,):
                yield f"{router} leads to {', '.join(routed) or 'nobody'}, not {primary}"


def read_cache(replication: Mapping[str, str]) -> CacheView:
    """Read what ``INFO replication`` says (https://redis.io/docs/latest/commands/info/).

    Raises:
        NoAnswerError: it does not say which role it has.
    """
    role = replication.get("role")
    if role == "master":
        return CacheView(is_primary=True)
    if role != "slave":
        raise NoAnswerError(f"INFO replication gives the role as {role!r}")
    return CacheView(
        is_primary=False,
        follows=replication.get("master_host"),
        in_step=(
            replication.get("master_link_status") == "up"
            and replication.get("master_sync_in_progress") == "0"
        ),
    )


def read_sentinel(info: Mapping[str, str]) -> SentinelView:
    """Read what a Sentinel's ``INFO sentinel`` says of our group.

    Raises:
        NoAnswerError: it watches nothing of that name.
    """
    for key, value in info.items():
        words = dict(word.partition("=")[::2] for word in value.split(","))
        if key.startswith("master") and words.get("name") == GROUP:
            primary = words.get("address", "").rpartition(":")[0]
            known = words.get("sentinels", "")
            return SentinelView(
                primary, words.get("status", "unknown"), int(known) if known.isdigit() else 0
            )
    raise NoAnswerError(f"INFO sentinel tells of no {GROUP}")
