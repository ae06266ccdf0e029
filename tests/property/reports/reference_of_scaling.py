"""The slow, obvious checker of how a stack grew and shrank: plain loops, one look at a time.

It shares no code with reports/, and it knows no numpy. Where it and reports/ disagree, one of
them misreads the definitions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.property.reports.reference import Attempt

TOLERANCE = 0.125


@dataclass(frozen=True)
class Look:
    at: float
    wanted: int
    serving: int
    maximum: int
    ratio: float | None


@dataclass(frozen=True)
class Change:
    at: float
    number: int
    before: int
    after: int


@dataclass(frozen=True)
class Step:
    at: float
    instance: str
    stage: str
    decision: int | None


@dataclass(frozen=True)
class History:
    looks: Sequence[Look]  # in the order of time, as are the others
    changes: Sequence[Change]
    steps: Sequence[Step]
    orders: Sequence[Attempt]
    reads: Sequence[Attempt]
    surge_at: float
    knots: Sequence[tuple[float, float]]  # none: the load never changed
    steady: float
    stopped: float


@dataclass(frozen=True)
class SeenGrowth:
    crossed: float
    decided: float
    grown: float | None
    seconds: float
    before: int
    after: int
    numbers: Sequence[int]  # of its decisions

    def holds(self, moment: float) -> bool:
        return self.crossed <= moment < self.crossed + self.seconds


@dataclass(frozen=True)
class Wish:
    scale_out: float = 1e9
    p95: float = 1e9
    errors: float = 1.0
    errors_growing: float = 1.0
    dropped: int = 10**9
    overshoot: int = 10**9
    reversals: int = 10**9
    reversal_seconds: float = 4.0
    minimum: int = 0
    maximum: int = 10**9
    reaches: int | None = None
    refusal: float | None = None


def over(look: Look) -> bool:
    return look.ratio is not None and look.ratio > 1 + TOLERANCE


def relieved(look: Look) -> bool:
    return look.ratio is not None and look.ratio <= 1 + TOLERANCE


def wanted_at(history: History, look: Look) -> int:
    wanted = look.wanted
    for change in history.changes:
        if change.at <= look.at:
            wanted = change.after
    return wanted


def has_reached(history: History, look: Look) -> bool:
    return look.serving >= wanted_at(history, look) or look.serving >= look.maximum


def closing_look(history: History, last: Change, until: float) -> Look | None:
    """The look by which the growth whose last decision this is was over, before a time."""
    reached = False
    for look in history.looks:
        if not last.at <= look.at < until:
            continue
        reached = reached or has_reached(history, look)
        if reached and (relieved(look) or look.serving >= look.maximum):
            return look
    return None


def outward(history: History) -> list[Change]:
    return [change for change in history.changes if change.after > change.before]


def grouped(history: History) -> list[list[Change]]:
    groups: list[list[Change]] = []
    for change in outward(history):
        if groups and closing_look(history, groups[-1][-1], change.at) is None:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def crossing(history: History, first: Change, previous: Sequence[Change]) -> float:
    """When the load came over the threshold for good, as looked at before the decision."""
    looks = [look for look in history.looks if look.at < first.at]
    if previous:
        closed = closing_look(history, previous[-1], first.at)
        assert closed is not None
        looks = [look for look in looks if look.at > closed.at]
    crossed = first.at
    for look in reversed(looks):
        if relieved(look):
            break
        if over(look):
            crossed = look.at
    return crossed


def end_of_log(history: History) -> float:
    return max(
        (one.at for kind in (history.looks, history.changes, history.steps) for one in kind),
        default=0.0,
    )


def growths(history: History) -> list[SeenGrowth]:
    found = []
    previous: list[Change] = []
    for group in grouped(history):
        first, last = group[0], group[-1]
        grown = next(
            (
                look.at
                for look in history.looks
                if look.at >= last.at and has_reached(history, look)
            ),
            None,
        )
        crossed = crossing(history, first, previous)
        ended = end_of_log(history) if grown is None else grown
        numbers = [change.number for change in group]
        found.append(
            SeenGrowth(
                crossed, first.at, grown, ended - crossed, first.before, last.after, numbers
            )
        )
        previous = group
    return found


def way(history: History, growth: SeenGrowth, instance: str) -> list[float | None]:
    """What each part of an instance's way took."""
    first: dict[str, float] = {}
    number = None
    for step in history.steps:
        own = step.instance == instance and step.decision in growth.numbers
        if own and step.stage in {"started", "ready", "serving"}:
            number = step.decision if number is None else number
            first.setdefault(step.stage, step.at)
    assert number is not None
    (decided,) = (change.at for change in history.changes if change.number == number)
    points = [growth.crossed, decided, *map(first.get, ("started", "ready", "serving"))]
    parts: list[float | None] = []
    for one, following in pairwise(points):
        lacking = one is None or following is None or None in parts
        parts.append(None if lacking else following - one)  # type: ignore[operator]
    return parts


