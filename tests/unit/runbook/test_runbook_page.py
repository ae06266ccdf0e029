"""We believe that a page is read as it is shown, and that every mistake names its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fixtures.runbook import Runbook, RunbookError, read_runbook
from fixtures.runbook_front_matter import Severity
from fixtures.runbook_steps import Step

PAGE = """\
---
title: Promote the standby
severity: SEV1
requirements: [FLT-11, OBJ-1]
owner: database on-call
approval: incident commander
allowance: 2m
---
# Promote the standby

## Detection
Orders fail. Ask the router what it sees:
```sh on=bastion within=20s
curl --fail router
```
## Initial response
```text
an example of nothing
```
## Investigation
```sh on="db:primary" within=1.5m capture=STANDBY
# Find the standby
patronictl list \\
  | head -1
```
## Mitigation
## Recovery
- in a list:
  ```sh on=bastion within=500ms expect="Successfully failed over" fails
  exit 3
  ```
## Verification
## Post-incident review
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.md"


def read(page: Path, text: str) -> Runbook:
    page.write_text(text)
    return read_runbook(page)


def test_a_whole_page(page: Path) -> None:
    assert read(page, PAGE) == Runbook(
        name="page.md",
        title="Promote the standby",
        severity=Severity.SEV1,
        requirements=("FLT-11", "OBJ-1"),
        owner="database on-call",
        approval="incident commander",
        allowance=timedelta(minutes=2),
        steps=(
            Step(
                line=13,
                heading="Detection",
                title="Ask the router what it sees",
                command="curl --fail router\n",
                on="bastion",
                within=timedelta(seconds=20),
            ),
            Step(
                line=21,
                heading="Investigation",
                title="Find the standby",
                command="# Find the standby\npatronictl list \\\n  | head -1\n",
                on="db:primary",
                within=timedelta(seconds=90),
                capture="STANDBY",
            ),
            Step(
                line=29,
                heading="Recovery",
                title="in a list",
                command="exit 3\n",
                on="bastion",
                within=timedelta(milliseconds=500),
                expect="Successfully failed over",
                fails=True,
            ),
        ),
    )


def test_without_an_allowance_it_is_nothing(page: Path) -> None:
    assert read(page, PAGE.replace("allowance: 2m\n", "")).allowance == timedelta()


def test_without_words_before_it_a_step_has_its_headings_title(page: Path) -> None:
    text = PAGE.replace("Orders fail. Ask the router what it sees:\n", "")
    assert read(page, text).steps[0].title == "Detection"


def test_words_before_one_step_are_not_the_next_ones_title(page: Path) -> None:
    more = "```sh on=bastion within=1s\ntrue\n```\n## Initial response"
    assert read(page, PAGE.replace("## Initial response", more)).steps[1].title == "Detection"


def test_windows_line_ends_change_nothing(page: Path) -> None:
    unix = read(page, PAGE)
    page.write_bytes(PAGE.replace("\n", "\r\n").encode())
    assert read_runbook(page) == unix


def test_what_no_viewer_shows_is_not_run(page: Path) -> None:
    hidden = "<!--\n```sh on=bastion within=1s\nhidden\n```\n-->\n\n## Verification"
    unhidden = read(page, PAGE)
    assert read(page, PAGE.replace("## Verification", hidden)) == unhidden


def test_other_headings_may_be_there(page: Path) -> None:
    text = PAGE.replace("## Mitigation", "## Escalation\n## Mitigation")
    assert [replace(s, line=0) for s in read(page, text).steps] == [
        replace(s, line=0) for s in read(page, PAGE).steps
    ]


FENCE = "```sh on=bastion within=20s"

