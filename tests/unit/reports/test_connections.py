"""We believe that a matrix is as designed where every pair is, and says where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reports.connections import (
    CLOSED,
    OPEN,
    SILENT,
    Tried,
    as_html,
    as_markdown,
    differences,
    finding,
    matrix,
    read_connections,
    write_connections,
)

if TYPE_CHECKING:
    from pathlib import Path


def tried(source: str, target: str, port: int, reach: str, *, allowed: bool) -> Tried:
    roles = source.rpartition("-")[0] or source, target.rpartition("-")[0] or target
    return Tried(source, roles[0], target, roles[1], port, reach, allowed)


MAY = tried("links", "db-1", 5432, OPEN, allowed=True)
MUST_NOT = tried("app-1", "db-1", 5432, SILENT, allowed=False)
AS_DESIGNED = [MAY, MUST_NOT]


def test_a_matrix_as_designed_has_no_differences() -> None:
    assert differences(AS_DESIGNED) == []


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            replace(MUST_NOT, reach=OPEN),
            "app-1 must not reach and reaches db-1 at 5432",
        ),
        (
            replace(MUST_NOT, reach=CLOSED),
            "app-1 must not reach the host of db-1 at 5432",
        ),
    ],
)
def test_whoever_must_not_may_not_even_be_refused(one: Tried, said: str) -> None:
    assert differences([MAY, one]) == [said]


@pytest.mark.parametrize("reach", [CLOSED, SILENT])
def test_whoever_may_must_be_connected_and_silence_is_no_refusal_by_design(reach: str) -> None:
    other = tried("links", "db-2", 5432, reach, allowed=True)
    again = tried("bastion", "db-2", 5432, OPEN, allowed=True)
    assert differences([*AS_DESIGNED, other, again]) == [
        "links may connect and does not to db-2 at 5432"
    ]


def test_a_port_that_nobody_reached_proves_nothing() -> None:
    assert differences([MUST_NOT]) == [
        "nobody connected to db-1:5432, so that nobody else could says nothing"
    ]


def test_ports_of_a_pair_are_one_sentence() -> None:
    open_ = [tried("bastion", "db-1", port, OPEN, allowed=True) for port in range(10)]
    wrong = [tried("app-1", "db-1", port, OPEN, allowed=False) for port in range(10)]
    assert differences([*open_, *wrong]) == [
        "app-1 must not reach and reaches db-1 at 0, 1, 2, 3 and 6 more"
    ]


def test_the_table_has_a_cell_for_each_pair_of_roles_and_marks_what_differs() -> None:
    wrong = tried("app-2", "db-1", 5432, OPEN, allowed=False)
    headings, rows = matrix([*AS_DESIGNED, wrong])
    assert headings == ["from \\ to", "db"]
    assert rows == [
        ("links", "allowed (5432)"),
        ("app", "✗ refused, but not in 1 of 2 (5432)"),
    ]
    assert "| links | allowed (5432) |" in as_markdown(AS_DESIGNED)
    assert "<td>allowed (5432)</td>" in as_html(AS_DESIGNED)
    assert finding(AS_DESIGNED) == (
        "2 attempts of 2 nodes to connect: 1 of 1 that are allowed succeeded, 1 of 1 that are "
        "not got nowhere"
    )


def test_what_was_tried_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "connections.jsonl"
    assert read_connections(file) == []
    write_connections(file, AS_DESIGNED)
    assert read_connections(file) == AS_DESIGNED