def newcomers(history: History, growth: SeenGrowth) -> list[str]:
    return sorted(
        {
            step.instance
            for step in history.steps
            if step.decision in growth.numbers and step.stage in {"started", "ready", "serving"}
        }
    )


def undecided(history: History) -> float:
    known = growths(history)

    def waits(look: Look) -> bool:
        growing = any(one.holds(look.at) or look.at == one.grown for one in known)
        growing = growing or any(one.grown is None and look.at >= one.crossed for one in known)
        return over(look) and look.wanted < look.maximum and not growing

    longest = 0.0
    for place, look in enumerate(history.looks):
        for other in range(place, len(history.looks)):
            run = history.looks[place : other + 1]
            whole = all(map(waits, run)) and all(b.at - a.at <= 2 for a, b in pairwise(run))
            if whole:
                longest = max(longest, history.looks[other].at - look.at)
    return longest


def turns(history: History) -> list[float]:
    found = []
    last: Change | None = None
    for change in history.changes:
        if change.after == change.before:
            continue
        if last is not None and (last.after - last.before) * (change.after - change.before) < 0:
            found.append(change.at - last.at)
        last = change
    return found


def leavings(history: History) -> list[tuple[float, float]]:
    inward = {one.number: one.at for one in history.changes if one.after < one.before}
    found = []
    for place, step in enumerate(history.steps):
        own = [one for one in history.steps if one.instance == step.instance]
        before = [one for one in history.steps[:place] if one.instance == step.instance]
        drained_before = bool(before) and before[-1].stage == "draining"
        since = min(step.at, inward.get(step.decision or -1, step.at))
        if step.stage == "draining" and not drained_before:
            after = own[len(before) + 1 :]
            ends = [one.at + 1 for one in after if one.stage != "draining"]
            found.append((since, ends[0] if ends else end_of_log(history)))
        elif step.stage == "stopped" and not drained_before and step.decision in inward:
            found.append((since, step.at + 1))
    return found


def failed(history: History) -> list[Attempt]:
    reads = [
        one
        for one in history.reads
        if one.told != "YES" and one.seen not in {"ABSENT", "ANOTHER"}
    ]
    return [one for one in history.orders if one.told != "YES"] + reads


def requests(history: History) -> list[Attempt]:
    return [*history.orders, *history.reads]


def grows_at(known: Sequence[SeenGrowth], moment: float) -> bool:
    return any(growth.holds(moment) for growth in known)


def dropped(history: History) -> list[Attempt]:
    found = []
    known, whiles = growths(history), leavings(history)
    for one in failed(history):
        for since, until in whiles:
            in_flight = one.ended is None or one.ended >= since
            if one.began <= until and in_flight and not grows_at(known, one.began):
                found.append(one)
                break
    return found


def surge(history: History) -> tuple[float, float]:
    if not history.knots:
        return history.surge_at, history.stopped
    return history.surge_at, history.surge_at + history.knots[-1][0]


def growing(history: History) -> list[Attempt]:
    known = growths(history)
    return [one for one in requests(history) if grows_at(known, one.began)]


def grown(history: History) -> list[Attempt]:
    known = growths(history)
    ends = [growth.grown for growth in known if growth.grown is not None]
    if not ends:
        return []
    return [
        one
        for one in requests(history)
        if min(ends) <= one.began < surge(history)[1] and not grows_at(known, one.began)
    ]


def failed_in_surge(history: History) -> list[Attempt]:
    began, ended = surge(history)
    return [one for one in failed(history) if began <= one.began < ended]


def among_failed(history: History, some: Sequence[Attempt]) -> int:
    bad = {id(one) for one in failed(history)}
    return sum(1 for one in some if id(one) in bad)


def p95(history: History, some: Sequence[Attempt]) -> float | None:
    took = sorted(
        (history.stopped if one.ended is None else one.ended) - one.began for one in some
    )
    for place, seconds in enumerate(took, start=1):
        if place * 100 >= 95 * len(took):
            return seconds
    return None


def is_stable(history: History, place: int) -> bool:
    look = history.looks[place]
    if look.serving != look.wanted:
        return False
    for earlier in range(place, -1, -1):
        other = history.looks[earlier]
        if (other.serving, other.wanted) != (look.serving, look.wanted):
            return False
        if look.at - other.at >= 2:
            return True
        if earlier and other.at - history.looks[earlier - 1].at > 2:
            return False
    return False


def stable(history: History) -> list[Look]:
    return [look for place, look in enumerate(history.looks) if is_stable(history, place)]


