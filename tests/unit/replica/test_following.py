"""We believe that a region which could not take over is never called ready to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from environments.replica.caches import CacheView
from environments.replica.cluster import Cluster, Member, read_cluster
from environments.replica.following import deviations_of_follower
from environments.replica.steady import Expected, Observed

EXPECTED = Expected(
    apps=("west-app-1",), databases=("west-1", "west-2"), synchronous=True, region="west"
)
FOLLOWED = Cluster(
    "east-1", frozenset(), {"east-1": Member("running", 3, 9_000_000)}, paused=False
)
CLUSTER = Cluster(
    leader="west-1",
    standbys=frozenset(),
    members={
        "west-1": Member("streaming", 3, 9_000_000),
        "west-2": Member("streaming", 3, 8_000_000),
    },
    paused=False,
    follows=True,
)
COPY = CacheView(is_primary=False, follows="links")
WELL = Observed(
    conditions={"west-1": "running"},
    no_answer={},
    cluster=CLUSTER,
    primaries=frozenset(),
    replication={},
    routed_primaries={"router": ()},
    routed_replicas={"router": ("west-2",)},
    apps_in_rotation={"edge": 1},
    impaired_links={},
    pending_seconds={},
    lone_caches={"cache": COPY},
)


def with_member(name: str, member: Member) -> Observed:
    members = {**CLUSTER.members, name: member}
    return replace(WELL, cluster=replace(CLUSTER, members=members))


def found(observed: Observed, followed: Cluster | None = FOLLOWED) -> list[str]:
    return list(deviations_of_follower(EXPECTED, observed, followed=followed))


def test_a_region_that_follows_deviates_in_nothing() -> None:
    assert found(WELL) == []


@pytest.mark.parametrize(
    ("observed", "sentence"),
    [
        (replace(WELL, conditions={"west-1": "exited"}), "west-1 is exited"),
        (replace(WELL, no_answer={"west-2": "refused"}), "west-2 gave no good answer: refused"),
        (replace(WELL, impaired_links={"link": "Down()"}), "the link link is impaired: Down()"),
        (
            replace(WELL, primaries=frozenset({"west-1"})),
            "west-1 acts as a primary, in west, which is not the active region",
        ),
        (
            replace(WELL, cluster=replace(CLUSTER, paused=True)),
            "automatic failover is switched off in west (patronictl resume)",
        ),
        (
            replace(WELL, lone_caches={"cache": replace(COPY, follows="west-cache-9")}),
            "cache follows west-cache-9, not the other region's cache over links",
        ),
        (
            replace(WELL, cluster=replace(CLUSTER, follows=False)),
            "the databases in west follow no other region's",
        ),
        (
            replace(WELL, cluster=replace(CLUSTER, leader=None)),
            "no database in west leads the others there",
        ),
        (
            replace(WELL, lone_caches={"cache": CacheView(is_primary=True)}),
            "cache follows no cache of the region that west follows",
        ),
        (
            replace(WELL, lone_caches={"cache": replace(COPY, in_step=False)}),
            "cache is not in step with links, which it follows",
        ),
        (
            with_member("west-1", Member("in archive recovery", 3, 9_000_000)),
            "west-1 is in archive recovery, not streaming",
        ),
        (
            with_member("west-2", Member("streaming", 2, 9_000_000)),
            "west-2 is on timeline 2, the primary on 3",
        ),
        (
            with_member("west-2", Member("streaming", 3, 7_999_999)),
            "west-2 is 1000001 bytes behind the primary",
        ),
        (
            replace(WELL, apps_in_rotation={"edge": 0}),
            "0 of 1 instances are in rotation at edge",
        ),
    ],
)
def test_what_is_amiss_is_named(observed: Observed, sentence: str) -> None:
    assert found(observed) == [sentence]


def test_a_database_that_is_missing_is_named() -> None:
    cluster = replace(CLUSTER, members={"west-1": CLUSTER.members["west-1"]})
    assert found(replace(WELL, cluster=cluster)) == [
        "west-2 is not a member of the database cluster"
    ]


def test_nothing_is_said_of_the_lag_behind_a_region_that_is_silent() -> None:
    assert found(with_member("west-2", Member("streaming", 2, 0)), followed=None) == []


def test_who_leads_a_cluster_that_follows_is_no_primary() -> None:
    keys = {
        "leader": "a",
        "config": '{"standby_cluster": {"host": "links"}}',
        "members/a": "{}",
    }
    cluster = read_cluster(keys)
    assert cluster.follows
    assert cluster.states(("a",)) == {"a": "standby-leader"}
    assert read_cluster({**keys, "config": "{}"}).states(("a",)) == {"a": "primary"}
