"""Calls to payments: limited in time and number, behind the circuit breaker."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import httpx
from configuration.schema import PaymentLimits

from .breaker import Permit, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from .breaker import Breaker
    from .store import NewOrder

LIMIT_SECONDS = 0.8
# Answers slower than this count as failures: a dependency that is slow, not down, hurts
# customers just as much (they are promised 500 ms).
SLOW_SECONDS = 0.25
SLOTS = 4  # calls for customers at one time; with all taken an order stays pending
BUILT_IN = PaymentLimits(
    limit_seconds=LIMIT_SECONDS, slow_seconds=SLOW_SECONDS, calls_at_once=SLOTS
)


class Outcome(StrEnum):
    """How a call ended; the last two were not made."""

    OK = "ok"
    SLOW = "slow"
    ERROR = "error"
    TIMEOUT = "timeout"
    OPEN = "rejected by the open circuit"
    FULL = "rejected by the full bulkhead"


@dataclass(frozen=True, slots=True)
class Charge:
    paid: bool
    outcome: Outcome


class Payments:
    """Without a breaker, and so without a bulkhead, every order waits for payments."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        breaker: Breaker | None,
        limits: Callable[[], PaymentLimits] = lambda: BUILT_IN,
    ) -> None:
        self._client = client
        self._breaker = breaker
        self._limits = limits
        self._busy = 0
        self._last = Outcome.OK

    @property
    def state(self) -> State:
        return State.CLOSED if self._breaker is None else self._breaker.state

    @property
    def trouble(self) -> str | None:
        if self.state is not State.CLOSED:
            return f"circuit {self.state}"
        if self._last not in {Outcome.OK, Outcome.SLOW}:
            return f"last call: {self._last}"
        return None

    async def charge_for_customer(self, order: NewOrder) -> Charge:
        """Charge while a customer waits; at once unpaid when it cannot be tried now."""
        if self._breaker is None:
            return await self._call(order)
        if self._busy >= self._limits().calls_at_once:
            return Charge(paid=False, outcome=Outcome.FULL)
        permit = self._breaker.ask()
        if permit is None:
            return Charge(paid=False, outcome=Outcome.OPEN)
        self._busy += 1
        try:
            return await self._call_with(permit, order)
        finally:
            self._busy -= 1

    async def charge_later(self, order: NewOrder) -> Charge:
        """Charge while nobody waits; this is what probes a half-open circuit."""
        if self._breaker is None:
            return await self._call(order)
        permit = self._breaker.ask_to_probe()
        if permit is None:
            return Charge(paid=False, outcome=Outcome.OPEN)
        return await self._call_with(permit, order)

    async def _call_with(self, permit: Permit, order: NewOrder) -> Charge:
        try:
            charge = await self._call(order)
            if charge.outcome is Outcome.OK:
                permit.succeeded()
        finally:
            permit.failed()  # heard only where success was not
        return charge

    async def _call(self, order: NewOrder) -> Charge:
        """Charge under the order's key: however often that happens, it is one charge."""
        limits, began = self._limits(), time.monotonic()
        body = {"key": order.key, "amount_cents": order.amount_cents}
        try:
            async with asyncio.timeout(limits.limit_seconds):
                answer = await self._client.post("/charges", json=body)
        except TimeoutError:
            return self._ended(Outcome.TIMEOUT, paid=False)
        except httpx.HTTPError:
            return self._ended(Outcome.ERROR, paid=False)
        if answer.is_server_error:
            return self._ended(Outcome.ERROR, paid=False)
        slow = time.monotonic() - began > limits.slow_seconds
        return self._ended(Outcome.SLOW if slow else Outcome.OK, paid=answer.is_success)

    def _ended(self, outcome: Outcome, *, paid: bool) -> Charge:
        self._last = outcome
        return Charge(paid, outcome)
