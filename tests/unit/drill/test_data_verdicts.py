"""A drill of the data says what was taken back, and whether anybody was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from environments.model import Completed
from fixtures.drill import InconclusiveError
from fixtures.steps import DrillFailedError, Follower, RecoveryWatch
from fixtures.waiting import wait_until
from reports.timeline import Event, read_timeline
from reports.verdict import Outcome

if TYPE_CHECKING:
    from tests.unit.drill.stage import Stage

PAGE = """---
title: A page
severity: SEV1
requirements: [FLT-6]
owner: somebody
approval: not needed
---

# A page

## Detection

None.

## Initial response

None.

## Investigation

```sh on=bastion within=5s capture=MOMENT
# Note a moment
moment
```

## Mitigation

None.

## Recovery

```sh on=bastion within=5s
# Fail
failing
```

## Verification

None.

## Post-incident review

None.
"""


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_a_step_gives_what_it_captured_even_where_a_later_one_fails(stage: Stage) -> None:
    (stage.drill.runbooks / "page.md").write_text(PAGE)
    stage.world.on_run = lambda command, _: Completed(
        int("failing" in command[-1]), "12:00\n", "", 0.0
    )
    told: dict[str, str] = {}

    with pytest.raises(DrillFailedError, match="MISSED"):
        stage.play(during=lambda: told.update(Follower(stage.drill)("page.md")))

    assert told == {"MOMENT": "12:00"}


def test_missed_when_nobody_is_told_what_is_amiss(stage: Stage) -> None:
    watch = RecoveryWatch(stage.drill)

    with pytest.raises(DrillFailedError, match=r"nobody was told: .*'the moon'"):
        stage.play(
            during=lambda: watch.must_be_noticed("the moon", within=timedelta(milliseconds=200))
        )

    assert stage.verdict.outcome is Outcome.MISSED


def test_met_when_the_world_itself_says_what_is_amiss(stage: Stage) -> None:
    watch = RecoveryWatch(stage.drill)
    stage.play(
        during=lambda: watch.must_be_noticed(
            "payments is not running", within=timedelta(seconds=2)
        )
    )

    assert stage.verdict.outcome is Outcome.MET, stage.verdict.reasons


def test_missed_when_what_is_amiss_is_not_over_in_time(stage: Stage) -> None:
    watch = RecoveryWatch(stage.drill)

    with pytest.raises(
        DrillFailedError, match=r"not seen to be over within 0\.2 s of the fault"
    ):
        stage.play(
            during=lambda: watch.must_be_over(
                "payments is not running", within=timedelta(milliseconds=200)
            )
        )

    assert stage.verdict.outcome is Outcome.MISSED


def test_missed_when_nobody_looked_in_time_whether_it_was_over(stage: Stage) -> None:
    watch = RecoveryWatch(stage.drill)

    with pytest.raises(DrillFailedError, match="not seen to be over"):
        stage.play(during=lambda: watch.must_be_over("the moon", within=timedelta(0)))


def test_met_when_what_was_amiss_is_over_in_time(stage: Stage) -> None:
    watch = RecoveryWatch(stage.drill)
    stage.play(
        during=lambda: watch.must_be_over("the moon", "the tide", within=timedelta(seconds=2))
    )

    assert stage.verdict.outcome is Outcome.MET, stage.verdict.reasons
    told = read_timeline(stage.drill.folder / "timeline.jsonl")
    (measured,) = [entry.details for entry in told if entry.event is Event.MEASURED]
    assert "'the moon' and 'the tide'" in str(measured["finding"])


def test_without_a_fault_there_is_nothing_to_get_over(stage: Stage) -> None:
    with pytest.raises(InconclusiveError, match="nothing to get over"):
        RecoveryWatch(stage.drill).must_be_over("the moon", within=timedelta(seconds=1))


def test_missed_when_orders_from_after_the_moment_are_there(stage: Stage) -> None:
    def take_back() -> None:
        to, began = now(), monotonic()
        wait_until(
            "orders to be taken after the moment",
            lambda: monotonic() - began > 1,
            at_most=timedelta(seconds=5),
        )
        RecoveryWatch(stage.drill).was_taken_back(to=to, stopped=now())

    with pytest.raises(DrillFailedError, match="restored beyond the moment"):
        stage.play(during=take_back)

    assert stage.verdict.outcome is Outcome.MISSED


@pytest.mark.parametrize("moment", ["2026-01-01 10:00:00", "yesterday", ""])
def test_a_moment_that_is_none_is_said_before_anything_is_judged(
    stage: Stage, moment: str
) -> None:
    with pytest.raises(InconclusiveError, match="have it print an ISO 8601 time with its off"):
        RecoveryWatch(stage.drill).was_taken_back(to=moment, stopped=now())


@pytest.mark.parametrize(
    ("to", "stopped"),
    [(None, None), (now(), None), (None, now())],
    ids=["neither", "only to", "only stopped"],
)
def test_a_runbook_that_did_not_get_that_far_took_nothing_back(
    stage: Stage, to: str | None, stopped: str | None
) -> None:
    stage.play(during=lambda: RecoveryWatch(stage.drill).was_taken_back(to=to, stopped=stopped))

    assert stage.drill.recovery is not None
    assert stage.drill.recovery.taken_back_to is None
