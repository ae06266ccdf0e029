"""How a stack grew and shrank, against its objectives: a sentence each. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.growths import GAP_SECONDS
from reports.surges import TOLERANCE
from reports.wording import requests_text, seconds_text, share_text, shares_apart, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.growths import Growth
    from reports.scaling import Scaling
    from reports.verdict import ScalingObjectives, Watch


def make_sense(objectives: ScalingObjectives) -> bool:
    bounds = (
        objectives.scale_out_seconds, objectives.reversal_seconds, objectives.p95_seconds,
        objectives.refusal_seconds, objectives.overshoot, objectives.dropped,
        objectives.reversals, objectives.reaches,
    )  # fmt: skip
    shares = (objectives.errors, objectives.errors_while_growing)
    return (
        all(bound is None or (math.isfinite(bound) and bound >= 0) for bound in bounds)
        and all(0 <= share <= 1 for share in shares)
        and 0 <= objectives.minimum <= objectives.maximum
    )


def why_load_is_invalid(scaling: Scaling) -> Iterator[str]:
    """A load that was not as it was asked for tries nothing."""
    if not scaling.surges:
        return
    offered = scaling.offered
    if offered is None:
        yield (
            "the load did not follow its shape: too few orders were asked for, or for too short"
            " a while, to tell"
        )
    elif not offered.follows:
        yield (
            f"the load did not follow its shape: {offered.begun / offered.seconds:.3g} orders a"
            f" second were tried instead of {offered.asked / offered.seconds:.3g}, for"
            f" {seconds_text(offered.seconds)} from {seconds_text(offered.after_seconds)} after"
            f" its start ({share_text(TOLERANCE)} off at the most)"
        )


def missed_in_scaling(scaling: Scaling, objectives: ScalingObjectives) -> Iterator[str]:
    """What is certainly not as the objectives demand."""
    yield from _missed_in_growing(scaling, objectives)
    yield from _missed_by_customers(scaling, objectives)
    yield from _missed_by_decisions(scaling, objectives)
    yield from _missed_in_number(scaling, objectives)
    if objectives.refusal_seconds is not None:
        yield from _missed_in_refusing(scaling, objectives.refusal_seconds)


def doubts_of_scaling(
    scaling: Scaling | None, objectives: ScalingObjectives, watch: Watch
) -> Iterator[str]:
    """What keeps the evidence from being enough."""
    if scaling is None:
        yield "there is no scaling log: nobody knows how the stack grew"
        return
    if scaling.covered_until is None:
        yield "the scaling log has no samples: nobody knows how many instances served"
        return
    yield from _doubts_of_coverage(scaling, scaling.covered_until, watch)
    yield from _doubts_of_growing(scaling, objectives)
    if objectives.refusal_seconds is not None and not scaling.refused:
        yield "nobody was refused: what customers get at the maximum was not seen"


def _missed_in_growing(scaling: Scaling, objectives: ScalingObjectives) -> Iterator[str]:
    allowed = objectives.scale_out_seconds
    for growth in scaling.growths:
        if growth.seconds > allowed:
            measured, objective = told_apart(growth.seconds, allowed)
            least = "at least " if growth.grown_at is None else ""
            yield (
                f"scale-out missed: to grow {_from_to(growth)} took {least}{measured}"
                f" (objective {objective})"
            )
    if scaling.undecided_seconds > allowed:
        measured, objective = told_apart(scaling.undecided_seconds, allowed)
        yield (
            f"scale-out missed: the load was over its threshold for {measured}, and nothing was"
            f" decided though more instances could have come (objective {objective})"
        )


def _missed_by_customers(scaling: Scaling, objectives: ScalingObjectives) -> Iterator[str]:
    p95, allowed = scaling.p95_grown_seconds, objectives.p95_seconds
    if p95 is not None and p95 > allowed:
        measured, objective = told_apart(p95, allowed)
        yield (
            f"P95 once grown missed: one request in twenty took {measured} or longer"
            f" (objective {objective})"
        )
    for name, failed, tried, share, most in (
        ("once grown", scaling.failed_grown, scaling.requests_grown, scaling.errors_grown,
         objectives.errors),
        ("while growing", scaling.failed_growing, scaling.requests_growing,
         scaling.errors_growing, objectives.errors_while_growing),
    ):  # fmt: skip
        if share is not None and share > most:
            measured, objective = shares_apart(share, most)
            yield (
                f"errors {name} missed: {failed:,} of {requests_text(tried)} failed, {measured}"
                f" (objective {objective})"
            )
    if scaling.dropped > objectives.dropped:
        yield (
            f"dropped while shrinking: {requests_text(scaling.dropped)} failed while"
            f" instances were leaving (objective {objectives.dropped:,})"
        )


def _missed_by_decisions(scaling: Scaling, objectives: ScalingObjectives) -> Iterator[str]:
    overshoot = scaling.overshoot
    if overshoot is not None and overshoot > objectives.overshoot:
        yield (
            f"overshoot: {scaling.peak_serving} instances served and {scaling.most_needed} were"
            f" needed at the most, {overshoot} too many (objective {objectives.overshoot})"
        )
    within = objectives.reversal_seconds
    reversals = scaling.reversals(within)
    if reversals > objectives.reversals:
        yield (
            f"flapping: {reversals} decision{'' if reversals == 1 else 's'} went back on the"
            f" last sooner than {seconds_text(within)} after it, the soonest after"
            f" {seconds_text(min(scaling.turns_seconds))} (objective {objectives.reversals})"
        )


def _missed_in_number(scaling: Scaling, objectives: ScalingObjectives) -> Iterator[str]:
    for what, most in (
        ("served", scaling.peak_serving),
        ("were wanted", scaling.peak_wanted),
    ):
        if most is not None and most > objectives.maximum:
            yield (
                f"maximum not respected: {most} instances {what} (maximum {objectives.maximum})"
            )
    least = scaling.least_wanted
    if least is not None and least < objectives.minimum:
        yield (
            f"minimum not respected: no more than {least} instances were wanted"
            f" (minimum {objectives.minimum})"
        )


def _missed_in_refusing(scaling: Scaling, allowed: float) -> Iterator[str]:
    if scaling.failed_otherwise:
        yield (
            f"refusals: {requests_text(scaling.failed_otherwise)} of the surge failed without"
            " a word that they are certainly not done"
        )
    p95 = scaling.p95_refusal_seconds
    if p95 is not None and p95 > allowed:
        measured, objective = told_apart(p95, allowed)
        yield (
            f"refusals: one refusal in twenty took {measured} or longer (objective {objective})"
        )


def _doubts_of_coverage(scaling: Scaling, covered_until: float, watch: Watch) -> Iterator[str]:
    if not scaling.ratios:
        yield "the load against its target was never known: nobody knows what was needed"
    if scaling.widest_gap_seconds > GAP_SECONDS:
        yield (
            f"the scaler was not looked at for {seconds_text(scaling.widest_gap_seconds)} of"
            " the surge: what it did in that while was not seen"
        )
    if covered_until < watch.ended_at - GAP_SECONDS:
        short = seconds_text(watch.ended_at - covered_until)
        yield f"the scaling log ends {short} before the watch did"


def _doubts_of_growing(scaling: Scaling, objectives: ScalingObjectives) -> Iterator[str]:
    reaches = objectives.reaches
    if reaches is not None and (scaling.peak_serving or 0) < reaches:
        yield (
            f"the stack never grew to {reaches} instances, only to {scaling.peak_serving}:"
            " nothing was proven"
        )
    for growth in scaling.growths:
        if growth.grown_at is None and growth.seconds <= objectives.scale_out_seconds:
            yield (
                f"the stack was not seen to grow {_from_to(growth)}: it had taken"
                f" {seconds_text(growth.seconds)} when the scaling log ended"
            )
    if not scaling.growths:
        yield "the stack never grew: what customers get once it has grown was not seen"
    elif not scaling.requests_grown:
        yield (
            "nobody asked for anything once the stack had grown: what customers got then is not"
            " known"
        )
    if scaling.overshoot is None:
        yield (
            "overshoot not known: the stack was never stable with a load that was known, so"
            " nobody knows how many instances were needed"
        )


def _from_to(growth: Growth) -> str:
    return f"from {growth.before} to {growth.after} instances"
