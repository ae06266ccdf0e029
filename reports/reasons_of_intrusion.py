"""An intruder against the objectives: a sentence each. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.wording import seconds_text, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.intrusion import Intrusion
    from reports.verdict import BreachObjectives

_DETECTED = ("detection", "nobody noticed the intruder")
_SHUT_OUT = ("shutting out", "nobody said that the intruder is out")


def make_sense(objectives: BreachObjectives) -> bool:
    bounds = (
        objectives.detect_seconds, objectives.shut_out_seconds, objectives.refused_after,
    )  # fmt: skip
    return all(math.isfinite(bound) and bound >= 0 for bound in bounds)


def why_breach_is_invalid(intrusion: Intrusion) -> Iterator[str]:
    """An intruder that never got in tries nothing."""
    if intrusion.first_in_at is None:
        yield (
            "the breach did not bite: the intruder never got in"
            f" ({attempts_text(intrusion.attempts)})"
        )


def missed_in_breach(intrusion: Intrusion, objectives: BreachObjectives) -> Iterator[str]:
    """What is certainly not as the objectives demand."""
    for (name, never), seconds, allowed in _bounds(intrusion, objectives):
        seen = intrusion.seen_seconds if seconds is None else seconds
        if seen is None or seen <= allowed:
            continue
        measured, objective = told_apart(seen, allowed)
        if seconds is None:
            yield f"{name} missed: {never} for at least {measured} (objective {objective})"
        else:
            yield (
                f"{name} missed: it took {measured} from the intruder's first success"
                f" (objective {objective})"
            )
    if intrusion.in_after:
        yield from _missed_after(intrusion)


def doubts_of_breach(
    intrusion: Intrusion | None, objectives: BreachObjectives
) -> Iterator[str]:
    """What keeps the evidence from being enough."""
    if intrusion is None:
        yield "there is no intruder's log: nobody knows what the intruder did"
        return
    for (_, never), seconds, allowed in _bounds(intrusion, objectives):
        seen = intrusion.seen_seconds
        if seconds is None and seen is not None and seen <= allowed:
            yield f"{never} in the {seconds_text(seen)} before the intruder's log ended"
    if intrusion.shut_out_at is not None:
        yield from _doubts_of_being_out(intrusion, objectives)


def _bounds(
    intrusion: Intrusion, objectives: BreachObjectives
) -> Iterator[tuple[tuple[str, str], float | None, float]]:
    yield _DETECTED, intrusion.detect_seconds, objectives.detect_seconds
    yield _SHUT_OUT, intrusion.shut_out_seconds, objectives.shut_out_seconds


def _missed_after(intrusion: Intrusion) -> Iterator[str]:
    last, shut_out = intrusion.last_in_at, intrusion.shut_out_at
    if last is None or shut_out is None:
        return
    yield (
        f"the intruder is not out: {attempts_text(intrusion.in_after)}"
        f" ({', '.join(intrusion.deeds_after)}) succeeded after it was said to be, the last"
        f" {seconds_text(last - shut_out)} later"
    )


def _doubts_of_being_out(intrusion: Intrusion, objectives: BreachObjectives) -> Iterator[str]:
    for one in intrusion.uses:
        if one.got_in and not one.in_after and one.refused_after < objectives.refused_after:
            yield (
                f"whether {one.intruder} is out with {one.credential} is not known: refused"
                f" after it was said to be, {attempts_text(one.refused_after)}, and it takes"
                f" {objectives.refused_after:,}"
            )


def attempts_text(number: int) -> str:
    return f"{number:,} attempt{'' if number == 1 else 's'}"
