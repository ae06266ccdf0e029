"""The steady state: what must hold before a drill and after it, redundancy included. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from environments.replica.caches import CacheGroup, CacheView
from environments.replica.configured import ConfiguredView, deviations_of_configuration
from environments.replica.deploying import DeploymentStatus, deviations_of_deployment
from environments.replica.scaling import ScalingView, deviations_of_scaling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from environments.replica.cluster import Cluster

GONE = "gone"  # the condition of a node whose container was removed
LAG_BYTES_AT_MOST = 1_000_000
PENDING_SECONDS_AT_MOST = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What ought to be there."""

    apps: tuple[str, ...]
    databases: tuple[str, ...]
    synchronous: bool
    region: str = ""  # the one that customers are led to, where there are several
    policy_version: str = ""  # of the one that instances come and go by, where they do
    configuration: str = ""  # the hash of the standard one, where instances are configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was seen at one moment; a part that gave no answer is in ``no_answer`` alone."""

    conditions: Mapping[str, str]  # node -> "running", "paused", "exited", …
    no_answer: Mapping[str, str]  # what was asked -> why there was no usable answer
    cluster: Cluster | None
    primaries: frozenset[str]  # databases that call themselves the primary
    replication: Mapping[str, str]  # standby -> sync_state, as the primary itself sees it
    routed_primaries: Mapping[str, tuple[str, ...]]  # router -> where it leads writers
    routed_replicas: Mapping[str, tuple[str, ...]]  # router -> where it leads readers of copies
    apps_in_rotation: Mapping[str, int]  # edge -> instances that get requests
    impaired_links: Mapping[str, str]  # link -> what is on it
    pending_seconds: Mapping[str, float]  # app -> age of its oldest pending order
    shed_percent: Mapping[str, int] = field(default_factory=dict)  # edge -> what is refused
    # entrance -> the regions that customers may be led to, and those that may have a primary
    open_regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entitled_regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cache_group: CacheGroup = field(default_factory=CacheGroup)
    lone_caches: Mapping[str, CacheView] = field(default_factory=dict)  # Sentinel watches none
    scaling: ScalingView = field(default_factory=ScalingView)
    deployments: Mapping[str, DeploymentStatus] = field(default_factory=dict)
    configured: Mapping[str, ConfiguredView] = field(default_factory=dict)
    lost_lines: Mapping[str, str] = field(default_factory=dict)  # app -> why its log lacks some


def deviations(expected: Expected, observed: Observed) -> Sequence[str]:
    """Say what keeps the steady state from holding, a sentence each."""
    return (
        *unwell_parts(observed),
        *_databases(expected, observed),
        *_routing(expected, observed),
        *instances_out(expected, observed),
        *observed.cache_group.deviations(),
        *_leading_caches(observed),
        *_pending(observed),
        *deviations_of_scaling(observed.scaling, expected.policy_version),
        *deviations_of_deployment(observed.deployments),
        *deviations_of_configuration(observed.configured, expected.configuration),
        *_lost_lines(observed),
    )


def unwell_parts(observed: Observed) -> Iterator[str]:
    """Say which nodes do not run or answer as they should, and which links are impaired."""
    for node, condition in observed.conditions.items():
        if condition != "running":
            yield f"{node} is {condition}"
    for who, why in observed.no_answer.items():
        yield f"{who} gave no good answer: {why}"
    for name, how in observed.impaired_links.items():
        yield f"the link {name} is impaired: {how}"


def _databases(expected: Expected, observed: Observed) -> Iterator[str]:
    cluster = observed.cluster
    if cluster is None:
        return
    if cluster.paused:
        yield "automatic failover is switched off (patronictl resume switches it on)"
    if cluster.leader is None:
        yield "no database is the primary"
        return
    if observed.primaries != {cluster.leader}:
        named = ", ".join(sorted(observed.primaries)) or "no database"
        yield f"Patroni's primary is {cluster.leader}, but {named} acts as the primary"
    yield from _members(expected, cluster)
    if expected.synchronous:
        yield from _synchronous(cluster, observed)


def _members(expected: Expected, cluster: Cluster) -> Iterator[str]:
    leader = cluster.members.get(cluster.leader or "")
    for name in expected.databases:
        member = cluster.members.get(name)
        if member is None:
            yield f"{name} is not a member of the database cluster"
            continue
        wanted = "running" if name == cluster.leader else "streaming"
        if member.state != wanted:
            yield f"{name} is {member.state}, not {wanted}"
        if leader is None:
            continue
        if member.timeline != leader.timeline:
            yield f"{name} is on timeline {member.timeline}, the primary on {leader.timeline}"
        behind = (leader.position or 0) - (member.position or 0)
        if behind > LAG_BYTES_AT_MOST:
            yield f"{name} is {behind} bytes behind the primary"


def _synchronous(cluster: Cluster, observed: Observed) -> Iterator[str]:
    if not cluster.standbys:
        yield "no synchronous standby is recorded, so nobody could take over without loss"
    for name in sorted(cluster.standbys):
        state = observed.replication.get(name, "not connected")
        if state not in {"sync", "quorum"}:
            yield f"{name} is recorded as the synchronous standby, but the primary says {state}"


def _routing(expected: Expected, observed: Observed) -> Iterator[str]:
    leader = observed.cluster.leader if observed.cluster else None
    for router, routed in observed.routed_primaries.items():
        if leader is not None and routed != (leader,):
            yield f"{router} leads writers to {', '.join(routed) or 'nobody'}, not {leader}"
    copies = {*expected.databases} - {leader}
    for router, routed in observed.routed_replicas.items():
        if leader is not None and {*routed} != copies:
            yield (
                f"{router} leads readers of copies to {', '.join(routed) or 'nobody'}, not to"
                f" {', '.join(sorted(copies))}"
            )
    for entrance, regions in observed.open_regions.items():
        if regions != (expected.region,):
            opened = ", ".join(regions) or "no region"
            yield f"{entrance} leads customers to {opened}, not to {expected.region} alone"
    for entrance, regions in observed.entitled_regions.items():
        if regions != (expected.region,):
            entitled = ", ".join(regions) or "no region"
            yield f"{entrance} lets {entitled} have a primary, not {expected.region} alone"


def instances_out(expected: Expected, observed: Observed) -> Iterator[str]:
    """Say at which edges instances are out of rotation, or people shed load."""
    for edge, percent in observed.shed_percent.items():
        if percent:
            yield f"{edge} sheds {percent} % of the load (its command `shed 0` ends that)"
    minima = [status.minimum for status in observed.scaling.scalers.values()]
    wanted = max(minima, default=len(expected.apps))
    for edge, count in observed.apps_in_rotation.items():
        if count != wanted:
            yield f"{count} of {wanted} instances are in rotation at {edge}"


def _leading_caches(observed: Observed) -> Iterator[str]:
    for name, view in observed.lone_caches.items():
        if not view.is_primary:
            yield f"{name} follows {view.follows}: what is written to it is refused"


def _pending(observed: Observed) -> Iterator[str]:
    for app, seconds in observed.pending_seconds.items():
        if math.isinf(seconds):
            yield f"{app} reaches no database that takes writes: what is pending is not known"
        elif seconds > PENDING_SECONDS_AT_MOST:
            yield f"{app} has had an order pending for {seconds:.0f} s"


def _lost_lines(observed: Observed) -> Iterator[str]:
    for app, why in observed.lost_lines.items():
        yield f"{app} loses its log lines: {why}"
