"""We believe that a bad change is found by few requests, and a good one is let be."""

from __future__ import annotations

import pytest
from rollout.counts import Counts
from rollout.judging import findings
from rollout.limits import Limits, LimitsError, read_limits

LIMITS = Limits()
WELL = Counts(requests=540)


def found(canary: Counts, baseline: Counts = WELL, limits: Limits = LIMITS) -> list[str]:
    return list(findings(canary, baseline, limits))


def test_three_of_sixty_that_fail_where_others_do_not_are_enough() -> None:
    (sentence,) = found(Counts(requests=60, errors=3))
    assert sentence == (
        "3 of 60 requests (5.0%) failed, and without the change 0 of 540 requests (0.0%)"
    )


def test_what_is_above_the_bound_is_found_whatever_the_baseline() -> None:
    sentences = found(Counts(requests=200, errors=10), Counts(requests=100, errors=5))
    assert sentences == ["10 of 200 requests (5.0%) failed, and 1.0% may"]


def test_one_of_sixty_is_chance() -> None:
    assert not found(Counts(requests=60, errors=1))


def test_where_all_fail_alike_below_the_bound_nobody_is_to_blame() -> None:
    assert not found(Counts(requests=1000, errors=8), Counts(requests=9000, errors=72))


def test_a_tenth_more_errors_than_the_baseline_are_found_once_there_are_enough() -> None:
    tenth_more = (
        Counts(requests=1_000_000, errors=5500),
        Counts(requests=1_000_000, errors=5000),
    )
    little_more = Counts(requests=1_000_000, errors=5200), tenth_more[1]
    assert len(found(*tenth_more)) == 1
    assert not found(*little_more)


def test_more_than_one_in_twenty_slow_requests_are_found() -> None:
    (sentence,) = found(Counts(requests=60, slow=15))
    assert sentence == (
        "15 of 60 requests (25.0%) took longer than 500 ms, and 5% may; without the change"
        " 0 of 540 requests (0.0%)"
    )
    assert not found(Counts(requests=60, slow=3))


def test_where_all_are_slow_the_change_is_not_to_blame() -> None:
    slow = Counts(requests=60, slow=15)
    assert not found(slow, Counts(requests=540, slow=135))
    assert found(slow, Counts())


def test_rejections_count_only_beyond_those_of_the_others() -> None:
    many = Counts(requests=60, rejected=20)
    assert "rejected" in found(many)[0]
    assert not found(many, Counts(requests=540, rejected=180))


def test_without_a_baseline_the_bounds_still_hold() -> None:
    assert found(Counts(requests=60, errors=6), Counts())
    assert not found(Counts(requests=60, rejected=6), Counts())


def test_limits_that_look_at_no_errors_find_none() -> None:
    blind = read_limits({"errors": 1.0, "above_baseline": 1e6})
    assert not found(Counts(requests=60, errors=30), limits=blind)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"eror": 0.1}, "eror is no limit: write one of errors"),
        ({"errors": 1.5}, "errors is 1.5: write a number from 0 to 1"),
        ({"slow": "much"}, "slow is 'much'"),
        ({"slow": True}, "slow is True"),
        ({"significance": -0.1}, "significance is -0.1"),
    ],
)
def test_limits_that_make_no_sense_are_refused(table: dict[str, object], words: str) -> None:
    with pytest.raises(LimitsError, match=words):
        read_limits(table)
