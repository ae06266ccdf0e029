"""We believe that no page, however odd, makes anything but a runbook or a RunbookError."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.runbook import Runbook, RunbookError, read_runbook
from fixtures.runbook_front_matter import Severity
from fixtures.runbook_page import HEADINGS
from fixtures.runbook_steps import Step

# a loaded machine says nothing about the page
EXAMPLES = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

WORD = st.text("abzAZ09-", max_size=4).map(lambda rest: f"w{rest}")
WORDS = st.lists(WORD, min_size=1, max_size=3).map(" ".join)
# whatever may stand between quotation marks after ```: no backtick ends it, no line either
EXPECT = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="`"), min_size=1
)
TIME = st.integers(1, 999).map(lambda seconds: timedelta(seconds=seconds))


def read(content: str | bytes) -> Runbook:
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.md"
        page.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_runbook(page)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    title = draw(WORDS)
    return Step(
        line=0,
        heading=draw(st.sampled_from(HEADINGS)),
        title=title,
        command=f"# {title}\n"
        + "".join(f"{line}\n" for line in draw(st.lists(WORDS, min_size=1, max_size=3))),
        on=draw(WORD),
        within=draw(TIME),
        expect=draw(st.none() | EXPECT),
        fails=draw(st.booleans()),
        capture=draw(st.none() | st.text("AZ_", min_size=1, max_size=3)),
    )


@st.composite
def runbooks(draw: st.DrawFn) -> Runbook:
    drawn = draw(st.lists(steps(), min_size=1, max_size=4))
    return Runbook(
        name="page.md",
        title=draw(WORDS),
        severity=draw(st.sampled_from(Severity)),
        requirements=tuple(
            draw(st.lists(st.just("FLT-1") | st.just("RBK-22"), min_size=1, max_size=3))
        ),
        owner=draw(WORDS),
        approval=draw(WORDS),
        allowance=draw(TIME | st.just(timedelta())),
        steps=tuple(sorted(drawn, key=lambda step: HEADINGS.index(step.heading))),
    )


def written_step(step: Step, fence: str) -> list[str]:
    words = [f"on={step.on}", f"within={step.within.total_seconds():.0f}s"]
    words += [f"expect={shlex.quote(step.expect)}"] if step.expect else []
    words += ["fails"] if step.fails else []
    words += [f"capture={step.capture}"] if step.capture else []
    return [f"{fence}sh {' '.join(words)}", *step.command.splitlines(), fence]


def written(runbook: Runbook, fence: str, text: list[str]) -> tuple[str, Runbook]:
    """Write a runbook down, and return it with the lines at which its steps now stand."""
    lines = [
        "---",
        f"title: {runbook.title}",
        f"severity: {runbook.severity}",
        f"requirements: [{', '.join(runbook.requirements)}]",
        f"owner: {runbook.owner}",
        f"approval: {runbook.approval}",
        f"allowance: {runbook.allowance.total_seconds():.0f}s",
        "---",
    ]
    placed = []
    for heading in HEADINGS:
        lines += [f"## {heading}", *text]
        for step in (step for step in runbook.steps if step.heading == heading):
            placed.append(replace(step, line=len(lines) + 1))
            lines += written_step(step, fence)
    return "\n".join(lines), replace(runbook, steps=tuple(placed))


@EXAMPLES
@given(runbooks(), st.sampled_from(["```", "~~~", "`````"]), st.lists(WORDS | st.just("")))
def test_what_is_written_is_read(runbook: Runbook, fence: str, text: list[str]) -> None:
    page, expected = written(runbook, fence, text)
    assert read(page) == expected


@EXAMPLES
@given(st.binary() | st.text(st.characters(exclude_categories=["Cs"])))
def test_any_bytes(content: str | bytes) -> None:
    must_be_read_or_refused(content)


PIECES = st.sampled_from(
    [
        *("---\n", "```", "~~~", "sh", " on=bastion", " within=1s", " within=1", " expect='"),
        *("\n", "\r", "\0", "é", "\u2028", "## Detection\n", "> ", "- ", "    ", "<!--"),
        *("title: a\n", "severity: SEV1\n", "requirements: [FLT-1]\n", "owner: a\n"),
        *("approval: a\n", "allowance: 99999999h\n", "[" * 2000, "&a *a", "? ", "!!int ''"),
    ]
)


@EXAMPLES
@given(st.lists(PIECES | WORDS, max_size=40).map("".join))
def test_any_mixture_of_what_means_something(content: str) -> None:
    must_be_read_or_refused(content)


@EXAMPLES
@given(runbooks(), st.data())
def test_any_page_that_lost_or_gained_a_piece(runbook: Runbook, data: st.DataObject) -> None:
    page, _ = written(runbook, "```", ["words"])
    start = data.draw(st.integers(0, len(page)))
    end = data.draw(st.integers(start, min(len(page), start + 30)))
    must_be_read_or_refused(page[:start] + data.draw(PIECES | st.just("")) + page[end:])


def must_be_read_or_refused(content: str | bytes) -> None:
    try:
        assert read(content).steps
    except RunbookError as error:
        sentence = str(error)
        assert sentence.startswith("page.md:")
        assert int(sentence.split(":")[1]) >= 1
        assert "; write " in sentence or "means" in sentence
        assert "\n" not in sentence
