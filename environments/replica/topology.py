"""What the replica is made of: pure data, a region at a time.

A region's nodes carry its name, so that a second region can stand beside the first.
What belongs to no region (payments, the links, the operator's bastion) is "shared".
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from environments.replica.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Mapping

SCOPE = "muster"  # what Patroni calls the cluster, and where its keys are in etcd
SHARED = "shared"
LOG_DISK, LOG_DISK_MEGABYTES = "/var/lib/muster/log", 512
OFFSITE_REGION = "west"


class Role(StrEnum):
    EDGE = "edge"
    APP = "app"
    DB_ROUTER = "db-router"
    DB = "db"
    ETCD = "etcd"
    CACHE = "cache"
    PAYMENTS = "payments"
    LINKS = "links"
    BASTION = "bastion"
    BACKUP = "backup"
    SCRATCH = "scratch"


class Schedule(StrEnum):
    """When the near repository gets its backups; the off-site one always gets them weekly."""

    HOURLY = "hourly"
    SIX_HOURLY = "six-hourly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The variants of the world; the default is the one that ought to pass."""

    synchronous: bool = True  # orders are acknowledged once a standby has them too
    circuit_breaker: bool = True  # the orders service gives up on a payments that is slow
    backups: bool = False  # two repositories, and a node to restore on: twelve seconds more
    schedule: Schedule = Schedule.HOURLY
    encrypted: bool = True  # what the repositories keep
    fresh_reads: bool = True  # nobody is led to a replica that is far behind
    checksums: bool = True  # of the databases' pages
    protections: bool = True  # of the orders service and its entrance against overload
    read_only: bool = False  # without a primary, orders are read from a replica
    health_needs_cache: bool = False  # an instance without its cache leaves rotation
    log_disk: bool = False  # the databases' log is on a small disk of its own, in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """One node: ``ports`` are published, ``needs`` are nodes that must be ready before."""

    name: str
    role: Role
    region: str
    image: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # has passwords
    ports: tuple[int, ...] = ()
    aliases: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    disks: Mapping[str, int] = field(default_factory=dict)  # in memory: folder -> megabytes


class Protocol(StrEnum):
    """What is spoken on a link."""

    POSTGRES = "postgres"
    REDIS = "redis"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A link through the node ``links``, which listens on ``port`` and calls ``target``."""

    name: str
    port: int
    target: str  # host:port on the network
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Passwords:
    """Made anew for each run; they are in containers' environments and nowhere else."""

    superuser: str = field(default_factory=secrets.token_hex, repr=False)
    replication: str = field(default_factory=secrets.token_hex, repr=False)
    orders: str = field(default_factory=secrets.token_hex, repr=False)
    monitor: str = field(default_factory=secrets.token_hex, repr=False)
    near_repository: str = field(default_factory=secrets.token_hex, repr=False)
    offsite_repository: str = field(default_factory=secrets.token_hex, repr=False)


@dataclass(frozen=True, slots=True)
class Topology:
    """All nodes, each after those that it needs and those that others wait for first."""

    nodes: tuple[NodeSpec, ...]
    paths: tuple[Path, ...]


def one_region(settings: Settings, passwords: Passwords, region: str = "east") -> Topology:
    """Describe a region and what all regions share."""
    backups = _Backups(region, settings, passwords) if settings.backups else None
    return Topology(
        nodes=(
            *_etcd(region),
            *_databases(region, settings, passwords, backups),
            _links(),
            _payments(),
            _cache(region),
            _db_router(region, settings),
            _edge(region, settings),
            _bastion(region, passwords),
            *_apps(region, settings, passwords),
            *(backups.nodes() if backups else ()),
        ),
        paths=(
            Path(
                name="app-to-db",
                port=5432,
                target=f"{region}-db-router:5432",
                protocol=Protocol.POSTGRES,
            ),
            Path(
                name="app-to-cache",
                port=6379,
                target=f"{region}-cache-1:6379",
                protocol=Protocol.REDIS,
            ),
            Path(
                name="app-to-payments",
                port=8080,
                target="payments:8080",
                protocol=Protocol.HTTP,
            ),
        ),
    )


def _named(region: str, role: Role, count: int = 3) -> tuple[str, ...]:
    return tuple(f"{region}-{role}-{number}" for number in range(1, count + 1))


