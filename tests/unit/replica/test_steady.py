"""We believe that each thing that can be amiss is named, redundancy included."""

from __future__ import annotations

from dataclasses import replace

import pytest

from environments.replica.caches import CacheGroup, CacheView
from environments.replica.cluster import Cluster, Member
from environments.replica.deploying import DeploymentStatus
from environments.replica.steady import Expected, Observed, deviations

EXPECTED = Expected(
    apps=("app-1", "app-2", "app-3"),
    databases=("db-1", "db-2", "db-3"),
    synchronous=True,
    region="east",
)
CLUSTER = Cluster(
    leader="db-1",
    standbys=frozenset({"db-2"}),
    members={
        "db-1": Member("running", 1, 5_000_000),
        "db-2": Member("streaming", 1, 5_000_000),
        "db-3": Member("streaming", 1, 4_900_000),
    },
    paused=False,
)
WELL = Observed(
    conditions={"db-1": "running", "cache": "running"},
    no_answer={},
    cluster=CLUSTER,
    primaries=frozenset({"db-1"}),
    replication={"db-2": "sync", "db-3": "async"},
    routed_primaries={"router": ("db-1",)},
    routed_replicas={"router": ("db-2", "db-3")},
    apps_in_rotation={"edge": 3},
    impaired_links={},
    pending_seconds={"app-1": 4.9, "app-2": 0.0},
    shed_percent={"edge": 0},
    open_regions={"entrance": ("east",)},
    entitled_regions={"entrance": ("east",)},
    lone_caches={"cache": CacheView(is_primary=True)},
)
DEPLOYED = DeploymentStatus(
    live="1.0.0", colour="blue", phase="idle", change="", share=0.0, verified=True, trouble="",
    serving={"app-1": "1.0.0", "green-1": "1.1.0"},
)  # fmt: skip


def with_member(name: str, member: Member) -> Cluster:
    return replace(CLUSTER, members={**CLUSTER.members, name: member})


def test_a_world_that_is_well_deviates_in_nothing() -> None:
    assert list(deviations(EXPECTED, WELL)) == []


@pytest.mark.parametrize(
    ("observed", "sentence"),
    [
        (
            replace(WELL, lone_caches={"cache": CacheView(is_primary=False, follows="links")}),
            "cache follows links: what is written to it is refused",
        ),
        (
            replace(WELL, pending_seconds={"app-1": float("inf")}),
            "app-1 reaches no database that takes writes: what is pending is not known",
        ),
        (replace(WELL, conditions={"cache": "exited"}), "cache is exited"),
        (replace(WELL, lost_lines={"app-1": "full"}), "app-1 loses its log lines: full"),
        (replace(WELL, conditions={"cache": "paused"}), "cache is paused"),
        (
            replace(WELL, deployments={"deployer": DEPLOYED}),
            "green-1 serves customers with 1.1.0, and 1.0.0 is live",
        ),
        (replace(WELL, no_answer={"payments": "refused"}), "payments gave no good answer"),
        (replace(WELL, cluster=replace(CLUSTER, leader=None)), "no database is the primary"),
        (replace(WELL, cluster=replace(CLUSTER, paused=True)), "failover is switched off"),
        (
            replace(WELL, primaries=frozenset({"db-1", "db-3"})),
            "db-1, db-3 acts as the primary",
        ),
        (replace(WELL, primaries=frozenset()), "no database acts as the primary"),
        (
            replace(WELL, cluster=replace(CLUSTER, standbys=frozenset())),
            "no synchronous standby is recorded",
        ),
        (replace(WELL, replication={"db-2": "async"}), "the primary says async"),
        (replace(WELL, replication={}), "the primary says not connected"),
        (
            replace(WELL, cluster=with_member("db-3", Member("starting", 1, 0))),
            "db-3 is starting, not streaming",
        ),
        (
            replace(WELL, cluster=with_member("db-3", Member("streaming", 2, 5_000_000))),
            "db-3 is on timeline 2",
        ),
        (
            replace(WELL, cluster=with_member("db-3", Member("streaming", 1, 3_000_000))),
            "db-3 is 2000000 bytes behind",
        ),
        (replace(WELL, routed_primaries={"router": ()}), "router leads writers to nobody"),
        (
            replace(WELL, routed_replicas={"router": ("db-3",)}),
            "router leads readers of copies to db-3, not to db-2, db-3",
        ),
        (
            replace(WELL, routed_primaries={"router": ("db-1", "db-2")}),
            "router leads writers to db-1, db-2",
        ),
        (replace(WELL, apps_in_rotation={"edge": 2}), "2 of 3 instances are in rotation"),
        (
            replace(WELL, impaired_links={"app-to-db": "Down()"}),
            "app-to-db is impaired: Down()",
        ),
        (replace(WELL, cache_group=CacheGroup(names=("cache",))), "no cache is the primary"),
        (replace(WELL, pending_seconds={"app-1": 5.1}), "app-1 has had an order pending"),
        (
            replace(WELL, open_regions={"entrance": ("east", "west")}),
            "entrance leads customers to east, west, not to east alone",
        ),
        (replace(WELL, shed_percent={"edge": 50}), "edge sheds 50 % of the load"),
        (
            replace(WELL, entitled_regions={"entrance": ("east", "west")}),
            "entrance lets east, west have a primary, not east alone",
        ),
        (
            replace(WELL, open_regions={"entrance": ()}),
            "entrance leads customers to no region, not to east alone",
        ),
    ],
)
def test_what_is_amiss_is_named(observed: Observed, sentence: str) -> None:
    found = deviations(EXPECTED, observed)
    assert any(sentence in deviation for deviation in found), found


def test_a_database_that_is_missing_is_named() -> None:
    members = {name: m for name, m in CLUSTER.members.items() if name != "db-3"}
    observed = replace(WELL, cluster=replace(CLUSTER, members=members))
    assert list(deviations(EXPECTED, observed)) == [
        "db-3 is not a member of the database cluster"
    ]


def test_without_synchronous_replication_no_standby_is_asked_for() -> None:
    observed = replace(WELL, cluster=replace(CLUSTER, standbys=frozenset()), replication={})
    assert list(deviations(replace(EXPECTED, synchronous=False), observed)) == []
