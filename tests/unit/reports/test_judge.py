"""Belief: unknown is never green, certain is never unknown, and each reason has its figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.ledger import FINAL_READ
from reports.ledger import Outcome as Told
from reports.recovery import judge
from reports.verdict import Injection, Objectives, Outcome, Recovery, Verdict
from reports.wording import seconds_text, share_text
from tests.unit.reports.drills import (
    OBJECTIVES,
    WATCH,
    WHOLE,
    Case,
    fail,
    outage_until,
    rows_of,
    steady_ledger,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def verdict_on(recovery: Recovery | None, objectives: Objectives = OBJECTIVES) -> Outcome:
    return judge(recovery, objectives, injections=(WHOLE,), watch=WATCH).outcome


def only_reason(verdict: Verdict) -> str:
    assert len(verdict.reasons) == 1
    return verdict.reasons[0]


def test_a_whole_drill_is_met_without_a_reason() -> None:
    verdict = outage_until(22.0).judge()
    assert (verdict.outcome, verdict.reasons) == (Outcome.MET, ())


def test_an_outage_longer_than_the_rto_is_missed_in_one_sentence() -> None:
    verdict = outage_until(32.0).judge()
    assert verdict.outcome is Outcome.MISSED
    assert only_reason(verdict) == (
        "RTO missed: customers could not write for 22.1 s (objective 20 s, resolution 0.25 s)"
    )


@pytest.mark.parametrize(("rto", "outcome"), [(12.125, "MET"), (12.12, "MISSED")])
def test_an_outage_as_long_as_the_objective_meets_it(rto: float, outcome: str) -> None:
    case = outage_until(22.0)
    case.objectives = replace(OBJECTIVES, rto_seconds=rto)
    assert case.judge().outcome.value == outcome


def test_figures_that_would_read_alike_are_written_out() -> None:
    case = outage_until(22.0)
    case.objectives = replace(OBJECTIVES, rto_seconds=12.12)
    assert "could not write for 12.125 s (objective 12.12 s" in case.judge().reasons[0]


def test_a_lower_bound_above_the_objective_is_missed_and_says_at_least() -> None:
    verdict = outage_until(60.0).judge()
    assert verdict.outcome is Outcome.MISSED
    assert "could not write for at least 50 s (objective 20 s" in verdict.reasons[0]


def test_a_lower_bound_within_the_objective_is_inconclusive() -> None:
    case = outage_until(60.0)
    case.objectives = replace(OBJECTIVES, rto_seconds=55.0)
    verdict = case.judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert only_reason(verdict) == (
        "the service was not seen to settle within the watch: its end is no 5 s in which every"
        " write was acknowledged (customers could not write for at least 50 s)"
    )


def test_a_watch_that_ends_before_a_settled_while_is_inconclusive() -> None:
    case = Case(watch=replace(WATCH, ended_at=14.0), injections=(replace(WHOLE, gone_at=13.0),))
    assert case.judge().outcome is Outcome.INCONCLUSIVE


def without_keys(case: Case, *keys: int) -> Case:
    rows = rows_of(case.ledger)
    case.rows = rows[~np.isin(rows["key"], keys)]
    return case


def test_one_lost_write_misses_an_rpo_of_nothing_even_at_no_age() -> None:
    verdict = without_keys(Case(), 41).judge()
    assert verdict.outcome is Outcome.MISSED
    assert only_reason(verdict) == (
        "RPO missed: 1 write acknowledged before the fault took effect, and missing from the"
        " final read, the oldest 0 s old at the fault (objective 0 s; key 41)"
    )


@pytest.mark.parametrize(("rpo", "outcome"), [(4.875, "MET"), (4.8, "MISSED")])
def test_an_rpo_allows_losses_of_its_age(rpo: float, outcome: str) -> None:
    case = without_keys(Case(objectives=replace(OBJECTIVES, rpo_seconds=rpo)), 20)
    assert case.judge().outcome.value == outcome


def test_a_split_brain_is_excused_by_no_rpo() -> None:
    case = without_keys(Case(objectives=replace(OBJECTIVES, rpo_seconds=3600)), *range(80, 92))
    verdict = case.judge()
    assert verdict.outcome is Outcome.MISSED
    assert only_reason(verdict) == (
        "split brain: 12 writes acknowledged after the fault took effect, and missing from the"
        " final read (keys 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, …)"
    )


def test_what_is_lost_between_two_blows_is_as_old_as_the_second_finds_it() -> None:
    second = replace(WHOLE, fault="another", started_at=24.0, took_effect_at=24.5, gone_at=25.0)
    case = without_keys(Case(injections=(WHOLE, second)), *range(80, 92))
    case.objectives = replace(OBJECTIVES, rpo_seconds=3600)
    assert case.judge().outcome is Outcome.MET
    case.objectives = OBJECTIVES
    (reason,) = [one for one in case.judge().reasons if "RPO missed" in one]
    assert reason.startswith("RPO missed: 12 writes acknowledged before the fault took effect")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((20, 999, 1), "corruption: 1 row of the final read with a value that nobody wrote"),
        ((7_777, 1, 1), "corruption: 1 row of the final read that nobody wrote"),
        ((21, 21, 1), "duplicates: 1 row of the final read under a key that another row has"),
        ((60, 60, 1), "false refusals: 1 row of the final read from writes that customers"),
    ],
)
def test_a_row_that_should_not_be_there_is_missed(
    row: tuple[int, int, int], reason: str
) -> None:
    case = Case()
    fail(case.ledger, 15.0, 15.25, Told.NO)
    without_keys(case, row[0] if row[0] == 20 else -1)
    assert case.rows is not None
    case.rows = np.concatenate((case.rows, np.array([row], FINAL_READ)))
    verdict = case.judge()
    assert verdict.outcome is Outcome.MISSED
    assert verdict.reasons[0].startswith(reason)
    assert len(verdict.reasons) == 1


@pytest.mark.parametrize(("p95", "outcome"), [(0.125, "MET"), (0.12, "MISSED")])
def test_the_95th_percentile_is_judged(p95: float, outcome: str) -> None:
    verdict = Case(objectives=replace(OBJECTIVES, p95_seconds=p95)).judge()
    assert verdict.outcome.value == outcome
    if outcome == "MISSED":
        assert only_reason(verdict) == (
            "P95 missed: one write in twenty took 0.125 s or longer (objective 0.12 s)"
        )


@pytest.mark.parametrize(("allowed", "outcome"), [(3, "MET"), (2, "MISSED"), (None, "MET")])
def test_unsettled_orders_are_judged(allowed: int | None, outcome: str) -> None:
    case = Case(objectives=replace(OBJECTIVES, unsettled=allowed))
    case.rows = rows_of(case.ledger)
    case.rows["settled"][:3] = 0
    verdict = case.judge()
    assert verdict.outcome.value == outcome
    if outcome == "MISSED":
        assert only_reason(verdict) == (
            "unsettled: 3 writes acknowledged and still pending at the end (objective 2)"
        )


def test_a_fault_that_was_not_seen_to_take_effect_is_inconclusive() -> None:
    verdict = Case(injections=(replace(WHOLE, took_effect_at=None),)).judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert only_reason(verdict) == "the fault was not seen to take effect: Kill(east-db-1)"


def test_a_second_fault_that_did_not_bite_is_inconclusive() -> None:
    injections = (WHOLE, replace(WHOLE, fault="Pause(cache)", took_effect_at=None))
    assert Case(injections=injections).judge().outcome is Outcome.INCONCLUSIVE


def test_an_invalid_drill_is_inconclusive_and_still_lists_what_was_missed() -> None:
    case = outage_until(32.0)
    case.injections = (replace(WHOLE, took_effect_at=None),)
    verdict = case.judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert [reason.split(":")[0] for reason in verdict.reasons] == [
        "the fault was not seen to take effect", "RTO missed",
    ]  # fmt: skip


def test_a_missed_drill_lists_the_doubts_as_well() -> None:
    case = outage_until(32.0)
    case.injections = (replace(WHOLE, gone_at=None),)
    verdict = case.judge()
    assert verdict.outcome is Outcome.MISSED
    assert verdict.reasons[1] == "the fault was not seen to be gone: Kill(east-db-1)"


def test_a_fault_that_was_not_seen_to_be_gone_is_inconclusive() -> None:
    verdict = Case(injections=(replace(WHOLE, gone_at=None),)).judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_no_traffic_at_all_before_or_after_is_inconclusive() -> None:
    ledger = steady_ledger()
    before, after = ledger[ledger["began"] < 10.0], ledger[ledger["began"] >= 10.0]
    nobody = "no traffic: nobody tried to write"
    for part, reasons in (
        (ledger[:0], {f"{nobody} before the fault", f"{nobody} after the fault"}),
        (before, {f"{nobody} after the fault"}),
        (after, {f"{nobody} before the fault"}),
    ):
        verdict = Case(ledger=part).judge()
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert reasons == {reason for reason in verdict.reasons if reason.startswith(nobody)}


def test_a_service_that_failed_before_the_fault_is_inconclusive() -> None:
    case = Case()
    fail(case.ledger, 5.0, 5.25)
    verdict = case.judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert only_reason(verdict) == "no steady state: 1 of 40 writes failed before the fault"


@pytest.mark.parametrize(("until", "outcome"), [(59.25, "MET"), (58.75, "INCONCLUSIVE")])
def test_a_ledger_that_ends_early_is_inconclusive(until: float, outcome: str) -> None:
    """The last attempt of the first begins 1 s before the end, the tolerance."""
    verdict = Case(ledger=steady_ledger(until=until)).judge()
    assert verdict.outcome.value == outcome
    if outcome == "INCONCLUSIVE":
        assert only_reason(verdict) == "the ledger ends 1.5 s before the watch did"


@pytest.mark.parametrize(("wide", "outcome"), [(5.0, "MET"), (5.25, "INCONCLUSIVE")])
def test_a_gap_that_could_hide_an_outage_is_inconclusive(wide: float, outcome: str) -> None:
    case = Case()
    began = case.ledger["began"]
    case.ledger = case.ledger[~((began > 30.0) & (began < 30.0 + wide))]
    verdict = case.judge()
    assert verdict.outcome.value == outcome
    if outcome == "INCONCLUSIVE":
        assert only_reason(verdict) == (
            "nobody tried to write for 5.25 s after the fault: an outage in that while would"
            " not have been seen"
        )


def test_a_gap_longer_than_a_short_objective_is_inconclusive() -> None:
    assert Case(objectives=replace(OBJECTIVES, rto_seconds=0.25)).judge().outcome is Outcome.MET
    short = Case(objectives=replace(OBJECTIVES, rto_seconds=0.2))
    assert short.judge().outcome is Outcome.INCONCLUSIVE


def test_without_a_final_read_it_is_inconclusive() -> None:
    verdict = Case(no_final_read=True).judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert only_reason(verdict) == (
        "there is no final read: nobody knows which writes are lost"
    )


def test_a_damaged_ledger_is_inconclusive() -> None:
    case = Case()
    case.ledger["outcome"][100] = 0
    verdict = case.judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert only_reason(verdict) == "the ledger holds records that make no sense: 1 of them"


@pytest.mark.parametrize("harm", ["damaged", "short"])
def test_rows_that_a_ledger_may_just_have_lost_are_a_doubt(harm: str) -> None:
    case = Case()
    case.rows = rows_of(case.ledger)
    if harm == "damaged":
        case.ledger["outcome"][100] = 0
    else:
        case.ledger = case.ledger[:-10]
    verdict = case.judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    rows = "1 row" if harm == "damaged" else "10 rows"
    assert (
        f"the final read holds {rows} without a record in the ledger, which is damaged or ends"
        " early: whether anybody wrote that is not known"
    ) in verdict.reasons
    without_keys(case, 20)
    assert case.judge().outcome is Outcome.MISSED


def test_nothing_measured_and_nothing_injected_are_inconclusive() -> None:
    assert judge(None, OBJECTIVES, injections=(WHOLE,), watch=WATCH).reasons == (
        "nothing was measured",
    )
    verdict = judge(Case().measure(), OBJECTIVES, injections=(), watch=WATCH)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ("no fault was injected",)


def test_a_figure_that_is_no_number_is_inconclusive() -> None:
    nan, whole = float("nan"), Case().measure()
    for damaged in (
        replace(whole, rto_seconds=nan),
        replace(whole, rpo_seconds=nan),
        replace(whole, p95_seconds=nan),
        replace(whole, resolution_seconds=nan),
        replace(whole, widest_gap_seconds=nan),
        replace(whole, covered_until=nan),
    ):
        assert verdict_on(damaged) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    "objectives",
    [
        replace(OBJECTIVES, rto_seconds=float("nan")),
        replace(OBJECTIVES, rto_seconds=float("inf")),
        replace(OBJECTIVES, rpo_seconds=-1.0),
        replace(OBJECTIVES, p95_seconds=float("nan")),
    ],
)
def test_objectives_that_make_no_sense_are_inconclusive(objectives: Objectives) -> None:
    assert verdict_on(Case().measure(), objectives) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    "injection",
    [
        replace(WHOLE, took_effect_at=9.0),
        replace(WHOLE, gone_at=10.25),
        replace(WHOLE, gone_at=float("nan")),
    ],
)
def test_times_that_make_no_sense_are_inconclusive(injection: Injection) -> None:
    assert Case(injections=(injection,)).judge().outcome is Outcome.INCONCLUSIVE


def test_obstacles_breaches_and_doubts_weigh_in_that_order() -> None:
    recovery = Case().measure()

    def weigh(
        obstacles: Sequence[str] = (), breaches: Sequence[str] = (), doubts: Sequence[str] = ()
    ) -> Outcome:
        return judge(
            recovery, OBJECTIVES, injections=(WHOLE,), watch=WATCH,
            obstacles=obstacles, breaches=breaches, doubts=doubts,
        ).outcome  # fmt: skip

    assert weigh() is Outcome.MET
    assert weigh(doubts=["d"]) is Outcome.INCONCLUSIVE
    assert weigh(breaches=["b"], doubts=["d"]) is Outcome.MISSED
    assert weigh(obstacles=["o"], breaches=["b"]) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"), (0.0204, "0.02 s"), (0.25, "0.25 s"), (1.239, "1.23 s"),
        (72.44, "72.4 s"),
        (59.99, "59.9 s"), (180.0, "180 s"), (3600.06, "3600 s"), (float("nan"), "nan s"),
        (1e-9, "0 s"), (1e30, f"1{'0' * 30} s"), (1.7e308, f"17{'0' * 307} s"),
    ],
)  # fmt: skip
def test_seconds_are_cut_off_and_never_rounded_up(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_shares_however_large_are_cut_off_as_well() -> None:
    assert (share_text(0.99999), share_text(1e30)) == ("99.99 %", f"1{'0' * 32} %")
