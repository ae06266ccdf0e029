"""We believe that the replica's description holds together, and hides its passwords."""

from __future__ import annotations

from collections import Counter

import pytest

from environments.replica.image_builder import IMAGES
from environments.replica.topology import Passwords, Settings, Topology, one_region

PASSWORDS = Passwords()


def topology(*, synchronous: bool = True, circuit_breaker: bool = True) -> Topology:
    return one_region(
        Settings(synchronous=synchronous, circuit_breaker=circuit_breaker), PASSWORDS
    )


def environment(of: Topology, name: str) -> str:
    return str(next(node.environment for node in of.nodes if node.name == name))


def test_all_nodes_are_there_once() -> None:
    roles = Counter(node.role.value for node in topology().nodes)
    assert roles == {
        "edge": 1, "app": 3, "db-router": 1, "db": 3, "etcd": 3, "cache": 1,
        "payments": 1, "links": 1, "bastion": 1,
    }  # fmt: skip
    assert len({node.name for node in topology().nodes}) == 15


def test_a_node_comes_after_those_that_it_needs() -> None:
    seen: set[str] = set()
    for node in topology().nodes:
        assert set(node.needs) <= seen, node.name
        seen.add(node.name)


def test_every_image_has_a_folder() -> None:
    watched = one_region(Settings(cache_failover=True), PASSWORDS)
    assert all((IMAGES / node.image / "Dockerfile").is_file() for node in watched.nodes)


def test_every_link_leads_to_a_node() -> None:
    names = {node.name for node in topology().nodes}
    assert {path.target.partition(":")[0] for path in topology().paths} <= names
    assert len({path.port for path in topology().paths}) == len(topology().paths)


def test_another_region_shares_no_name_but_those_that_all_regions_share() -> None:
    east = {node.name for node in topology().nodes}
    west = {node.name for node in one_region(Settings(), PASSWORDS, "west").nodes}
    assert east & west == {"payments", "links", "bastion"}


def test_only_databases_have_a_small_disk_and_only_where_it_is_asked_for() -> None:
    with_disk = one_region(Settings(log_disk=True, backups=True), PASSWORDS)
    assert {node.name for node in with_disk.nodes if node.disks} == {
        "east-db-1", "east-db-2", "east-db-3",
    }  # fmt: skip
    assert not any(node.disks for node in one_region(Settings(backups=True), PASSWORDS).nodes)


def test_caches_that_fail_over_have_a_router_in_front_and_one_alone_has_none() -> None:
    watched = one_region(Settings(cache_failover=True), PASSWORDS)
    roles = Counter(node.role.value for node in watched.nodes)
    assert (roles["cache"], roles["cache-router"]) == (3, 1)
    targets = {path.name: path.target for path in watched.paths}
    assert targets["app-to-cache"] == "east-cache-router:6379"
    assert "'SENTINELS': 'east-cache-1 east-cache-2 east-cache-3'" in environment(
        watched, "east-cache-2"
    )
    assert "'REDIS_HOST': 'east-cache-router'" in environment(watched, "bastion")
    alone = topology()
    assert environment(alone, "east-cache-1") == "{}"
    assert {path.target for path in alone.paths if path.name == "app-to-cache"} == {
        "east-cache-1:6379"
    }


def test_settings_change_the_world_that_they_name_and_nothing_else() -> None:
    whole = topology()
    asynchronous = topology(synchronous=False)
    without_breaker = topology(circuit_breaker=False)
    assert "'SYNCHRONOUS_MODE': 'off'" in environment(asynchronous, "east-db-1")
    assert "'PAYMENTS_BREAKER': 'off'" in environment(without_breaker, "east-app-1")
    assert environment(asynchronous, "east-app-1") == environment(whole, "east-app-1")
    assert environment(without_breaker, "east-db-1") == environment(whole, "east-db-1")


@pytest.mark.parametrize("thing", [PASSWORDS, topology()], ids=["passwords", "topology"])
def test_passwords_are_not_shown(thing: object) -> None:
    hidden = (PASSWORDS.superuser, PASSWORDS.replication, PASSWORDS.orders)
    assert not any(password in repr(thing) for password in hidden)


def test_passwords_are_new_each_time() -> None:
    assert Passwords().superuser != Passwords().superuser
