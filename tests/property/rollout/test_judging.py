"""We believe that findings follow the definition, and that more harm is never judged better."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import hypothesis.strategies as st
import pytest
from hypothesis import given
from rollout.counts import Counts
from rollout.judging import at_least, findings
from rollout.limits import Limits

LIMITS = Limits()
SHARES = st.fractions(0, 1, max_denominator=50)


@st.composite
def counts(draw: st.DrawFn, most: int = 300) -> Counts:
    requests = draw(st.integers(0, most))
    return Counts(requests, *(draw(st.integers(0, requests)) for _ in range(3)))


@given(st.integers(0, 60), st.integers(0, 60), SHARES)
def test_the_tail_is_the_sum_of_exact_terms(successes: int, of: int, share: Fraction) -> None:
    exact = sum(
        comb(of, number) * share**number * (1 - share) ** (of - number)
        for number in range(successes, of + 1)
    )
    assert at_least(successes, of, float(share)) == pytest.approx(float(exact), abs=1e-9)


@given(counts(), counts())
def test_one_more_failure_never_takes_a_finding_away(canary: Counts, baseline: Counts) -> None:
    before = list(findings(canary, baseline, LIMITS))
    worse = Counts(
        canary.requests,
        min(canary.requests, canary.errors + 1),
        min(canary.requests, canary.rejected + 1),
        min(canary.requests, canary.slow + 1),
    )
    assert len(list(findings(worse, baseline, LIMITS))) >= len(before)


@given(st.integers(1, 5000), counts())
def test_where_nothing_is_amiss_nothing_is_found(requests: int, baseline: Counts) -> None:
    assert not list(findings(Counts(requests), baseline, LIMITS))


@given(counts(), counts())
def test_nobody_is_blamed_for_a_share_within_all_bounds(
    canary: Counts, baseline: Counts
) -> None:
    """Chance is a reason to find nothing, never one to find something."""

    def is_within(bad: int, bad_without: int, allowed: Fraction) -> bool:
        if Fraction(bad) > allowed * canary.requests:
            return False
        most = Fraction(21, 20) * bad_without * canary.requests
        return Fraction(bad) * baseline.requests <= most

    found = " ".join(findings(canary, baseline, LIMITS))
    if is_within(canary.errors, baseline.errors, Fraction(1, 100)):
        assert "failed" not in found
    if is_within(canary.rejected, baseline.rejected, Fraction(1)):
        assert "rejected" not in found
    if canary.slow * 20 <= canary.requests:
        assert "took longer" not in found
