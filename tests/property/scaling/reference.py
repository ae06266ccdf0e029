"""The rule once more, slow and obvious: every instance gets a number, and they are counted.

It follows the text of
https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ rather than our code,
in exact fractions, and looks at the whole history at every step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

READY, UNREADY = "ready", "unready"


@dataclass(frozen=True)
class Pod:
    state: str
    usage: tuple[Fraction | None, ...]  # by metric: a share of its target; None is unknown


def one_metric(pods: list[Pod], metric: int, current: int, tolerance: Fraction) -> int | None:
    ready = [pod.usage[metric] for pod in pods if pod.state == READY]
    told = [usage for usage in ready if usage is not None]
    if not told:
        return None
    first = Fraction(sum(told)) / len(told)
    counted = list(told)
    silent = len(ready) - len(told)
    if first > 1:
        counted += [Fraction(0)] * silent
        counted += [Fraction(0) for pod in pods if pod.state == UNREADY]
    if first < 1:
        counted += [Fraction(1)] * silent
    second = Fraction(sum(counted)) / len(counted)
    if abs(second - 1) <= tolerance:
        return current
    answer = math.ceil(second * len(counted))
    if len(counted) > len(told):
        if (first > 1 and second < 1) or (first < 1 and second > 1):
            return current
        if (first > 1 and answer < current) or (first < 1 and answer > current):
            return current
    return answer


def all_metrics(pods: list[Pod], count: int, current: int, tolerance: Fraction) -> int | None:
    """Give what is asked for; None where nothing may be changed for want of knowledge."""
    answers = [one_metric(pods, metric, current, tolerance) for metric in range(count)]
    known = [answer for answer in answers if answer is not None]
    if not known or (len(known) < count and max(known) < current):
        return None
    return max(known)


@dataclass(frozen=True)
class Rules:
    minimum: int
    maximum: int
    cool_down: int
    stabilisation: int
    out_percent: int
    out_instances: int
    out_period: int
    in_percent: int
    in_period: int


def next_number(
    rules: Rules, asked: list[tuple[int, int]], numbers: list[tuple[int, int]], now: int
) -> int:
    """Give the number after this moment's answer.

    ``asked`` are all answers with their seconds, this moment's last; ``numbers`` all numbers
    that were in force, each from its second on, the present one last.
    """
    answer, current = asked[-1][1], numbers[-1][1]
    if current > rules.maximum:
        return rules.maximum
    if current < rules.minimum:
        return rules.minimum
    lately = [number for second, number in asked[:-1] if second > now - rules.stabilisation]
    least = min([*lately, answer])
    lately = [number for second, number in asked[:-1] if second > now - rules.cool_down]
    most = max([*lately, answer])
    wanted = min(max(current, least), most)
    if wanted > current:
        before = number_before(numbers, now - rules.out_period)
        doubled = math.ceil(before + Fraction(before * rules.out_percent, 100))
        limit = max(doubled, before + rules.out_instances, current)
        return min(wanted, limit, rules.maximum)
    if wanted < current:
        before = number_before(numbers, now - rules.in_period)
        fewest = math.floor(before - Fraction(before * rules.in_percent, 100))
        return max(wanted, min(fewest, current), rules.minimum)
    return current


def number_before(numbers: list[tuple[int, int]], moment: int) -> int:
    """Give the number that was in force once all changes until then were done."""
    return [number for second, number in numbers if second <= moment or second < 0][-1]
