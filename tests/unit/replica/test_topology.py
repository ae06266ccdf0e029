"""We believe that the replica's description holds together, and hides its passwords."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from environments.replica.composing import compose
from environments.replica.image_builder import IMAGES
from environments.replica.topology import (
    CLOCK_LIBRARY,
    Passwords,
    Role,
    Settings,
    Topology,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORDS = Passwords()


def topology(*, synchronous: bool = True, circuit_breaker: bool = True) -> Topology:
    return compose(
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
    watched = compose(Settings(cache_failover=True), PASSWORDS)
    assert all((IMAGES / node.image / "Dockerfile").is_file() for node in watched.nodes)


@pytest.mark.parametrize("settings", [Settings(), Settings(second_region=True)], ids=["1", "2"])
def test_every_link_leads_from_a_node_to_a_node(settings: Settings) -> None:
    made = compose(settings, PASSWORDS)
    roles = {node.name: node.role for node in made.nodes}
    assert all(roles[path.via] is Role.LINKS for path in made.paths)
    assert {path.target.partition(":")[0] for path in made.paths} <= roles.keys()
    assert len({(path.via, path.port) for path in made.paths}) == len(made.paths)
    assert len({path.name for path in made.paths}) == len(made.paths)


def test_no_zone_has_a_majority_of_what_needs_one() -> None:
    for role in ("db", "etcd", "app"):
        zones = [node.zone for node in topology().nodes if node.role == role]
        assert sorted(zones) == ["east-a", "east-b", "east-c"]


def test_what_there_is_one_of_stands_in_the_first_zone_or_in_none() -> None:
    zones = {node.name: node.zone for node in topology().nodes if not node.name[-1].isdigit()}
    assert zones == {
        "east-edge": "east-a", "east-db-router": "east-a",
        "payments": "", "links": "", "bastion": "",
    }  # fmt: skip


def test_a_second_region_changes_no_name_in_the_first() -> None:
    alone = {node.name for node in topology().nodes}
    both = {node.name for node in compose(Settings(second_region=True), PASSWORDS).nodes}
    assert alone <= both
    assert {name for name in both - alone if not name.startswith("west-")} == {
        "east-links", "entrance",
    }  # fmt: skip


def test_what_regions_say_to_each_other_goes_over_one_node() -> None:
    made = compose(Settings(second_region=True), PASSWORDS)
    for region, other in (("east", "west"), ("west", "east")):
        told = [str(node.environment) for node in made.nodes if node.region == region]
        assert not any(f"{other}-" in environment for environment in told)
    assert {
        path.via for path in made.paths if path.name.startswith(("east-to", "west-to"))
    } == {"links"}


def test_only_what_a_drill_may_use_up_is_small_and_only_where_it_is_asked_for() -> None:
    bounded = compose(Settings(bounded=True, backups=True), PASSWORDS).nodes
    disks = {node.role: set(node.bounds.disks) for node in bounded if node.bounds.disks}
    assert disks == {
        Role.DB: {"/var/lib/muster/log", "/var/lib/muster/postgres"},
        Role.APP: {"/var/log/orders"},
    }
    assert {node.role for node in bounded if node.bounds.ports} == {Role.EDGE}
    unbounded = compose(Settings(backups=True), PASSWORDS).nodes
    assert not any(node.bounds.disks or node.bounds.ports for node in unbounded)


def test_what_may_run_out_is_bounded_and_instances_may_have_other_processors() -> None:
    nodes = compose(Settings(bounded=True, instance_cpus=0.2), PASSWORDS).nodes
    bounded = {node.role: node.bounds for node in nodes if node.bounds.processes}
    assert bounded.keys() == {Role.APP, Role.DB}
    assert all(one.memory_megabytes and one.cpus for one in bounded.values())
    assert bounded[Role.APP].cpus == 0.2
    usual = compose(Settings(bounded=True), PASSWORDS).nodes
    assert all(node.bounds.cpus for node in usual if node.role in bounded)


def test_caches_that_fail_over_have_a_router_in_front_and_one_alone_has_none() -> None:
    watched = compose(Settings(cache_failover=True), PASSWORDS)
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


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            Settings(),
            {
                "PROTECTIONS": "on",
                "DATABASE_READ_HOST": "",
                "DATABASE_POOL_SIZE": "8",
                "DATES_COPIES": "on",
            },
        ),
        (Settings(protections=False), {"PROTECTIONS": "off", "DATABASE_POOL_SIZE": "30"}),
        (Settings(read_only=True), {"DATABASE_READ_HOST": "east-db-router"}),
        (Settings(fresh_reads=False), {"DATES_COPIES": "off"}),
        (Settings(), {"TOKEN_KEY": "", "CLOCK_LIBRARY": "", "RESTARTS": "false"}),
        (
            Settings(steered_clocks=True),
            {"TOKEN_KEY": PASSWORDS.token_key, "CLOCK_LIBRARY": CLOCK_LIBRARY},
        ),
        (Settings(checks_clocks=False), {"CHECKS_CLOCK": "off"}),
        (Settings(secured=True), {"AUTH_URL": "http://east-auth:8081"}),
        (Settings(restarts=True), {"RESTARTS": "true", "START_RETRIES": "1000000"}),
        (Settings(health_needs_cache=True), {"HEALTH_NEEDS_CACHE": "on"}),
        (Settings(), {"LOG_FILE": "", "LOG_NEEDED": "off"}),
        (
            Settings(bounded=True, log_needed=True),
            {"LOG_FILE": "/var/log/orders/orders.log", "LOG_NEEDED": "on"},
        ),
    ],
)
def test_the_orders_service_is_told_how_it_is_to_be(
    settings: Settings, told: dict[str, str]
) -> None:
    nodes = compose(settings, PASSWORDS).nodes
    (app,) = [node for node in nodes if node.name == "east-app-1"]
    assert app.environment.items() >= told.items()


def test_databases_revoke_what_expired_where_clocks_are_steered() -> None:
    steered = compose(Settings(steered_clocks=True), PASSWORDS)
    for made, revokes, library in ((steered, "true", CLOCK_LIBRARY), (topology(), "false", "")):
        told = environment(made, "east-db-2")
        assert f"'REVOKES_EXPIRED': '{revokes}'" in told
        assert f"'CLOCK_LIBRARY': '{library}'" in told


def test_only_instances_of_the_service_are_limited_in_what_they_can_compute() -> None:
    nodes = compose(Settings(instance_cpus=0.5, second_region=True), PASSWORDS).nodes
    assert {node.bounds.cpus for node in nodes if node.role is Role.APP} == {0.5}
    assert {node.bounds.cpus for node in nodes if node.role is not Role.APP} == {None}
    assert not any(node.bounds.cpus for node in compose(Settings(), PASSWORDS).nodes)


@pytest.mark.parametrize(("protections", "fails_open"), [(True, "off"), (False, "on")])
def test_without_protections_the_entrance_fails_open(
    *, protections: bool, fails_open: str
) -> None:
    nodes = compose(Settings(protections=protections), PASSWORDS).nodes
    (edge,) = [node for node in nodes if node.name == "east-edge"]
    assert edge.environment == {"REGION": "east", "FAIL_OPEN": fails_open}


def test_only_a_secured_world_has_a_login_and_its_entrance_leads_there() -> None:
    def told(settings: Settings) -> Mapping[str, Mapping[str, str]]:
        return {node.name: node.environment for node in compose(settings, PASSWORDS).nodes}

    open_world, secured = told(Settings()), told(Settings(secured=True))
    unlimited = told(Settings(secured=True, limits=False))
    assert "east-auth" not in open_world
    assert "AUTH_URL" not in open_world["east-app-1"]
    assert secured["east-edge"].items() >= {"SECURED": "on", "LIMITS": "on"}.items()
    assert (secured["east-auth"]["LOCKOUT"], secured["east-auth"]["EDGE"]) == (
        "on",
        "east-edge",
    )
    assert (unlimited["east-edge"]["LIMITS"], unlimited["east-auth"]["LOCKOUT"]) == (
        "off",
        "off",
    )


@pytest.mark.parametrize("thing", [PASSWORDS, topology()], ids=["passwords", "topology"])
def test_passwords_are_not_shown(thing: object) -> None:
    hidden = (
        PASSWORDS.superuser, PASSWORDS.replication, PASSWORDS.orders, PASSWORDS.token_key
    )  # fmt: skip
    assert not any(password in repr(thing) for password in hidden)


def test_passwords_are_new_each_time() -> None:
    assert Passwords().superuser != Passwords().superuser
