"""We believe that Patroni's keys are read as Patroni means them."""

from __future__ import annotations

import pytest

from environments.replica.cluster import read_cluster
from environments.replica.probes import NoAnswerError

KEYS = {
    "config": '{"ttl":20}',
    "leader": "db-1",
    "members/db-1": '{"state":"running","role":"primary","xlog_location":84,"timeline":3}',
    "members/db-2": '{"state":"running","replication_state":"streaming","xlog_location":80}',
    "members/db-3": '{"state":"starting","role":"replica"}',
    "sync": '{"leader":"db-1","quorum":0,"sync_standby":"db-2"}',
}
NAMES = ("db-1", "db-2", "db-3")


def test_each_database_has_its_state() -> None:
    assert read_cluster(KEYS).states(NAMES) == {
        "db-1": "primary",
        "db-2": "standby",
        "db-3": "replica",
    }


def test_a_member_is_as_far_as_it_says_and_streams_rather_than_runs() -> None:
    cluster = read_cluster(KEYS)
    assert (cluster.members["db-1"].timeline, cluster.members["db-1"].position) == (3, 84)
    assert cluster.members["db-2"].state == "streaming"
    assert cluster.members["db-3"].state == "starting"


def test_no_leader_no_primary() -> None:
    leaderless = {key: value for key, value in KEYS.items() if key != "leader"}
    assert "primary" not in read_cluster(leaderless).states(NAMES).values()


@pytest.mark.parametrize(
    "sync",
    [
        '{"leader":"db-1","sync_standby":null}',
        '{"leader":"db-3","sync_standby":"db-2"}',  # of a former leader
        "",
    ],
)
def test_a_standby_counts_only_for_the_present_leader(sync: str) -> None:
    assert read_cluster({**KEYS, "sync": sync}).standbys == frozenset()


@pytest.mark.parametrize(
    ("config", "paused"),
    [('{"ttl":20}', False), ('{"pause":true}', True), ('{"pause":null}', False), ("", False)],
)
def test_maintenance_is_known(config: str, paused: bool) -> None:  # noqa: FBT001 # a case
    assert read_cluster({**KEYS, "config": config}).paused is paused


def test_who_is_no_member_is_absent() -> None:
    assert read_cluster(KEYS).states(("db-9",)) == {"db-9": "absent"}


def test_what_is_not_patronis_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="not JSON"):
        read_cluster({**KEYS, "members/db-2": "streaming"})