def _etcd(region: str) -> tuple[NodeSpec, ...]:
    names = _named(region, Role.ETCD)
    cluster = ",".join(f"{name}=http://{name}:2380" for name in names)
    return tuple(
        NodeSpec(
            name=name,
            role=Role.ETCD,
            region=region,
            image="etcd",
            ports=(2379,),
            environment={
                "ETCD_NAME": name,
                "ETCD_INITIAL_CLUSTER": cluster,
                "ETCD_INITIAL_CLUSTER_STATE": "new",
                "ETCD_INITIAL_CLUSTER_TOKEN": f"{SCOPE}-{region}",
                "ETCD_INITIAL_ADVERTISE_PEER_URLS": f"http://{name}:2380",
                "ETCD_ADVERTISE_CLIENT_URLS": f"http://{name}:2379",
                "ETCD_LISTEN_PEER_URLS": "http://0.0.0.0:2380",
                "ETCD_LISTEN_CLIENT_URLS": "http://0.0.0.0:2379",
                "ETCD_LOG_LEVEL": "warn",
            },
        )
        for name in names
    )


def _etcd_hosts(region: str) -> str:
    return ",".join(f"{name}:2379" for name in _named(region, Role.ETCD))


def _databases(
    region: str, settings: Settings, passwords: Passwords, backups: _Backups | None
) -> tuple[NodeSpec, ...]:
    return tuple(
        NodeSpec(
            name=name,
            role=Role.DB,
            region=region,
            image="patroni",
            ports=(5432, 8008),
            # Patroni waits 5 s before it asks again for a store that it did not find.
            needs=_named(region, Role.ETCD),
            environment={
                "PATRONI_NAME": name,
                "PATRONI_ETCD3_HOSTS": _etcd_hosts(region),
                "PATRONI_RESTAPI_CONNECT_ADDRESS": f"{name}:8008",
                "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"{name}:5432",
                "PATRONI_SUPERUSER_USERNAME": "postgres",
                "PATRONI_SUPERUSER_PASSWORD": passwords.superuser,
                "PATRONI_REPLICATION_USERNAME": "replicator",
                "PATRONI_REPLICATION_PASSWORD": passwords.replication,
                "SYNCHRONOUS_MODE": "on" if settings.synchronous else "off",
                "CHECKSUMS": "on" if settings.checksums else "off",
                "ORDERS_PASSWORD": passwords.orders,
                "MONITOR_PASSWORD": passwords.monitor,
                "PATRONI": "true",
                "LOG_DISK": LOG_DISK if settings.log_disk else "",
                **(backups.of_database(name) if backups else {"BACKUPS": "false"}),
            },
            disks={LOG_DISK: LOG_DISK_MEGABYTES} if settings.log_disk else {},
        )
        for name in _named(region, Role.DB)
    )


@dataclass(frozen=True, slots=True)
class _Backups:
    """The repositories, who may speak to them, and the node to restore on."""

    region: str
    settings: Settings
    passwords: Passwords
    authority: Authority = field(default_factory=Authority)

    @property
    def near(self) -> str:
        return f"{self.region}-{Role.BACKUP}"

    @property
    def offsite(self) -> str:
        return f"{OFFSITE_REGION}-{Role.BACKUP}"

    @property
    def scratch(self) -> str:
        return f"{self.region}-{Role.SCRATCH}"

    def nodes(self) -> tuple[NodeSpec, ...]:
        return (
            self._repository(self.near, self.region, 1),
            self._repository(self.offsite, OFFSITE_REGION, 2),
            self._scratch(),
        )

    def of_database(self, name: str) -> Mapping[str, str]:
        """Give the variables of a database that archives to both repositories."""
        return {
            "BACKUPS": "true",
            "NEAR_REPOSITORY": self.near,
            "OFFSITE_REPOSITORY": self.offsite,
            **self._tls(name),
        }

    def _repository(self, name: str, region: str, number: int) -> NodeSpec:
        near = number == 1
        databases = _named(self.region, Role.DB)
        return NodeSpec(
            name=name,
            role=Role.BACKUP,
            region=region,
            image="backup",
            ports=(9854,),
            environment={
                "REPOSITORY": str(number),
                "STANZA": SCOPE,
                "SCHEDULE": self.settings.schedule if near else "weekly",
                "CIPHER": "aes-256-cbc" if self.settings.encrypted else "none",
                "CIPHER_KEY": (
                    self.passwords.near_repository
                    if near
                    else self.passwords.offsite_repository
                ),
                "DATABASES": " ".join(databases),
                "CLIENTS": " ".join((*databases, self.scratch)),
                "DATABASE_ROUTER": f"{self.region}-{Role.DB_ROUTER}",
                "MONITOR_PASSWORD": self.passwords.monitor,
                **self._tls(name),
            },
        )

    def _scratch(self) -> NodeSpec:
        return NodeSpec(
            name=self.scratch,
            role=Role.SCRATCH,
            region=self.region,
            image="patroni",
            environment={
                "SYNCHRONOUS_MODE": "off",
                "CHECKSUMS": "on",
                "PATRONI": "false",
                **self.of_database(self.scratch),
            },
        )

    def _tls(self, name: str) -> Mapping[str, str]:
        certificate = self.authority.issue(name)
        return {
            "TLS_AUTHORITY": self.authority.pem,
            "TLS_CERTIFICATE": certificate.pem,
            "TLS_KEY": certificate.key,
        }


