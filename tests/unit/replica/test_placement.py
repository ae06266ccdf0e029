"""We believe that nodes of a secured replica can speak to whom they must, and to no others."""

from __future__ import annotations

import pytest

from environments.model import WorldError
from environments.replica.composing import compose
from environments.replica.placement import networks_of
from environments.replica.topology import Network, NodeSpec, Passwords, Role, Settings

SECURED = compose(Settings(secured=True, autoscaling="standard", backups=True), Passwords())
NODES = {node.name: node for node in SECURED.nodes}


def meet(one: NodeSpec, other: NodeSpec) -> bool:
    return bool({*one.networks} & {*other.networks})


def of(role: Role) -> NodeSpec:
    return next(node for node in SECURED.nodes if node.role is role)


def test_every_node_has_a_place_and_nobody_else_has_one() -> None:
    assert all(node.networks for node in SECURED.nodes)
    assert not any(node.networks for node in compose(Settings(), Passwords()).nodes)


def test_every_role_has_a_place_but_the_entrance_of_two_regions() -> None:
    known = {role for role in Role if role is not Role.ENTRANCE and role is not Role.INTRUDER}
    assert all(networks_of("any", role) for role in known)


def test_links_meet_whom_they_are_called_by_and_whom_they_call() -> None:
    for path in SECURED.paths:
        via = NODES[path.via]
        assert meet(via, of(Role.APP))
        assert meet(via, NODES[path.target.partition(":")[0]])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Role.EDGE, Role.APP),
        (Role.DB, Role.ETCD),
        (Role.DB_ROUTER, Role.DB),
        (Role.PROMETHEUS, Role.APP),
        (Role.SCALER, Role.EDGE),
        (Role.BACKUP, Role.DB_ROUTER),
        (Role.BASTION, Role.DB),
    ],
)
def test_who_must_speak_to_each_other_can(one: Role, other: Role) -> None:
    assert meet(of(one), of(other))


def test_what_customers_and_instances_reach_holds_no_data() -> None:
    outside = [node for node in SECURED.nodes if node.role in {Role.EDGE, Role.APP, Role.SPARE}]
    kept = {Role.DB, Role.DB_ROUTER, Role.ETCD, Role.CACHE, Role.BACKUP, Role.PAYMENTS}
    inside = [node for node in SECURED.nodes if node.role in kept]
    assert not any(meet(one, other) for one in outside for other in inside)


def test_only_links_stand_between_the_application_and_what_it_calls() -> None:
    bridges = {
        node.role
        for node in SECURED.nodes
        if {Network.APPLICATION, Network.DATA} <= {*node.networks}
    }
    # Whoever has to know everybody passes nothing on.
    assert bridges == {Role.LINKS, Role.BASTION, Role.VAULT, Role.AUDIT}
    partners = {node.role for node in SECURED.nodes if Network.PARTNERS in node.networks}
    assert partners == {Role.LINKS, Role.PAYMENTS}


def test_intruders_are_where_they_got_in_and_do_not_meet_outside_of_it() -> None:
    inside = networks_of("intruder-inside", Role.INTRUDER)
    outside = networks_of("intruder-outside", Role.INTRUDER)
    assert inside == frozenset({Network.APPLICATION})
    assert outside == frozenset({Network.ENTRANCE})
    assert not inside & networks_of("any", Role.DB)


@pytest.mark.parametrize("settings", [{"second_region": True}, {"read_only": True}])
def test_what_a_secured_replica_cannot_have_is_said(settings: dict[str, bool]) -> None:
    with pytest.raises(WorldError, match="secured"):
        compose(Settings(secured=True, **settings), Passwords())  # type: ignore[arg-type] # bools
