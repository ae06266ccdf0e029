"""A drill that must be found out, and why."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from fixtures.steps import DrillFailedError
from reports.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.drill import Drill


@contextmanager
def missed(drill: Drill, *because: str) -> Iterator[None]:
    """What is done in this block fails as MISSED; one reason has each of these words."""
    with pytest.raises(DrillFailedError, match="MISSED"):
        yield
    assert drill.verdict is not None
    assert drill.verdict.outcome is Outcome.MISSED
    for words in because:
        assert [reason for reason in drill.verdict.reasons if words in reason]
