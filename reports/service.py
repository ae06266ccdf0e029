"""What customers got over the whole drill, of their writes and of their reads. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import Outcome
from reports.outages import Attempts, find_outages, has_settled, widest_gap_seconds
from reports.reads import contradictions, served, shows_stage
from reports.verdict import Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.outages import Frame
    from reports.reads import Reads
    from reports.verdict import Watch
    from reports.writes import Writes


def measure_service(writes: Writes, reads: Reads, *, frame: Frame, watch: Watch) -> Service:
    """Measure it; reads have outages by the same rule as writes."""
    answered = served(reads)
    last = int(np.searchsorted(reads.began, frame.watch_ended_at, side="right"))
    attempts = Attempts(
        began=reads.began[:last], ended=reads.ended[:last], acknowledged=answered[:last]
    )
    outages = find_outages(attempts, frame)
    found = contradictions(writes, reads)
    since_fault = reads.began >= frame.fault_starts[0]
    return Service(
        availability=_share(writes.began, writes.outcome == Outcome.YES, watch),
        read_availability=_share(reads.began, answered, watch),
        reads=reads.key.size,
        reads_answered=int(np.count_nonzero(answered)),
        read_outage_seconds=max((outage.seconds for outage in outages), default=0.0),
        read_outage_is_lower_bound=any(outage.restored_at is None for outage in outages),
        reads_settled=has_settled(attempts, outages, frame),
        widest_read_gap_seconds=widest_gap_seconds(
            attempts.began, since=frame.fault_starts[0], until=frame.watch_ended_at
        ),
        reads_shown=found.shown,
        stale_reads=found.stale,
        unordered_reads=found.unordered,
        stale_examples=found.stale_examples,
        wrong_reads=found.wrong,
        wrong_examples=found.wrong_examples,
        reads_shown_since_fault=int(np.count_nonzero(shows_stage(reads) & since_fault)),
    )


def _share(
    began: NDArray[np.float64], answered: NDArray[np.bool_], watch: Watch
) -> float | None:
    watched = (began >= watch.started_at) & (began <= watch.ended_at)
    asked = int(np.count_nonzero(watched))
    return int(np.count_nonzero(watched & answered)) / asked if asked else None
