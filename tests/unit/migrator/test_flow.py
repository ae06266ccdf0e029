"""We believe that a change is tried, made, watched, and taken back where it harms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from environments.replica.images.migrator.migrating.flow import (
    ATTEMPTS,
    PAUSE_SECONDS,
    USUAL_SECONDS,
    WATCH_SECONDS,
    BusyError,
    MigrationError,
    Migrator,
)
from environments.replica.images.migrator.migrating.history import History
from tests.unit.migrator.schemas import BY_DAY, FakeSchema

if TYPE_CHECKING:
    from pathlib import Path


class Scene:
    def __init__(self, folder: Path, schema: FakeSchema, *, checks: bool = True) -> None:
        self.schema = schema
        self.history = History(folder / "changes.jsonl", schema.clock)
        self.said: list[str] = []
        self.migrator = Migrator(
            schema, self.history, self.said.append, schema.pause, schema.clock, checks=checks
        )

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(one["event"], one["by"]) for one in self.history.told()]

    @property
    def last(self) -> tuple[str, str]:
        return self.steps[-1]


def test_a_good_change_is_tried_made_and_watched(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSchema())
    scene.migrator.apply(None)
    assert scene.schema.at == "by_day"
    assert scene.schema.did == ["try out", "upgrade note", "upgrade by_day"]
    assert [step for step, _ in scene.steps] == ["proposed", "started", "promoted", "stable"]
    assert scene.schema.now >= USUAL_SECONDS + WATCH_SECONDS
    scene.migrator.apply(None)
    assert scene.said[-1] == "nothing to do: the database has by_day"
    assert len(scene.steps) == 4


def test_a_plan_changes_nothing_and_shows_everything(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSchema(texts={"by_day": "CREATE INDEX a ON b (c)"}))
    found = scene.migrator.plan(None)
    assert scene.schema.did == ["try out"]
    assert scene.steps == []
    assert [one[:30] for one in found] == ["by_day: CREATE INDEX a ON b (c"]
    shown = "\n".join(scene.said)
    assert "make note" in shown
    assert "by_day is not tried" in shown


@pytest.mark.parametrize(
    "schema",
    [
        FakeSchema(speaks_against=("the service no longer takes an order",)),
        FakeSchema(texts={"note": "ALTER TABLE orders ALTER item SET NOT NULL"}),
        FakeSchema(busy=ATTEMPTS),
    ],
    ids=["dry run", "rules", "lock"],
)
def test_what_speaks_against_it_refuses_it(tmp_path: Path, schema: FakeSchema) -> None:
    scene = Scene(tmp_path, schema)
    with pytest.raises(MigrationError, match="refused, and nothing was changed: "):
        scene.migrator.apply(None)
    assert scene.schema.at == "baseline"
    assert scene.steps == [("proposed", "itself"), ("refused", "itself")]


def test_without_checks_nothing_speaks_against_it(tmp_path: Path) -> None:
    schema = FakeSchema(speaks_against=("it breaks",))
    Scene(tmp_path, schema, checks=False).migrator.apply(None)
    assert schema.at == "by_day"


@pytest.mark.parametrize("times", range(ATTEMPTS))
def test_who_is_in_the_way_is_waited_for_between_attempts(tmp_path: Path, times: int) -> None:
    scene = Scene(tmp_path, FakeSchema(busy=times))
    scene.migrator.plan(None)
    assert scene.schema.did == ["try out"] * (times + 1)
    assert scene.schema.now == times * PAUSE_SECONDS


def test_an_attempt_that_no_transaction_holds_is_cleared_up_each_time(tmp_path: Path) -> None:
    schema = FakeSchema(at="note")
    scene = Scene(tmp_path, schema, checks=False)
    schema.busy = 1
    scene.migrator.apply(None)
    assert schema.did == ["upgrade by_day", "clean by_day", "upgrade by_day"]


def test_what_fails_half_way_is_taken_back_by_itself(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSchema(breaks="by_day"))
    with pytest.raises(MigrationError, match=r"by_day: it failed\. It was taken back"):
        scene.migrator.apply(None)
    assert scene.schema.did[-2:] == ["clean by_day", "downgrade baseline"]
    assert scene.schema.at == "baseline"
    assert scene.last == ("rolled back", "itself")


def test_what_cannot_be_taken_back_is_said_to_have_failed(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSchema(breaks="by_day", leaves=True))
    with pytest.raises(MigrationError, match="It could not be taken back: half of by_day"):
        scene.migrator.apply(None)
    assert scene.last == ("failed", "itself")


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (FakeSchema(differs=["index a is missing"]), "index a is missing"),
        (FakeSchema(fails_per_second=20), "transactions failed"),
    ],
    ids=["verification", "watch"],
)
def test_what_turns_out_to_do_harm_is_taken_back(
    tmp_path: Path, schema: FakeSchema, why: str
) -> None:
    scene = Scene(tmp_path, schema)
    with pytest.raises(MigrationError, match=why):
        scene.migrator.apply("note")
    assert schema.at == "baseline"
    steps = [step for step, _ in scene.steps]
    assert steps[:3] == ["proposed", "started", "rolling back"]
    assert why in scene.history.told()[2]["why"]
    assert schema.now < USUAL_SECONDS + 1


def test_what_nobody_could_verify_is_taken_back(tmp_path: Path) -> None:
    schema = FakeSchema(silent=[MigrationError("the database is gone")])
    scene = Scene(tmp_path, schema)
    with pytest.raises(MigrationError, match="nobody could see whether it does harm"):
        scene.migrator.apply(None)
    assert schema.at == "baseline"
    assert scene.last == ("rolled back", "itself")


def test_a_verification_that_somebody_is_in_the_way_of_is_tried_again(tmp_path: Path) -> None:
    schema = FakeSchema(silent=[BusyError("wait") for _ in range(ATTEMPTS - 1)])
    Scene(tmp_path, schema).migrator.apply(None)
    assert schema.at == "by_day"


def test_going_back_that_fails_is_said_to_have_failed(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSchema(at="note", busy=ATTEMPTS))
    with pytest.raises(MigrationError, match="it is not all gone: somebody holds a lock"):
        scene.migrator.back(None)
    assert scene.last == ("failed", "people")


def test_people_go_back_one_revision_or_to_a_named_one(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSchema())
    scene.migrator.apply(None)
    scene.migrator.back(None)
    assert scene.schema.at == "note"
    assert scene.last == ("rolled back", "people")
    scene.migrator.apply(None)
    scene.migrator.back("baseline")
    assert scene.schema.at == "baseline"
    assert {one["change"] for one in scene.history.told()} == {"by_day-1", "by_day-2"}


def test_there_is_nothing_before_the_first_revision(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSchema())
    with pytest.raises(MigrationError, match="nothing before baseline"):
        scene.migrator.back(None)
    assert scene.steps == []


def test_going_back_clears_up_what_is_half_made_and_no_more(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSchema(at="note", half=BY_DAY, differs=["half of by_day"]))
    scene.migrator.back(None)
    assert scene.schema.did == ["clean by_day"]
    assert scene.schema.at == "note"


def test_what_is_left_after_going_back_is_said(tmp_path: Path) -> None:
    schema = FakeSchema(at="note", half=BY_DAY, differs=["half of by_day"], leaves=True)
    scene = Scene(tmp_path, schema)
    with pytest.raises(MigrationError, match="it is not all gone: half of by_day"):
        scene.migrator.back(None)
    assert scene.last == ("failed", "people")
