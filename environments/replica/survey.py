"""Look at all of a region at once: every question in parallel, every one bounded."""

from __future__ import annotations

from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlencode

from environments.model import GoneError, Link, ScalingStatus, WorldError
from environments.replica.autoscaling_nodes import PROMETHEUS_PORT, SCALER_PORT
from environments.replica.caches import (
    GROUP,
    CacheGroup,
    CacheView,
    SentinelView,
    read_cache,
    read_sentinel,
)
from environments.replica.checks import check_ready, servers_open, servers_up
from environments.replica.cluster import KEYS, Cluster, read_cluster
from environments.replica.configurator_nodes import CONFIGURATOR_PORT
from environments.replica.configured import ConfiguredView, read_configured
from environments.replica.containers import Engine, speaking
from environments.replica.deploying import DeploymentStatus, read_deployment
from environments.replica.probes import (
    NoAnswerError,
    etcd_range,
    http_get,
    http_ok,
    json_object,
    redis_answer,
)
from environments.replica.release_nodes import DEPLOYER_PORT
from environments.replica.scaling import ScalingView, read_status
from environments.replica.steady import GONE, Observed
from environments.replica.topology import CACHE_PORT, SENTINEL_PORT, Role
from environments.replica.world import NODE_LABEL, WORLD_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from environments.replica.starting import Started

Value = TypeVar("Value")

INSTANCES_MEASURED = 'sum(up{job="orders"})'
WELL = "ok"  # what an instance says of what it needs and has
PENDING_METRIC = "orders_pending_oldest_seconds"
OWN_QUESTIONS = {
    Role.APP,
    Role.CACHE_ROUTER,
    Role.CONFIGURATOR,
    Role.DB,
    Role.DB_ROUTER,
    Role.DEPLOYER,
    Role.EDGE,
    Role.ENTRANCE,
    Role.PROMETHEUS,
    Role.SCALER,
}


@dataclass(frozen=True, slots=True)
class DatabaseView:
    """What one database says of itself, by Patroni's REST API."""

    is_primary: bool
    replication: Mapping[str, str]  # standby -> its sync_state, from pg_stat_replication


