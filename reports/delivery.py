"""What auditors count of changes, over the history of drills: pure.

These are the measures of software delivery by DORA (https://dora.dev/research/, "four software
delivery metrics"), taken from what is on disk:

- a deployment is a change that customers' requests met, or that was promoted;
- change failure rate: of the deployments, the share that was rolled back or failed;
- time to restore: of such a deployment, from its first harmed request (from its start, where
  nobody was harmed) until it was rolled back or, where that came later, the last harmed
  request; one that was not rolled back was not restored, and counts among the failed alone;
- lead time: from the proposal of a change (from its start, where nobody proposed it) to its
  promotion, where it was not rolled back.

What was stopped before any customer met it, or refused, is no deployment. The table has the
medians of times, and the worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from reports.changes_log import ChangeKind, Step
from reports.tables import Table
from reports.wording import seconds_text, share_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.harm import Change

_HEADINGS = (
    "Kind", "Changes", "Stopped early", "Deployments", "Failed", "Failure rate",
    "Restored in", "at worst", "Lead time", "at worst",
)  # fmt: skip
_NONE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The measures of some changes; seconds, in ascending order."""

    changes: int
    deployments: int
    failed: int
    restore_seconds: Sequence[float]
    lead_seconds: Sequence[float]

    @property
    def failure_rate(self) -> float | None:
        """From 0 to 1; None where nothing was deployed."""
        return self.failed / self.deployments if self.deployments else None


def measure_delivery(changes: Sequence[Change]) -> Delivery:
    deployed = [one for one in changes if one.deployed]
    failed = [one for one in deployed if one.ended in {Step.ROLLED_BACK, Step.FAILED}]
    return Delivery(
        changes=len(changes),
        deployments=len(deployed),
        failed=len(failed),
        restore_seconds=sorted(
            _restore_seconds(one, one.ended_at)
            for one in failed
            if one.ended is Step.ROLLED_BACK and one.ended_at is not None
        ),
        lead_seconds=sorted(
            one.promoted_at - (one.began_at if one.proposed_at is None else one.proposed_at)
            for one in deployed
            if one.ended is Step.PROMOTED and one.promoted_at is not None
        ),
    )


def delivery_table(changes: Sequence[Change], over: str) -> Table:
    """A row for each kind of change that there was, and one for all of them.

    ``over`` says in words what they are the changes of.
    """
    kinds = [kind for kind in ChangeKind if any(one.kind is kind for one in changes)]
    rows = [
        _row(kind.value, measure_delivery([one for one in changes if one.kind is kind]))
        for kind in kinds
    ]
    rows.append(_row("all", measure_delivery(changes)))
    return Table(f"What auditors count of changes, over {over}", _HEADINGS, rows)


def _restore_seconds(one: Change, rolled_back_at: float) -> float:
    began = one.began_at if one.first_harmed_at is None else one.first_harmed_at
    last = rolled_back_at if one.last_harmed_at is None else one.last_harmed_at
    return max(rolled_back_at, last) - began


def _row(kind: str, delivery: Delivery) -> Sequence[str]:
    rate = delivery.failure_rate
    return (
        kind, f"{delivery.changes:,}", f"{delivery.changes - delivery.deployments:,}",
        f"{delivery.deployments:,}", f"{delivery.failed:,}",
        _NONE if rate is None else share_text(rate, 1),
        *_middle_and_worst(delivery.restore_seconds),
        *_middle_and_worst(delivery.lead_seconds),
    )  # fmt: skip


def _middle_and_worst(seconds: Sequence[float]) -> tuple[str, str]:
    if not seconds:
        return _NONE, _NONE
    return seconds_text(median(seconds)), seconds_text(seconds[-1])