def needed(history: History) -> int | None:
    return max(
        (
            math.ceil(one.serving * one.ratio)
            for one in stable(history)
            if one.ratio is not None
        ),
        default=None,
    )


def carried(history: History, instances: int) -> list[float]:
    """What one instance carried, ascending, in each stable look at so many."""
    found = []
    for look in stable(history):
        since = look.at - 2
        served = [
            one
            for one in history.orders
            if one.told == "YES" and one.ended is not None and since < one.ended <= look.at
        ]
        watched = history.steady <= since and look.at <= history.stopped
        ratio = look.ratio or 0
        if look.serving == instances and watched and served and instances and ratio >= 0.7:
            found.append(len(served) / 2 / (instances * ratio))
    return sorted(found)


def middle(numbers: Sequence[float]) -> float:
    half = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[half]
    return (numbers[half - 1] + numbers[half]) / 2


def windows(history: History) -> list[tuple[float, int]]:
    """What each window of the surge asked for, and what was tried in it."""
    found = []
    if not history.knots:
        return []
    seconds = history.knots[0][0]
    asked, tried, lasted = 0.0, 0, 0
    while seconds + 1 <= history.knots[-1][0]:
        for part in range(64):
            asked += rate_at(history, seconds + (part + 0.5) / 64) / 64
        for one in history.orders:
            if seconds <= one.began - history.surge_at < seconds + 1:
                tried += 1
        seconds, lasted = seconds + 1, lasted + 1
        if lasted >= 2 and asked >= 20:
            found.append((asked, tried))
            asked, tried, lasted = 0.0, 0, 0
    return found


def rate_at(history: History, seconds: float) -> float:
    for (at, rate), (later, rate_later) in pairwise(history.knots):
        if at <= seconds < later:
            return rate + (rate_later - rate) * (seconds - at) / (later - at)
    raise AssertionError(seconds)


def widest_gap(history: History) -> float:
    began, ended = surge(history)
    before = [look.at for look in history.looks if look.at < began]
    points = [before[-1] if before else began]
    points += [look.at for look in history.looks if began <= look.at <= ended]
    points.append(ended)
    return max(following - one for one, following in pairwise(points))


def more(measured: float | None, allowed: float) -> bool:
    return measured is not None and measured > allowed


def share(history: History, some: Sequence[Attempt]) -> float | None:
    return among_failed(history, some) / len(some) if some else None


def refuses_badly(history: History, seconds: float | None) -> bool:
    if seconds is None:
        return False
    refusals = [one for one in failed_in_surge(history) if one.told == "NO"]
    dishonest = len(refusals) < len(failed_in_surge(history))
    return dishonest or more(p95(history, refusals), seconds)


def overshoot(history: History) -> int | None:
    most_needed = needed(history)
    peak = max((look.serving for look in history.looks), default=0)
    return None if most_needed is None else peak - most_needed


def misses(history: History, wish: Wish) -> set[str]:
    """How the sentences begin that say what was certainly not as it was to be."""
    slow = [one.seconds for one in growths(history)] + [undecided(history)]
    soon = [one for one in turns(history) if one < wish.reversal_seconds]
    verdicts = {
        "scale-out missed": max(slow) > wish.scale_out,
        "P95 once grown missed": more(p95(history, grown(history)), wish.p95),
        "errors once grown missed": more(share(history, grown(history)), wish.errors),
        "errors while growing missed": more(
            share(history, growing(history)), wish.errors_growing
        ),
        "dropped while shrinking": len(dropped(history)) > wish.dropped,
        "overshoot": more(overshoot(history), wish.overshoot),
        "flapping": len(soon) > wish.reversals,
        "maximum not respected": any(
            max(look.serving, look.wanted) > wish.maximum for look in history.looks
        ),
        "minimum not respected": any(look.wanted < wish.minimum for look in history.looks),
        "refusals": refuses_badly(history, wish.refusal),
    }
    return {name for name, is_missed in verdicts.items() if is_missed}


def doubts(history: History, wish: Wish) -> bool:
    """Whether anything keeps the evidence from being enough."""
    if not history.looks or all(look.ratio is None for look in history.looks):
        return True
    refused = [one for one in failed_in_surge(history) if one.told == "NO"]
    return (
        widest_gap(history) > 2
        or history.stopped - history.looks[-1].at > 2
        or (wish.reaches is not None and all(x.serving < wish.reaches for x in history.looks))
        or any(x.grown is None and x.seconds <= wish.scale_out for x in growths(history))
        or not growths(history)
        or not grown(history)
        or needed(history) is None
        or (wish.refusal is not None and not refused)
    )


def follows(history: History) -> bool:
    if not history.knots:
        return True
    found = windows(history)
    return bool(found) and all(abs(b - a) <= a / 10 + 1 for a, b in found)
