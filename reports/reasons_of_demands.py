"""What only some drills are asked: of stacks that scale, of changes, of breaches. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import reasons_of_changes, reasons_of_intrusion, reasons_of_scaling
from reports.reasons_of_changes import (
    doubts_of_changes,
    missed_in_changes,
    why_change_is_invalid,
)
from reports.reasons_of_intrusion import (
    doubts_of_breach,
    missed_in_breach,
    why_breach_is_invalid,
)
from reports.reasons_of_scaling import (
    doubts_of_scaling,
    missed_in_scaling,
    why_load_is_invalid,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.verdict import Objectives, Recovery, Watch


def demands_make_sense(objectives: Objectives) -> bool:
    scaling, change, breach = objectives.scaling, objectives.change, objectives.breach
    return (
        (scaling is None or reasons_of_scaling.make_sense(scaling))
        and (change is None or reasons_of_changes.make_sense(change))
        and (breach is None or reasons_of_intrusion.make_sense(breach))
    )


def is_about_changes(recovery: Recovery | None, objectives: Objectives) -> bool:
    """A change is what could break the world: such a drill needs no fault beside it."""
    if recovery is None or recovery.harm is None or objectives.change is None:
        return False
    return bool(recovery.harm.of_kind(objectives.change.kind))


def why_demands_are_invalid(recovery: Recovery, objectives: Objectives) -> Iterator[str]:
    if recovery.scaling is not None and objectives.scaling is not None:
        yield from why_load_is_invalid(recovery.scaling)
    if recovery.harm is not None and objectives.change is not None:
        yield from why_change_is_invalid(recovery.harm, objectives.change)
    if recovery.intrusion is not None and objectives.breach is not None:
        yield from why_breach_is_invalid(recovery.intrusion)


def missed_in_demands(recovery: Recovery, objectives: Objectives) -> Iterator[str]:
    if recovery.scaling is not None and objectives.scaling is not None:
        yield from missed_in_scaling(recovery.scaling, objectives.scaling)
    if recovery.harm is not None and objectives.change is not None:
        yield from missed_in_changes(recovery.harm, objectives.change)
    if recovery.intrusion is not None and objectives.breach is not None:
        yield from missed_in_breach(recovery.intrusion, objectives.breach)


def doubts_of_demands(
    recovery: Recovery, objectives: Objectives, watch: Watch
) -> Iterator[str]:
    if objectives.scaling is not None:
        yield from doubts_of_scaling(recovery.scaling, objectives.scaling, watch)
    if objectives.change is not None:
        yield from doubts_of_changes(recovery.harm, objectives.change, watch)
    if objectives.breach is not None:
        yield from doubts_of_breach(recovery.intrusion, objectives.breach)
