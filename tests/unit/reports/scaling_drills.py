"""Makes drills in which a stack grew and shrank, in memory and on disk, whole unless changed.

The whole one: 20 orders a second on three instances; at 20 s they become 80 for 60 s. The
scaler sees it at 21 s, asks for five instances at 22 s and for seven at 30 s, which serve at
27 s and 35 s. After the surge it goes back to five at 90 s and to three at 100 s.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import LEDGER, Operation, Seen
from reports.ledger import Outcome as Told
from reports.recovery import judge, measure
from reports.scaling import Scaling, measure_scaling
from reports.scaling_log import Decision, Sample, ScalingLog, Stage, StageName
from reports.surges import Surge
from reports.timeline import Event
from reports.verdict import Injection, Objectives, Recovery, ScalingObjectives, Verdict, Watch
from tests.unit.reports.drills import Folder, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from reports.timeline import Json

SURGE_AT, STOPPED_AT = 20.0, 120.0
SURGE = Surge(SURGE_AT, ((0.0, 20.0), (0.0, 80.0), (60.0, 80.0), (60.0, 20.0)))
INJECTION = Injection(
    fault="Surge from 20 to 80 orders a second",
    started_at=SURGE_AT,
    took_effect_at=22.0,
    gone_at=82.0,
)
WATCH = Watch(started_at=0.0, ended_at=STOPPED_AT)
ASKED = ScalingObjectives(
    scale_out_seconds=20.0,
    errors_while_growing=0.05,
    overshoot=1,
    reversal_seconds=30.0,
    reaches=7,
)
OBJECTIVES = Objectives(rto_seconds=10.0, rpo_seconds=0.0, scaling=ASKED)
# Seconds: since when the load against its target was so much.
RATIOS = {0.0: 0.5, 21.0: 1.5, 28.0: 1.25, 36.0: 0.95, 82.0: 0.25, 101.0: 0.5}
SERVING = {0.0: 3, 27.0: 5, 35.0: 7, 90.0: 5, 100.0: 3}
DECISIONS = (
    Decision(at=22.0, number=1, before=3, after=5, why="cpu at 105 % of 70 %: 5 instances"),
    Decision(at=30.0, number=2, before=5, after=7, why="cpu at 88 % of 70 %: 7 instances"),
    Decision(at=90.0, number=3, before=7, after=5, why="cpu at 18 % of 70 %: 5 instances"),
    Decision(at=100.0, number=4, before=5, after=3, why="cpu at 25 % of 70 %: the minimum"),
)


def value_at(steps: Mapping[float, float], at: float) -> float:
    return [value for since, value in steps.items() if since <= at][-1]


def sample(at: float, **changed: float | None) -> Sample:
    """What the scaler of the whole drill says at that time."""
    decided = [decision.after for decision in DECISIONS if decision.at <= at]
    ratio = value_at(RATIOS, at)
    fields = {
        "at": at,
        "wanted": decided[-1] if decided else 3,
        "serving": int(value_at(SERVING, at)),
        "minimum": 3,
        "maximum": 10,
        "tolerance": 0.1,
        "ratio": ratio,
        "cpu": min(1.0, ratio * 0.7),
        "memory": 0.4,
        "rate": ratio * 10,
    }
    return Sample(**{**fields, **changed})  # type: ignore[arg-type]  # a test names its fields


def coming(number: int, decision: int, since: float) -> list[Stage]:
    stages = (StageName.STARTED, since + 0.5), (StageName.READY, since + 4)
    return [
        _stage(number, stage, at, decision)
        for stage, at in (*stages, (StageName.SERVING, since + 5))
    ]


def going(number: int, decision: int, since: float) -> list[Stage]:
    return [
        _stage(number, StageName.DRAINING, since + 0.25, decision),
        _stage(number, StageName.STOPPED, since + 3, decision),
    ]


def _stage(number: int, stage: StageName, at: float, decision: int) -> Stage:
    return Stage(at=at, instance=f"east-app-{number}", stage=stage, decision=decision)


def whole_log() -> ScalingLog:
    stages = [
        *coming(4, 1, 22.0), *coming(5, 1, 22.0), *coming(6, 2, 30.0), *coming(7, 2, 30.0),
        *going(7, 3, 90.0), *going(6, 3, 90.0), *going(5, 4, 100.0), *going(4, 4, 100.0),
    ]  # fmt: skip
    return ScalingLog(
        samples=tuple(sample(at) for at in np.arange(0.0, STOPPED_AT + 0.01, 0.25).tolist()),
        decisions=DECISIONS,
        stages=tuple(sorted(stages, key=lambda one: one.at)),
    )


def surging_ledger(surge: Surge = SURGE, until: float = STOPPED_AT) -> NDArray[np.void]:
    """An open load that follows the surge, all acknowledged; every fifth order is read, too."""
    began = np.array(list(_arrivals(surge, until)))
    orders = np.zeros(began.size, LEDGER)
    orders["key"] = orders["value"] = np.arange(began.size)
    orders["began"], orders["ended"] = began, began + 0.0625
    orders["outcome"], orders["operation"] = Told.YES, Operation.CREATE
    reads = orders[::5].copy()
    reads["began"] += 0.125
    reads["ended"] = reads["began"] + 0.03125
    reads["operation"], reads["seen"] = Operation.READ, Seen.PAID
    ledger = np.concatenate((orders, reads))
    return ledger[np.argsort(ledger["began"], kind="stable")]


def _arrivals(surge: Surge, until: float) -> Iterator[float]:
    """One order every 1/256 s in which the next whole order has come due."""
    due, first, last = 0.0, surge.knots[0][1], surge.knots[-1][1]
    step = 1 / 256
    for turn in range(int(until / step)):
        after = turn * step - surge.started_at
        if after < 0:
            due += first * step
        elif after >= surge.knots[-1][0]:
            due += last * step
        else:
            due += surge.orders(after, after + step)
        if due >= 1:
            due -= 1
            yield turn * step


def fail(
    ledger: NDArray[np.void],
    since: float,
    until: float,
    told: Told = Told.UNKNOWN,
    *,
    taking: float = 0.0625,
) -> int:
    """Let the requests begun in [since, until) fail, and say how many they are."""
    out = (ledger["began"] >= since) & (ledger["began"] < until)
    ledger["outcome"][out], ledger["seen"][out] = told, Seen.UNKNOWN
    ledger["ended"][out] = ledger["began"][out] + taking
    return int(np.count_nonzero(out))


@dataclass
class ScalingCase:
    """One such drill in memory: change a part, then judge how it scaled."""

    log: ScalingLog = field(default_factory=whole_log)
    ledger: NDArray[np.void] = field(default_factory=surging_ledger)
    surges: Sequence[Surge] = (SURGE,)
    asked: ScalingObjectives = ASKED
    watch: Watch = WATCH

    def measure(self) -> Scaling:
        return measure_scaling(
            self.log,
            self.ledger,
            surges=self.surges,
            injections=(INJECTION,),
            watch=self.watch,
        )

    def recovery(self, scaling: Scaling | None) -> Recovery:
        recovery = measure(
            self.ledger,
            rows_of(self.ledger[self.ledger["operation"] == Operation.CREATE]),
            injections=(INJECTION,),
            watch=self.watch,
            settle_seconds=5.0,
        )
        return replace(recovery, scaling=scaling)

    def judge(self) -> Verdict:
        return self.judge_by(self.measure(), self.asked)

    def judge_by(self, scaling: Scaling | None, asked: ScalingObjectives | None) -> Verdict:
        return judge(
            self.recovery(scaling),
            replace(OBJECTIVES, scaling=asked),
            injections=(INJECTION,),
            watch=self.watch,
        )

    def say(self, since: float, until: float, **changed: float | None) -> None:
        """Let the samples in [since, until) say this instead."""
        samples = [
            replace(one, **changed) if since <= one.at < until else one  # type: ignore[arg-type]
            for one in self.log.samples
        ]
        self.log = replace(self.log, samples=samples)

    def look_away(self, since: float, until: float) -> None:
        """Let there be no samples in (since, until)."""
        samples = [one for one in self.log.samples if not since < one.at < until]
        self.log = replace(self.log, samples=samples)


def whole_scaling_folder(
    path: Path,
    objectives: Objectives = OBJECTIVES,
    surge: Surge = SURGE,
    ledger: NDArray[np.void] | None = None,
    log: ScalingLog | None = None,
) -> Path:
    """Write such a drill down as the suite leaves it."""
    ledger = surging_ledger(surge) if ledger is None else ledger
    rows = rows_of(ledger[ledger["operation"] == Operation.CREATE])
    folder = Folder(path)
    value: Json = {"kind": "Surge", "knots": [list(knot) for knot in surge.knots]}
    folder.say(
        -2.0, Event.DRILL_STARTED,
        scenario="load_grows", title="Four times as many customers come at once.",
        description="We believe that the stack grows before customers notice.",
        environment="replica", requirements=["SCL-1"],
    )  # fmt: skip
    folder.say(-1.0, Event.STEADY_BEFORE, deviations=[])
    folder.say(0.0, Event.LOAD_STEADY)
    folder.say(
        19.9, Event.FAULT_PLANNED, id="surge", fault=INJECTION.fault, value=value, nodes=[]
    )
    folder.say(SURGE_AT, Event.FAULT_STARTED, id="surge")
    folder.say(22.0, Event.FAULT_TOOK_EFFECT, id="surge")
    folder.say(80.0, Event.REVERT_STARTED, id="surge")
    folder.say(82.0, Event.FAULT_GONE, id="surge")
    folder.say(STOPPED_AT, Event.LOAD_STOPPED)
    folder.say(STOPPED_AT + 1, Event.STEADY_AFTER, deviations=[])
    folder.say(STOPPED_AT + 2, Event.OBJECTIVES, **asdict(objectives), settle_seconds=5.0)
    folder.say(STOPPED_AT + 3, Event.FINAL_READ, rows=rows.size)
    folder.write(ledger, rows)
    write_log(path / "scaling.jsonl", whole_log() if log is None else log)
    return path


def write_log(path: Path, log: ScalingLog) -> None:
    """Write a scaling log as the interface between the hands and the record says."""
    entries = [
        *({"kind": "sample", **asdict(one)} for one in log.samples),
        *(
            {
                "kind": "decision",
                "at": one.at,
                "number": one.number,
                "from": one.before,
                "to": one.after,
                "why": one.why,
            }
            for one in log.decisions
        ),
        *({"kind": "stage", **asdict(one)} for one in log.stages),
    ]
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
