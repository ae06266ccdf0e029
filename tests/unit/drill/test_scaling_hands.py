"""We believe that what a scaler says is written down, and that its silence ends nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Timer
from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from fixtures import scaling
from fixtures.drill import Drill, InconclusiveError
from fixtures.guarded import GuardedRun
from fixtures.scaling import GAPS, SCALING_LOG, ScalingWatch
from fixtures.waiting import wait_until
from reports.lines import NotRecordedError
from reports.scaling_log import ScalingLog, ScalingLogWriter, StageName, read_scaling_log
from reports.timeline import Entry, Event, Timeline, read_timeline
from tests.fakes.caretaker import open_journal
from tests.fakes.scaling import AT_REST, ScaledFake
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from environments.model import ScalingStatus
    from fixtures.load.process import Load

WHY = "cpu at 95 % of its 70 % target"


@dataclass
class Stage:
    drill: Drill
    world: ScaledFake
    said: list[str]

    @property
    def watch(self) -> ScalingWatch:
        return ScalingWatch(self.drill)

    @property
    def log(self) -> ScalingLog:
        return read_scaling_log(self.drill.folder / SCALING_LOG)

    @property
    def entries(self) -> list[Entry]:
        return read_timeline(self.drill.timeline.path)

    def wait(self, what: str, attempt: Callable[[], object]) -> None:
        wait_until(what, attempt, at_most=timedelta(seconds=5))

    def wait_for_samples(self, count: int) -> None:
        enough = self.world.asked + count
        self.wait(f"{count} more samples", lambda: self.world.asked >= enough)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(scaling, "SAMPLED_EVERY", timedelta(milliseconds=20))
    world, said = ScaledFake(), list[str]()
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


def test_all_that_a_scaler_says_is_written_down_once_and_by_our_clock(stage: Stage) -> None:
    with stage.watch.watched():
        stage.wait_for_samples(2)
        grown_at = monotonic()
        stage.world.scale(5, WHY, age_seconds=0.75)
        stage.wait_for_samples(3)
        stage.world.scale(6, WHY)
        stage.wait_for_samples(3)

    log = stage.log
    assert {sample.serving for sample in log.samples} == {3, 5, 6}
    assert len(log.samples) == stage.world.asked
    assert (log.samples[0].cpu, log.samples[0].ratio, log.samples[0].maximum) == (0.35, 0.5, 10)
    numbers = [(one.number, one.before, one.after) for one in log.decisions]
    assert numbers == [(1, 3, 5), (2, 5, 6)]
    assert log.decisions[0].why == WHY
    assert log.decisions[0].at == pytest.approx(grown_at - 0.75, abs=0.25)
    stages = [
        (one.instance, one.stage, one.decision)
        for one in log.stages
        if one.stage is StageName.SERVING
    ]
    assert len(log.stages) == 3 * len(stages)
    assert stages == [
        ("east-app-4", StageName.SERVING, 1),
        ("east-app-5", StageName.SERVING, 1),
        ("east-app-6", StageName.SERVING, 2),
    ]
    assert log.stages[0].at == pytest.approx(grown_at - 0.75, abs=0.25)
    assert not (stage.drill.folder / GAPS).exists()


def test_what_a_scaler_did_before_a_drill_is_not_in_its_log(stage: Stage) -> None:
    stage.world.scale(7, WHY)
    with stage.watch.watched():
        stage.wait_for_samples(2)
        stage.world.scale(8, WHY)
        stage.wait_for_samples(3)

    assert [(one.before, one.after) for one in stage.log.decisions] == [(7, 8)]
    assert {one.instance for one in stage.log.stages} == {"east-app-8"}


def test_a_scaler_that_is_away_leaves_a_gap_that_is_told_of(stage: Stage) -> None:
    with stage.watch.watched():
        stage.wait_for_samples(2)
        stage.world.silent = "the scaler does not listen"
        stage.wait("somebody to be told", lambda: stage.said)
        stage.world.scale(4, WHY)
        stage.world.silent = ""
        stage.wait_for_samples(2)

    gaps = (stage.drill.folder / GAPS).read_text().splitlines()
    assert len(gaps) == 1
    assert gaps[0].endswith("the scaler does not listen")
    assert [one.number for one in stage.log.decisions] == [1], (
        "nothing is lost that comes later"
    )
    attached = [one.details for one in stage.entries if one.event is Event.ATTACHMENT]
    assert attached == [{"title": "When the scaler did not answer", "file": GAPS}]


def test_what_makes_no_sense_is_a_gap_as_well(stage: Stage) -> None:
    stage.world.scale(4, WHY)
    nonsense = replace(stage.world.stages[0], number=99, stage="dancing")
    with stage.watch.watched():
        stage.wait_for_samples(2)
        stage.world.stages.append(nonsense)
        stage.wait("somebody to be told", lambda: stage.said)

    assert "dancing" in (stage.drill.folder / GAPS).read_text()


def test_where_nothing_scales_nothing_can_be_said(stage: Stage) -> None:
    stage.drill.environment = FakeEnvironment()

    sentence = "nothing scales in fake: run this drill where a scaler"
    with pytest.raises(InconclusiveError, match=sentence), stage.watch.watched():
        pass
    with pytest.raises(InconclusiveError, match=sentence):
        stage.watch.wait_until_serving(4, at_most=timedelta(seconds=1))
    with pytest.raises(InconclusiveError, match=sentence):
        stage.watch.wait_until_back(at_most=timedelta(seconds=1))


def test_growth_is_waited_for(stage: Stage) -> None:
    Timer(0.1, stage.world.scale, (5, WHY)).start()
    stage.watch.wait_until_serving(5, at_most=timedelta(seconds=5))

    assert stage.world.status.serving == 5
    assert not stage.entries


def test_growth_that_does_not_come_is_for_the_judge(stage: Stage) -> None:
    stage.world.status = replace(AT_REST, wanted=4, places={"east-app-4": "starting"})
    stage.watch.wait_until_serving(4, at_most=timedelta(seconds=0.1))

    (entry,) = stage.entries
    assert entry.event is Event.WATCH_ENDED
    assert str(entry.details["why"]).endswith(
        "4 instances to serve: 3 of 4 wanted instances serve, east-app-4 is starting"
    )


def test_a_scaler_that_is_away_for_a_moment_is_asked_again(stage: Stage) -> None:
    stage.world.silent = "the scaler does not listen"
    Timer(0.1, setattr, (stage.world, "silent", "")).start()
    stage.watch.wait_until_back(at_most=timedelta(seconds=5))

    assert not stage.entries


@pytest.mark.parametrize(
    "now",
    [
        replace(AT_REST, wanted=4, serving=4),
        replace(AT_REST, wanted=3, serving=4),
        replace(AT_REST, wanted=3, serving=2),
        replace(AT_REST, places={**AT_REST.places, "east-app-4": "draining"}),
        replace(AT_REST, minimum=2),
    ],
)
def test_a_tier_that_does_not_come_back_is_a_breach(stage: Stage, now: ScalingStatus) -> None:
    stage.world.status = now
    stage.watch.wait_until_back(at_most=timedelta(seconds=0.05))

    (entry,) = stage.entries
    assert entry.event is Event.BREACH
    assert str(entry.details["why"]).startswith("it did not shrink: waited 0.05 s for the mini")


def test_a_tier_that_nobody_can_see_is_no_breach(stage: Stage) -> None:
    stage.world.silent = "the scaler does not listen"

    with pytest.raises(InconclusiveError, match="the scaler does not listen"):
        stage.watch.wait_until_back(at_most=timedelta(seconds=0.05))

    assert Event.BREACH not in {entry.event for entry in stage.entries}


def test_a_full_disk_ends_the_record_and_not_the_drill(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise NotRecordedError("scaling.jsonl cannot be written")

    with stage.watch.watched():
        stage.wait_for_samples(1)
        monkeypatch.setattr(ScalingLogWriter, "write", refuse)
        stage.wait("somebody to be told", lambda: stage.said)

    assert stage.said == ["the scaler is watched no longer: scaling.jsonl cannot be written"]


def ordering(attempts_per_second: float) -> Load:
    return cast("Load", SimpleNamespace(attempts_per_second=attempts_per_second))


def test_loads_are_made_for_so_many_instances_by_what_one_was_measured_to_carry(
    stage: Stage,
) -> None:
    stage.drill.load = ordering(30)
    stage.world.status = replace(AT_REST, serving=3, ratio=0.5)
    assert stage.watch.times(9) == pytest.approx(6)  # one carries 20: 180 instead of 30
    (measured,) = [entry for entry in stage.entries if entry.event is Event.MEASURED]
    assert measured.details["finding"] == (
        "one instance carries 20.0 orders a second at its target"
    )


@pytest.mark.parametrize("now", [{"ratio": None}, {"ratio": 0.0}, {"serving": 0}])
def test_what_nobody_can_measure_is_no_load(stage: Stage, now: Mapping[str, Any]) -> None:
    stage.drill.load = ordering(30)
    stage.world.status = replace(AT_REST, **now)
    with pytest.raises(InconclusiveError, match="does not know how near"):
        stage.watch.times(9)


def test_a_silent_scaler_or_no_load_is_no_measurement(stage: Stage) -> None:
    with pytest.raises(InconclusiveError, match="nobody orders"):
        stage.watch.times(9)
    stage.drill.load = ordering(30)
    stage.world.silent = "east-scaler is away"
    with pytest.raises(InconclusiveError, match="what an instance carries: east-scaler"):
        stage.watch.times(9)
