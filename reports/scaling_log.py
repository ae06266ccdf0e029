"""The scaling log: what an autoscaler said of itself in a drill, one JSON object a line.

Its entries are a sample every quarter of a second or so, every decision, and every stage
that an instance came to. Times are seconds of CLOCK_MONOTONIC of whoever wrote it: the
scaler says how long ago a thing was, so that nobody needs equal clocks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from reports.fields import amount, amount_or_none, count, number, read_entries, text
from reports.lines import Appended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class StageName(StrEnum):
    """How far an instance has come, or how far it has gone."""

    STARTED = "started"
    READY = "ready"
    SERVING = "serving"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the scaler said of itself at one moment; None for what it did not know.

    ``ratio`` is the largest of metric and target over all metrics, as its rule saw it last.
    ``cpu`` and ``memory`` are mean shares, from 0 to 1, of what an instance may take; ``rate``
    is requests a second for each serving instance.
    """

    at: float
    wanted: int
    serving: int  # in rotation and not draining
    minimum: int
    maximum: int
    tolerance: float
    ratio: float | None
    cpu: float | None
    memory: float | None
    rate: float | None

    @property
    def is_over(self) -> bool:
        """Whether its rule saw more load than instances are for, its tolerance included."""
        return self.ratio is not None and self.ratio > 1 + self.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How many instances are wanted from now on, and why.

    They are as many as before where only the reason that bounds them is new.
    """

    at: float
    number: int
    before: int
    after: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """An instance came to a stage, by a decision where one brought it there."""

    at: float
    instance: str
    stage: StageName
    decision: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingLog:
    """All of it, each kind in the order of time."""

    samples: Sequence[Sample] = ()
    decisions: Sequence[Decision] = ()
    stages: Sequence[Stage] = ()

    @property
    def ended_at(self) -> float | None:
        """When the last thing was said; None where nothing ever was."""
        times = [one.at for kind in (self.samples, self.decisions, self.stages) for one in kind]
        return max(times, default=None)


class ScalingLogWriter(Appended):
    """Appends to one scaling log; an entry is on disk before the call returns."""

    what = "scaling log"

    def write(self, entry: Sample | Decision | Stage) -> None:
        """Add an entry.

        Raises:
            NotRecordedError: the disk is full or gone; nothing that follows would be known.
        """
        fields = asdict(entry)
        if isinstance(entry, Decision):
            fields["from"], fields["to"] = fields.pop("before"), fields.pop("after")
        self.append({"kind": type(entry).__name__.lower(), **fields})


def read_scaling_log(path: Path) -> ScalingLog:
    """Read a scaling log; a torn last line is left out.

    Raises:
        RecordError: a line that was finished cannot be read; the sentence names it.
    """
    entries = read_entries(path, _entry, "a scaling log")
    samples = [one for one in entries if isinstance(one, Sample)]
    decisions = [one for one in entries if isinstance(one, Decision)]
    stages = [one for one in entries if isinstance(one, Stage)]
    return ScalingLog(
        samples=tuple(sorted(samples, key=lambda one: one.at)),
        decisions=tuple(sorted(decisions, key=lambda one: (one.at, one.number))),
        stages=tuple(sorted(stages, key=lambda one: one.at)),
    )


def _entry(fields: Mapping[str, Any]) -> Sample | Decision | Stage:
    return _KINDS[fields["kind"]](fields)


def _sample(fields: Mapping[str, Any]) -> Sample:
    return Sample(
        at=number(fields, "at"),
        wanted=count(fields, "wanted"),
        serving=count(fields, "serving"),
        minimum=count(fields, "minimum"),
        maximum=count(fields, "maximum"),
        tolerance=amount(fields, "tolerance"),
        ratio=amount_or_none(fields, "ratio"),
        cpu=amount_or_none(fields, "cpu"),
        memory=amount_or_none(fields, "memory"),
        rate=amount_or_none(fields, "rate"),
    )


def _decision(fields: Mapping[str, Any]) -> Decision:
    return Decision(
        at=number(fields, "at"),
        number=count(fields, "number"),
        before=count(fields, "from"),
        after=count(fields, "to"),
        why=text(fields, "why"),
    )


def _stage(fields: Mapping[str, Any]) -> Stage:
    return Stage(
        at=number(fields, "at"),
        instance=text(fields, "instance"),
        stage=StageName(fields["stage"]),
        decision=None if fields["decision"] is None else count(fields, "decision"),
    )


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Sample | Decision | Stage]] = {
    "sample": _sample,
    "decision": _decision,
    "stage": _stage,
}
