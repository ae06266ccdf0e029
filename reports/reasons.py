"""Why a verdict is what it is: one sentence with figures for each reason. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.outages import ends_early
from reports.reasons_of_demands import (
    demands_make_sense,
    doubts_of_demands,
    is_about_changes,
    missed_in_demands,
    why_demands_are_invalid,
)
from reports.reasons_of_service import doubts_of_reads, missed_in_service
from reports.wording import (
    keys_text,
    moment_text,
    rows_text,
    seconds_text,
    told_apart,
    writes_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.restorations import Comparison
    from reports.verdict import Injection, Objectives, Recovery, Watch


def why_invalid(
    recovery: Recovery | None,
    objectives: Objectives,
    injections: Sequence[Injection],
    watch: Watch,
    comparisons: Sequence[Comparison],
) -> Iterator[str]:
    """What makes the experiment prove nothing, whatever it shows."""
    if not injections and not comparisons and not is_about_changes(recovery, objectives):
        yield "no fault was injected"
    for injection in injections:
        if injection.took_effect_at is None:
            yield f"the fault was not seen to take effect: {injection.fault}"
    if not _make_sense(objectives, injections, watch):
        yield "a time or an objective of the drill is not a number that makes sense"
    if recovery is not None:
        yield from _why_traffic_is_invalid(recovery, injections)
        yield from why_demands_are_invalid(recovery, objectives)
    for one in comparisons:
        if one.acknowledged == 0:
            yield (
                f"the restore of {one.restoration.backup} proves nothing: no write was"
                " acknowledged before the moment that it had to reach, so none could be"
                " missing"
            )


def what_was_missed(
    recovery: Recovery | None,
    objectives: Objectives,
    injections: Sequence[Injection],
    watch: Watch,
    comparisons: Sequence[Comparison],
) -> Iterator[str]:
    """What is certainly not as the objectives demand."""
    tells_all = _tells_all(recovery, watch, comparisons)
    if recovery is not None:
        yield from _missed_in_time(recovery, objectives)
        yield from _missing_writes(recovery, objectives, injections)
        yield from _missed_in_data(recovery, objectives)
        if recovery.unwritten and tells_all:
            rows = rows_text(recovery.unwritten)
            yield f"corruption: {rows} of the final read that nobody wrote"
        if recovery.service is not None:
            yield from missed_in_service(recovery.service, objectives)
        yield from missed_in_demands(recovery, objectives)
    for one in comparisons:
        for what in _missed_in_restoring(one, objectives):
            yield f"restore of {one.restoration.backup} {what}"
        if one.unwritten and tells_all:
            rows = rows_text(one.unwritten)
            yield f"restore of {one.restoration.backup} holds {rows} that nobody wrote"


def what_is_doubtful(
    recovery: Recovery | None,
    objectives: Objectives,
    injections: Sequence[Injection],
    watch: Watch,
    comparisons: Sequence[Comparison],
) -> Iterator[str]:
    """What keeps the evidence from being enough."""
    if recovery is not None:
        since = "after the fault" if injections else "during the watch"
        yield from _doubts_of_coverage(recovery, objectives, watch, since)
        if recovery.service is not None:
            yield from doubts_of_reads(
                recovery.service, objectives, recovery.settle_seconds, since
            )
        yield from doubts_of_demands(recovery, objectives, watch)
        if injections:
            yield from _doubts_of_losses(recovery, objectives)
        if recovery.lost is None:
            yield "there is no final read: nobody knows which writes are lost"
    damaged = max((one.damaged for one in (recovery, *comparisons) if one), default=0)
    if damaged:
        yield f"the ledger holds records that make no sense: {damaged:,} of them"
    yield from _doubts_of_rows(recovery, watch, comparisons)
    for injection in injections:
        if injection.gone_at is None:
            yield f"the fault was not seen to be gone: {injection.fault}"


def _why_traffic_is_invalid(
    recovery: Recovery, injections: Sequence[Injection]
) -> Iterator[str]:
    if not all(map(math.isfinite, _figures(recovery))):
        yield "a figure that was measured is not a number: the evidence is damaged"
    if not injections:
        return
    if recovery.attempts_before_fault == 0:
        yield "no traffic: nobody tried to write before the fault"
    if recovery.attempts_after_fault == 0:
        yield "no traffic: nobody tried to write after the fault"
    if recovery.failed_before_fault:
        yield (
            f"no steady state: {recovery.failed_before_fault:,} of"
            f" {recovery.attempts_before_fault:,} writes failed before the fault"
        )


def _missed_in_time(recovery: Recovery, objectives: Objectives) -> Iterator[str]:
    if recovery.rto_seconds > objectives.rto_seconds:
        measured, objective = told_apart(recovery.rto_seconds, objectives.rto_seconds)
        yield (
            "RTO missed: customers could not write for"
            f" {'at least ' if recovery.rto_is_lower_bound else ''}{measured}"
            f" (objective {objective},"
            f" resolution {seconds_text(recovery.resolution_seconds)})"
        )
    p95, p95_objective = recovery.p95_seconds, objectives.p95_seconds
    if p95 is not None and p95_objective is not None and p95 > p95_objective:
        measured, objective = told_apart(p95, p95_objective)
        yield (
            f"P95 missed: one write in twenty took {measured} or longer (objective {objective})"
        )


def _missing_writes(
    recovery: Recovery, objectives: Objectives, injections: Sequence[Injection]
) -> Iterator[str]:
    if recovery.taken_back_to is not None:
        moment = moment_text(recovery.taken_back_to)
        yield from _lost_by_going_back(recovery, objectives, moment)
    elif injections:
        yield from _lost_by_the_fault(recovery, objectives)
    elif recovery.lost:
        yield (
            f"lost: {writes_text(recovery.lost)} acknowledged and missing from the final read,"
            f" though nothing was broken ({_lost_keys(recovery)})"
        )


def _missed_in_data(recovery: Recovery, objectives: Objectives) -> Iterator[str]:
    if recovery.corrupted:
        yield (
            f"corruption: {rows_text(recovery.corrupted)} of the final read with a value that"
            " nobody wrote under that key"
        )
    if recovery.duplicated:
        yield (
            f"duplicates: {rows_text(recovery.duplicated)} of the final read under a key that"
            " another row has"
        )
    if recovery.refused_present:
        yield (
            f"false refusals: {rows_text(recovery.refused_present)} of the final read from"
            " writes that customers were told are not done"
        )
    unsettled, allowed = recovery.unsettled, objectives.unsettled
    if unsettled is not None and allowed is not None and unsettled > allowed:
        yield (
            f"unsettled: {writes_text(unsettled)} acknowledged and still pending at the end"
            f" (objective {allowed:,})"
        )


def _lost_by_the_fault(recovery: Recovery, objectives: Objectives) -> Iterator[str]:
    if recovery.lost_after_effect:
        yield (
            f"split brain: {writes_text(recovery.lost_after_effect)} acknowledged after the"
            f" fault took effect, and missing from the final read ({_lost_keys(recovery)})"
        )
    if _loses_more_than_allowed(recovery, objectives):
        yield (
            f"RPO missed: {writes_text(recovery.lost or 0)} acknowledged before the fault took"
            f" effect, and missing from the final read, the oldest {_at_least(recovery)}"
            f"{seconds_text(recovery.rpo_seconds)} old at the fault"
            f" (objective {seconds_text(objectives.rpo_seconds)}; {_lost_keys(recovery)})"
        )


def _lost_by_going_back(
    recovery: Recovery, objectives: Objectives, moment: str
) -> Iterator[str]:
    if recovery.lost:
        yield (
            f"lost: {writes_text(recovery.lost)} acknowledged before {moment}, the moment that"
            " the database was restored to, and missing from the final read"
            f" ({_lost_keys(recovery)})"
        )
    if recovery.lost_after_effect:
        yield (
            f"lost after the restore: {writes_text(recovery.lost_after_effect)} begun after the"
            " old database had been stopped, acknowledged, and missing from the final read"
            f" ({_lost_keys(recovery)})"
        )
    if recovery.beyond:
        yield (
            f"restored beyond the moment: {writes_text(recovery.beyond)} begun after {moment},"
            " before the old database was stopped, and present in the final read"
            f" ({keys_text(recovery.beyond, recovery.beyond_examples)})"
        )
    age, allowed = recovery.discarded_seconds, objectives.rpo_seconds
    if recovery.discarded and (allowed == 0 or age > allowed):
        measured, objective = told_apart(age, allowed)
        yield (
            f"RPO missed: {writes_text(recovery.discarded)} given up by restoring to {moment},"
            f" the oldest {_at_least(recovery)}{measured} old when the old database was stopped"
            f" (objective {objective})"
        )


def _missed_in_restoring(one: Comparison, objectives: Objectives) -> Iterator[str]:
    restoration = one.restoration
    for check in restoration.checks:
        yield f"failed a check: {check}"
    if one.lost:
        yield (
            f"lacks {writes_text(one.lost)} acknowledged before the moment that it had to reach"
            f" ({keys_text(one.lost, one.lost_examples)})"
        )
    if one.beyond:
        yield (
            f"holds {writes_text(one.beyond)} begun after the moment that it had to stop at"
            f" ({keys_text(one.beyond, one.beyond_examples)})"
        )
    if one.corrupted:
        yield f"holds {rows_text(one.corrupted)} with a value that nobody wrote under that key"
    if one.duplicated:
        yield f"holds {rows_text(one.duplicated)} under a key that another row has"
    if restoration.seconds > objectives.rto_seconds:
        measured, objective = told_apart(restoration.seconds, objectives.rto_seconds)
        yield f"took {measured} (objective {objective})"


def _doubts_of_coverage(
    recovery: Recovery, objectives: Objectives, watch: Watch, since: str
) -> Iterator[str]:
    if ends_early(recovery.covered_until, watch.ended_at):
        short = seconds_text(watch.ended_at - recovery.covered_until)
        yield f"the ledger ends {short} before the watch did"
    if not recovery.settled:
        yield (
            "the service was not seen to settle within the watch: its end is no"
            f" {seconds_text(recovery.settle_seconds)} in which every write was acknowledged"
            f" (customers could not write for at least {seconds_text(recovery.rto_seconds)})"
        )
    # An outage hides in a gap as long as itself, and a settled while in which nobody
    # tried to write is no proof that anybody could have.
    if recovery.widest_gap_seconds > min(objectives.rto_seconds, recovery.settle_seconds):
        yield (
            f"nobody tried to write for {seconds_text(recovery.widest_gap_seconds)} {since}:"
            " an outage in that while would not have been seen"
        )


def _tells_all(
    recovery: Recovery | None, watch: Watch, comparisons: Sequence[Comparison]
) -> bool:
    """Whether no write can have been in what the ledger has lost of its records."""
    if any(one.damaged for one in (recovery, *comparisons) if one is not None):
        return False
    return recovery is None or not ends_early(recovery.covered_until, watch.ended_at)


def _doubts_of_rows(
    recovery: Recovery | None, watch: Watch, comparisons: Sequence[Comparison]
) -> Iterator[str]:
    """Rows that nobody wrote, as far as a ledger tells that does not tell all."""
    if _tells_all(recovery, watch, comparisons):
        return
    holders = [
        ("the final read", recovery.unwritten if recovery is not None else None),
        *((f"restore of {one.restoration.backup}", one.unwritten) for one in comparisons),
    ]
    for holder, rows in holders:
        if rows:
            yield (
                f"{holder} holds {rows_text(rows)} without a record in the ledger, which is"
                " damaged or ends early: whether anybody wrote that is not known"
            )


def _doubts_of_losses(recovery: Recovery, objectives: Objectives) -> Iterator[str]:
    age, allowed = recovery.rpo_seconds, objectives.rpo_seconds
    if recovery.rpo_is_lower_bound and 0 < allowed >= age:
        measured, objective = told_apart(age, allowed)
        yield (
            "RPO not known: the first write that was ever acknowledged is lost, so the loss may"
            f" reach back further than the {measured} that customers had ordered for"
            f" (objective {objective})"
        )


def _at_least(recovery: Recovery) -> str:
    return "at least " if recovery.rpo_is_lower_bound else ""


def _loses_more_than_allowed(recovery: Recovery, objectives: Objectives) -> bool:
    if not recovery.lost:
        return False
    return objectives.rpo_seconds == 0 or recovery.rpo_seconds > objectives.rpo_seconds


def _figures(recovery: Recovery) -> Iterator[float]:
    yield recovery.rto_seconds
    yield recovery.rpo_seconds
    yield recovery.resolution_seconds
    yield recovery.widest_gap_seconds
    yield recovery.covered_until
    if recovery.p95_seconds is not None:
        yield recovery.p95_seconds
    if recovery.service is not None:
        yield recovery.service.read_outage_seconds
        yield recovery.service.widest_read_gap_seconds


def _make_sense(objectives: Objectives, injections: Sequence[Injection], watch: Watch) -> bool:
    bounds = (
        objectives.rto_seconds, objectives.rpo_seconds, objectives.p95_seconds,
        objectives.unsettled, objectives.stale_reads, objectives.wrong_reads,
        objectives.read_outage_seconds,
    )  # fmt: skip
    shares = (objectives.availability, objectives.read_availability)
    return (
        all(bound is None or (math.isfinite(bound) and bound >= 0) for bound in bounds)
        and all(share is None or 0 <= share <= 1 for share in shares)
        and demands_make_sense(objectives)
        and _ascend(watch.started_at, watch.ended_at)
        and all(
            _ascend(
                watch.started_at,
                injection.started_at,
                injection.took_effect_at,
                injection.gone_at,
            )
            for injection in injections
        )
    )


def _ascend(*times: float | None) -> bool:
    known = [time for time in times if time is not None]
    return all(map(math.isfinite, known)) and known == sorted(known)


def _lost_keys(recovery: Recovery) -> str:
    missing = (recovery.lost or 0) + (recovery.lost_after_effect or 0)
    return keys_text(missing, recovery.lost_examples)
