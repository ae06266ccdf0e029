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
    assert all((IMAGES / node.image / "Dockerfile").is_file() for node in topology().nodes)


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


def test_settings_change_the_world_that_they_name_and_nothing_else() -> None:
    whole = topology()
    asynchronous = topology(synchronous=False)
    without_breaker = topology(circuit_breaker=False)
    assert "'SYNCHRONOUS_MODE': 'off'" in environment(asynchronous, "east-db-1")
    assert "'PAYMENTS_BREAKER': 'off'" in environment(without_breaker, "east-app-1")
    assert environment(asynchronous, "east-app-1") == environment(whole, "east-app-1")
    assert environment(without_breaker, "east-db-1") == environment(whole, "east-db-1")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            Settings(),
            {"PROTECTIONS": "on", "DATABASE_READ_HOST": "", "DATABASE_POOL_SIZE": "8"},
        ),
        (Settings(protections=False), {"PROTECTIONS": "off", "DATABASE_POOL_SIZE": "30"}),
        (Settings(read_only=True), {"DATABASE_READ_HOST": "east-db-router"}),
        (Settings(health_needs_cache=True), {"HEALTH_NEEDS_CACHE": "on"}),
    ],
)
def test_the_orders_service_is_told_how_it_is_to_be(
    settings: Settings, told: dict[str, str]
) -> None:
    nodes = one_region(settings, PASSWORDS).nodes
    (app,) = [node for node in nodes if node.name == "east-app-1"]
    assert app.environment.items() >= told.items()


@pytest.mark.parametrize(("protections", "fails_open"), [(True, "off"), (False, "on")])
def test_without_protections_the_entrance_fails_open(
    *, protections: bool, fails_open: str
) -> None:
    nodes = one_region(Settings(protections=protections), PASSWORDS).nodes
    (edge,) = [node for node in nodes if node.name == "east-edge"]
    assert edge.environment == {"REGION": "east", "FAIL_OPEN": fails_open}


@pytest.mark.parametrize("thing", [PASSWORDS, topology()], ids=["passwords", "topology"])
def test_passwords_are_not_shown(thing: object) -> None:
    hidden = (PASSWORDS.superuser, PASSWORDS.replication, PASSWORDS.orders)
    assert not any(password in repr(thing) for password in hidden)


def test_passwords_are_new_each_time() -> None:
    assert Passwords().superuser != Passwords().superuser
