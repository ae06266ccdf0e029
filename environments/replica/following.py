"""The steady state of a region that follows another one: ready to take over. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.replica.steady import LAG_BYTES_AT_MOST, instances_out, unwell_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from environments.replica.cluster import Cluster
    from environments.replica.steady import Expected, Observed

LINKS = "links"  # the node that everything between the regions goes over


def deviations_of_follower(
    expected: Expected, observed: Observed, *, followed: Cluster | None
) -> Sequence[str]:
    """Say what keeps the region from being a whole copy of the one whose cluster it follows."""
    return (
        *unwell_parts(observed),
        *_databases(expected, observed),
        *_copy(expected, observed, followed),
        *_caches(expected, observed),
        *instances_out(expected, observed),
    )


def _databases(expected: Expected, observed: Observed) -> Iterator[str]:
    """Say which databases do what only the other region's may, or do not stream."""
    if observed.primaries:
        named = ", ".join(sorted(observed.primaries))
        yield f"{named} acts as a primary, in {expected.region}, which is not the active region"
    cluster = observed.cluster
    if cluster is None:
        return
    if cluster.paused:
        yield f"automatic failover is switched off in {expected.region} (patronictl resume)"
    if not cluster.follows:
        yield f"the databases in {expected.region} follow no other region's"
    if cluster.leader is None:
        yield f"no database in {expected.region} leads the others there"
    for name in expected.databases:
        member = cluster.members.get(name)
        if member is None:
            yield f"{name} is not a member of the database cluster"
        elif member.state != "streaming":
            yield f"{name} is {member.state}, not streaming"


def _copy(expected: Expected, observed: Observed, followed: Cluster | None) -> Iterator[str]:
    """Say how far the copy is behind; positions are bytes of write-ahead log."""
    if observed.cluster is None or followed is None:
        return
    primary = followed.members.get(followed.leader or "")
    for name in expected.databases:
        member = observed.cluster.members.get(name)
        if member is None or primary is None:
            continue
        if member.timeline != primary.timeline:
            yield f"{name} is on timeline {member.timeline}, the primary on {primary.timeline}"
        behind = (primary.position or 0) - (member.position or 0)
        if behind > LAG_BYTES_AT_MOST:
            yield f"{name} is {behind} bytes behind the primary"


def _caches(expected: Expected, observed: Observed) -> Iterator[str]:
    for name, view in observed.lone_caches.items():
        if view.is_primary:
            yield f"{name} follows no cache of the region that {expected.region} follows"
        elif view.follows != LINKS:
            yield f"{name} follows {view.follows}, not the other region's cache over {LINKS}"
        elif not view.in_step:
            yield f"{name} is not in step with {view.follows}, which it follows"
