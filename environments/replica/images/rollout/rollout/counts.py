"""How an instance's requests ended, as numbers that can be added up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests of customers; each of the others is among them."""

    requests: int = 0
    errors: int = 0  # the service's fault: 5xx
    rejected: int = 0  # the customer's fault, it says: 4xx, but for what is not there
    slow: int = 0  # longer than the longest that is fast

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.requests + other.requests,
            self.errors + other.errors,
            self.rejected + other.rejected,
            self.slow + other.slow,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.requests - other.requests,
            self.errors - other.errors,
            self.rejected - other.rejected,
            self.slow - other.slow,
        )
