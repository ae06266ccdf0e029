"""Whether those who have the change serve customers worse than they may. Pure.

What is compared are few requests, so a share alone says little: of 20 requests one fails at
5 % and at 1 %. A finding is what chance alone would seldom bring about. Where those who lack
the change are as slow, it is not to blame, and to take it back would help nobody.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .counts import Counts
    from .limits import Limits


def findings(canary: Counts, baseline: Counts, limits: Limits) -> Iterator[str]:
    """Say what is wrong with the requests of those who have the change, a sentence each."""
    if _exceeds(canary.errors, canary.requests, limits.errors, limits):
        yield f"{_share(canary.errors, canary.requests)} failed, and {limits.errors:.1%} may"
    elif _is_above(canary.errors, baseline.errors, canary, baseline, limits):
        yield (
            f"{_share(canary.errors, canary.requests)} failed, and without the change"
            f" {_share(baseline.errors, baseline.requests)}"
        )
    if _exceeds(canary.slow, canary.requests, limits.slow, limits) and (
        not baseline.requests or _is_above(canary.slow, baseline.slow, canary, baseline, limits)
    ):
        yield (
            f"{_share(canary.slow, canary.requests)} took longer than 500 ms, and"
            f" {limits.slow:.0%} may; without the change"
            f" {_share(baseline.slow, baseline.requests)}"
        )
    if _is_above(canary.rejected, baseline.rejected, canary, baseline, limits):
        yield (
            f"{_share(canary.rejected, canary.requests)} were rejected, and without the change"
            f" {_share(baseline.rejected, baseline.requests)}"
        )


def at_least(successes: int, of: int, chance: float) -> float:
    """Give the probability of so many successes or more: the binomial distribution's tail."""
    if successes <= 0:
        return 1.0
    if chance <= 0.0 or successes > of:
        return 0.0
    if chance >= 1.0:
        return 1.0
    terms = (_binomial(number, of, chance) for number in range(successes, of + 1))
    return min(1.0, math.fsum(terms))


def _binomial(successes: int, of: int, chance: float) -> float:
    ways = math.lgamma(of + 1) - math.lgamma(successes + 1) - math.lgamma(of - successes + 1)
    failures = of - successes
    return math.exp(ways + successes * math.log(chance) + failures * math.log1p(-chance))


def _exceeds(bad: int, of: int, allowed: float, limits: Limits) -> bool:
    """Whether a share is larger than allowed, and not by chance."""
    return at_least(bad, of, allowed) <= limits.significance


def _is_above(
    bad: int, bad_without: int, canary: Counts, baseline: Counts, limits: Limits
) -> bool:
    """Whether a share is larger than the baseline's by more than allowed, and not by chance.

    Were it just so much larger, each bad request would be the canary's with this chance
    (Przyborowski and Wilenski's conditional test of two rates).
    """
    if not canary.requests or not baseline.requests:
        return False
    weight = canary.requests * (1 + limits.above_baseline)
    chance = weight / (weight + baseline.requests)
    every = bad + bad_without
    return at_least(bad, every, chance) <= limits.significance


def _share(bad: int, of: int) -> str:
    share = bad / of if of else 0.0
    return f"{bad} of {of} requests ({share:.1%})"
