"""Growths and departures: when a stack grew, how long that took, and who left it. Pure.

A growth begins as the scaler's rule first sees more load than its threshold: the first
sample of the run that leads to a decision for more instances. Where no metric asked for that
(a schedule, people), it begins with the decision. It ends with the first sample in which as
many serve as are wanted, unless more are asked for before the load has been seen at or below
its threshold. At the maximum it ends: more cannot come. The rule sees the load later than
customers bring it, by as much as its metrics lag; that is no part of a growth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from reports.scaling_log import Decision, Sample, StageName

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.scaling_log import ScalingLog, Stage

GAP_SECONDS = 2.0  # samples further apart than this may hide anything
# What was sent to an instance just before it stopped may be answered, or fail, after it.
AFTER_STOP_SECONDS = 1.0
_WAY = (StageName.STARTED, StageName.READY, StageName.SERVING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A new instance's way into rotation, in parts that follow one another without a gap.

    None for a part whose end was not seen, and for those after it.
    """

    instance: str
    decide_seconds: float  # from the threshold to the decision that asked for it
    start_seconds: float | None
    ready_seconds: float | None
    rotation_seconds: float | None  # from ready to serving

    @property
    def parts(self) -> Sequence[float | None]:
        return (
            self.decide_seconds,
            self.start_seconds,
            self.ready_seconds,
            self.rotation_seconds,
        )

    @property
    def seconds(self) -> float | None:
        """All of it; None where its end was not seen."""
        known = [part for part in self.parts if part is not None]
        return sum(known) if len(known) == len(self.parts) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A while in which the stack grew; ``grown_at`` is None where that was not seen to end."""

    crossed_at: float
    decided_at: float
    grown_at: float | None
    seconds: float  # a lower bound where grown_at is None
    before: int  # instances wanted
    after: int
    ways: Sequence[Way]  # of the instances that its decisions brought, in order of name

    @property
    def ended_at(self) -> float:
        """When it ended, or until when it was seen to last."""
        return self.crossed_at + self.seconds if self.grown_at is None else self.grown_at

    @property
    def first_way(self) -> Way | None:
        """The way that took shortest of those that were seen whole."""
        return min(self._whole_ways, key=lambda way: way.seconds or 0.0, default=None)

    @property
    def last_way(self) -> Way | None:
        """The way that took longest of those that were seen whole."""
        return max(self._whole_ways, key=lambda way: way.seconds or 0.0, default=None)

    @property
    def _whole_ways(self) -> Sequence[Way]:
        return [way for way in self.ways if way.seconds is not None]


@dataclass(slots=True)
class _Episode:
    """A growth as it is being followed."""

    crossed_at: float
    decisions: list[Decision]
    grown_at: float | None = None


@dataclass(slots=True)
class _Walk:
    """Goes through samples and decisions in the order of time."""

    episodes: list[_Episode] = field(default_factory=list)
    open: _Episode | None = None
    over_since: float | None = None  # while no growth is open
    wanted: int | None = None  # by the last decision

    def decided(self, decision: Decision) -> None:
        self.wanted = decision.after
        if decision.after <= decision.before:
            return
        if self.open is None:
            since = decision.at if self.over_since is None else self.over_since
            self.open = _Episode(crossed_at=since, decisions=[])
            self.episodes.append(self.open)
        self.open.decisions.append(decision)
        self.open.grown_at = None

    def sampled(self, sample: Sample) -> None:
        if self.open is None:
            self._look_for_a_crossing(sample)
            return
        wanted = sample.wanted if self.wanted is None else self.wanted
        if self.open.grown_at is None and sample.serving >= min(wanted, sample.maximum):
            self.open.grown_at = sample.at
        relieved = sample.ratio is not None and not sample.is_over
        if self.open.grown_at is not None and (relieved or sample.serving >= sample.maximum):
            self.open, self.over_since = None, None

    def _look_for_a_crossing(self, sample: Sample) -> None:
        """What is not known neither begins a run over the threshold nor ends one."""
        if sample.is_over:
            self.over_since = sample.at if self.over_since is None else self.over_since
        elif sample.ratio is not None:
            self.over_since = None


def find_growths(log: ScalingLog) -> list[Growth]:
    """Every growth, in the order in which they began."""
    walk = _walked(log)
    return [_growth(episode, log) for episode in walk.episodes]


def undecided_seconds(log: ScalingLog, growths: Sequence[Growth]) -> float:
    """The longest while over the threshold in which the stack could grow and did not begin to.

    From sample to sample: while the ratio is not known, it is not known to be over. A while
    that a decision ended is the beginning of a growth, and part of that.
    """
    longest = 0.0
    since: float | None = None
    previous = -float("inf")
    for sample in log.samples:
        growing = any(one.crossed_at <= sample.at <= one.ended_at for one in growths)
        waiting = sample.is_over and sample.wanted < sample.maximum and not growing
        if not waiting or sample.at - previous > GAP_SECONDS:
            since = None
        if waiting:
            since = sample.at if since is None else since
            longest = max(longest, sample.at - since)
        previous = sample.at
    return longest


def turns_seconds(decisions: Sequence[Decision]) -> list[float]:
    """How long after the last change each change came that went the other way."""
    changes = [one for one in decisions if one.after != one.before]
    return [
        following.at - one.at
        for one, following in pairwise(changes)
        if (one.after > one.before) != (following.after > following.before)
    ]


def departures(log: ScalingLog) -> list[tuple[float, float]]:
    """When instances left: from the decision or the draining until they had stopped.

    One that was not seen to stop was leaving until the log's end. An instance that merely
    failed left by nobody's decision.
    """
    inwards = {one.number: one.at for one in log.decisions if one.after < one.before}
    names = dict.fromkeys(stage.instance for stage in log.stages)
    ends = log.ended_at or 0.0
    return [
        departure
        for name in names
        for departure in _departures_of(
            [stage for stage in log.stages if stage.instance == name], inwards, ends
        )
    ]


def _departures_of(
    stages: Sequence[Stage], inwards: dict[int, float], ends: float
) -> Iterator[tuple[float, float]]:
    since: float | None = None
    for stage in stages:
        decided_at = None if stage.decision is None else inwards.get(stage.decision)
        if stage.stage is StageName.DRAINING:
            drained_at = stage.at if decided_at is None else min(decided_at, stage.at)
            since = drained_at if since is None else since
        elif since is not None:
            yield since, stage.at + AFTER_STOP_SECONDS
            since = None
        elif stage.stage is StageName.STOPPED and decided_at is not None:
            yield min(decided_at, stage.at), stage.at + AFTER_STOP_SECONDS
    if since is not None:
        yield since, ends


def _walked(log: ScalingLog) -> _Walk:
    walk = _Walk()
    # Of those at one time the decision comes first: what a sample says is from after it.
    entries: list[Decision | Sample] = [*log.decisions, *log.samples]
    for entry in sorted(entries, key=lambda one: (one.at, isinstance(one, Sample))):
        if isinstance(entry, Decision):
            walk.decided(entry)
        else:
            walk.sampled(entry)
    return walk


def _growth(episode: _Episode, log: ScalingLog) -> Growth:
    ended_at = log.ended_at if episode.grown_at is None else episode.grown_at
    assert ended_at is not None  # noqa: S101 - a log with a decision has an end
    return Growth(
        crossed_at=episode.crossed_at,
        decided_at=episode.decisions[0].at,
        grown_at=episode.grown_at,
        seconds=ended_at - episode.crossed_at,
        before=episode.decisions[0].before,
        after=episode.decisions[-1].after,
        ways=tuple(_ways(episode, log.stages)),
    )


def _ways(episode: _Episode, stages: Sequence[Stage]) -> Iterator[Way]:
    decided: dict[int | None, float] = {one.number: one.at for one in episode.decisions}
    brought = [stage for stage in stages if stage.decision in decided and stage.stage in _WAY]
    for name in sorted({stage.instance for stage in brought}):
        own = [stage for stage in brought if stage.instance == name]
        yield _way(name, episode.crossed_at, decided[own[0].decision], own)


def _way(name: str, crossed_at: float, decided_at: float, own: Sequence[Stage]) -> Way:
    parts: list[float | None] = []
    reached: float | None = decided_at
    for wanted in _WAY:
        at = next((stage.at for stage in own if stage.stage is wanted), None)
        parts.append(None if at is None or reached is None else at - reached)
        reached = at if reached is not None else None
    start, ready, rotation = parts
    return Way(
        instance=name,
        decide_seconds=decided_at - crossed_at,
        start_seconds=start,
        ready_seconds=ready,
        rotation_seconds=rotation,
    )
