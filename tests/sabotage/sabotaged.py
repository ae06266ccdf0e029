"""A drill whose world or pages lack something, and that must be found out for that reason."""

from __future__ import annotations

import inspect
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from fixtures.steps import DrillFailedError
from reports.ledger import Operation, read_ledger
from reports.ledger import Outcome as Told
from reports.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures.drill import Drill
    from reports.verdict import Recovery

_EXECUTABLE = re.compile(r"^```sh .*?^```$\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sabotaged:
    """The ``sabotaged`` that a test asks for: one drill, and copies of its pages."""

    request: pytest.FixtureRequest
    drill: Drill

    @classmethod
    def prepare(cls, request: pytest.FixtureRequest, drill: Drill, folder: Path) -> Sabotaged:
        """Have the drill follow copies of all pages, which may then be broken."""
        drill.runbooks = shutil.copytree(drill.runbooks, folder / "runbooks")
        return cls(request, drill)

    def leave_out(self, page: str, step: str, *, then_stop: bool = False) -> None:
        """Take a page's step of that title away.

        With ``then_stop`` the steps after it go as well: they would wait in vain for what the
        missing step should have brought about, and fail for that reason instead.
        """
        text = self._page(page).read_text()
        steps = list(_EXECUTABLE.finditer(text))
        (key,) = [i for i, one in enumerate(steps) if f"# {step}" in one.group()]
        for one in reversed(steps[key:] if then_stop else steps[key : key + 1]):
            text = text[: one.start()] + text[one.end() :]
        self._page(page).write_text(text)

    def change(self, page: str, old: str, new: str, *, times: int = 1) -> None:
        """Change what stands on a page exactly so many times."""
        text = self._page(page).read_text()
        if text.count(old) != times:
            raise ValueError(f"{page} has {old!r} {text.count(old)} times, not {times}")
        self._page(page).write_text(text.replace(old, new))

    def copy(self, page: str, *, over: str) -> None:
        """Have people follow this page where they would follow the other one."""
        shutil.copy(self._page(page), self._page(over))

    def play(self, scenario: Callable[..., None], **instead: object) -> None:
        """Run a scenario with the fixtures that it names, or with these instead."""
        named = inspect.signature(scenario).parameters.keys() - instead.keys()
        scenario(**{name: self.request.getfixturevalue(name) for name in named}, **instead)

    def must_be_missed(
        self, scenario: Callable[..., None], *because: str, **instead: object
    ) -> None:
        """See that the scenario is MISSED, each of these words in one of its reasons."""
        with pytest.raises(DrillFailedError, match="MISSED"):
            self.play(scenario, **instead)
        verdict = self.drill.verdict
        assert verdict is not None
        assert verdict.outcome is Outcome.MISSED
        for words in because:
            assert [reason for reason in verdict.reasons if words in reason]

    @property
    def recovery(self) -> Recovery:
        """What was measured."""
        assert self.drill.recovery is not None
        return self.drill.recovery

    def _page(self, name: str) -> Path:
        return self.drill.runbooks / name


def acknowledged(drill: Drill) -> int:
    """Count the orders of a drill, which may still go on, that were acknowledged so far."""
    ledger = read_ledger(drill.folder / "ledger.bin")
    orders = ledger[ledger["operation"] == Operation.CREATE]
    return int((orders["outcome"] == Told.YES).sum())
