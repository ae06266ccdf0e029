"""We believe that an instance has moved over only when it says so itself, in full."""

from __future__ import annotations

import pytest

from environments.replica.images.vault.vault.memory import LOGIN
from environments.replica.images.vault.vault.policy import Grants, Policy
from environments.replica.images.vault.vault.readers import Nodes, read_moved

METRICS = """
# HELP orders_database_login 1 for whom it logs in to the database as
orders_database_login{{user="{user}"}} 1.0
orders_database_connections_stale {stale}
"""


@pytest.mark.parametrize(
    ("metrics", "why_not"),
    [
        (METRICS.format(user="orders_b", stale="0.0"), ""),
        (METRICS.format(user="orders_b", stale="3.0"), "3 connections of before are open"),
        (METRICS.format(user="orders_a", stale="0.0"), "it logs in as orders_a"),
        ("", "it does not say whom it logs in as"),
        ('orders_database_login{user="orders_b"} 1.0\n', "it does not say whom it logs in as"),
    ],
)
def test_what_an_instance_says_of_itself(metrics: str, why_not: str) -> None:
    assert read_moved(metrics, "orders_b") == why_not


def test_who_came_with_an_older_version_is_behind_and_who_never_came_is_not() -> None:
    grants = {
        "east-app-1": Grants(("orders-login.json",), {}),
        "east-app-2": Grants(("orders-login.json",), {}),
        "bastion": Grants(("pgpass",), {}),
    }
    nodes = Nodes(Policy(grants))
    nodes.note("east-app-1", 3)
    nodes.note("bastion", 1)
    assert nodes.behind(LOGIN, 4) == {"east-app-1"}
    nodes.note("east-app-1", 4)
    nodes.note("east-app-1", 2)  # an answer that came late
    assert not nodes.behind(LOGIN, 4)
