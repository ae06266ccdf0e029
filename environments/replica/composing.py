"""Which nodes and links a replica has, by its settings."""

from __future__ import annotations

from environments.model import WorldError
from environments.replica.audit_nodes import audit_nodes
from environments.replica.auth_nodes import auth_nodes
from environments.replica.autoscaling_nodes import POLICIES
from environments.replica.cache_nodes import cache_names, entry_to_caches
from environments.replica.configurator_nodes import configurator_nodes, must_be_configurable
from environments.replica.encryption import encrypted
from environments.replica.migrator_nodes import migrator_nodes
from environments.replica.placement import placed
from environments.replica.region import Region, Upstream, database_names, links
from environments.replica.release_nodes import must_be_deployable, release_nodes
from environments.replica.repositories import Repositories
from environments.replica.topology import (
    EAST,
    SHARED,
    WEST,
    NodeSpec,
    Passwords,
    Path,
    Protocol,
    Role,
    Settings,
    Topology,
)
from environments.replica.vault_nodes import vault_nodes, with_secrets

EAST_DATABASES, WEST_DATABASES = 3, 2
WITNESS = "entrance:8405"
WEST_TO_EAST_DB, EAST_TO_WEST_DB = 5532, 5533
WEST_TO_EAST_CACHE, EAST_TO_WEST_CACHE = 6479, 6480


def compose(settings: Settings, passwords: Passwords) -> Topology:
    """Describe the replica that these settings mean.

    Raises:
        WorldError: there is no such replica.
    """
    _must_be_possible(settings)
    if settings.second_region:
        return _two_regions(settings, passwords)
    whole = _one_region(settings, passwords)
    if not settings.secured:
        return whole
    return placed(with_secrets(encrypted(whole, passwords.authority), passwords.authority))


def _one_region(settings: Settings, passwords: Passwords) -> Topology:
    east = Region(
        name=EAST,
        settings=settings,
        passwords=passwords,
        databases=EAST_DATABASES,
        repositories=_repositories(settings, passwords),
    )
    return Topology(
        nodes=(
            *vault_nodes(settings),
            *east.data_nodes(),
            _payments(),
            *east.other_nodes(),
            _bastion(east),
            *east.app_nodes(),
            *east.autoscaling_nodes(),
            *_nodes_of(east.repositories),
            *auth_nodes(settings, passwords),
            *audit_nodes(settings),
            *release_nodes(east),
            *configurator_nodes(settings, passwords, east.named(Role.APP, east.apps)),
            *migrator_nodes(settings, passwords),
        ),
        paths=east.paths(),
    )


def _must_be_possible(settings: Settings) -> None:
    if settings.secured and (settings.second_region or settings.read_only):
        raise WorldError(
            "a secured replica has one region, and its instances reach the primary alone: make "
            "it without a second region and without read_only"
        )
    if settings.autoscaling and settings.second_region:
        raise WorldError(
            "a replica of two regions has no autoscaler: make it with one or with the other"
        )
    must_be_deployable(settings)
    must_be_configurable(settings)
    policies = sorted(file.stem for file in POLICIES.glob("*.toml"))
    if settings.autoscaling and settings.autoscaling not in policies:
        raise WorldError(
            f"no policy is called {settings.autoscaling!r}: name one of {', '.join(policies)}"
        )


def _two_regions(settings: Settings, passwords: Passwords) -> Topology:
    """Describe an active region and a passive one, which follows it over ``links``.

    What one region's nodes say to the other's goes over that one node, so that it can be
    slowed down and cut; each region has another one for what its instances call.
    """
    repositories = _repositories(settings, passwords)
    east = Region(
        name=EAST,
        settings=settings,
        passwords=passwords,
        links=f"{EAST}-links",
        databases=EAST_DATABASES,
        partner=WEST,
        witness=WITNESS,
        repositories=repositories,
    )
    west = Region(
        name=WEST,
        settings=settings,
        passwords=passwords,
        links=f"{WEST}-links",
        databases=WEST_DATABASES,
        apps=2,
        partner=EAST,
        witness=WITNESS,
        repositories=repositories,
        upstream=Upstream(
            links="links",
            database_port=WEST_TO_EAST_DB,
            cache_port=WEST_TO_EAST_CACHE,
            # Its databases are a copy of those in the east: they cannot begin before.
            needs=("links", f"{EAST}-db-router"),
        ),
    )
    return Topology(
        nodes=(
            *east.data_nodes(),
            links("links", SHARED),
            _payments(),
            *east.other_nodes(),
            *east.app_nodes(),
            _entrance(),
            _bastion(east),
            *west.data_nodes(),
            *west.other_nodes(),
            *west.app_nodes(),
            *_nodes_of(east.repositories),
        ),
        paths=(*east.paths(), *west.paths(), *_between_regions(east, west)),
    )


def _between_regions(east: Region, west: Region) -> tuple[Path, ...]:
    ways = (
        (west, east, WEST_TO_EAST_DB, WEST_TO_EAST_CACHE),
        (east, west, EAST_TO_WEST_DB, EAST_TO_WEST_CACHE),
    )
    return tuple(
        path
        for caller, called, database_port, cache_port in ways
        for path in (
            Path(
                name=f"{caller.name}-to-{called.name}-db",
                via="links",
                port=database_port,
                target=f"{called.name}-{Role.DB_ROUTER}:5432",
                protocol=Protocol.POSTGRES,
            ),
            Path(
                name=f"{caller.name}-to-{called.name}-cache",
                via="links",
                port=cache_port,
                target=f"{entry_to_caches(called.name, watched=called.watches_caches())}:6379",
                protocol=Protocol.REDIS,
            ),
        )
    )


def _repositories(settings: Settings, passwords: Passwords) -> Repositories | None:
    if not settings.backups:
        return None
    return Repositories(
        region=EAST,
        databases=database_names(EAST, EAST_DATABASES),
        followers=database_names(WEST, WEST_DATABASES) if settings.second_region else (),
        settings=settings,
        passwords=passwords,
    )


def _nodes_of(repositories: Repositories | None) -> tuple[NodeSpec, ...]:
    return repositories.nodes() if repositories else ()


def _payments() -> NodeSpec:
    return NodeSpec(
        name="payments", role=Role.PAYMENTS, region=SHARED, image="payments", ports=(8080,)
    )


def _entrance() -> NodeSpec:
    return NodeSpec(
        name="entrance",
        role=Role.ENTRANCE,
        region=SHARED,
        image="entrance",
        ports=(8080, 8404),
    )


def _bastion(region: Region) -> NodeSpec:
    name, watched = region.name, region.watches_caches()
    return NodeSpec(
        name="bastion",
        role=Role.BASTION,
        region=SHARED,
        image="bastion",
        environment={
            "PGHOST": f"{name}-db-router",
            "PGUSER": "postgres",
            "PGPASSWORD": region.passwords.superuser,
            "PGDATABASE": "orders",
            "PGCONNECT_TIMEOUT": "5",
            "PATRONI_ETCD3_HOSTS": region.etcd_hosts(),
            "ETCDCTL_ENDPOINTS": region.etcd_hosts(),
            "REDIS_HOST": entry_to_caches(name, watched=watched),
            "SENTINELS": " ".join(cache_names(name, watched=True)) if watched else "",
            "EDGE": f"http://{name}-edge:8080",
        },
    )
