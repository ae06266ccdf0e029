"""What the nodes of a secured replica show of themselves on the way, and whom they trust. Pure.

Customers reach the edge by HTTPS alone, and the databases let nobody in without TLS. An
instance speaks TLS with the database itself: who stands between them (``links``, the router)
passes on what it cannot read, which is why a database's certificate names them as well.

Keys and certificates are put into the nodes as files: they are in no image and in no variable.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from environments.replica.topology import NodeSpec, Role, Topology

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.replica.certificates import Authority

HTTP_PORT, HTTPS_PORT = 8080, 8443  # where customers come in
HOST = "127.0.0.1"  # as customers on this host know the edge
SECRETS = "/run/secrets"
AUTHORITY_FILE = f"{SECRETS}/authority.pem"
EDGE_FILE = f"{SECRETS}/edge.pem"
# They call nobody who shows a certificate, nor show one.
_NOT_CONCERNED = {
    Role.CACHE,
    Role.CACHE_ROUTER,
    Role.DB_ROUTER,
    Role.ETCD,
    Role.LINKS,
    Role.PAYMENTS,
}
_VERIFIED: Mapping[str, str] = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": AUTHORITY_FILE}


def encrypted(topology: Topology, authority: Authority) -> Topology:
    """Give every node what it shows and whom it trusts; ``authority`` signs all of it."""
    return replace(
        topology,
        nodes=tuple(_encrypted(spec, authority) for spec in topology.nodes),
        authority=authority.pem,
    )


def _encrypted(spec: NodeSpec, authority: Authority) -> NodeSpec:
    if spec.role in _NOT_CONCERNED:
        return spec
    trusting = _with(spec, {AUTHORITY_FILE: authority.pem}, _as_client(spec))
    if spec.role is Role.EDGE:
        return _edge(trusting, authority)
    if spec.role is Role.DB:
        return _database(trusting)
    return trusting


def _as_client(spec: NodeSpec) -> Mapping[str, str]:
    """Give the variables by which a node's tools and services verify whom they call."""
    match spec.role:
        case Role.APP | Role.SPARE | Role.GREEN:
            return {"DATABASE_AUTHORITY": AUTHORITY_FILE}
        case Role.MIGRATOR | Role.VAULT | Role.AUDIT:
            return _VERIFIED
        case Role.BASTION:
            edge = spec.environment["EDGE"]
            https = edge.replace("http:", "https:").replace(str(HTTP_PORT), str(HTTPS_PORT))
            return {**_VERIFIED, "CURL_CA_BUNDLE": AUTHORITY_FILE, "EDGE": https}
        case _:
            return {}


def _edge(spec: NodeSpec, authority: Authority) -> NodeSpec:
    shown = authority.issue(spec.name, HOST)
    ports = tuple(HTTPS_PORT if port == HTTP_PORT else port for port in spec.ports)
    return replace(_with(spec, {EDGE_FILE: shown.pem + shown.key}, {}), ports=ports)


def _database(spec: NodeSpec) -> NodeSpec:
    """Have it show what the vault certifies, and verify the others."""
    return _with(
        spec,
        {},
        {
            "TLS": "on",
            "PATRONI_SUPERUSER_SSLMODE": "verify-full",
            "PATRONI_SUPERUSER_SSLROOTCERT": AUTHORITY_FILE,
            "PATRONI_REPLICATION_SSLMODE": "verify-full",
            "PATRONI_REPLICATION_SSLROOTCERT": AUTHORITY_FILE,
        },
    )


def _with(spec: NodeSpec, files: Mapping[str, str], variables: Mapping[str, str]) -> NodeSpec:
    return replace(
        spec,
        files={**spec.files, **files},
        environment={**spec.environment, **variables},
    )
