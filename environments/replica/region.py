"""One region of a replica: its nodes, and the links inside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from environments.replica import auth_nodes
from environments.replica.audit_nodes import AUDIT_URL
from environments.replica.autoscaling_nodes import (
    PLACES,
    SUPERVISOR_PORT,
    measuring_nodes,
)
from environments.replica.cache_nodes import entry_to_caches, one_cache, watched_caches
from environments.replica.configurator_nodes import configured
from environments.replica.migrator_nodes import migrators_login
from environments.replica.topology import (
    CLOCK_LIBRARY,
    DATA_DISK,
    EAST,
    LINES_DISK,
    LOG_DISK,
    SCOPE,
    SHARED,
    Bounds,
    Disk,
    NodeSpec,
    Passwords,
    Path,
    Protocol,
    Role,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.replica.repositories import Repositories


_DATABASE_BOUNDS = Bounds(
    cpus=0.5,
    memory_megabytes=1536,
    processes=256,
    disks={LOG_DISK: Disk(512), DATA_DISK: Disk(256, files=4096)},
)
_INSTANCE_BOUNDS = Bounds(
    cpus=0.4, memory_megabytes=192, processes=64, disks={LINES_DISK: Disk(8, files=64)}
)
NEXT_RELEASE_MEGABYTES = 256
_EDGE_BOUNDS = Bounds(ports=range(41000, 41300))


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Whom a passive region follows: ports on the node ``links``, and who must be ready."""

    links: str
    database_port: int
    cache_port: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """How one region is made; ``partner`` is the other one, where there is one."""

    name: str
    settings: Settings
    passwords: Passwords = field(repr=False)
    links: str = "links"  # the node that the instances' calls go through
    databases: int
    apps: int = 3
    partner: str = ""
    witness: str = ""  # who says whether a primary may be here
    upstream: Upstream | None = None  # None: the region is active
    repositories: Repositories | None = None

    def named(self, role: Role, count: int = 3) -> tuple[str, ...]:
        return tuple(f"{self.name}-{role}-{number}" for number in range(1, count + 1))

    def database_names(self) -> tuple[str, ...]:
        return database_names(self.name, self.databases)

    def data_nodes(self) -> tuple[NodeSpec, ...]:
        """Give what takes longest to be ready."""
        return (*self._etcd(), *self._databases())

    def other_nodes(self) -> tuple[NodeSpec, ...]:
        return (
            links(self.links, self._links_region()),
            *self._caches(),
            self._db_router(),
            self._edge(),
        )

    def app_nodes(self) -> tuple[NodeSpec, ...]:
        return tuple(self._app(name) for name in self.named(Role.APP, self.apps))

    def autoscaling_nodes(self) -> tuple[NodeSpec, ...]:
        """Give the places that are spare, and who lets instances come and go; or nobody."""
        if not self.settings.autoscaling:
            return ()
        places = self.named(Role.APP, PLACES)
        spares = (self._spare(name) for name in places[self.apps :])
        return (*spares, *measuring_nodes(self.name, places, self.settings))

    def paths(self) -> tuple[Path, ...]:
        """Give the links of the instances; those of the first region have no prefix."""
        prefix = "" if self.name == EAST else f"{self.name}-"
        return (
            Path(
                name=f"{prefix}app-to-db",
                via=self.links,
                port=5432,
                target=f"{self.name}-db-router:5432",
                protocol=Protocol.POSTGRES,
            ),
            Path(
                name=f"{prefix}app-to-cache",
                via=self.links,
                port=6379,
                target=f"{entry_to_caches(self.name, watched=self.watches_caches())}:6379",
                protocol=Protocol.REDIS,
            ),
            Path(
                name=f"{prefix}app-to-payments",
                via=self.links,
                port=8080,
                target="payments:8080",
                protocol=Protocol.HTTP,
            ),
        )

    def etcd_hosts(self) -> str:
        return ",".join(f"{name}:2379" for name in self.named(Role.ETCD))

    def _links_region(self) -> str:
        return SHARED if self.links == "links" else self.name

    def _etcd(self) -> tuple[NodeSpec, ...]:
        names = self.named(Role.ETCD)
        cluster = ",".join(f"{name}=http://{name}:2380" for name in names)
        return tuple(
            NodeSpec(
                name=name,
                role=Role.ETCD,
                region=self.name,
                image="etcd",
                ports=(2379,),
                environment={
                    "ETCD_NAME": name,
                    "ETCD_INITIAL_CLUSTER": cluster,
                    "ETCD_INITIAL_CLUSTER_STATE": "new",
                    "ETCD_INITIAL_CLUSTER_TOKEN": f"{SCOPE}-{self.name}",
                    "ETCD_INITIAL_ADVERTISE_PEER_URLS": f"http://{name}:2380",
                    "ETCD_ADVERTISE_CLIENT_URLS": f"http://{name}:2379",
                    "ETCD_LISTEN_PEER_URLS": "http://0.0.0.0:2380",
                    "ETCD_LISTEN_CLIENT_URLS": "http://0.0.0.0:2379",
                    "ETCD_LOG_LEVEL": "warn",
                },
            )
            for name in names
        )

    def _databases(self) -> tuple[NodeSpec, ...]:
        return tuple(self._database(name) for name in self.database_names())

    def _database(self, name: str) -> NodeSpec:
        settings, passwords = self.settings, self.passwords
        return NodeSpec(
            name=name,
            role=Role.DB,
            region=self.name,
            image="patroni",
            ports=(5432, 8008),
            # Patroni waits 5 s before it asks again for a store that it did not find.
            needs=(*self.named(Role.ETCD), *(self.upstream.needs if self.upstream else ())),
            environment={
                "PATRONI_NAME": name,
                "PATRONI_ETCD3_HOSTS": self.etcd_hosts(),
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
                **migrators_login(settings, passwords),
                "PATRONI": "true",
                "LOG_DISK": LOG_DISK if settings.bounded else "",
                "CLOCK_LIBRARY": CLOCK_LIBRARY if settings.steered_clocks else "",
                "REVOKES_EXPIRED": "true" if settings.steered_clocks else "false",
                **self._between_regions(),
                **(
                    self.repositories.of_database(name)
                    if self.repositories
                    else {"BACKUPS": "false"}
                ),
            },
            bounds=_DATABASE_BOUNDS if settings.bounded else Bounds(),
        )

    def _between_regions(self) -> Mapping[str, str]:
        if not self.partner:
            return {}
        upstream = self.upstream
        return {
            "REGION": self.name,
            "PARTNER": self.partner,
            "WITNESS": self.witness,
            "STANDBY_OF": f"{upstream.links} {upstream.database_port}" if upstream else "",
        }

    def watches_caches(self) -> bool:
        """Whether Sentinel does: where another region's cache is followed, people do."""
        return self.settings.cache_failover and self.upstream is None

    def _caches(self) -> tuple[NodeSpec, ...]:
        if self.watches_caches():
            return watched_caches(self.name)
        upstream = self.upstream
        return one_cache(
            self.name,
            replica_of=f"{upstream.links} {upstream.cache_port}" if upstream else "",
        )

    def _db_router(self) -> NodeSpec:
        names = self.database_names()
        return NodeSpec(
            name=f"{self.name}-db-router",
            role=Role.DB_ROUTER,
            region=self.name,
            image="dbrouter",
            ports=(8404,),
            environment={
                **{f"DB_{number}": name for number, name in enumerate(names, start=1)},
                "READ_LAG": "?lag=1MB" if self.settings.fresh_reads else "",
            },
        )

    def _reads_copies(self) -> bool:
        """Whether instances read from a replica without a primary.

        In a region that follows another they have nothing else to do.
        """
        return self.settings.read_only or bool(self.partner)

    def _app(self, name: str) -> NodeSpec:
        settings = self.settings
        return NodeSpec(
            name=name,
            role=Role.APP,
            region=self.name,
            image="orders",
            ports=(8000,),
            aliases=(f"{self.name}-app",),
            needs=(self.links,),
            bounds=_instance_bounds(settings),
            environment={
                "DATABASE_HOST": self.links,
                "DATABASE_PASSWORD": self.passwords.orders,
                "REDIS_HOST": self.links,
                "PAYMENTS_URL": f"http://{self.links}:8080",
                "PAYMENTS_BREAKER": "on" if settings.circuit_breaker else "off",
                "HEALTH_NEEDS_CACHE": "on" if settings.health_needs_cache else "off",
                "DATES_COPIES": "on" if settings.fresh_reads else "off",
                "PROTECTIONS": "on" if settings.protections else "off",
                "DATABASE_POOL_SIZE": self._pool_size(),
                "DATABASE_READ_HOST": f"{self.name}-db-router" if self._reads_copies() else "",
                "DATABASE_READ_PORT": "5433",
                "LOG_FILE": f"{LINES_DISK}/orders.log" if settings.bounded else "",
                "LOG_NEEDED": "on" if settings.log_needed else "off",
                "CLOCK_LIBRARY": CLOCK_LIBRARY if settings.steered_clocks else "",
                "TOKEN_KEY": self.passwords.token_key if settings.steered_clocks else "",
                "CHECKS_CLOCK": "on" if settings.checks_clocks else "off",
                "AUDIT_URL": AUDIT_URL if settings.secured else "",
                "RESTARTS": "true" if settings.restarts else "false",
                "START_RETRIES": "1000000" if settings.restarts else "0",
                **auth_nodes.of_instance(settings),
                **configured(settings, self.passwords),
            },
        )

    def _pool_size(self) -> str:
        if not self.settings.protections:
            return "30"  # the naive answer to a full pool is a larger one
        # All instances that there may be, with a connection more each to look over, must find
        # their places in a database that has 85 for them.
        return "6" if self.settings.autoscaling else "8"

    def _spare(self, name: str) -> NodeSpec:
        """Describe a host that runs nothing until an instance is needed."""
        app = self._app(name)
        return replace(
            app,
            role=Role.SPARE,
            ports=(*app.ports, SUPERVISOR_PORT),
            environment={**app.environment, "ORDERS_AUTOSTART": "off"},
        )

    def place_of_next_release(self, name: str) -> NodeSpec:
        """Describe a host for an instance of the next release, which runs nothing until then.

        It is known to the edge as any instance is, and gets customers once it is let in. Nobody
        knows yet what the release takes, so its memory is bounded.
        """
        spare = self._spare(name)
        memory = spare.bounds.memory_megabytes or NEXT_RELEASE_MEGABYTES
        return replace(
            spare,
            role=Role.GREEN,
            image=f"orders_{self.settings.release}",
            bounds=replace(spare.bounds, memory_megabytes=memory),
        )

    def _rotation_by_programs(self) -> Mapping[str, str]:
        """Let the autoscaler or the deployer say who is in rotation."""
        if not (self.settings.autoscaling or self.settings.release):
            return {}
        checks = "on" if self.settings.checks_new_instances else "off"
        return {"AUTOSCALED": "on", "CHECKS": checks}

    def _edge(self) -> NodeSpec:
        return NodeSpec(
            name=f"{self.name}-edge",
            role=Role.EDGE,
            region=self.name,
            image="edge",
            ports=(8080, 8404),
            bounds=_EDGE_BOUNDS if self.settings.bounded else Bounds(),
            environment={
                "REGION": self.name,
                "FAIL_OPEN": "off" if self.settings.protections else "on",
                **self._rotation_by_programs(),
                **auth_nodes.of_edge(self.settings),
            },
        )


def _instance_bounds(settings: Settings) -> Bounds:
    bounds = _INSTANCE_BOUNDS if settings.bounded else Bounds()
    cpus = settings.instance_cpus or bounds.cpus
    memory = settings.instance_memory or bounds.memory_megabytes
    return replace(bounds, cpus=cpus, memory_megabytes=memory)


def database_names(region: str, count: int) -> tuple[str, ...]:
    return tuple(f"{region}-{Role.DB}-{number}" for number in range(1, count + 1))


def links(name: str, region: str) -> NodeSpec:
    return NodeSpec(name=name, role=Role.LINKS, region=region, image="links", ports=(8474,))
