"""What changes did to customers, and how they ended: a sentence each. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.changes_log import Step
from reports.harm import GRACE_SECONDS
from reports.wording import requests_text, seconds_text, shares_apart, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.harm import Change, Harm
    from reports.verdict import ChangeObjectives, Watch

COVERED_SECONDS = 2.0  # a log that ends sooner than so long before the watch lacks its end

_ENDED = {
    Step.REFUSED: "was refused",
    Step.PROMOTED: "was promoted",
    Step.ROLLED_BACK: "was rolled back",
    Step.FAILED: "failed",
}


def make_sense(objectives: ChangeObjectives) -> bool:
    bounds = (
        objectives.harm_seconds, objectives.rollback_seconds,
        objectives.rollback_from_start_seconds, objectives.harmed_after,
        objectives.slow_after, objectives.bites, objectives.slow_seconds,
    )  # fmt: skip
    shares = (objectives.harmed, objectives.failed)
    return all(share is None or 0 <= share <= 1 for share in shares) and all(
        bound is None or (math.isfinite(bound) and bound >= 0) for bound in bounds
    )


def why_change_is_invalid(harm: Harm, objectives: ChangeObjectives) -> Iterator[str]:
    """A change that nobody met, or that was not as bad as it had to be, proves nothing."""
    for one in harm.of_kind(objectives.kind):
        harmed = one.harmed + one.harmed_after
        if not one.requests:
            yield f"no traffic: nobody asked for anything while {one.name} went on"
        elif harmed < objectives.bites:
            yield (
                f"{one.name} did not bite: it harmed {requests_text(harmed)} of the"
                f" {objectives.bites:,} that a bad one harms at the least"
            )


def missed_in_changes(harm: Harm, objectives: ChangeObjectives) -> Iterator[str]:
    """What is certainly not as the objectives demand."""
    for one in harm.of_kind(objectives.kind):
        yield from _missed_in_ending(one, objectives)
        yield from _missed_in_time(one, harm, objectives)
        yield from _missed_in_harm(one, objectives)
        yield from _missed_after(one, harm.slow_seconds, objectives)


def doubts_of_changes(
    harm: Harm | None, objectives: ChangeObjectives, watch: Watch
) -> Iterator[str]:
    """What keeps the evidence from being enough."""
    if harm is None:
        yield "there is no changes log: nobody knows how the change ended"
        return
    changes = harm.of_kind(objectives.kind)
    if not changes:
        yield (
            f"the changes log tells of no {objectives.kind or 'change'} that began while"
            " customers were watched"
        )
    for one in changes:
        if one.ended is None:
            yield f"the changes log ends before {one.name} did: how that ended is not known"
        elif one.ended is Step.ROLLED_BACK and not one.requests_after:
            yield (
                f"nobody asked for anything after {one.name} was rolled back: whether it"
                " harmed customers still is not known"
            )
    covered = harm.covered_until
    if harm.is_asked and covered is not None and covered < watch.ended_at - COVERED_SECONDS:
        short = seconds_text(watch.ended_at - covered)
        yield f"the changes log ends {short} before the watch did"


def _missed_in_ending(one: Change, objectives: ChangeObjectives) -> Iterator[str]:
    if one.ended is None:
        return
    if one.ended != objectives.ends:
        yield f"ended otherwise: {one.name} {_ENDED[one.ended]} (objective {objectives.ends})"
    elif objectives.by is not None and one.by != objectives.by:
        yield (
            f"ended by others: {one.name} {_ENDED[one.ended]} by {one.by}"
            f" (objective by {objectives.by})"
        )


def _missed_in_time(one: Change, harm: Harm, objectives: ChangeObjectives) -> Iterator[str]:
    if objectives.ends != "rolled back" or harm.covered_until is None:
        return
    for allowed, since, after in (
        (objectives.rollback_seconds, one.first_harmed_at, "its first harmed request"),
        (objectives.rollback_from_start_seconds, one.began_at, "its start"),
    ):
        seconds = one.until_rolled_back(since, harm.covered_until)
        if allowed is None or seconds is None or seconds <= allowed:
            continue
        measured, objective = told_apart(seconds, allowed)
        how = "not rolled back for at least" if one.ended is None else "rolled back"
        yield (
            f"rollback missed: {one.name} was {how} {measured} after {after}"
            f" (objective {objective})"
        )


def _missed_in_harm(one: Change, objectives: ChangeObjectives) -> Iterator[str]:
    for name, what, number, share, allowed in (
        ("harm", "harmed", one.harmed, one.harmed_share, objectives.harmed),
        ("failures", "failed", one.failed, one.failed_share, objectives.failed),
    ):
        if share is not None and allowed is not None and share > allowed:
            measured, objective = shares_apart(share, allowed)
            yield (
                f"{name} missed: {one.name} {what} {number:,} of"
                f" {requests_text(one.requests)}, {measured} (objective {objective})"
            )
    seconds, most = one.harm_seconds, objectives.harm_seconds
    if most is not None and seconds > most:
        measured, objective = told_apart(seconds, most)
        yield (
            f"duration of harm missed: {one.name} harmed customers for {measured}, from the"
            f" first harmed request to the last (objective {objective})"
        )


def _missed_after(
    one: Change, slow_seconds: float | None, objectives: ChangeObjectives
) -> Iterator[str]:
    last, rolled_back = one.last_harmed_after_at, one.ended_at
    if last is None or rolled_back is None:
        return
    slow = "" if slow_seconds is None else f"took longer than {seconds_text(slow_seconds)}"
    for what, number, allowed in (
        ("failed", one.failed_after, objectives.harmed_after),
        (slow, one.slow_after, objectives.slow_after),
    ):  # fmt: skip
        if allowed is not None and number > allowed:
            yield (
                f"harm after the rollback: {number:,} of {requests_text(one.requests_after)}"
                f" {what} though they began more than {seconds_text(GRACE_SECONDS)} after"
                f" {one.name} was rolled back, the last that was harmed"
                f" {seconds_text(last - rolled_back)} after it (objective {allowed:,})"
            )