MISTAKES = {
    "no front matter": (PAGE[4:], "1: there is no front matter; write title"),
    "front matter never ends": (PAGE.replace("2m\n---", "2m"), "1: there is no front"),
    "empty front matter": ("---\n---\n", "1: the front matter is empty; write title"),
    "no yaml": (("title: Promote", "title: [Promote"), "3: the front matter is no YAML"),
    "control character": (("title: ", "title: \x01"), "2: the front matter is no YAML"),
    "missing key": (
        ("owner: database on-call\n", ""),
        "1: the front matter has no owner; write",
    ),
    "unknown key": (("owner: d", "owners: d"), "5: 'owners' is no key .*; write one of title"),
    "key twice": (("owner: d", "title: again\nowner: d"), "5: title stands there twice; write"),
    "severity": (("SEV1", "SEV5"), "3: 'SEV5' is no severity; write one of SEV1, SEV2"),
    "empty title": (("title: Promote the standby", "title:"), "2: title is no text; write"),
    "title is a list": (("title: Promote the standby", "title: []"), "2: title is no text"),
    "requirement": (("FLT-11", "flt11"), r"4: a requirement's id is like FLT-11; write"),
    "requirements": (("[FLT-11, OBJ-1]", "FLT-11"), r"4: requirements is no list .*; write"),
    "no requirements": (("[FLT-11, OBJ-1]", "[]"), r"4: requirements is no list of ids"),
    "allowance": (("allowance: 2m", "allowance: 2"), "7: allowance: '2' has no unit; write"),
    "no heading": (("## Mitigation\n", ""), "1: the heading 'Mitigation' is missing; write"),
    "smaller heading": (("## Mitigation", "### Mitigation"), "1: the heading 'Mitigation'"),
    "order": (
        ("## Mitigation\n## Recovery", "## Recovery\n## Mitigation"),
        "26: the heading 'Recovery' is not in its place; write each once",
    ),
    "heading twice": (
        ("## Verification", "## Recovery\n## Verification"),
        "32: the heading 'Recovery' is not in its place",
    ),
    "above headings": (("# Promote", f"{FENCE}\ntrue\n```\n# Promote"), "9: this step stands"),
    "no attribute": ((FENCE, "```sh"), "13: this sh fence has no on=; write ```sh on=bastion"),
    "no time": ((FENCE, "```sh on=bastion"), "13: this sh fence has no within=; write"),
    "no unit": (("within=20s", "within=20"), "13: '20' has no unit; write a number and ms, s"),
    "other unit": (("within=20s", "within=2d"), "13: '2d' is no time; write a number and ms"),
    "no number": (("within=20s", "within=s"), "13: 's' is no time; write"),
    "zero": (("within=20s", "within=0s"), "13: within=0s is too short or too long; write"),
    "too short": (("within=20s", "within=0.1ms"), "13: within=0.1ms is too short or too long"),
    "too long": (("within=20s", "within=25h"), "13: within=25h is too short or too long"),
    "unknown": (
        (FENCE, f"{FENCE} retries=3"),
        "13: 'retries' is not known after sh; write one",
    ),
    "twice": ((FENCE, f"{FENCE} on=db"), "13: on stands there twice; write it once"),
    "no value": (("on=bastion within=20s", "on= within=20s"), "13: on has no value; write on="),
    "fails": ((FENCE, f"{FENCE} fails=yes"), "13: fails takes no value; write fails alone"),
    "quotation": ((FENCE, f'{FENCE} expect="x'), "13: a quotation mark is not closed; write"),
    "capture": (
        (FENCE, f"{FENCE} capture=A-B"),
        "13: capture=A-B is no variable's name; write",
    ),
    "no command": (
        ("curl --fail router", "# later\n"),
        "13: this sh fence holds no command; w",
    ),
    "swallowed by a fence": (
        ("## Initial response", f"{FENCE}\ntrue\n## Initial response\n{FENCE}\ntrue\n```"),
        "19: this looks like a step and is none; write ``` below the fence above it",
    ),
    "indented": ((FENCE, f"    {FENCE}"), "13: this looks like a step and is none; write"),
    "two backticks": ((FENCE, "``sh on=bastion within=20s"), "13: this looks like a step"),
    "bash": (("```sh on=bastion within=20s", "```bash"), "13: bash is not run; write sh"),
    "console": ((FENCE, "```console on=bastion"), "13: only sh is run, .*; write ```sh"),
    "no language": ((FENCE, "``` on=bastion"), "13: only sh is run, .*; write ```sh"),
    "not closed": (
        ("  exit 3\n  ```\n## Verification\n## Post-incident review\n", "  exit 3\n"),
        "1: the heading 'Verification' is missing",
    ),
    "not closed at the end": (PAGE + "```text\nnever closed", "34: this fence is never closed"),
    "not closed in a list": (
        ("  exit 3\n  ```\n", "  exit 3\n"),
        "29: this fence is never clo",
    ),
    "not closed and empty": (PAGE + "```text\n", "34: this fence is never closed; write ```"),
}


@pytest.mark.parametrize(("change", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_with_its_line(
    page: Path, change: str | tuple[str, str], sentence: str
) -> None:
    text = change if isinstance(change, str) else PAGE.replace(*change, 1)
    assert text != PAGE
    with pytest.raises(RunbookError, match=rf"^page\.md:{sentence}") as caught:
        read(page, text)
    assert "\n" not in str(caught.value)


def test_a_page_without_steps_proves_nothing(page: Path) -> None:
    text = "\n".join(line.replace("```sh", "```text") for line in PAGE.splitlines())
    for words in (" on=bastion within=20s", ' on="db:primary" within=1.5m capture=STANDBY'):
        text = text.replace(words, "")
    text = text.replace(' on=bastion within=500ms expect="Successfully failed over" fails', "")
    with pytest.raises(RunbookError, match="nothing here can be run; write a step"):
        read(page, text)


def test_a_page_that_is_not_there(page: Path) -> None:
    with pytest.raises(RunbookError, match=r"^page\.md:1: cannot be read .*No such file"):
        read_runbook(page)


def test_a_page_that_is_not_utf8(page: Path) -> None:
    page.write_bytes(b"one\ntwo\xff\n")
    with pytest.raises(RunbookError, match=r"^page\.md:2: is not UTF-8; write it in UTF-8"):
        read_runbook(page)


RUNBOOKS = sorted((Path(__file__).parents[3] / "scenarios" / "runbooks").glob("*.md"))


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.name)
def test_our_own_runbooks_can_be_read(path: Path) -> None:
    assert read_runbook(path).steps
