"""A timeline told as nested spans, and the runbook as it was followed: pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.timeline import Entry, Event, Json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

_ENDED_BY = {
    Event.LOAD_STARTED: {Event.LOAD_STOPPED},
    Event.FAULT_PLANNED: {Event.FAULT_GONE, Event.REVERT_FAILED},
    Event.RUNBOOK_STARTED: {Event.RUNBOOK_ENDED},
    Event.STEP_STARTED: {Event.STEP_ENDED},
}
_ENDS = {end for ends in _ENDED_BY.values() for end in ends}
_SHOWN_ELSEWHERE = {
    Event.DRILL_STARTED, Event.NODE_LOG, Event.ATTACHMENT, Event.VERDICT, Event.OBJECTIVES,
}  # fmt: skip

# What is shown of each, by its details; all others by the event alone.
_NAMES = {
    Event.LOAD_STARTED: "Customers: {users} users, {attempts_per_second} orders a second",
    Event.FAULT_PLANNED: "Fault: {fault}",
    Event.RUNBOOK_STARTED: "Runbook: {title} ({runbook})",
    Event.TAKEN_BACK: "Database taken back to {to}",
    Event.RESTORED: (
        "Restored: the {kind} backup {label} from {repository} ({asked}), {rows} orders in"
        " {seconds} s"
    ),
    Event.MEASURED: "Measured: {finding}",
    Event.FINAL_READ: "Final read: {rows} orders",
    Event.FINAL_READ_FAILED: "Final read failed: {why}",
    Event.OBSTACLE: "Obstacle: {why}",
    Event.BREACH: "Breach: {why}",
    Event.NODE_LOG: "No log of {node}, for {file} is not in the drill's folder",
    Event.ATTACHMENT: "Not attached: {title}, for {file} is not in the drill's folder",
}


@dataclass(slots=True)
class Span:
    """Something that took a while, or a moment, and what happened within it."""

    name: str
    began: Entry
    ended: Entry
    failure: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    printed: str | None = None  # a step's command and what it printed
    within: list[Span] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether it failed, or anything within it."""
        return self.failure is not None or any(inner.failed for inner in self.within)


@dataclass(frozen=True, slots=True)
class FollowedStep:
    """A runbook step that was begun; ``end`` is None where it never ended."""

    start: Entry
    end: Entry | None

    @property
    def title(self) -> str:
        details = self.start.details
        return text(details, "title") or text(details, "command").partition("\n")[0]

    @property
    def failure(self) -> str | None:
        return (
            "it never ended" if self.end is None else text(self.end.details, "failure") or None
        )

    @property
    def output(self) -> str:
        return "" if self.end is None else text(self.end.details, "output")

    @property
    def result(self) -> Mapping[str, str]:
        """Where it ran and how it ended, ready to be shown."""
        shown = {
            "on": text(self.start.details, "node"),
            "line": text(self.start.details, "line"),
        }
        if self.end is not None:
            shown["exit code"] = text(self.end.details, "exit_code")
            shown["seconds"] = text(self.end.details, "seconds")
        return shown


def text(details: Mapping[str, Json], name: str) -> str:
    """Return a detail as text, "" where it is missing or null; floats to milliseconds."""
    value = details.get(name)
    if isinstance(value, float):
        return f"{value:.3f}"
    return "" if value is None else str(value)


def texts(details: Mapping[str, Json], name: str) -> list[str]:
    """Return a detail that is a list as texts, [] where it is none."""
    value = details.get(name)
    return [str(one) for one in value] if isinstance(value, list) else []


def tell(entries: Sequence[Entry], missing: Collection[str] = ()) -> list[Span]:
    """Nest the timeline as it happened; what was left open ends with the last entry.

    ``missing`` are the files of attachments that are not there: they are explained.
    """
    root: list[Span] = []
    open_spans: list[Span] = []
    for entry in entries:
        ending = _ending(entry, open_spans) if entry.event in _ENDS else None
        if ending is not None:
            _end(ending, entry)
            open_spans = _still_open(open_spans, ending, entry)
        elif entry.event not in _SHOWN_ELSEWHERE or text(entry.details, "file") in missing:
            span = _begin(entry, entries[-1])
            (open_spans[-1].within if open_spans else root).append(span)
            if entry.event in _ENDED_BY:
                open_spans.append(span)
    for span in open_spans:
        span.failure = span.failure or "it never ended"
    return root