@dataclass(frozen=True, slots=True)
class Survey:
    """Asks the parts of one region; what belongs to none is asked with the first one's."""

    world: str
    started: Mapping[str, Started]
    links: Sequence[Link]
    engine: Engine = field(repr=False)
    threads: Executor = field(repr=False)

    def observe(self) -> Observed:
        """See everything that the steady state is about.

        Raises:
            WorldError: the engine does not answer.
        """
        conditions = self._conditions()
        running = [
            self.started[name] for name in self.started if conditions.get(name) == "running"
        ]
        apps = self._ask(running, Role.APP, _oldest_pending_seconds)
        logs = self._ask(running, Role.APP, _lost_lines)
        databases = self._ask(running, Role.DB, _view)
        caches = self._caches(running)
        lone_caches = self._ask(
            [node for node in running if SENTINEL_PORT not in node.spec.ports],
            Role.CACHE,
            _cache_view,
        )
        routers = self._ask(running, Role.DB_ROUTER, _routed_primaries)
        readers = self._ask(running, Role.DB_ROUTER, _routed_replicas)
        edges = self._ask(running, Role.EDGE, _apps_in_rotation)
        shed = self._ask(running, Role.EDGE, _shed_percent)
        entrances = self._ask(running, Role.ENTRANCE, _regions_of_customers)
        scalers = self._ask(running, Role.SCALER, _scaling_status)
        deployers = self._ask(running, Role.DEPLOYER, _deployment_status)
        configurators = self._ask(running, Role.CONFIGURATOR, _configured_view)
        measured = self._ask(running, Role.PROMETHEUS, _instances_measured)
        witnesses = self._ask(running, Role.ENTRANCE, partial(_open_servers, "primaries"))
        links = _Questions[str](
            self.threads, {link.name: partial(_impairments, link) for link in self.links}
        )
        others = _Questions[None](
            self.threads,
            {
                node.spec.name: partial(check_ready, node.spec, node.ports)
                for node in running
                if node.spec.role not in OWN_QUESTIONS
            },
        )
        try:
            cluster, no_cluster = self.cluster(), {}
        except NoAnswerError as error:
            cluster, no_cluster = None, {"etcd": str(error)}
        views = databases.answers()
        return Observed(
            conditions=conditions,
            cluster=cluster,
            primaries=frozenset(name for name, view in views.items() if view.is_primary),
            replication={
                standby: state
                for view in views.values()
                for standby, state in view.replication.items()
            },
            routed_primaries=routers.answers(),
            routed_replicas=readers.answers(),
            apps_in_rotation=edges.answers(),
            shed_percent=shed.answers(),
            open_regions=entrances.answers(),
            entitled_regions=witnesses.answers(),
            pending_seconds=apps.answers(),
            cache_group=caches.group(),
            lone_caches=lone_caches.answers(),
            scaling=ScalingView(scalers=scalers.answers(), measured=measured.answers()),
            deployments=deployers.answers(),
            configured=configurators.answers(),
            lost_lines={app: why for app, why in logs.answers().items() if why},
            impaired_links={name: how for name, how in links.answers().items() if how},
            no_answer={
                **no_cluster,
                **logs.failures(),
                **apps.failures(),
                **caches.failures(),
                **lone_caches.failures(),
                **databases.failures(),
                **routers.failures(),
                **readers.failures(),
                **shed.failures(),
                **edges.failures(),
                **entrances.failures(),
                **scalers.failures(),
                **configurators.failures(),
                **measured.failures(),
                **deployers.failures(),
                **witnesses.failures(),
                **links.failures(),
                **others.failures(),
            },
        )

    def cache_group(self) -> CacheGroup:
        """See the caches that Sentinel watches; who does not answer is left out."""
        return self._caches(list(self.started.values())).group()

    def _caches(self, running: Sequence[Started]) -> _CacheQuestions:
        boxes = [node for node in running if SENTINEL_PORT in node.spec.ports]
        return _CacheQuestions(
            names=tuple(
                name for name, node in self.started.items() if SENTINEL_PORT in node.spec.ports
            ),
            caches=self._ask(boxes, Role.CACHE, _cache_view),
            sentinels=self._ask(boxes, Role.CACHE, _sentinel_view),
            routers=self._ask(running, Role.CACHE_ROUTER, _routed_primaries),
        )

    def cluster(self) -> Cluster:
        """Read the databases' cluster from the first member of etcd that can tell.

        Raises:
            NoAnswerError: none can; every one is named.
        """
        asked = {
            self.threads.submit(_keys, node): name
            for name, node in self.started.items()
            if node.spec.role is Role.ETCD
        }
        failures = []
        for answered in as_completed(asked):
            try:
                return read_cluster(answered.result())
            except (NoAnswerError, GoneError) as error:
                failures.append(f"{asked[answered]}: {error}")
        raise NoAnswerError("; ".join(sorted(failures)))

    def named(self, role: Role) -> tuple[str, ...]:
        return tuple(name for name, node in self.started.items() if node.spec.role is role)

    def _ask(
        self, running: Sequence[Started], role: Role, question: Callable[[Started], Value]
    ) -> _Questions[Value]:
        return _Questions(
            self.threads,
            {
                node.spec.name: partial(question, node)
                for node in running
                if node.spec.role is role
            },
        )

    def _conditions(self) -> dict[str, str]:
        """Each node's container: "running", "paused", "exited", "gone" and so on."""
        with speaking("the replica", "be listed"):
            found = self.engine.containers(
                all=True, filters={"label": [f"{WORLD_LABEL}={self.world}", NODE_LABEL]}
            )
        states = {entry["Labels"][NODE_LABEL]: str(entry["State"]) for entry in found}
        return {name: states.get(name, GONE) for name in self.started}


class _Questions(Generic[Value]):
    """Questions that are under way; an answer is had, or why there is none."""

    def __init__(self, threads: Executor, questions: Mapping[str, Callable[[], Value]]) -> None:
        self._asked: dict[str, Future[Value]] = {
            name: threads.submit(question) for name, question in questions.items()
        }

    def answers(self) -> dict[str, Value]:
        return {
            name: asked.result() for name, asked in self._asked.items() if not _failure(asked)
        }

    def failures(self) -> dict[str, str]:
        return {
            name: failure
            for name, asked in self._asked.items()
            if (failure := _failure(asked)) is not None
        }


@dataclass(frozen=True, slots=True)
class _CacheQuestions:
    names: tuple[str, ...]
    caches: _Questions[CacheView]
    sentinels: _Questions[SentinelView]
    routers: _Questions[tuple[str, ...]]

    def group(self) -> CacheGroup:
        return CacheGroup(
            names=self.names,
            caches=self.caches.answers(),
            sentinels=self.sentinels.answers(),
            routed=self.routers.answers(),
        )

    def failures(self) -> dict[str, str]:
        silent = self.sentinels.failures()
        return {
            **self.caches.failures(),
            **{f"the sentinel of {name}": why for name, why in silent.items()},
            **self.routers.failures(),
        }


