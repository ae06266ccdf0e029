"""Makes drills in which a bad release is rolled back, and in which somebody breaks in.

The whole release: proposed at 9 s, started at 10 s, met by a tenth of the requests from 12 s
on, rolled back at 17 s by itself. Of the four orders a second two fail at 13 s, and the one of
15 s takes three quarters of a second. The whole breach: in from 12 s to 19 s, noticed at 14 s,
said to be shut out at 20 s, and refused each second from then on.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from reports.changes_log import By, ChangeEvent, ChangeKind, ChangesLog, Step
from reports.harm import Harm, measure_harm
from reports.intruder_log import (
    Deed,
    Detected,
    IntruderAttempt,
    IntruderLog,
    Result,
    ShutOut,
)
from reports.intrusion import Intrusion, measure_intrusion
from reports.recovery import judge
from reports.timeline import Event
from reports.verdict import (
    BreachObjectives,
    ChangeObjectives,
    Injection,
    Objectives,
    Verdict,
    Watch,
)
from tests.unit.reports.drills import (
    OBJECTIVES,
    SETTLE_SECONDS,
    STOPPED_AT,
    WATCH,
    WHOLE,
    Case,
    fail,
    rows_of,
    steady_ledger,
    whole_folder,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

ASKED = ChangeObjectives(
    harmed=0.1, ends="rolled back", by="itself", harm_seconds=5.0, rollback_seconds=5.0,
    rollback_from_start_seconds=10.0, failed=0.08, slow_after=1, bites=3,
)  # fmt: skip
BREACH = BreachObjectives(detect_seconds=5.0, shut_out_seconds=10.0)


def says(at: float, event: Step, share: float | None = None, **changed: str) -> ChangeEvent:
    event_said = ChangeEvent(
        at=at, change="errs-1", kind=ChangeKind.RELEASE, event=event, share=share,
        by=By.ITSELF, why="so it was",
    )  # fmt: skip
    return replace(event_said, **changed)  # type: ignore[arg-type]


EVENTS = (
    says(9.0, Step.PROPOSED),
    says(10.0, Step.STARTED, 0.0),
    says(12.0, Step.STAGE, 0.1),
    says(16.0, Step.JUDGED, 0.1),
    says(16.5, Step.ROLLING_BACK, 0.1),
    says(17.0, Step.ROLLED_BACK, 0.0),
    says(30.0, Step.STABLE, 0.0),
)
WHOLE_LOG = ChangesLog(events=EVENTS, asked_at=STOPPED_AT)


def harmed_ledger() -> NDArray[np.void]:
    ledger = steady_ledger()
    fail(ledger, 13.0, 13.5)
    delay(ledger, 15.0, 0.75)
    return ledger


def delay(ledger: NDArray[np.void], began: float, seconds: float) -> None:
    """Let the write begun then be answered so late."""
    ledger["ended"][ledger["began"] == began] = began + seconds


@dataclass
class ChangeCase:
    """Such a release in memory: change a part, then judge it."""

    log: ChangesLog | None = WHOLE_LOG
    ledger: NDArray[np.void] = field(default_factory=harmed_ledger)
    asked: ChangeObjectives = ASKED
    injections: Sequence[Injection] = (WHOLE,)
    watch: Watch = WATCH

    def say(self, *events: ChangeEvent, asked_at: float | None = STOPPED_AT) -> None:
        self.log = ChangesLog(events=events, asked_at=asked_at)

    def measure(self) -> Harm:
        assert self.log is not None
        return measure_harm(self.log, self.ledger, watch=self.watch)

    def judge(self) -> Verdict:
        recovery = Case(
            ledger=self.ledger, injections=self.injections, watch=self.watch
        ).measure()
        return judge(
            replace(recovery, harm=None if self.log is None else self.measure()),
            replace(OBJECTIVES, change=self.asked),
            injections=self.injections,
            watch=self.watch,
        )


def tries(at: float, outcome: Result, **changed: str) -> IntruderAttempt:
    attempt = IntruderAttempt(
        at=at, intruder="intruder-inside", credential="orders_a", what=Deed.LOGIN,
        outcome=outcome, subject="", said="",
    )  # fmt: skip
    return replace(attempt, **changed)  # type: ignore[arg-type]


WHOLE_BREACH = IntruderLog(
    attempts=(
        tries(11.0, Result.UNKNOWN),
        *(tries(at, Result.IN) for at in range(12, 20)),
        *(tries(at, Result.OUT) for at in range(20, 40)),
    ),
    detections=(
        Detected(at=14.0, signal="a login from no instance"),
        Detected(at=16.0, signal="an order that nobody gave"),
        Detected(at=18.0, signal="a login from no instance"),
    ),
    shut_outs=(ShutOut(at=20.0),),
)


@dataclass
class BreachCase:
    """Such a breach in memory: change a part, then judge it."""

    log: IntruderLog | None = WHOLE_BREACH
    asked: BreachObjectives = BREACH

    def measure(self) -> Intrusion:
        assert self.log is not None
        return measure_intrusion(self.log)

    def change(self, **parts: object) -> None:
        assert self.log is not None
        self.log = replace(self.log, **parts)  # type: ignore[arg-type]

    def judge(self) -> Verdict:
        return judge(
            replace(Case().measure(), intrusion=self.measure() if self.log else None),
            replace(OBJECTIVES, breach=self.asked),
            injections=(WHOLE,),
            watch=WATCH,
        )


def whole_change_folder(
    path: Path,
    *,
    objectives: Objectives = replace(OBJECTIVES, change=ASKED, breach=BREACH),  # noqa: B008 - frozen
    events: Sequence[ChangeEvent] = EVENTS,
) -> Path:
    """Write a drill with both down as the suite leaves it."""
    ledger = harmed_ledger()
    rows = rows_of(ledger)
    folder = whole_folder(path, rows=rows.size)
    folder.forget(Event.OBJECTIVES)
    folder.say(61.0, Event.OBJECTIVES, **asdict(objectives), settle_seconds=SETTLE_SECONDS)
    folder.write(ledger, rows)
    write_lines(
        path / "changes.jsonl",
        [*map(asdict, events), {"at": STOPPED_AT, "event": "asked"}],
    )
    write_lines(
        path / "intruder.jsonl",
        [
            *map(asdict, WHOLE_BREACH.attempts),
            *({"what": "detected", **asdict(one)} for one in WHOLE_BREACH.detections),
            *({"what": "shut out", **asdict(one)} for one in WHOLE_BREACH.shut_outs),
        ],
    )
    return path


def write_lines(path: Path, entries: Sequence[dict[str, object]]) -> None:
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