def _ending(entry: Entry, open_spans: Sequence[Span]) -> Span | None:
    """Find the open span that this entry ends: the innermost of its kind and identity."""
    for span in reversed(open_spans):
        kind = entry.event in _ENDED_BY[span.began.event]
        if kind and span.began.details.get("id") == entry.details.get("id"):
            return span
    return None


def _still_open(open_spans: Sequence[Span], ended: Span, by: Entry) -> list[Span]:
    """Drop what ended and what was left open inside it; other faults go on by themselves."""
    place = open_spans.index(ended)
    left = list(open_spans[:place])
    for inner in open_spans[place + 1 :]:
        if inner.began.event is Event.FAULT_PLANNED:
            left.append(inner)
        else:
            inner.ended, inner.failure = by, "it never ended"
    return left


def _begin(entry: Entry, last: Entry) -> Span:
    ended = last if entry.event in _ENDED_BY else entry
    step = FollowedStep(entry, None) if entry.event is Event.STEP_STARTED else None
    return Span(
        name=step.title if step else _name(entry),
        began=entry,
        ended=ended,
        failure=_failure(entry),
        parameters=step.result if step else {},
    )


def _end(span: Span, entry: Entry) -> None:
    span.ended = entry
    span.failure = span.failure or _failure(entry)
    if entry.event is Event.STEP_ENDED:
        step = FollowedStep(span.began, entry)
        span.failure, span.parameters = step.failure, step.result
        span.printed = f"$ {text(span.began.details, 'command').strip()}\n{step.output}"


def _name(entry: Entry) -> str:
    template = _NAMES.get(entry.event, entry.event.value.capitalize())
    shown = {name: text(entry.details, name) for name in entry.details}
    return template.format_map(defaultdict(str, shown))


def _failure(entry: Entry) -> str | None:
    match entry.event:
        case Event.STEADY_BEFORE | Event.STEADY_AFTER:
            return "\n".join(texts(entry.details, "deviations")) or None
        case Event.RESTORED:
            return "\n".join(texts(entry.details, "checks")) or None
        case Event.RESIDUE:
            return "\n".join(texts(entry.details, "traces")) or None
        case (
            Event.FAULT_NOT_SEEN
            | Event.REVERT_FAILED
            | Event.FINAL_READ_FAILED
            | Event.OBSTACLE
            | Event.BREACH
            | Event.WATCH_ENDED
        ):
            return text(entry.details, "why") or entry.event.value
    return None


def followed_steps(entries: Iterable[Entry]) -> list[FollowedStep]:
    """Pair each step that was begun with its end."""
    steps: list[FollowedStep] = []
    for entry in entries:
        if entry.event is Event.STEP_STARTED:
            steps.append(FollowedStep(entry, None))
        elif entry.event is Event.STEP_ENDED and steps:
            steps[-1] = FollowedStep(steps[-1].start, entry)
    return steps


def runbook_as_followed(entries: Sequence[Entry]) -> str:
    """Write each step and what came of it, as Markdown; "" where no runbook was followed."""
    steps = iter(followed_steps(entries))
    parts: list[str] = []
    number, heading = 0, ""
    for entry in entries:
        if entry.event is Event.RUNBOOK_STARTED:
            number, heading = 0, ""
            parts += [f"# {text(entry.details, 'title')}", _preamble(entry)]
        elif entry.event is Event.STEP_STARTED:
            number += 1
            if text(entry.details, "heading") != heading:
                heading = text(entry.details, "heading")
                parts.append(f"## {heading}")
            parts.append(_step_as_followed(number, next(steps)))
    return "\n\n".join(parts) + "\n" if parts else ""


def _preamble(runbook: Entry) -> str:
    name = text(runbook.details, "runbook")
    allowance = text(runbook.details, "allowance_seconds")
    decide = f" People may take {allowance} s to decide, on top of this." if allowance else ""
    return f"`{name}`, followed from {runbook.wall:%Y-%m-%d %H:%M:%S} UTC.{decide}"


def _step_as_followed(number: int, step: FollowedStep) -> str:
    shown = ", ".join(f"{name} {value}" for name, value in step.result.items() if value)
    outcome = f"**FAILED**: {step.failure}" if step.failure else "**done**"
    command = _fenced(text(step.start.details, "command").strip(), "sh")
    printed = _fenced(step.output.rstrip() or "(nothing printed)", "text")
    return f"### {number}. {step.title}\n\n{outcome} ({shown})\n\n{command}\n\n{printed}"


def _fenced(content: str, language: str) -> str:
    """Fence with more tildes than the content holds, so that it cannot end the fence."""
    fence = "~~~"
    while fence in content:
        fence += "~"
    return f"{fence}{language}\n{content}\n{fence}"
