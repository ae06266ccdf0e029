"""What says that one node is ready, whatever the others do."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping

from environments.replica.probes import NoAnswerError, http_ok, json_object, redis_pong
from environments.replica.topology import NodeSpec, Role

Ports = Mapping[int, int]  # the port inside -> the port on 127.0.0.1


def check_ready(spec: NodeSpec, ports: Ports) -> None:
    """Ask a node's service whether it does its work.

    Raises:
        NoAnswerError: it does not yet, and why not.
    """
    match spec.role:
        case Role.ETCD:
            check_etcd(ports)
        case Role.DB:
            check_database(ports)
        case Role.CACHE:
            redis_pong(ports[6379])
        case Role.DB_ROUTER:
            check_db_router(ports)
        case Role.APP:
            http_ok(ports[8000], "/health/ready")
        case Role.EDGE:
            http_ok(ports[8404], "/stats;csv")
        case Role.PAYMENTS:
            http_ok(ports[8080], "/health")
        case Role.LINKS:
            http_ok(ports[8474], "/version")
        case Role.BASTION:
            pass  # it runs no service; that its container runs is all


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


def check_db_router(ports: Ports) -> None:
    """Ask the databases' router whether it has a primary to lead to.

    Raises:
        NoAnswerError: it has none, or does not answer.
    """
    if not servers_up(http_ok(ports[8404], "/stats;csv"), "primary"):
        raise NoAnswerError("/stats: no database is up as the primary")


def servers_up(statistics: str, proxy: str) -> tuple[str, ...]:
    """Name the servers behind a proxy that HAProxy has in rotation, by its statistics."""
    return tuple(
        row["svname"]
        for row in read_statistics(statistics)
        if row["# pxname"] == proxy
        and row["svname"] not in {"FRONTEND", "BACKEND"}
        and row["status"].startswith("UP")
    )


def read_statistics(statistics: str) -> Iterator[dict[str, str]]:
    """Read HAProxy's statistics (https://docs.haproxy.org/3.0/management.html#9.1)."""
    return csv.DictReader(statistics.splitlines())
