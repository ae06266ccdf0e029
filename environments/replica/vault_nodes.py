"""Who keeps the secrets of a secured world, and what every other node has of it. Pure.

The vault makes the secrets itself when it starts. A node is given who it is (a certificate and
its key) and whom to trust, as files; everything else it fetches by its agent, into memory. So
no secret is in a variable, and what the vault keeps is on no disk but its own, sealed.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from environments.replica.topology import (
    EAST,
    Disk,
    NodeSpec,
    Role,
    Settings,
    Topology,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.replica.certificates import Authority

IDENTITY = "/etc/muster/identity"
FOLDER = "/run/vault"  # in memory; what the agent keeps there
VAULT_PORT, VAULT_HEALTH_PORT = 8200, 8201
_MEGABYTES = 1

# Variables that have secrets elsewhere, with what a node of a secured world has instead.
_SECRET_VARIABLES = frozenset(
    {
        "DATABASE_PASSWORD",
        "MONITOR_PASSWORD",
        "ORDERS_PASSWORD",
        "PATRONI_REPLICATION_PASSWORD",
        "PATRONI_REPLICATION_USERNAME",
        "PATRONI_SUPERUSER_PASSWORD",
        "PATRONI_SUPERUSER_USERNAME",
        "PGPASSWORD",
        "TOKEN_KEY",
    }
)


@dataclass(frozen=True, slots=True)
class Share:
    """What nodes of a role have: files of the vault, and variables that say where they are."""

    files: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    shows: bool = False  # a certificate of a server, to whoever calls it


_INSTANCE = Share(
    files=("orders-login.json",),
    variables={"DATABASE_LOGIN_FILE": f"{FOLDER}/orders-login.json"},
)
_SHARES: Mapping[Role, Share] = {
    Role.APP: _INSTANCE,
    Role.SPARE: _INSTANCE,
    Role.GREEN: _INSTANCE,
    Role.DB: Share(
        files=("superuser.json", "replication.json", "verifiers.json"),
        variables={"PATRONI_FILE": f"{FOLDER}/patroni.yml", "PGPASS_FILE": f"{FOLDER}/pgpass"},
        shows=True,
    ),
    Role.AUTH: Share(files=("token-key",), variables={"TOKEN_KEY_FILE": f"{FOLDER}/token-key"}),
    Role.AUDIT: Share(
        files=("auditor.json",), variables={"DATABASE_LOGIN_FILE": f"{FOLDER}/auditor.json"}
    ),
    Role.EDGE: Share(shows=True),
    Role.BASTION: Share(files=("pgpass",), variables={"PGPASSFILE": f"{FOLDER}/pgpass"}),
}


def vault_nodes(settings: Settings) -> tuple[NodeSpec, ...]:
    if not settings.secured:
        return ()
    return (
        NodeSpec(
            name=f"{EAST}-{Role.VAULT}",
            role=Role.VAULT,
            region=EAST,
            image="vault",
            ports=(VAULT_HEALTH_PORT,),
            environment={"DATABASE_ROUTER": f"{EAST}-{Role.DB_ROUTER}"},
        ),
    )


def with_secrets(topology: Topology, authority: Authority) -> Topology:
    """Give every node what it has of the vault, and the vault what it begins with."""
    vault = next(spec for spec in topology.nodes if spec.role is Role.VAULT)
    routers = [s.name for s in topology.nodes if s.role in {Role.DB_ROUTER, Role.LINKS}]
    trails = [spec.name for spec in topology.nodes if spec.role is Role.AUDIT]
    policy = {
        spec.name: _grants(spec, routers) for spec in topology.nodes if spec.role in _SHARES
    }
    hidden = _SECRET_VARIABLES - _kept_for_repositories(topology)
    nodes = {
        vault.name: _begun(vault, authority, policy, trails),
        **{
            spec.name: _shared(
                _without(hidden, spec), _SHARES[spec.role], authority, vault.name
            )
            for spec in topology.nodes
            if spec.role in _SHARES
        },
    }
    return replace(topology, nodes=tuple(nodes.get(spec.name, spec) for spec in topology.nodes))


def _kept_for_repositories(topology: Topology) -> frozenset[str]:
    """Name what their hosts are told by variables, and the databases with them.

    They are no part of what the vault keeps: their keys cannot change while there are backups.
    """
    has_any = any(spec.role is Role.BACKUP for spec in topology.nodes)
    return frozenset({"MONITOR_PASSWORD"} if has_any else ())


def _without(hidden: frozenset[str], spec: NodeSpec) -> NodeSpec:
    kept = {name: value for name, value in spec.environment.items() if name not in hidden}
    return replace(spec, environment=kept)


def _grants(spec: NodeSpec, routers: list[str]) -> Mapping[str, object]:
    share = _SHARES[spec.role]
    certificates = {"identity": [spec.name]}
    if share.shows:
        # Whoever stands before a database passes on what it cannot read.
        others = [*routers, "localhost"] if spec.role is Role.DB else []
        certificates["server"] = [spec.name, *others, "127.0.0.1"]
    return {"files": share.files, "certificates": certificates}


def _shared(spec: NodeSpec, share: Share, authority: Authority, vault: str) -> NodeSpec:
    variables = {
        "SECRETS": "true",
        "SECRETS_FROM": f"https://{vault}:{VAULT_PORT}",
        **share.variables,
    }
    bounds = replace(spec.bounds, disks={**spec.bounds.disks, FOLDER: Disk(_MEGABYTES)})
    return replace(
        spec,
        environment={**spec.environment, **variables},
        bounds=bounds,
        files={**spec.files, **_identity(spec.name, authority)},
    )


def _begun(
    vault: NodeSpec,
    authority: Authority,
    policy: Mapping[str, Mapping[str, object]],
    trails: list[str],
) -> NodeSpec:
    deputy = authority.deputy()
    seal = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    trail = {"AUDIT_TRAIL": f"http://{trails[0]}:9300/entries"} if trails else {}
    return replace(
        vault,
        environment={**vault.environment, **trail},
        files={
            **vault.files,
            **_identity(vault.name, authority),
            f"{IDENTITY}/issuer.pem": deputy.pem,
            f"{IDENTITY}/issuer.key": deputy.key,
            f"{IDENTITY}/seal": seal,
            f"{IDENTITY}/policy.json": json.dumps(policy),
        },
    )


def _identity(name: str, authority: Authority) -> Mapping[str, str]:
    issued = authority.issue(name)
    return {
        f"{IDENTITY}/authority.pem": authority.pem,
        f"{IDENTITY}/identity.pem": issued.pem,
        f"{IDENTITY}/identity.key": issued.key,
    }
