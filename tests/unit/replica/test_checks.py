"""We believe that an instance that is ready with a wrong clock is not taken for well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.replica import checks
from environments.replica.checks import check_instance
from environments.replica.probes import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping


def says(monkeypatch: pytest.MonkeyPatch, dependencies: Mapping[str, str]) -> None:
    told = json.dumps({"status": "degraded", "dependencies": dependencies})
    monkeypatch.setattr(checks, "http_ok", lambda _, path: told if "ready" in path else "")


@pytest.mark.parametrize(
    "dependencies",
    [{"database": "ok"}, {"database": "ok", "clock": "ok"}, {"cache": "degraded: gone"}],
)
def test_one_that_is_ready_is_well_whatever_helper_it_lacks(
    monkeypatch: pytest.MonkeyPatch, dependencies: Mapping[str, str]
) -> None:
    says(monkeypatch, dependencies)
    check_instance({8000: 1})


def test_one_whose_clock_differs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, {"clock": "degraded: clock is 9 s behind the database's"})
    with pytest.raises(NoAnswerError, match="9 s behind the database's"):
        check_instance({8000: 1})