def _failure(asked: Future[Value]) -> str | None:
    error = asked.exception()
    if error is None:
        return None
    if isinstance(error, (NoAnswerError, WorldError)):
        return str(error)
    raise error


def _keys(node: Started) -> Mapping[str, str]:
    return etcd_range(node.port(2379), KEYS)


def _view(node: Started) -> DatabaseView:
    told = json_object(http_ok(node.ports[8008], "/patroni"))
    return DatabaseView(
        is_primary=told.get("role") == "primary",
        replication={
            str(standby["application_name"]): str(standby["sync_state"])
            for standby in told.get("replication", [])
        },
    )


def _cache_view(node: Started) -> CacheView:
    return read_cache("".join(redis_answer(node.port(CACHE_PORT), "INFO replication")))


def _sentinel_view(node: Started) -> SentinelView:
    return read_sentinel(redis_answer(node.port(SENTINEL_PORT), f"SENTINEL MASTER {GROUP}"))


def _routed_primaries(node: Started) -> tuple[str, ...]:
    return servers_up(http_ok(node.ports[8404], "/stats;csv"), "primary")


def _routed_replicas(node: Started) -> tuple[str, ...]:
    return servers_up(http_ok(node.ports[8404], "/stats;csv"), "replicas")


def _regions_of_customers(node: Started) -> tuple[str, ...]:
    """Name the regions that are open to customers, each of which must be within reach."""
    told = http_ok(node.ports[8404], "/stats;csv")
    regions = servers_open(told, "customers")
    if out_of_reach := sorted({*regions} - {*servers_up(told, "customers")}):
        named = ", ".join(out_of_reach)
        raise NoAnswerError(f"{named} is open to customers, and the entrance does not reach it")
    return regions


def _apps_in_rotation(node: Started) -> int:
    check_ready(node.spec, node.ports)
    return len(servers_up(http_ok(node.ports[8404], "/stats;csv"), "app"))


def _shed_percent(node: Started) -> int:
    told = http_ok(node.ports[8404], "/shed").strip()
    if not told.isdigit():
        raise NoAnswerError(f"/shed says {told[:50]!r}, which is no percentage")
    return int(told)


def _open_servers(proxy: str, node: Started) -> tuple[str, ...]:
    return servers_open(http_ok(node.ports[8404], "/stats;csv"), proxy)


def _oldest_pending_seconds(node: Started) -> float:
    check_ready(node.spec, node.ports)
    for line in http_ok(node.ports[8000], "/metrics").splitlines():
        name, _, value = line.partition(" ")
        if name == PENDING_METRIC:
            return float(value)
    raise NoAnswerError(f"/metrics has no {PENDING_METRIC}")


def _scaling_status(node: Started) -> ScalingStatus:
    check_ready(node.spec, node.ports)
    return read_status(json_object(http_ok(node.ports[SCALER_PORT], "/status")))


def _deployment_status(node: Started) -> DeploymentStatus:
    check_ready(node.spec, node.ports)
    return read_deployment(json_object(http_ok(node.ports[DEPLOYER_PORT], "/status")))


def _configured_view(node: Started) -> ConfiguredView:
    check_ready(node.spec, node.ports)
    return read_configured(json_object(http_ok(node.ports[CONFIGURATOR_PORT], "/status")))


def _instances_measured(node: Started) -> int:
    """Count the instances that Prometheus had an answer of within its last seconds."""
    question = f"/api/v1/query?{urlencode({'query': INSTANCES_MEASURED})}"
    told = json_object(http_ok(node.ports[PROMETHEUS_PORT], question))
    try:
        return int(told["data"]["result"][0]["value"][1])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NoAnswerError("it has no fresh metrics of any instance") from error


def _lost_lines(node: Started) -> str:
    """Say why an instance loses log lines; "" where it does not, or has no file of them."""
    told = json_object(http_get(node.ports[8000], "/health/ready").body)
    log = str(told.get("dependencies", {}).get("log", WELL))
    return "" if log == WELL else log


def _impairments(link: Link) -> str:
    return ", ".join(sorted(str(impairment) for impairment in link.impairments()))
