"""Who stands on which networks of a secured replica, and so who may connect to whom. Pure.

This is the policy that the world is made by and that its matrix is judged by. Nodes that share
no network cannot reach each other; who must speak to somebody on another network does so
through a node that stands on both for that: the edge for customers, ``links`` for instances,
the bastion for people.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from environments.replica.topology import Network, NodeSpec, Role, Topology

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTRANCE, _APPLICATION = Network.ENTRANCE, Network.APPLICATION
_DATA, _OPERATIONS = Network.DATA, Network.OPERATIONS

_OF_ROLE: Mapping[Role, frozenset[Network]] = {
    Role.EDGE: frozenset({_ENTRANCE, _APPLICATION}),
    Role.APP: frozenset({_APPLICATION}),
    Role.SPARE: frozenset({_APPLICATION}),
    Role.GREEN: frozenset({_APPLICATION}),
    Role.LINKS: frozenset({_APPLICATION, _DATA, Network.PARTNERS}),
    Role.PAYMENTS: frozenset({Network.PARTNERS}),
    Role.DB_ROUTER: frozenset({_DATA}),
    Role.DB: frozenset({_DATA}),
    Role.ETCD: frozenset({_DATA}),
    Role.CACHE: frozenset({_DATA}),
    Role.CACHE_ROUTER: frozenset({_DATA}),
    Role.BACKUP: frozenset({_DATA}),
    Role.SCRATCH: frozenset({_DATA}),
    # The jump host: everywhere but with partners, and nothing on it listens.
    Role.BASTION: frozenset({_ENTRANCE, _APPLICATION, _DATA, _OPERATIONS}),
    # Whoever needs a secret or a certificate fetches it.
    Role.VAULT: frozenset({_ENTRANCE, _APPLICATION, _DATA, _OPERATIONS}),
    Role.AUTH: frozenset({_APPLICATION, _OPERATIONS}),
    Role.AUDIT: frozenset({_APPLICATION, _DATA, _OPERATIONS}),
    Role.DEPLOYER: frozenset({_APPLICATION, _OPERATIONS}),
    Role.CONFIGURATOR: frozenset({_APPLICATION, _OPERATIONS}),
    Role.SCALER: frozenset({_APPLICATION, _OPERATIONS}),
    Role.PROMETHEUS: frozenset({_APPLICATION, _OPERATIONS}),
    Role.MIGRATOR: frozenset({_DATA, _OPERATIONS}),
}
# Intruders are of one role and stand where each of them got in.
_OF_NODE: Mapping[str, frozenset[Network]] = {
    "intruder-outside": frozenset({_ENTRANCE}),
    "intruder-inside": frozenset({_APPLICATION}),
}


class Placed(Protocol):
    """What the policy goes by."""

    @property
    def name(self) -> str: ...

    @property
    def role(self) -> str: ...


def networks_of(name: str, role: Role) -> frozenset[Network]:
    """Say on which networks a node stands.

    Raises:
        KeyError: the policy has no place for such a node: give it one here.
    """
    return _OF_NODE.get(name) or _OF_ROLE[role]


def may_meet(one: Placed, other: Placed) -> bool:
    """Whether the policy lets them connect to each other: they share a network."""
    own = networks_of(one.name, Role(one.role))
    return bool(own & networks_of(other.name, Role(other.role)))


def placed(topology: Topology) -> Topology:
    """Put every node of it on its networks."""
    return replace(topology, nodes=tuple(map(_placed, topology.nodes)))


def _placed(spec: NodeSpec) -> NodeSpec:
    return replace(spec, networks=tuple(sorted(networks_of(spec.name, spec.role))))
