"""A drill says MET only when something was broken, customers were watched, and all is well.

Real Locust, a real (small) shop, real files; the world is in memory, so that it can be told
to ignore or to refuse what a fault does to it. Each case differs in one thing from the
first, which is MET.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import timedelta
from threading import Timer

import psutil
import pytest

from environments.model import Completed, GoneError, Killable, Latency, UnreachableError
from environments.selectors import select
from fixtures import wholeness
from fixtures.drill import InconclusiveError
from fixtures.faults import Kill
from fixtures.load import process
from fixtures.steps import DrillFailedError, Follower, Injector, Loads
from fixtures.waiting import wait_until
from reports.timeline import Event, NotRecordedError, read_timeline
from reports.verdict import Objectives, Outcome
from tests.unit.drill.stage import FAULT, Stage
from tests.unit.load.shop import Behaviour


def test_met_when_all_is_well(stage: Stage) -> None:
    stage.play()

    assert stage.verdict.outcome is Outcome.MET, stage.verdict.reasons
    assert not stage.tainted


def test_inconclusive_when_the_fault_does_not_take_effect(stage: Stage) -> None:
    stage.world.ignore("payments", "kill")

    with pytest.raises(InconclusiveError, match="was not seen to take effect"):
        stage.play()

    assert stage.drill.give_up(None).outcome is Outcome.INCONCLUSIVE
    assert stage.world.deviations() == []


def test_inconclusive_when_there_is_no_traffic(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STEADY_WITHIN", timedelta(seconds=5))
    stage.shop.behaviour = Behaviour.UNAVAILABLE

    with pytest.raises(InconclusiveError, match="nothing was broken on purpose"):
        stage.play()

    assert stage.drill.give_up(None).outcome is Outcome.INCONCLUSIVE
    assert Event.FAULT_STARTED not in events(stage)


def test_inconclusive_when_the_ledger_ends_early(stage: Stage) -> None:
    def kill_the_load() -> None:
        assert stage.drill.load is not None
        os.kill(stage.drill.load.process_id, signal.SIGKILL)

    with pytest.raises(InconclusiveError, match="ended by itself"):
        stage.play(during=kill_the_load)

    assert stage.drill.give_up(None).outcome is Outcome.INCONCLUSIVE
    assert stage.world.deviations() == []


def test_inconclusive_when_there_is_no_steady_state_before(stage: Stage) -> None:
    stage.world.fakes()[1].kill()

    with pytest.raises(InconclusiveError, match="nothing was broken on purpose"):
        stage.play()

    assert stage.drill.give_up(None).outcome is Outcome.INCONCLUSIVE
    assert Event.FAULT_STARTED not in events(stage)
    assert Event.LOAD_STARTED not in events(stage)


def test_inconclusive_when_the_service_never_settles_within_the_watch(stage: Stage) -> None:
    with pytest.raises(DrillFailedError, match="INCONCLUSIVE"):
        stage.play(during=lambda: setattr(stage.shop, "behaviour", Behaviour.RESET))

    assert stage.verdict.outcome is Outcome.INCONCLUSIVE


def test_missed_when_the_service_stays_away_for_longer_than_the_objective(stage: Stage) -> None:
    with pytest.raises(DrillFailedError, match="MISSED"):
        stage.play(
            during=lambda: setattr(stage.shop, "behaviour", Behaviour.RESET),
            objectives=Objectives(rto_seconds=2, rpo_seconds=0),
        )

    assert stage.verdict.outcome is Outcome.MISSED
    assert "at least" in stage.verdict.reasons[0]


def test_a_fault_that_is_held_shows_an_outage_that_comes_late(stage: Stage) -> None:
    def bite_late() -> None:
        timers = (
            Timer(2.0, setattr, (stage.shop, "behaviour", Behaviour.RESET)),
            Timer(2.5, setattr, (stage.shop, "behaviour", Behaviour.OK)),
        )
        for timer in timers:
            timer.start()

    with pytest.raises(DrillFailedError, match="RTO missed"):
        stage.play(
            during=bite_late,
            objectives=Objectives(rto_seconds=0.2, rpo_seconds=0),
            hold=timedelta(seconds=3),
        )

    at = {entry.event: entry.at for entry in read_timeline(stage.drill.timeline.path)}
    assert at[Event.REVERT_STARTED] - at[Event.FAULT_TOOK_EFFECT] >= 3.0
    assert at[Event.RECOVERY_SEEN] - at[Event.FAULT_TOOK_EFFECT] >= 3.0


def test_of_two_faults_each_is_held_for_its_own_time(stage: Stage) -> None:
    inject = Injector(stage.drill)
    with inject(FAULT, hold=timedelta(seconds=1)), inject(Kill("east-cache-1")):
        pass

    entries = read_timeline(stage.drill.timeline.path)
    at = {(entry.event, entry.details.get("id")): entry.at for entry in entries}
    outer, inner = (
        at[Event.REVERT_STARTED, fault] - at[Event.FAULT_TOOK_EFFECT, fault]
        for fault in ("fault-1", "fault-2")
    )
    assert outer >= 1.0
    assert inner < 1.0


def test_missed_when_people_were_to_mend_it_and_did_not(stage: Stage) -> None:
    with pytest.raises(DrillFailedError, match="MISSED"):
        stage.play(mended_by_people=True)

    assert stage.verdict.reasons == ("nobody mended Kill payments",)


def test_met_when_people_were_to_mend_it_and_did(stage: Stage) -> None:
    (payments,) = select(stage.world, "payments")
    assert isinstance(payments, Killable)
    stage.play(during=payments.start, mended_by_people=True)

    assert stage.verdict.outcome is Outcome.MET


def test_customers_have_ordered_for_a_while_before_anything_is_broken(stage: Stage) -> None:
    beforehand = timedelta(seconds=2)
    with Loads(stage.drill).orders(users=5, attempts_per_second=50, beforehand=beforehand):
        pass

    entries = read_timeline(stage.drill.timeline.path)
    at = {entry.event: entry.at for entry in entries}
    assert at[Event.STEADY_AFTER] - at[Event.LOAD_STEADY] >= 2.0


@pytest.mark.parametrize(("users", "rate"), [(0, 50), (5, 0), (5, -1), (5, float("nan"))])
def test_a_load_that_orders_nothing_is_refused(stage: Stage, users: int, rate: float) -> None:
    with (
        pytest.raises(ValueError, match="order nothing: give at least 1 user"),
        Loads(stage.drill).orders(users=users, attempts_per_second=rate),
    ):
        pass


def test_no_two_drills_of_a_run_order_under_the_same_name(stage: Stage) -> None:
    again = replace(stage.drill, folder=stage.drill.folder.with_name("drill-2"))
    assert again.name == stage.drill.name
    assert again.customer != stage.drill.customer


def test_missed_when_an_acknowledged_order_is_gone(stage: Stage) -> None:
    def lose_an_order() -> None:
        wait_until("an order", lambda: stage.shop.orders, at_most=timedelta(seconds=5))
        stage.shop.orders[0]["key"] = stage.shop.orders[1]["key"]

    with pytest.raises(DrillFailedError, match="MISSED"):
        stage.play(during=lose_an_order)

    assert stage.drill.recovery is not None
    assert stage.drill.recovery.lost == 1


def test_a_world_that_is_not_mended_is_never_met_and_is_tainted(stage: Stage) -> None:
    stage.world.fail("payments", "start", times=99)

    with pytest.raises(DrillFailedError, match="INCONCLUSIVE"):
        stage.play()

    assert stage.tainted
    assert Event.REVERT_FAILED in events(stage)


def test_a_node_that_somebody_removed_is_not_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> list[str]:
        raise GoneError("east-app-1 is not there any more")

    with pytest.raises(InconclusiveError, match="east-app-1 is not there any more"):
        stage.play(during=lambda: monkeypatch.setattr(stage.world, "deviations", gone))

    verdict = stage.drill.give_up(None)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ("east-app-1 is not there any more",)
    assert stage.tainted


def test_a_world_that_stopped_altogether_is_not_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wholeness, "STEADY_AFTER_WITHIN", timedelta(minutes=5))

    def end_all() -> None:
        for node in stage.world.fakes():
            node.kill()

    with pytest.raises(InconclusiveError, match="no node runs any more"):
        stage.play(during=end_all)

    assert stage.drill.give_up(None).outcome is Outcome.INCONCLUSIVE
    assert stage.tainted


def test_a_node_that_died_of_the_fault_is_for_the_judge(stage: Stage) -> None:
    with pytest.raises(DrillFailedError, match="there was no steady state after the fault"):
        stage.play(during=stage.world.fakes()[0].kill)


def test_an_engine_that_comes_back_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter([UnreachableError("the engine did not answer")] * 2)

    def later() -> list[str]:
        for error in asked:
            raise error
        return []

    stage.play(during=lambda: monkeypatch.setattr(stage.world, "deviations", later))

    assert stage.verdict.outcome is Outcome.MET, stage.verdict.reasons
    assert next(asked, None) is None


def test_a_step_that_the_engine_lost_is_inconclusive(stage: Stage) -> None:
    page = stage.drill.runbooks / "page.md"
    page.write_text(RUNBOOK)

    def lose(*_: object) -> Completed:
        raise UnreachableError("the engine did not answer")

    stage.world.on_run = lose
    with pytest.raises(InconclusiveError, match=r"page\.md:\d+: .*the engine did not answer"):
        stage.play(during=lambda: Follower(stage.drill)("page.md"))

    assert stage.drill.give_up(None).outcome is Outcome.INCONCLUSIVE
    assert stage.world.deviations() == []


def test_a_scenario_that_raises_leaves_nothing_broken_and_no_load(stage: Stage) -> None:
    def stumble() -> None:
        raise RuntimeError("a mistake in a scenario")

    with pytest.raises(RuntimeError):
        stage.play(during=stumble)

    assert stage.world.deviations() == []
    assert Event.FAULT_GONE in events(stage)
    assert Event.LOAD_STOPPED in events(stage)
    assert stage.drill.give_up("a mistake").outcome is Outcome.INCONCLUSIVE


def test_an_interruption_of_the_mending_mends_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = stage.world.node("payments")
    start = node.start  # type: ignore[attr-defined]  # every fake but the bastion has it

    def interrupted() -> None:
        monkeypatch.setattr(node, "start", start)
        raise KeyboardInterrupt

    monkeypatch.setattr(node, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage.play()

    assert stage.world.deviations() == []
    assert Event.FAULT_GONE in events(stage)
    assert stage.tainted == ["drill ended before it was proven to be whole"]


def test_residue_taints_the_world_and_the_verdict_says_so(stage: Stage) -> None:
    def paint_the_link() -> None:
        stage.drill.touched.add("app-to-cache")
        stage.world.link("app-to-cache").on.add(Latency(1))

    with pytest.raises(DrillFailedError, match="INCONCLUSIVE"):
        stage.play(during=paint_the_link)

    assert any("app-to-cache: toxic" in reason for reason in stage.verdict.reasons)
    assert any("left it changed" in why for why in stage.tainted)


def test_a_full_disk_ends_the_drill_and_leaves_nothing_broken(stage: Stage) -> None:
    def fill_the_disk() -> None:
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, stage.drill.timeline.file_descriptor)
        os.close(full)

    with pytest.raises(NotRecordedError, match=r"timeline\.jsonl: .*No space left.*free space"):
        stage.play(during=fill_the_disk)

    assert stage.world.deviations() == []
    assert stage.drill.load is not None
    assert stage.drill.load.problem is None
    assert not psutil.pid_exists(stage.drill.load.process_id)


def test_a_runbook_that_fails_is_missed_though_customers_are_served(stage: Stage) -> None:
    page = stage.drill.runbooks / "page.md"
    page.write_text(RUNBOOK)

    with pytest.raises(DrillFailedError, match=r"page\.md:\d+"):
        stage.play(during=lambda: Follower(stage.drill)("page.md"))

    assert stage.verdict.outcome is Outcome.MISSED


def events(stage: Stage) -> list[Event]:
    return [entry.event for entry in read_timeline(stage.drill.folder / "timeline.jsonl")]


RUNBOOK = """\
---
title: A page
severity: SEV3
requirements: [FLT-10]
owner: somebody
approval: not needed
allowance: 0s
---
## Detection
## Initial response
## Investigation
## Mitigation
## Recovery
```sh on=bastion within=5s expect="words that never come"
# Do something
true
```
## Verification
## Post-incident review
"""
