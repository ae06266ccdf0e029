"""We believe that what was tried is read as a refusal only where that is what it shows."""

from __future__ import annotations

import pytest

from environments.model import Connection, Reach
from fixtures.networks import as_pairs
from reports.matrix import Way, differences, not_known


def tried(source: str, reach: Reach, *, allowed: bool, port: int = 5432) -> Connection:
    return Connection(source, "app", "east-db-1", "db", port, reach, allowed)


REACHED = tried("bastion", Reach.OPEN, allowed=True)


@pytest.mark.parametrize(
    ("reach", "allowed", "seen"),
    [
        (Reach.OPEN, True, Way.ALLOWED),
        (Reach.OPEN, False, Way.ALLOWED),
        (Reach.CLOSED, True, Way.REFUSED),
        (Reach.CLOSED, False, Way.ALLOWED),  # its host was reached: that is no network apart
        (Reach.SILENT, True, Way.UNKNOWN),
        (Reach.SILENT, False, Way.REFUSED),
    ],
)
def test_silence_is_a_refusal_between_networks_alone(
    reach: Reach, *, allowed: bool, seen: Way
) -> None:
    pair = as_pairs([tried("east-app-1", reach, allowed=allowed), REACHED])[0]
    assert pair.seen is seen
    assert pair.designed is (Way.ALLOWED if allowed else Way.REFUSED)


def test_a_port_that_nobody_reached_says_nothing_of_who_must_not() -> None:
    pairs = as_pairs([tried("east-app-1", Reach.SILENT, allowed=False, port=8008), REACHED])
    assert list(not_known(pairs)) == [
        "networks: whether east-app-1 can connect to east-db-1:8008 is not known"
    ]
    assert list(differences(pairs)) == []
