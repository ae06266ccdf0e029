"""What the replica is made of: pure data. ``composing.py`` puts it together.

A region's nodes carry its name, so that a second region can stand beside the first.
What belongs to no region (payments, the operator's bastion) is "shared".

A region has three zones. What there are several of is spread over them, so that any one
of them can be lost and a majority stays; what there is one of stands in the first.
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
CACHE_PORT, SENTINEL_PORT = 6379, 26379
LOG_DISK, DATA_DISK = "/var/lib/muster/log", "/var/lib/muster/postgres"  # of a database
LINES_DISK = "/var/log/orders"  # of an instance
CLOCK_LIBRARY = "/usr/local/lib/libfaketime.so.1"
EAST, WEST = "east", "west"
ZONES = "abc"


class Role(StrEnum):
    ENTRANCE = "entrance"
    EDGE = "edge"
    APP = "app"
    DB_ROUTER = "db-router"
    DB = "db"
    ETCD = "etcd"
    CACHE = "cache"
    CACHE_ROUTER = "cache-router"
    PAYMENTS = "payments"
    LINKS = "links"
    BASTION = "bastion"
    BACKUP = "backup"
    SCRATCH = "scratch"
    SPARE = "spare"  # a place for an instance of the application, idle until it is needed
    SCALER = "scaler"
    PROMETHEUS = "prometheus"
    VAULT = "vault"
    AUTH = "auth"
    AUDIT = "audit"
    INTRUDER = "intruder"
    GREEN = "green"  # a place for an instance of the next release, idle until it is deployed
    DEPLOYER = "deployer"
    CONFIGURATOR = "configurator"
    MIGRATOR = "migrator"


class Network(StrEnum):
    """Who is on none in common cannot speak to each other."""

    ENTRANCE = "entrance"  # where customers come from
    APPLICATION = "application"
    DATA = "data"
    OPERATIONS = "operations"
    PARTNERS = "partners"  # where what is not ours is reached


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
    # Nobody is led to a replica that is far behind, and an instance says how old a copy is.
    fresh_reads: bool = True
    checksums: bool = True  # of the databases' pages
    protections: bool = True  # of the orders service and its entrance against overload
    instance_cpus: float | None = None  # of the orders service; None: whatever the host has
    read_only: bool = False  # without a primary, orders are read from a replica
    cache_failover: bool = False  # three caches under Sentinel, and a way to their primary
    health_needs_cache: bool = False  # an instance without its cache leaves rotation
    # Databases and instances have bounds of their own for what can run out on them, so that
    # using it up leaves the host alone; what they write is on small disks in memory.
    bounded: bool = False
    log_needed: bool = False  # an instance fails what it cannot write a log line of
    # The clocks of databases and instances can be made wrong, at some cost; orders need a token
    # that expires, and a database's role that has expired is revoked.
    steered_clocks: bool = False
    checks_clocks: bool = True  # an instance holds its own clock against the database's
    restarts: bool = False  # an instance that dies is started again, however often
    second_region: bool = False  # a passive region in the west, and one entrance to both
    # Autoscaling of the orders service.
    autoscaling: str = ""  # the policy that instances come and go by; "": they do not
    checks_new_instances: bool = True  # none gets requests before it said that it is ready
    instance_memory: int | None = None  # megabytes, with swap; None: whatever the host has
    # Encryption on the way, networks apart, secrets that can be rotated, customers who log in,
    # and a trail of who did what.
    secured: bool = False
    health_needs_auth: bool = False  # an instance leaves rotation while auth is silent
    limits: bool = True  # of a secured world: on logins that fail, and on what one asker asks
    release: str = ""  # the next release of the orders service, on places of its own; "": none
    release_policy: str = "drill"  # by which it gets to customers, and back
    takes_all_back: bool = True  # a rollback takes customers from every instance of a release
    configured: bool = False  # instances get their settings from a configurator, while they run
    configuration_policy: str = "drill"  # by which a configuration gets to customers, and back
    checks_signature: bool = True  # instances use only what the configurator signed
    migrations: bool = False  # a node that changes the databases' schema
    checks_migrations: bool = True  # what speaks against a change of the schema refuses it


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a node's own, in memory."""

    megabytes: int
    files: int | None = None  # how many it can hold (inodes); None: as many as fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of its host a node may use; None is no bound."""

    cpus: float | None = None  # as much time of the host's processors as so many of them have
    memory_megabytes: int | None = None  # what its disks hold included; the kernel kills then
    processes: int | None = None  # threads included
    disks: Mapping[str, Disk] = field(default_factory=dict)  # by folder
    ports: range | None = None  # what its own connections begin at (ephemeral ports)


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
    bounds: Bounds = field(default_factory=Bounds)
    networks: tuple[Network, ...] = ()  # of a secured world; elsewhere there is one for all
    # Put into it before it starts, by their paths: what is in no image and in no variable.
    files: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def zone(self) -> str:
        """Give "east-b" for ``east-db-2``; "" for what stands outside the regions."""
        if self.region == SHARED:
            return ""
        number = self.name.rpartition("-")[2]
        index = int(number) - 1 if number.isdigit() else 0
        return f"{self.region}-{ZONES[index % len(ZONES)]}"


class Protocol(StrEnum):
    """What is spoken on a link."""

    POSTGRES = "postgres"
    REDIS = "redis"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A link through the node ``via``, which listens on ``port`` and calls ``target``."""

    name: str
    via: str
    port: int
    target: str  # host:port on the network
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Passwords:
    """Made anew for each run; they are in the containers of nodes and nowhere else."""

    superuser: str = field(default_factory=secrets.token_hex, repr=False)
    replication: str = field(default_factory=secrets.token_hex, repr=False)
    orders: str = field(default_factory=secrets.token_hex, repr=False)
    monitor: str = field(default_factory=secrets.token_hex, repr=False)
    migrator: str = field(default_factory=secrets.token_hex, repr=False)
    token_key: str = field(default_factory=secrets.token_hex, repr=False)
    configuration: str = field(default_factory=secrets.token_hex, repr=False)  # it signs
    near_repository: str = field(default_factory=secrets.token_hex, repr=False)
    offsite_repository: str = field(default_factory=secrets.token_hex, repr=False)
    authority: Authority = field(default_factory=Authority, repr=False)


@dataclass(frozen=True, slots=True)
class Topology:
    """All nodes, each after those that it needs and those that others wait for first."""

    nodes: tuple[NodeSpec, ...]
    paths: tuple[Path, ...]
    authority: str = ""  # the certificate of who signs the nodes', as PEM; "": nobody does
