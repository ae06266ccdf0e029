"""The slow, obvious judge: what the design demands of a drill, by the slow, obvious checker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.property.reports import reference
from tests.property.reports.reference_of_reads import count_reads, reading, share, shows_nothing

if TYPE_CHECKING:
    from tests.property.reports.reference import Demand, Drill


def verdict(drill: Drill, demand: Demand) -> str:
    """MET, MISSED or INCONCLUSIVE, straight from the list of the design."""
    if drill.faults and (
        any(fault.took_effect is None for fault in drill.faults)
        or not reference.before_fault(drill)
        or not reference.after_fault(drill)
        or reference.failed_before_fault(drill)
    ):
        return "INCONCLUSIVE"
    if breaks_a_promise(drill, demand):
        return "MISSED"
    started = reference.first_fault(drill)
    if (
        drill.rows is None
        or reference.covered_until(drill) < drill.stopped - 1.0
        or not reference.settled(drill)
        or any(fault.gone is None for fault in drill.faults)
        or reference.widest_gap(drill, started, drill.stopped) > min(demand.rto, drill.settle)
        or reading_is_doubtful(drill, demand)
        or (drill.faults and demand.rpo > 0 and reference.rpo_is_lower_bound(drill))
    ):
        return "INCONCLUSIVE"
    return "MET"


def breaks_a_promise(drill: Drill, demand: Demand) -> bool:
    if any(outage.seconds > demand.rto for outage in reference.outages(drill)):
        return True
    slowest = reference.p95(drill)
    if demand.p95 is not None and slowest is not None and slowest > demand.p95:
        return True
    if breaks_a_promise_of_service(drill, demand) or breaks_a_promise_of_reads(drill, demand):
        return True
    return drill.rows is not None and breaks_a_promise_of_data(drill, demand)


def breaks_a_promise_of_data(drill: Drill, demand: Demand) -> bool:
    return (
        loses_too_much(drill, demand)
        or any(reference.count_rows(drill, kind) for kind in ("corrupted", "refused"))
        # What a ledger does not tell to its end may have been written in what it lacks.
        or (
            reference.covered_until(drill) >= drill.stopped - 1.0
            and reference.count_rows(drill, "unwritten") > 0
        )
        or reference.duplicated(drill) > 0
        or (demand.unsettled is not None and reference.unsettled(drill) > demand.unsettled)
    )


def loses_too_much(drill: Drill, demand: Demand) -> bool:
    fates = reference.missing(drill).values()
    if "after" in fates or reference.beyond(drill):
        return True
    if (drill.back is not None or not drill.faults) and "before" in fates:
        return True
    return bool(fates) and (demand.rpo == 0 or reference.rpo(drill) > demand.rpo)


def breaks_a_promise_of_service(drill: Drill, demand: Demand) -> bool:
    reads = reading(drill)
    for least, got in (
        (demand.availability, share(drill, drill.attempts)),
        (demand.read_availability, share(drill, reads.attempts)),
    ):
        if least is not None and got is not None and got < least:
            return True
    most = demand.read_outage
    return most is not None and any(
        outage.seconds > most for outage in reference.outages(reads)
    )


def breaks_a_promise_of_reads(drill: Drill, demand: Demand) -> bool:
    stale = count_reads(drill, "stale") + count_reads(drill, "unordered")
    too_stale = demand.stale is not None and stale > demand.stale
    return too_stale or count_reads(drill, "wrong") > 0


def reading_is_doubtful(drill: Drill, demand: Demand) -> bool:
    """Whether too little was read to say what was demanded of reads."""
    if demand.read_availability is not None and share(drill, drill.reads) is None:
        return True
    if demand.stale is not None and shows_nothing(drill):
        return True
    if demand.read_outage is None:
        return False
    reads = reading(drill)
    started = reference.first_fault(drill)
    gap = reference.widest_gap(reads, started, drill.stopped)
    return not reference.settled(reads) or gap > min(demand.read_outage, drill.settle)
