"""What changes of the service did to customers, and how each of them ended. Pure.

Two kinds of evidence meet here: the changes log says when a change began and ended, and the
ledger says what customers got meanwhile, which is never taken from what a tool says.

A request, be it an order or a read, is harmed that was not acknowledged or answered, was
answered wrongly, or took longer than is asked for. What was in flight as a change began
belongs to it, as from that moment. A change owns its customers until the next one of its kind
begins; it is over for them a short grace after it was rolled back, which is long enough for
an answer that was on its way. Times are seconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from reports.changes_log import ChangeKind, Step
from reports.ledger import Outcome, Seen
from reports.reads import reads_of, served
from reports.verdict import HARMED_SECONDS
from reports.writes import writes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from reports.changes_log import ChangeEvent, ChangesLog
    from reports.verdict import Watch

GRACE_SECONDS = 1.0
_ENDINGS = (Step.REFUSED, Step.PROMOTED, Step.ROLLED_BACK, Step.FAILED)
_AFTERTHOUGHTS = (Step.JUDGED, Step.STABLE)  # they neither end a change nor take it up again


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change and what customers got of it, in figures. Nothing here is an opinion.

    It began as it was started, or with whatever was said of it first where it never was.
    ``requests`` are those between its beginning and its end for customers, ``harmed`` some of
    them; the first and the last harmed request, by when they began, are of all that it owns.
    """

    change: str
    kind: ChangeKind
    proposed_at: float | None
    began_at: float
    deployed: bool  # customers' requests met it
    promoted_at: float | None  # the first time
    ended: Step | None  # None where it was not seen to end
    ended_at: float | None
    by: str | None  # who ended it
    requests: int
    harmed: int
    failed: int  # of those harmed: the others were slow
    first_harmed_at: float | None
    last_harmed_at: float | None
    # Begun after it was over for customers; nothing is where it was not rolled back.
    requests_after: int
    failed_after: int
    slow_after: int
    last_harmed_after_at: float | None

    @property
    def name(self) -> str:
        return f"the {self.kind} {self.change}"

    @property
    def harmed_share(self) -> float | None:
        return self.harmed / self.requests if self.requests else None

    @property
    def failed_share(self) -> float | None:
        return self.failed / self.requests if self.requests else None

    @property
    def harmed_after(self) -> int:
        return self.failed_after + self.slow_after

    @property
    def harm_seconds(self) -> float:
        """From the first harmed request to the last; 0 where there was none."""
        if self.first_harmed_at is None or self.last_harmed_at is None:
            return 0.0
        return self.last_harmed_at - self.first_harmed_at

    def until_rolled_back(self, since: float | None, covered_until: float) -> float | None:
        """Seconds since then until it was rolled back, so far where it has not ended.

        None where it ended otherwise, or nothing was there to roll back for by then.
        """
        until = covered_until if self.ended is None else self.ended_at
        if since is None or until is None or self.ended not in {None, Step.ROLLED_BACK}:
            return None
        return until - since if until >= since else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """All changes that began while customers were watched, in that order."""

    changes: Sequence[Change]
    covered_until: float | None  # until when the changes log cannot lack anything
    is_asked: bool  # whether somebody wrote down until when the tools were asked
    slow_seconds: float | None  # what took longer was harmed; None where nothing was for that
    requests_before: int  # begun and due before the first change
    harmed_before: int

    def of_kind(self, kind: str | None) -> Sequence[Change]:
        """The changes of that kind; all of them for None."""
        return [one for one in self.changes if kind is None or one.kind == kind]


@dataclass(frozen=True, slots=True)
class _Requests:
    """Everything that customers asked for, in no order."""

    began: NDArray[np.float64]
    ended: NDArray[np.float64]  # infinite for those that never ended
    failed: NDArray[np.bool_]  # or answered wrongly
    slow: NDArray[np.bool_]  # answered, and too late

    @property
    def harmed(self) -> NDArray[np.bool_]:
        return self.failed | self.slow