def _links() -> NodeSpec:
    return NodeSpec(
        name="links",
        role=Role.LINKS,
        region=SHARED,
        image="links",
        ports=(8474,),
    )


def _payments() -> NodeSpec:
    return NodeSpec(
        name="payments", role=Role.PAYMENTS, region=SHARED, image="payments", ports=(8080,)
    )


def _cache(region: str) -> NodeSpec:
    return NodeSpec(
        name=f"{region}-cache-1", role=Role.CACHE, region=region, image="redis", ports=(6379,)
    )


def _db_router(region: str, settings: Settings) -> NodeSpec:
    names = _named(region, Role.DB)
    return NodeSpec(
        name=f"{region}-db-router",
        role=Role.DB_ROUTER,
        region=region,
        image="dbrouter",
        ports=(8404,),
        environment={
            **{f"DB_{number}": name for number, name in enumerate(names, start=1)},
            "READ_LAG": "?lag=1MB" if settings.fresh_reads else "",
        },
    )


def _apps(region: str, settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    return tuple(
        NodeSpec(
            name=name,
            role=Role.APP,
            region=region,
            image="orders",
            ports=(8000,),
            aliases=(f"{region}-app",),
            needs=("links",),
            environment={
                "DATABASE_HOST": "links",
                "DATABASE_PASSWORD": passwords.orders,
                "REDIS_HOST": "links",
                "PAYMENTS_URL": "http://links:8080",
                "PAYMENTS_BREAKER": "on" if settings.circuit_breaker else "off",
                "HEALTH_NEEDS_CACHE": "on" if settings.health_needs_cache else "off",
                "PROTECTIONS": "on" if settings.protections else "off",
                # The naive answer to a full pool is a larger one.
                "DATABASE_POOL_SIZE": "8" if settings.protections else "30",
                "DATABASE_READ_HOST": f"{region}-db-router" if settings.read_only else "",
                "DATABASE_READ_PORT": "5433",
            },
        )
        for name in _named(region, Role.APP)
    )


def _edge(region: str, settings: Settings) -> NodeSpec:
    return NodeSpec(
        name=f"{region}-edge",
        role=Role.EDGE,
        region=region,
        image="edge",
        ports=(8080, 8404),
        environment={"REGION": region, "FAIL_OPEN": "off" if settings.protections else "on"},
    )


def _bastion(region: str, passwords: Passwords) -> NodeSpec:
    return NodeSpec(
        name="bastion",
        role=Role.BASTION,
        region=SHARED,
        image="bastion",
        environment={
            "PGHOST": f"{region}-db-router",
            "PGUSER": "postgres",
            "PGPASSWORD": passwords.superuser,
            "PGDATABASE": "orders",
            "PGCONNECT_TIMEOUT": "5",
            "PATRONI_ETCD3_HOSTS": _etcd_hosts(region),
            "ETCDCTL_ENDPOINTS": _etcd_hosts(region),
            "REDIS_HOST": f"{region}-cache-1",
            "EDGE": f"http://{region}-edge:8080",
        },
    )
