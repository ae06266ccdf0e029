"""We believe that a runbook is followed as written, and that all that came of it is kept."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from environments.model import (
    CommandTimedOutError,
    Completed,
    Environment,
    GoneError,
    UnreachableError,
    WorldError,
)
from fixtures.runbook import (
    OUTPUT_CHARACTERS,
    Runbook,
    RunbookError,
    StepFailedError,
    StepLostError,
    check,
    follow,
    read_runbook,
)
from reports.timeline import Entry, Event, Timeline, read_timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass
class FakeNode:
    """Answers each command with what was put in place for it."""

    name: str
    role: str
    region: str = "east"
    answers: list[Completed | WorldError] = field(default_factory=list)
    asked: list[tuple[Sequence[str], timedelta, dict[str, str]]] = field(default_factory=list)

    def run(
        self,
        command: Sequence[str],
        *,
        within: timedelta,
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        self.asked.append((command, within, dict(variables or {})))
        answer = self.answers.pop(0) if self.answers else Completed(0, "", "", 0.0)
        if isinstance(answer, WorldError):
            raise answer
        return answer

    def log(self, *, since: datetime) -> str:
        raise NotImplementedError(since)


class FakeEnvironment:
    name = "fake"

    def __init__(self) -> None:
        self.bastion = FakeNode("bastion", "bastion")
        self.nodes = [self.bastion, *(FakeNode(f"east-db-{n}", "db") for n in (1, 2))]
        self.primary = "east-db-1"

    def states(self, role: str) -> Mapping[str, str]:
        names = (node.name for node in self.nodes if node.role == role)
        return {name: "primary" if name == self.primary else "replica" for name in names}


@dataclass
class Desk:
    """What one test needs: a page, the world it is about, and the record."""

    folder: Path
    world: FakeEnvironment = field(default_factory=FakeEnvironment)

    @property
    def environment(self) -> Environment:
        return cast("Environment", self.world)

    def page(self, *fences: str) -> Runbook:
        path = self.folder / "page.md"
        path.write_text(HEAD + "".join(f"```sh {fence}\n```\n" for fence in fences) + TAIL)
        return read_runbook(path)

    def follow(self, *fences: str) -> list[Entry]:
        """Follow these fences and return what was written down, the failure included."""
        path = self.folder / "timeline.jsonl"
        with Timeline(path) as timeline:
            follow(self.page(*fences), self.environment, record=timeline.record, captured={})
        return self.entries()

    def entries(self) -> list[Entry]:
        return read_timeline(self.folder / "timeline.jsonl")

    def ended(self) -> Entry:
        return next(entry for entry in self.entries() if entry.event is Event.STEP_ENDED)


HEAD = """\
---
title: A page
severity: SEV2
requirements: [RBK-3]
owner: somebody
approval: nobody
allowance: 90s
---
## Detection
## Initial response
## Investigation
## Mitigation
## Recovery
"""
TAIL = "## Verification\n## Post-incident review\n"
STEP = "on=bastion within=5s"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def answer(stdout: str = "", stderr: str = "", code: int = 0) -> Completed:
    return Completed(code, stdout, stderr, 0.1)


def test_steps_run_in_order_as_a_shell_would(desk: Desk) -> None:
    desk.follow(f"{STEP}\nfirst | second", "on=db:primary within=2m\nthird")
    command, within, variables = desk.world.bastion.asked[0]
    assert command == ["sh", "-eu", "-c", "first | second\n"]
    assert (within, variables) == (timedelta(seconds=5), {})
    assert desk.world.nodes[1].asked == [
        (["sh", "-eu", "-c", "third\n"], timedelta(minutes=2), {})
    ]


def test_everything_is_written_down(desk: Desk) -> None:
    desk.world.bastion.answers = [answer("out", "err")]
    entries = desk.follow(f"{STEP}\n# Do it\ndo it")
    assert [entry.event for entry in entries] == [
        Event.RUNBOOK_STARTED,
        Event.STEP_STARTED,
        Event.STEP_ENDED,
        Event.RUNBOOK_ENDED,
    ]
    assert entries[0].details == {
        "runbook": "page.md",
        "title": "A page",
        "severity": "SEV2",
        "allowance_seconds": 90.0,
    }
    assert entries[1].details == {
        "runbook": "page.md",
        "line": 14,
        "heading": "Recovery",
        "title": "Do it",
        "node": "bastion",
        "command": "# Do it\ndo it\n",
    }
    seconds = entries[2].details["seconds"]
    assert isinstance(seconds, float)
    assert 0 <= seconds < 5
    assert entries[2].details == {
        "runbook": "page.md",
        "line": 14,
        "exit_code": 0,
        "output": "out\nerr",
        "seconds": seconds,
        "failure": None,
    }
    assert entries[3].details == {"runbook": "page.md"}


def test_a_selector_is_resolved_when_its_step_begins(desk: Desk) -> None:
    desk.world.primary = "east-db-2"
    entries = desk.follow("on=db:primary within=5s\nx")
    assert entries[1].details["node"] == "east-db-2"


def test_what_is_captured_is_a_variable_of_later_steps(desk: Desk) -> None:
    desk.world.bastion.answers = [answer(" one \n"), answer("two"), answer()]
    desk.follow(f"{STEP} capture=A\nx", f"{STEP} capture=B\nx", f"{STEP}\nx")
    assert [variables for _, _, variables in desk.world.bastion.asked] == [
        {},
        {"A": "one"},
        {"A": "one", "B": "two"},
    ]


@pytest.mark.parametrize("code", [126, 127])
def test_a_command_that_is_not_there_is_no_failure_that_was_expected(
    desk: Desk, code: int
) -> None:
    desk.world.bastion.answers = [answer(code=code)]
    with pytest.raises(StepFailedError, match=f"exit code {code}: a command in it is not"):
        desk.follow(f"{STEP} fails\nx")


def test_a_step_that_should_fail_fails(desk: Desk) -> None:
    desk.world.bastion.answers = [answer("", "refused", 3)]
    desk.follow(f"{STEP} fails expect=refused\nx")
    assert desk.ended().details["failure"] is None


FAILURES = {
    "exit code": (
        STEP,
        answer("no", code=3),
        "ended with exit code 3; it printed last:\n    no",
    ),
    "should fail": (
        f"{STEP} fails",
        answer(),
        "ended with exit code 0, and should have failed",
    ),
    "expect": (f"{STEP} expect='all is well'", answer("no"), "did not print 'all is well'"),
    "expect and fails": (
        f"{STEP} fails expect=well",
        answer("no", code=1),
        "did not print 'well'",
    ),
    "capture nothing": (
        f"{STEP} capture=A",
        answer(" \n"),
        "printed nothing where A needs one",
    ),
    "capture lines": (f"{STEP} capture=A", answer("1\n2"), "printed 2 lines where A needs one"),
    "capture and fail": (f"{STEP} capture=A", answer("1", code=1), "ended with exit code 1"),
    "too long": (STEP, CommandTimedOutError("x"), "was still running on bastion after 5 s"),
    "not there": (STEP, WorldError("it is gone"), "could not be run on bastion: it is gone"),
    "nobody": ("on=nobody within=5s", answer(), "'nobody' is no node or role"),
    "several": (
        "on=db within=5s",
        answer(),
        "on=db means east-db-1, east-db-2; write the name",
    ),
}


@pytest.mark.parametrize(("words", "result", "sentence"), FAILURES.values(), ids=FAILURES)
def test_a_step_that_fails_ends_the_runbook(
    desk: Desk, words: str, result: Completed | WorldError, sentence: str
) -> None:
    desk.world.bastion.answers = [result]
    with pytest.raises(StepFailedError) as caught:
        desk.follow(f"{words}\n# Do it\nx", f"{STEP}\nnever run")
    assert str(caught.value).startswith(f"page.md:14: Do it: {sentence}")
    assert [entry.event for entry in desk.entries()][-2:] == [
        Event.STEP_ENDED,
        Event.RUNBOOK_ENDED,
    ]
    failure = desk.ended().details["failure"]
    assert isinstance(failure, str)
    assert failure in str(caught.value)
    assert len(desk.world.bastion.asked) <= 1


@pytest.mark.parametrize("error", [UnreachableError("no engine"), GoneError("no engine")])
def test_a_step_of_which_nobody_knows_is_no_failure_of_the_runbook(
    desk: Desk, error: WorldError
) -> None:
    desk.world.bastion.answers = [error]
    with pytest.raises(
        StepLostError, match=r"^page\.md:14: .* could not be run .*: no engine$"
    ):
        desk.follow(f"{STEP}\nx", f"{STEP}\nnever run")
    assert len(desk.world.bastion.asked) == 1
    assert [entry.event for entry in desk.entries()][-2:] == [
        Event.STEP_ENDED,
        Event.RUNBOOK_ENDED,
    ]


def test_a_failure_without_output_says_so(desk: Desk) -> None:
    desk.world.bastion.answers = [answer(code=1)]
    with pytest.raises(StepFailedError, match=r"exit code 1; it printed nothing$"):
        desk.follow(f"{STEP}\nx")


def test_only_the_end_of_a_long_output_is_kept(desk: Desk) -> None:
    desk.world.bastion.answers = [answer("well\n" + "x" * OUTPUT_CHARACTERS)]
    desk.follow(f"{STEP} expect=well\nx")
    output = desk.ended().details["output"]
    assert output == "[5 characters before these are cut]\n" + "x" * OUTPUT_CHARACTERS


def test_only_the_last_lines_of_a_failure_are_shown(desk: Desk) -> None:
    desk.world.bastion.answers = [
        answer("\n".join(f"{n}{'x' * 999}" for n in range(9)), code=1)
    ]
    with pytest.raises(StepFailedError) as caught:
        desk.follow(f"{STEP}\nx")
    shown = str(caught.value).splitlines()[1:]
    assert [line[4] for line in shown] == ["4", "5", "6", "7", "8"]
    assert {len(line) for line in shown} == {304}


class ShellNode(FakeNode):
    """Runs commands in this machine's own shell."""

    def run(
        self,
        command: Sequence[str],
        *,
        within: timedelta,
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        done = subprocess.run(
            command,
            env={**os.environ, **(variables or {})},
            timeout=within.total_seconds(),
            capture_output=True,
            text=True,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr, 0.0)


def test_a_real_shell_does_as_the_page_says(desk: Desk) -> None:
    desk.world.nodes[0] = ShellNode("bastion", "bastion")
    entries = desk.follow(
        f"{STEP} capture=WHO\n# Who\nprintf 'a b; \"c\"'",
        f'{STEP} expect=\'[a b; "c"]\'\necho "[$WHO]"',
        f'{STEP} fails expect=MUSTER_NOT_SET\necho "$MUSTER_NOT_SET"',
        f"{STEP} fails\nfalse\necho never",
    )
    printed = [e.details["output"] for e in entries if e.event is Event.STEP_ENDED]
    assert printed[1] == '[a b; "c"]\n'
    assert printed[3] == ""


def test_a_page_that_fits_its_world(desk: Desk) -> None:
    check(desk.page(f"{STEP}\nx", "on=db:primary within=1s\nx"), desk.environment)
    assert desk.world.bastion.asked == []


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("bastoin", "'bastoin' is no node or role.*did you mean 'bastion'"),
        ("db", "on=db means east-db-1, east-db-2; write the name of one of them"),
        ("db:leader", "'leader' is no state of db now"),
    ],
)
def test_a_page_that_does_not_fit_its_world(desk: Desk, on: str, sentence: str) -> None:
    page = desk.page(f"{STEP}\nx", f"on={on} within=1s\nx")
    with pytest.raises(RunbookError, match=rf"^page\.md:17: {sentence}"):
        check(page, desk.environment)
