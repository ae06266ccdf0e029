"""What customers of a drill that still goes on have been told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.ledger import Operation, Outcome, read_ledger

if TYPE_CHECKING:
    from fixtures.drill import Drill


def acknowledged(drill: Drill) -> int:
    """Count the orders that were acknowledged so far."""
    ledger = read_ledger(drill.folder / "ledger.bin")
    orders = ledger[ledger["operation"] == Operation.CREATE]
    return int((orders["outcome"] == Outcome.YES).sum())