def measure_harm(
    log: ChangesLog,
    ledger: NDArray[np.void],
    *,
    watch: Watch,
    slow_seconds: float | None = HARMED_SECONDS,
) -> Harm:
    """What each change did to customers; for None, no request was too slow for them."""
    requests = _requests(ledger, np.inf if slow_seconds is None else slow_seconds)
    histories = [
        (began, story)
        for began, story in sorted(_stories(log), key=lambda one: one[0])
        if watch.started_at <= began <= watch.ended_at
    ]
    first = histories[0][0] if histories else watch.ended_at
    before = (requests.began >= watch.started_at) & (requests.ended < first)
    return Harm(
        changes=tuple(
            _change(story, began, _owned_until(histories[place + 1 :], story, watch), requests)
            for place, (began, story) in enumerate(histories)
        ),
        covered_until=log.covered_until,
        is_asked=log.asked_at is not None,
        slow_seconds=slow_seconds,
        requests_before=_count(before),
        harmed_before=_count(before & requests.harmed),
    )


def _requests(ledger: NDArray[np.void], slow_seconds: float) -> _Requests:
    orders, _ = writes_of(ledger)
    reads = reads_of(ledger)
    began = np.concatenate((orders.began, reads.began))
    ended = np.concatenate((orders.ended, reads.ended))
    ended = np.where(np.isnan(ended), np.inf, ended)
    answered = np.concatenate((orders.outcome == Outcome.YES, served(reads)))
    wrong = np.concatenate((orders.seen, reads.seen)) == Seen.WRONG
    failed = ~answered | wrong
    return _Requests(began, ended, failed, ~failed & (ended - began > slow_seconds))


def _stories(log: ChangesLog) -> Iterator[tuple[float, Sequence[ChangeEvent]]]:
    """All that was said of each change, and when it began."""

    def identity(event: ChangeEvent) -> tuple[str, str]:
        return event.kind, event.change

    for _, events in groupby(sorted(log.events, key=identity), key=identity):
        story = tuple(events)
        started = (one.at for one in story if one.event is Step.STARTED)
        yield next(started, story[0].at), story


def _owned_until(
    later: Sequence[tuple[float, Sequence[ChangeEvent]]],
    story: Sequence[ChangeEvent],
    watch: Watch,
) -> float:
    following = (began for began, other in later if other[0].kind is story[0].kind)
    return next(following, watch.ended_at)


def _change(
    story: Sequence[ChangeEvent], began: float, owned_until: float, requests: _Requests
) -> Change:
    ending = _ending(story)
    rolled_back = ending is not None and ending.event is Step.ROLLED_BACK
    over = ending.at + GRACE_SECONDS if ending and rolled_back else owned_until
    owned = (requests.began <= owned_until) & (requests.ended >= began)
    met = owned & (requests.began <= over)
    after = owned & ~met
    harmed_at = np.maximum(requests.began[owned & requests.harmed], began)
    harmed_after_at = requests.began[after & requests.harmed]
    firsts = _firsts(story)
    return Change(
        change=story[0].change,
        kind=story[0].kind,
        proposed_at=firsts.get(Step.PROPOSED),
        began_at=began,
        deployed=_is_deployed(story),
        promoted_at=firsts.get(Step.PROMOTED),
        ended=ending.event if ending else None,
        ended_at=ending.at if ending else None,
        by=ending.by if ending else None,
        requests=_count(met),
        harmed=_count(met & requests.harmed),
        failed=_count(met & requests.failed),
        first_harmed_at=float(harmed_at.min()) if harmed_at.size else None,
        last_harmed_at=float(harmed_at.max()) if harmed_at.size else None,
        requests_after=_count(after),
        failed_after=_count(after & requests.failed),
        slow_after=_count(after & requests.slow),
        last_harmed_after_at=float(harmed_after_at.max()) if harmed_after_at.size else None,
    )


def _ending(story: Sequence[ChangeEvent]) -> ChangeEvent | None:
    """The last step that it came to, if a change can end there."""
    steps = [one for one in story if one.event not in _AFTERTHOUGHTS]
    return steps[-1] if steps and steps[-1].event in _ENDINGS else None


def _firsts(story: Sequence[ChangeEvent]) -> Mapping[Step, float]:
    return {one.event: one.at for one in reversed(story)}


def _is_deployed(story: Sequence[ChangeEvent]) -> bool:
    """Whether customers met it: by the shares of their requests, where those are told."""
    shares = [one.share for one in story if one.share is not None]
    steps = {one.event for one in story}
    if Step.PROMOTED in steps:
        return True
    return any(shares) if shares else not steps.isdisjoint({Step.STARTED, Step.STAGE})


def _count(which: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(which))
