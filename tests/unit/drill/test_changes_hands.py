"""We believe that what tools say of changes is written down, and their silence ends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from fixtures import changes
from fixtures.changes import ChangesWatch
from fixtures.drill import Drill, InconclusiveError
from fixtures.guarded import GuardedRun
from fixtures.waiting import wait_until
from reports.changes_log import ChangesLog, Step, read_changes_log
from reports.record import CHANGES_FILE
from reports.timeline import Event, Timeline, read_timeline
from tests.fakes.caretaker import open_journal
from tests.fakes.changing import TOOL, ChangingFake
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOON = timedelta(seconds=5)
AT_ONCE = timedelta(milliseconds=50)


@dataclass
class Stage:
    drill: Drill
    world: ChangingFake
    said: list[str]

    @property
    def watch(self) -> ChangesWatch:
        return ChangesWatch(self.drill)

    @property
    def log(self) -> ChangesLog:
        return read_changes_log(self.drill.folder / CHANGES_FILE)

    def wait_for_samples(self, count: int) -> None:
        enough = self.world.asked + count
        wait_until("samples", lambda: self.world.asked >= enough, at_most=SOON)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(changes, "SAMPLED_EVERY", timedelta(milliseconds=20))
    world, said = ChangingFake(), list[str]()
    folder = tmp_path / "run" / "drill"
    folder.mkdir(parents=True)
    with Timeline(folder / "timeline.jsonl") as timeline, open_journal(tmp_path) as journal:
        drill = Drill(
            name="drill",
            folder=folder,
            environment=world,
            timeline=timeline,
            guarded=GuardedRun(journal, start_guardian=None),
            say=said.append,
            seed=1,
            runbooks=tmp_path,
            taint=said.append,
        )
        yield Stage(drill, world, said)


def test_what_happens_is_written_down_once_and_when_it_was(stage: Stage) -> None:
    stage.world.tell("started", age_seconds=60)  # which belongs to another drill
    with stage.watch.watched():
        stage.wait_for_samples(2)
        stage.world.tell("stage", age_seconds=3, share=0.1)
        now = monotonic()
        stage.wait_for_samples(3)
    (event,) = stage.log.events
    assert (event.event, event.change, event.share) == (Step.STAGE, "release-1", 0.1)
    assert event.at == pytest.approx(now - 3, abs=1)
    assert stage.log.asked_at == pytest.approx(monotonic(), abs=1)
    assert TOOL in stage.drill.involved


def test_a_tool_that_is_silent_for_a_while_misses_nothing(stage: Stage) -> None:
    with stage.watch.watched():
        stage.wait_for_samples(2)
        stage.world.silent = "east-deployer does not answer"
        stage.wait_for_samples(2)
        stage.world.tell("started")
        asked = monotonic()
        stage.wait_for_samples(2)
        assert (stage.log.asked_at or 0) < asked
        stage.world.silent = ""
        stage.wait_for_samples(2)
    assert [event.event for event in stage.log.events] == [Step.STARTED]
    assert any("is silent" in sentence for sentence in stage.said)


def test_a_step_is_waited_for(stage: Stage) -> None:
    stage.world.tell("rolled back", age_seconds=3600)  # of another drill
    stage.watch.wait_until("rolled back", at_most=AT_ONCE)
    (ended,) = (
        entry
        for entry in read_timeline(stage.drill.timeline.path)
        if entry.event is Event.WATCH_ENDED
    )
    assert "for a change to be rolled back: nothing happened" in str(ended.details["why"])
    stage.world.tell("stage")
    stage.watch.wait_until("rolled back", "stage", at_most=SOON)


def test_where_nothing_changes_the_service_nobody_can_say(stage: Stage) -> None:
    stage.drill.environment = FakeEnvironment()
    with pytest.raises(InconclusiveError, match="nothing changes the service in fake"):
        stage.watch.wait_until("stable", at_most=SOON)
