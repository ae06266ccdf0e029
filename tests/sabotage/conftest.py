"""What every sabotage begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sabotage.sabotaged import Sabotaged

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.drill import Drill


@pytest.fixture
def sabotaged(request: pytest.FixtureRequest, drill: Drill, tmp_path: Path) -> Sabotaged:
    """The test's drill, with pages that may be broken."""
    return Sabotaged.prepare(request, drill, tmp_path)
