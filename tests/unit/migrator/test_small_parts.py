"""We believe that rules, samples, watch and history of migrations say what they should."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.replica.composing import compose
from environments.replica.images.migrator.migrating import rules
from environments.replica.images.migrator.migrating.database import (
    all_revisions,
    last_released,
    offline_sql,
)
from environments.replica.images.migrator.migrating.history import Happened, History, Who
from environments.replica.images.migrator.migrating.service import STATEMENTS
from environments.replica.images.migrator.migrating.watch import FEWEST, MOST, Activity, harm
from environments.replica.images.migrator.migrating.web import Pages
from environments.replica.images.orders.orders import reading, store
from environments.replica.topology import Passwords, Role, Settings
from fixtures.faults.bad_migration import REVISIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from environments.replica.images.migrator.migrating.flow import Revision

IMAGE = Path(__file__).parents[3] / "environments" / "replica" / "images" / "migrator"
INI = IMAGE / "alembic.ini"
BY_NAME: Mapping[str, Revision] = {one.name: one for one in all_revisions(INI)}


def its(module: ModuleType, name: str) -> str:
    """Give a statement of the service, which keeps it to itself."""
    return str(vars(module)[f"_{name}"])


counts = st.integers(min_value=0, max_value=10**6)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("CREATE INDEX a ON orders (item)", "CONCURRENTLY"),
        ("create unique index a on orders (item)", "CONCURRENTLY"),
        ("DROP INDEX a", "CONCURRENTLY"),
        ("ALTER TABLE orders ADD CONSTRAINT a CHECK (id > 0)", "NOT VALID"),
        ("ALTER TABLE orders ADD FOREIGN KEY (item) REFERENCES items", "NOT VALID"),
        ("ALTER TABLE orders ALTER COLUMN item SET NOT NULL", "validate a CHECK"),
        ("ALTER TABLE orders\n  ALTER id TYPE numeric", "add a column"),
        ("CREATE TABLE other (id int); CREATE INDEX a ON orders (id)", "CONCURRENTLY"),
    ],
)
def test_what_locks_customers_out_is_found(sql: str, found: str) -> None:
    assert [found in one for one in rules.findings(f"BEGIN;\n{sql};\nCOMMIT;")] == [True]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX CONCURRENTLY a ON orders (item)",
        "DROP INDEX CONCURRENTLY IF EXISTS a",
        "ALTER TABLE orders ADD CONSTRAINT a CHECK (id > 0) NOT VALID",
        "ALTER TABLE orders ADD COLUMN note text",
        "-- CREATE INDEX a ON orders (item)",
        "CREATE TABLE other (id int CHECK (id > 0)); CREATE INDEX a ON other (id)",
    ],
)
def test_what_is_brief_is_not(sql: str) -> None:
    assert rules.findings(sql) == []


def test_the_statements_that_are_tried_are_those_of_the_service() -> None:
    of_the_store = [its(store, name) for name in ("INSERT", "MARK_PAID", "CLAIM", "PENDING")]
    of_reading = [its(reading, name) for name in ("FIND", "PAGE")]
    assert [one.sql for one in STATEMENTS] == [*of_the_store, *of_reading]


@given(counts, counts, counts, counts)
def test_harm_is_more_failures_than_usual_and_never_a_few(
    usual_done: int, usual_failed: int, done: int, failed: int
) -> None:
    usual, since = Activity(usual_done, usual_failed), Activity(done, failed)
    found = harm(usual, since)
    assert (found is not None) == (failed >= FEWEST and since.share > usual.share + MOST)
    if failed <= usual_failed and done >= usual_done:
        assert found is None


def test_what_was_failing_before_is_no_harm_of_the_change() -> None:
    assert harm(Activity(900, 100), Activity(900, 100)) is None
    assert harm(Activity(1000, 0), Activity(95, 5)) is not None
    assert harm(Activity(1000, 0), Activity(2, FEWEST - 1)) is None


def test_a_history_is_read_as_it_was_written_and_a_torn_line_is_left_out(
    tmp_path: Path,
) -> None:
    history = History(tmp_path / "changes.jsonl", lambda: 12.5)
    assert history.told() == []
    assert history.latest() is None
    change = history.begin("note")
    history.note(change, Happened.STARTED, by=Who.PEOPLE, why="über")
    with history.path.open("a") as file:
        file.write('{"at": 13.0, "cha')
    told: list[dict[str, Any]] = history.told()
    assert told == [
        {
            "at": 12.5,
            "change": "note-1",
            "kind": "migration",
            "event": "started",
            "share": None,
            "by": "people",
            "why": "über",
        }
    ]
    assert history.latest() == "note-1"
    assert history.begin("by_day") == "by_day-2"


def test_a_history_is_told_with_numbers_and_ages(tmp_path: Path) -> None:
    times = iter((10.0, 12.0))
    history = History(tmp_path / "changes.jsonl", lambda: next(times))
    history.note("note-1", Happened.STARTED, by=Who.ITSELF, why="a")
    history.note("note-1", Happened.PROMOTED, by=Who.ITSELF, why="b")
    pages = Pages(history, lambda: 15.0)
    _, told = pages.answer("/changes?after=1")
    assert told == [
        {
            "number": 2,
            "age_seconds": 3.0,
            "change": "note-1",
            "kind": "migration",
            "event": "promoted",
            "share": None,
            "by": "itself",
            "why": "b",
        }
    ]
    (_, everything), (_, nothing) = pages.answer("/changes"), pages.answer("/changes?after=2")
    assert isinstance(everything, list)
    assert [one["age_seconds"] for one in everything] == [5.0, 3.0]
    assert nothing == []


def test_what_is_wrong_with_the_schema_is_ill_health(tmp_path: Path) -> None:
    pages = Pages(History(tmp_path / "changes.jsonl"))
    assert pages.answer("/health")[0] == HTTPStatus.SERVICE_UNAVAILABLE
    pages.trouble = "index a (invalid) is of no revision that is recorded"
    assert pages.answer("/health")[1] == {"reason": pages.trouble}
    pages.trouble = ""
    assert pages.answer("/health")[0] == HTTPStatus.OK
    assert pages.answer("/")[0] == HTTPStatus.NOT_FOUND


def test_what_is_released_stands_in_one_line_on_what_the_service_makes() -> None:
    assert last_released(INI) == "by_day"
    assert (BY_NAME["by_day"].after, BY_NAME["note"].after) == ("note", "baseline")
    made = offline_sql(INI, BY_NAME["baseline"])
    lines = [
        " ".join(line.split()) for line in its(store, "SCHEMA").splitlines() if line.strip()
    ]
    assert [line for line in lines if line.rstrip(";") not in " ".join(made.split())] == []


@pytest.mark.parametrize("name", ["note", "by_day"])
def test_nothing_speaks_against_the_sql_of_what_is_released(name: str) -> None:
    assert rules.findings(offline_sql(INI, BY_NAME[name])) == []


def test_every_bad_migration_is_proposed_and_stands_on_the_baseline() -> None:
    proposed = set(BY_NAME) - {"baseline", "note", "by_day"}
    assert proposed == set(REVISIONS)
    assert {BY_NAME[name].after for name in proposed} == {"baseline"}


def test_an_index_that_is_built_under_load_is_in_no_transaction() -> None:
    for one in BY_NAME.values():
        is_concurrent = "CONCURRENTLY" in offline_sql(INI, one)
        assert one.transactional != is_concurrent, one.name


def test_only_a_world_with_migrations_has_who_makes_them() -> None:
    passwords = Passwords()
    nodes = compose(Settings(migrations=True), passwords).nodes
    (migrator,) = [node for node in nodes if node.role is Role.MIGRATOR]
    database = next(node for node in nodes if node.role is Role.DB)
    assert migrator.environment["PGPASSWORD"] == passwords.migrator
    assert database.environment["MIGRATOR_PASSWORD"] == passwords.migrator
    assert passwords.migrator not in repr(nodes)
    assert migrator.environment["CHECKS"] == "on"
    plain = compose(Settings(), passwords).nodes
    assert not [node for node in plain if node.role is Role.MIGRATOR]
    assert not [node for node in plain if "MIGRATOR_PASSWORD" in node.environment]
