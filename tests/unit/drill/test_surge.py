"""We believe that a surge counts only if customers were seen to bring it, and that it passes.

Real Locust, a real (small) shop, real files; the world is in memory.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from threading import Timer
from typing import TYPE_CHECKING

import pytest

from fixtures import surge
from fixtures.drill import InconclusiveError
from fixtures.load.live import sight
from fixtures.load.process import Load
from fixtures.load.shapes import Shape, Step
from fixtures.steps import DrillFailedError, Loads, RecoveryWatch
from reports.ledger import Outcome as Told
from reports.timeline import Entry, Event, read_timeline
from reports.verdict import Objectives, Outcome
from tests.unit.drill.stage import OBJECTIVES, Stage
from tests.unit.load.shop import Behaviour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fixtures.load.schedule import Knot

BASE = 40.0
SHAPE = Step(4, 2)


def _play(
    stage: Stage,
    shape: Shape = SHAPE,
    during: Callable[[], object] = lambda: None,
    *,
    workers: int = 1,
) -> None:
    loads = Loads(stage.drill)
    with loads.orders(users=4, attempts_per_second=BASE, workers=workers), loads.surge(shape):
        during()
    RecoveryWatch(stage.drill).must_meet(OBJECTIVES)


def _entries(stage: Stage) -> dict[Event, Entry]:
    return {entry.event: entry for entry in read_timeline(stage.drill.timeline.path)}


def test_a_surge_is_an_injection_from_its_plan_to_its_end(stage: Stage) -> None:
    _play(stage, workers=2)

    assert stage.verdict.outcome is Outcome.MET, stage.verdict.reasons
    entries = _entries(stage)
    planned = entries[Event.FAULT_PLANNED].details
    assert planned["fault"] == "Surge from 40 to 160 orders a second"
    assert planned["value"] == {
        "kind": "Surge",
        "shape": "step to 4 times as many for 2 s",
        "knots": [[0, 40], [0, 160], [2, 160], [2, 40]],
    }
    assert planned["nodes"] == []
    began, ended = entries[Event.FAULT_STARTED].at, entries[Event.REVERT_STARTED].at
    assert began < entries[Event.FAULT_TOOK_EFFECT].at < ended
    assert ended >= began + SHAPE.seconds - 0.05
    assert ended + 1 <= entries[Event.FAULT_GONE].at < entries[Event.LOAD_STOPPED].at
    assert stage.drill.load is not None
    ledger = stage.drill.load.view()
    for since, until, rate in (
        (began - 0.5, began, BASE),
        (began, began + 2, 4 * BASE),
        (began + 2.1, entries[Event.FAULT_GONE].at, BASE),
    ):
        assert sight(ledger, since=since, until=until).per_second == pytest.approx(
            rate, rel=0.2
        )
    assert set(ledger["outcome"].tolist()) == {Told.YES}
    assert not stage.tainted
    assert "fault" not in stage.drill.guarded.journal.path.read_text()


def test_recovery_is_not_seen_before_the_surge_is_through(stage: Stage) -> None:
    watch = RecoveryWatch(stage.drill)
    _play(stage, during=lambda: watch.wait(at_most=timedelta(seconds=10)))

    entries = _entries(stage)
    assert entries[Event.RECOVERY_SEEN].at >= entries[Event.FAULT_STARTED].at + SHAPE.seconds
    assert stage.verdict.outcome is Outcome.MET


def test_missed_when_customers_are_lost_in_the_surge(stage: Stage) -> None:
    def stumble() -> None:
        stage.shop.behaviour = Behaviour.RESET
        Timer(1.0, setattr, (stage.shop, "behaviour", Behaviour.OK)).start()

    stage.drill.settle_seconds = 0.5
    objectives = Objectives(rto_seconds=0.3, rpo_seconds=0)
    loads = Loads(stage.drill)
    with loads.orders(users=4, attempts_per_second=BASE), loads.surge(SHAPE):
        stumble()
    with pytest.raises(DrillFailedError, match="RTO missed"):
        RecoveryWatch(stage.drill).must_meet(objectives)


def test_inconclusive_when_the_load_does_not_follow(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surge, "EFFECT_WITHIN", timedelta(seconds=1))
    _ignore_shapes(monkeypatch, lambda _: [])

    with pytest.raises(InconclusiveError, match=r"cannot follow: .*more workers"):
        _play(stage)

    assert stage.drill.give_up(None).outcome is Outcome.INCONCLUSIVE
    assert Event.FAULT_NOT_SEEN in _entries(stage)
    assert Event.FAULT_TOOK_EFFECT not in _entries(stage)


def test_inconclusive_when_the_load_follows_at_first_and_then_no_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ignore_shapes(
        monkeypatch, lambda _: [(0, BASE), (0, 4 * BASE), (1.5, 4 * BASE), (1.5, BASE)]
    )

    with pytest.raises(DrillFailedError, match=r"INCONCLUSIVE.*\n.*did not follow Surge"):
        _play(stage, Step(4, 4))

    assert Event.FAULT_TOOK_EFFECT in _entries(stage)


def test_inconclusive_when_the_base_rate_does_not_come_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surge, "GONE_WITHIN", timedelta(milliseconds=300))
    _ignore_shapes(monkeypatch, lambda _: [(0, BASE), (0, 4 * BASE)])

    with pytest.raises(DrillFailedError, match=r"INCONCLUSIVE.*\n.*to be gone from the ledger"):
        _play(stage)

    assert Event.FAULT_GONE not in _entries(stage)


def test_inconclusive_when_the_load_dies_in_the_surge(stage: Stage) -> None:
    def kill_a_worker() -> None:
        assert stage.drill.load is not None
        os.kill(stage.drill.load.worker_ids[0], signal.SIGKILL)

    with pytest.raises(InconclusiveError, match="worker 1 of the load ended by itself"):
        _play(stage, during=kill_a_worker, workers=2)

    assert stage.drill.give_up(None).outcome is Outcome.INCONCLUSIVE


def test_a_surge_without_a_load_is_inconclusive(stage: Stage) -> None:
    with (
        pytest.raises(InconclusiveError, match=r"write load\.orders around"),
        Loads(stage.drill).surge(SHAPE),
    ):
        pass


def test_a_surge_that_nobody_could_see_is_refused_before_it_is_planned(stage: Stage) -> None:
    with pytest.raises(ValueError, match="nobody could see"):
        _play(stage, Step(1.1, 5))

    assert Event.FAULT_PLANNED not in _entries(stage)


def _ignore_shapes(
    monkeypatch: pytest.MonkeyPatch, instead: Callable[[Iterable[Knot]], Iterable[Knot]]
) -> None:
    """Let customers hear of other knots than they are told: a load that cannot follow."""
    tell = Load.surge
    monkeypatch.setattr(Load, "surge", lambda load, knots: tell(load, instead(knots)))
