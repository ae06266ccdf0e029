"""We believe that a host which takes twice as long is twice as slow."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from fixtures import host_speed

if TYPE_CHECKING:
    import pytest


def test_the_best_try_counts_against_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = [9.0, 2 * host_speed.REFERENCE_SECONDS, 8.0, 7.0, 6.0]
    clock = itertools.accumulate(itertools.chain.from_iterable((0.0, one) for one in taken))
    monkeypatch.setattr(host_speed, "process_time", lambda: next(clock))
    assert round(host_speed.slowness(), 6) == 2.0
