"""Whether the database fails more of what it is asked than it did: by its own count, pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 0.01  # share of the transactions that may fail beyond what is usual
FEWEST = 3  # fewer failures are chance


@dataclass(frozen=True, slots=True)
class Activity:
    """How many transactions the database had committed and rolled back so far."""

    committed: int
    rolled_back: int

    def since(self, earlier: Activity) -> Activity:
        return Activity(
            self.committed - earlier.committed, self.rolled_back - earlier.rolled_back
        )

    @property
    def share(self) -> float:
        total = self.committed + self.rolled_back
        return self.rolled_back / total if total else 0.0


def harm(usual: Activity, since: Activity) -> str | None:
    """Say what is wrong with what was done since a change; None where it is as it was."""
    if since.rolled_back < FEWEST or since.share <= usual.share + MOST:
        return None
    return (
        f"{since.rolled_back} of {since.committed + since.rolled_back} transactions failed "
        f"({since.share:.1%}, {usual.share:.1%} before)"
    )
