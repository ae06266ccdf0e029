"""What says that one node is ready, whatever the others do."""

from __future__ import annotations

import csv
import http.client
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from environments.replica.encryption import HTTPS_PORT
from environments.replica.probes import (
    NoAnswerError,
    certificate_at,
    http_get,
    http_ok,
    json_object,
    redis_pong,
)
from environments.replica.topology import NodeSpec, Role

if TYPE_CHECKING:
    from cryptography import x509

LEAST_LEFT = 0.25  # of a certificate's time
Ports = Mapping[int, int]  # the port inside -> the port on 127.0.0.1


def check_ready(spec: NodeSpec, ports: Ports) -> None:
    """Ask a node's service whether it does its work; one without a service always does.

    Raises:
        NoAnswerError: it does not yet, and why not.
    """
    if check := _CHECKS.get(spec.role):
        check(ports)


def check_etcd(ports: Ports) -> None:
    """Ask a member of etcd whether it has a leader.

    Raises:
        NoAnswerError: it has none, or does not answer.
    """
    if json_object(http_ok(ports[2379], "/health")).get("health") != "true":
        raise NoAnswerError("/health: etcd has no leader")


def check_database(ports: Ports) -> None:
    """Ask Patroni whether its PostgreSQL is the primary or streams from it.

    Raises:
        NoAnswerError: it is neither, or does not answer.
    """
    member = json_object(http_ok(ports[8008], "/patroni"))
    streams = member.get("replication_state") == "streaming"
    if member.get("state") != "running" or not (streams or member.get("role") == "primary"):
        raise NoAnswerError(
            f"/patroni: PostgreSQL is {member.get('state')} as {member.get('role')}"
        )


def check_backups(ports: Ports) -> None:
    """Ask a repository host whether all is well with its backups.

    Raises:
        NoAnswerError: it found something amiss, or does not answer.
    """
    answer = http_get(ports[9854], "/health")
    found = json_object(answer.body).get("findings")
    if answer.status != http.client.OK:
        raise NoAnswerError(f"/health: {'; '.join(found or [answer.body.strip()[:200]])}")


def check_instance(ports: Ports) -> None:
    """Ask an instance of the service whether it is ready, and its clock right.

    Raises:
        NoAnswerError: it is not, or does not answer.
    """
    told = json_object(http_ok(ports[8000], "/health/ready"))
    clock = told["dependencies"].get("clock", "ok")
    if clock != "ok":
        raise NoAnswerError(clock)


def check_auth(ports: Ports) -> None:
    """Ask where customers log in whether there is anything that people should look at.

    Raises:
        NoAnswerError: there is, or it does not answer.
    """
    if findings := json_object(http_ok(ports[8081], "/health"))["findings"]:
        raise NoAnswerError("; ".join(findings))


def check_certificate(shown: x509.Certificate, now: datetime) -> None:
    """See that a certificate is good, and that it was renewed in time.

    Agents renew theirs after two thirds of their time.

    Raises:
        NoAnswerError: it has expired, or soon will.
    """
    left = shown.not_valid_after_utc - now
    if left <= timedelta(0):
        raise NoAnswerError(f"its certificate expired {-left.total_seconds():.0f} s ago")
    if left < LEAST_LEFT * (shown.not_valid_after_utc - shown.not_valid_before_utc):
        raise NoAnswerError(
            f"its certificate expires in {left.total_seconds():.0f} s, and nobody renewed it"
        )


def check_edge(ports: Ports) -> None:
    """Ask an entrance whether it works; one that leads to a login must reach it.

    Raises:
        NoAnswerError: it does not.
    """
    statistics = http_ok(ports[8404], "/stats;csv")
    if HTTPS_PORT in ports:
        check_certificate(certificate_at(ports[HTTPS_PORT]), datetime.now(UTC))
    if _statuses(statistics, "auth") and not servers_up(statistics, "auth"):
        raise NoAnswerError("/stats: nobody can log in, it does not reach auth")


def check_db_router(ports: Ports) -> None:
    """Ask the databases' router whether it has a database to lead to.

    In a region that follows another there is no primary, but there are replicas.

    Raises:
        NoAnswerError: it has none, or does not answer.
    """
    statistics = http_ok(ports[8404], "/stats;csv")
    if not any(servers_up(statistics, proxy) for proxy in ("primary", "replicas")):
        raise NoAnswerError("/stats: no database is up")


def check_cache_router(ports: Ports) -> None:
    """Ask the caches' router whether it has a primary to lead to.

    Raises:
        NoAnswerError: it has none, or does not answer.
    """
    if not servers_up(http_ok(ports[8404], "/stats;csv"), "primary"):
        raise NoAnswerError("/stats: no cache is up as the primary")


def servers_up(statistics: str, proxy: str) -> tuple[str, ...]:
    """Name the servers behind a proxy that HAProxy has in rotation, by its statistics."""
    servers = _statuses(statistics, proxy).items()
    return tuple(name for name, status in servers if status.startswith(("UP", "no check")))


def servers_open(statistics: str, proxy: str) -> tuple[str, ...]:
    """Name the servers behind a proxy that nobody took out of rotation, up or down."""
    servers = _statuses(statistics, proxy).items()
    return tuple(name for name, status in servers if not status.startswith("MAINT"))


def _statuses(statistics: str, proxy: str) -> dict[str, str]:
    return {
        row["svname"]: row["status"]
        for row in read_statistics(statistics)
        if row["# pxname"] == proxy and row["svname"] not in {"FRONTEND", "BACKEND"}
    }


def read_statistics(statistics: str) -> Iterator[dict[str, str]]:
    """Read HAProxy's statistics (https://docs.haproxy.org/3.0/management.html#9.1)."""
    return csv.DictReader(statistics.splitlines())


_CHECKS: Mapping[Role, Callable[[Ports], object]] = {
    Role.ETCD: check_etcd,
    Role.DB: check_database,
    Role.CACHE: lambda ports: redis_pong(ports[6379]),
    Role.CACHE_ROUTER: check_cache_router,
    Role.DB_ROUTER: check_db_router,
    Role.APP: check_instance,
    Role.ENTRANCE: lambda ports: http_ok(ports[8404], "/stats;csv"),
    Role.EDGE: check_edge,
    Role.AUTH: check_auth,
    Role.PAYMENTS: lambda ports: http_ok(ports[8080], "/health"),
    Role.LINKS: lambda ports: http_ok(ports[8474], "/version"),
    Role.BACKUP: check_backups,
    Role.SPARE: lambda ports: http_ok(ports[9001], "/"),
    Role.GREEN: lambda ports: http_ok(ports[9001], "/"),
    Role.DEPLOYER: lambda ports: http_ok(ports[9200], "/health"),
    Role.CONFIGURATOR: lambda ports: http_ok(ports[9200], "/health"),
    Role.CONFIGURATOR: lambda ports: http_ok(ports[9200], "/health"),
    Role.GREEN: lambda ports: http_ok(ports[9001], "/"),
    Role.DEPLOYER: lambda ports: http_ok(ports[9200], "/health"),
    Role.SCALER: lambda ports: http_ok(ports[9100], "/health"),
    Role.VAULT: lambda ports: http_ok(ports[8201], "/health"),
    Role.MIGRATOR: lambda ports: http_ok(ports[9200], "/health"),
    Role.PROMETHEUS: lambda ports: http_ok(ports[9090], "/-/ready"),
    Role.AUDIT: lambda ports: http_ok(ports[9300], "/health"),
}
