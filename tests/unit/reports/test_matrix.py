"""Belief: every pair that was tried is shown, and what is not as designed stands out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reports.facts import RecordError
from reports.matrix import (
    MatrixWriter,
    Pair,
    Way,
    differences,
    matrix_grid,
    matrix_html,
    matrix_list,
    matrix_note,
    not_known,
    read_matrix,
)

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED, REFUSED, UNKNOWN = Way.ALLOWED, Way.REFUSED, Way.UNKNOWN


def pair(source: str, target: str, port: int, designed: Way, seen: Way) -> Pair:
    return Pair(source=source, target=target, port=port, designed=designed, seen=seen)


PAIRS = (
    pair("app", "db", 5432, ALLOWED, ALLOWED),
    pair("app", "db", 8008, REFUSED, ALLOWED),
    pair("app", "edge", 8443, REFUSED, REFUSED),
    pair("edge", "app", 8000, ALLOWED, REFUSED),
    pair("edge", "app", 8080, ALLOWED, ALLOWED),
    pair("edge", "db", 5432, REFUSED, UNKNOWN),
)


def test_it_is_written_as_the_interface_says_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "networks.jsonl"
    with MatrixWriter(path) as matrix:
        for one in PAIRS:
            matrix.write(one)
    assert json.loads(path.read_text().splitlines()[1]) == {
        "source": "app", "target": "db", "port": 8008, "designed": "refused", "seen": "allowed",
    }  # fmt: skip
    assert read_matrix(path) == PAIRS


def test_what_differs_is_a_sentence_each() -> None:
    assert list(differences(PAIRS)) == [
        "networks: app can connect to db:8008, and must not",
        "networks: edge cannot connect to app:8000, and must",
    ]
    assert list(not_known(PAIRS)) == [
        "networks: whether edge can connect to db:5432 is not known"
    ]
    assert matrix_note(PAIRS) == "6 pairs tried: 3 allowed, 2 refused, 3 not as designed"


def test_people_see_a_grid_and_a_spreadsheet_every_pair() -> None:
    grid = matrix_grid(PAIRS)
    assert list(grid.headings[1:]) == ["app", "db", "edge"]
    assert grid.rows == [
        ("app", "", "5432, 8008 allowed, NOT AS DESIGNED", "refused"),
        ("edge", "8000 refused, NOT AS DESIGNED, 8080", "5432 unknown, NOT AS DESIGNED", ""),
    ]
    lines = matrix_list(PAIRS).as_csv().splitlines()
    assert lines[:2] == [
        "Source,Target,Port,Designed,Seen,As designed", "app,db,5432,allowed,allowed,yes",
    ]  # fmt: skip
    assert lines[2] == "app,db,8008,refused,allowed,NO"
    assert len(lines) == 1 + len(PAIRS)
    assert "\n| app | db | 8008 | refused | allowed | NO |\n" in (
        matrix_list(PAIRS).as_markdown()
    )


def test_the_page_is_escaped_and_tells_apart_what_is_wrong() -> None:
    page = matrix_html((*PAIRS, pair("<script>", "db", 1, REFUSED, REFUSED)))
    assert "<script>" not in page
    assert page.count("background:#F4B183") == 3
    assert page.count("background:#CDE7D8") == 0
    assert "background:#CDE7D8" in matrix_html(PAIRS[:1])


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"designed": "unknown"}, "its 'designed' is unknown"),
        ({"seen": "perhaps"}, "'perhaps' is not a valid Way"),
        ({"port": "http"}, "its 'port' is no whole number: 'http'"),
    ],
)
def test_a_damaged_line_is_named(
    tmp_path: Path, changed: dict[str, str], complaint: str
) -> None:
    path = tmp_path / "networks.jsonl"
    with MatrixWriter(path) as matrix:
        matrix.write(PAIRS[0])
    path.write_text(f"{json.dumps(json.loads(path.read_text()) | changed)}\n")
    with pytest.raises(RecordError) as raised:
        read_matrix(path)
    assert f"{path}:1: not an entry of a matrix of networks: {complaint}" in str(raised.value)
