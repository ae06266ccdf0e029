"""We believe that a secured replica is apart and encrypted, and known to who clears up."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Cut, Cuttable, WorldError
from environments.replica.containers import connect
from environments.replica.opening import attached
from environments.replica.removing import found_worlds
from environments.replica.topology import Network
from environments.replica.world import NETWORK
from environments.selectors import find_node

if TYPE_CHECKING:
    from environments.model import Completed, Environment
    from fixtures.run import Run

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings(secured=True))]

SESSIONS = """
SELECT count(*), bool_and(ssl) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
WHERE client_addr IS NOT NULL
"""


def on_bastion(world: Environment, command: str) -> Completed:
    within = timedelta(seconds=15)
    return find_node(world, "bastion").run(["sh", "-c", command], within=within)


def test_nobody_speaks_with_a_database_or_the_entrance_in_the_clear(
    replica: Environment,
) -> None:
    for host in ("east-db-router", "east-db-1", "links"):
        refused = on_bastion(replica, f"PGSSLMODE=disable PGHOST={host} psql --command ''")
        assert "no encryption" in refused.stderr
        trusted = on_bastion(replica, f"PGHOST={host} psql --command ''")
        assert trusted.exit_code == 0, trusted.stderr
    told = on_bastion(replica, f'psql --no-align --tuples-only --command "{SESSIONS}"')
    count, _, encrypted = told.stdout.strip().partition("|")
    assert int(count) > 3 * 8  # all connections of three instances, and more
    assert encrypted == "t"
    assert on_bastion(replica, 'curl --fail --silent "$EDGE/health/ready"').exit_code == 0
    for clear in ("http://east-edge:8080", "http://east-edge:8443"):
        assert on_bastion(replica, f"curl --fail {clear}/health/ready").exit_code != 0
    distrusted = on_bastion(replica, 'CURL_CA_BUNDLE= curl --silent "$EDGE/health/ready"')
    assert distrusted.exit_code != 0


def test_nodes_that_share_several_networks_are_cut_off_on_all_of_them(
    replica: Environment,
) -> None:
    bastion = find_node(replica, "bastion")
    assert isinstance(bastion, Cuttable)
    cut = Cut(frozenset({"links"}))
    bastion.cut(cut)
    try:
        assert bastion.is_cut(cut)
        assert bastion.drops(cut)
        assert not bastion.reaches(["links"])
    finally:
        bastion.uncut(cut)
    assert bastion.reaches(["links"]) == {"links"}
    assert not bastion.is_cut(cut)


def test_nodes_that_cannot_meet_cannot_be_cut_off_from_each_other(
    replica: Environment,
) -> None:
    instance = find_node(replica, "east-app-1")
    assert isinstance(instance, Cuttable)
    assert not instance.reaches(["east-db-1"])
    with pytest.raises(WorldError, match="shares a network"):
        instance.cut(Cut(frozenset({"east-db-1"})))


def test_every_network_is_known_to_whoever_clears_up(replica: Environment, run: Run) -> None:
    names = {f"muster-{replica.id}-{network}" for network in Network}
    with closing(connect()) as engine:
        (ours,) = [one for one in found_worlds(engine) if one.id == replica.id]
        assert {one.name for one in ours.resources if one.kind == NETWORK} == names
        with attached(engine, replica.id) as found:
            assert found.settings.secured
            assert {node.name for node in found.nodes} == {node.name for node in replica.nodes}
    written = "".join(one.read_text() for one in run.folder.glob("journal*.jsonl"))
    assert all(f'"{name}"' in written for name in names)
