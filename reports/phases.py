"""What the longest outage was spent on, so that a reader sees which part to shorten. Pure.

Its parts follow one another without a gap: until the runbook began, each step of it, until
the first write that was acknowledged, and until the service level was restored. Steps whose
titles begin with the same word and a colon ("fence: lead no customers to east") are one
part under that word. The time that people are allowed for deciding was not measured, and is
no part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import Operation, Outcome
from reports.story import FollowedStep
from reports.timeline import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from reports.outages import Outage
    from reports.timeline import Entry
    from reports.verdict import Recovery

DETECT, BETWEEN = "detect", "between runbooks"
FIRST_SUCCESS, RESTORED = "first success", "service level restored"
NOT_RESTORED = "not restored"
WAITING = frozenset({DETECT, BETWEEN, FIRST_SUCCESS, RESTORED, NOT_RESTORED})
_WORDS_AT_MOST = 2  # "point over:" names a phase, "Orders are taken:" begins a sentence


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the outage; seconds of CLOCK_MONOTONIC."""

    name: str
    began_at: float
    ended_at: float

    @property
    def seconds(self) -> float:
        return self.ended_at - self.began_at


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The longest outage in its parts, two at the least, and what was allowed beside it."""

    phases: Sequence[Phase]
    allowance_seconds: float  # what the runbooks followed in it allow people for deciding

    @property
    def seconds(self) -> float:
        return self.phases[-1].ended_at - self.phases[0].began_at

    def share(self, phase: Phase) -> float:
        return phase.seconds / self.seconds


def break_down(
    entries: Sequence[Entry], ledger: NDArray[np.void], recovery: Recovery | None
) -> Breakdown | None:
    """Break the longest outage down; None where there is none, or where it has no parts."""
    if recovery is None or not recovery.outages:
        return None
    outage = max(recovery.outages, key=lambda one: one.seconds)
    end = _end(outage)
    success = _first_success(ledger, outage)
    acted_until = end if success is None else success
    marks = [*_followed(entries, outage.began_at, acted_until)]
    if success is not None:
        marks.append((FIRST_SUCCESS, success))
    marks.append((NOT_RESTORED if outage.restored_at is None else RESTORED, end))
    phases = _merged(outage.began_at, marks)
    if len(phases) <= 1:
        return None
    return Breakdown(phases, _allowed(entries, outage.began_at, acted_until))


def phase_of(title: str) -> str:
    """The phase that a step's title names before its colon, or else the title itself."""
    title = title.removeprefix("DR:").strip()
    word, _, rest = title.partition(":")
    named = rest.strip() and 1 <= len(word.split()) <= _WORDS_AT_MOST
    return word.strip().lower() if named else title


def _end(outage: Outage) -> float:
    """When it was restored, or until when it was seen to last."""
    if outage.restored_at is None:
        return outage.began_at + outage.seconds
    return outage.restored_at


def _first_success(ledger: NDArray[np.void], outage: Outage) -> float | None:
    """When the longest silence within the outage ended in an acknowledgement.

    None where it did not, and where it was less than half of the outage: customers who are
    served in part all the while have no first success.
    """
    end = _end(outage)
    answered = ledger[(ledger["ended"] > outage.began_at) & (ledger["ended"] <= end)]
    taken = (answered["operation"] == Operation.CREATE) & (answered["outcome"] == Outcome.YES)
    answered = answered[taken]
    moments = np.sort(np.concatenate(([outage.began_at], answered["ended"], [end])))
    silences = np.diff(moments)
    longest = int(np.argmax(silences))
    if longest == answered.size or silences[longest] < outage.seconds / 2:
        return None
    success = float(moments[longest + 1])
    # The write that restored it had begun by then: no stumble lies between the two.
    restoring = answered["began"][answered["ended"] == outage.restored_at]
    return end if bool(np.any(restoring <= success)) else success


def _followed(
    entries: Sequence[Entry], since: float, until: float
) -> Iterator[tuple[str, float]]:
    """What people did between two moments: the name of each part, and when it ended."""
    any_part = False
    step: FollowedStep | None = None
    for entry in entries:
        if entry.at >= until:
            break
        if entry.event is Event.STEP_STARTED:
            step = FollowedStep(entry, None)
        elif entry.at <= since:
            step = None if entry.event is Event.STEP_ENDED else step
        elif entry.event is Event.RUNBOOK_STARTED:
            yield BETWEEN if any_part else DETECT, entry.at
            any_part = True
        elif entry.event is Event.STEP_ENDED and step is not None:
            yield phase_of(step.title), entry.at
            any_part, step = True, None
    if step is not None:
        yield phase_of(step.title), until


def _merged(began_at: float, marks: Sequence[tuple[str, float]]) -> list[Phase]:
    """Lay the parts end to end; neighbours of one name are one, and empty ones are none."""
    phases: list[Phase] = []
    at = began_at
    for name, ended_at in marks:
        if ended_at <= at:
            continue
        if phases and phases[-1].name == name:
            phases[-1] = Phase(name, phases[-1].began_at, ended_at)
        else:
            phases.append(Phase(name, at, ended_at))
        at = ended_at
    return phases


def _allowed(entries: Sequence[Entry], since: float, until: float) -> float:
    """What the runbooks that were open between two moments allow people for deciding."""
    allowed, open_one = 0.0, 0.0
    for entry in entries:
        if entry.at >= until:
            break
        if entry.event is Event.RUNBOOK_STARTED:
            seconds = entry.details.get("allowance_seconds")
            open_one = float(seconds) if isinstance(seconds, int | float) else 0.0
        elif entry.event is Event.RUNBOOK_ENDED:
            allowed += open_one if entry.at > since else 0.0
            open_one = 0.0
    return allowed + open_one
