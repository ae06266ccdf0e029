"""We believe that customers are kept from a payments that is slow, erring or gone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from environments.replica.images.orders.orders.breaker import (
    FAILURES_TO_OPEN,
    OPEN_SECONDS,
    PROBES,
    Breaker,
    State,
)
from environments.replica.images.orders.orders.payments import (
    BUILT_IN,
    SLOTS,
    Charge,
    Outcome,
    Payments,
)
from environments.replica.images.orders.orders.store import NewOrder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from configuration.schema import PaymentLimits

ORDER = NewOrder(key="ada-1", customer="ada", item="lamp", amount_cents=1200)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Provider:
    """Answers as it is told; ``hangs`` holds calls until ``free`` is set."""

    def __init__(self) -> None:
        self.status = 201
        self.hangs = False
        self.free = asyncio.Event()
        self.charged: list[bytes] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.charged.append(request.content)
        if self.hangs:
            await self.free.wait()
        return httpx.Response(self.status)


def run(
    test: Callable[[Payments, Provider, Clock], Awaitable[None]],
    *,
    breaker: bool = True,
    limits: Callable[[], PaymentLimits] = lambda: BUILT_IN,
) -> None:
    async def with_payments() -> None:
        provider, clock = Provider(), Clock()
        transport = httpx.MockTransport(provider.answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://payments") as client:
            payments = Payments(client, Breaker(clock) if breaker else None, limits)
            await test(payments, provider, clock)

    asyncio.run(with_payments())


def test_a_charge_names_the_key_and_the_amount() -> None:
    async def body(payments: Payments, provider: Provider, _clock: Clock) -> None:
        assert await payments.charge_for_customer(ORDER) == Charge(
            paid=True, outcome=Outcome.OK
        )
        assert provider.charged == [b'{"key":"ada-1","amount_cents":1200}']
        assert payments.trouble is None

    run(body)


def test_errors_open_the_circuit_and_settlement_closes_it() -> None:
    async def body(payments: Payments, provider: Provider, clock: Clock) -> None:
        provider.status = 500
        for _ in range(FAILURES_TO_OPEN):
            assert (await payments.charge_for_customer(ORDER)).outcome is Outcome.ERROR
        assert (await payments.charge_for_customer(ORDER)).outcome is Outcome.OPEN
        assert payments.trouble == "circuit open"
        clock.now, provider.status = OPEN_SECONDS, 201
        assert (await payments.charge_for_customer(ORDER)).outcome is Outcome.OPEN
        for _ in range(PROBES):
            assert (await payments.charge_later(ORDER)).paid
        assert (await payments.charge_for_customer(ORDER)).paid
        assert payments.trouble is None

    run(body)


def test_a_refusal_of_one_order_is_no_fault_of_payments() -> None:
    async def body(payments: Payments, provider: Provider, _clock: Clock) -> None:
        provider.status = 422
        for _ in range(2 * FAILURES_TO_OPEN):
            assert await payments.charge_for_customer(ORDER) == Charge(
                paid=False, outcome=Outcome.OK
            )
        assert payments.state is State.CLOSED

    run(body)


def test_calls_that_take_too_long_end_and_count() -> None:
    async def body(payments: Payments, provider: Provider, _clock: Clock) -> None:
        provider.hangs = True
        for _ in range(FAILURES_TO_OPEN):
            assert (await payments.charge_for_customer(ORDER)).outcome is Outcome.TIMEOUT
        assert payments.state is State.OPEN

    run(body, limits=lambda: replace(BUILT_IN, limit_seconds=0.01))


def test_slow_answers_are_paid_and_open_the_circuit() -> None:
    async def body(payments: Payments, _provider: Provider, _clock: Clock) -> None:
        for _ in range(FAILURES_TO_OPEN):
            assert await payments.charge_for_customer(ORDER) == Charge(
                paid=True, outcome=Outcome.SLOW
            )
        assert payments.state is State.OPEN

    run(body, limits=lambda: replace(BUILT_IN, slow_seconds=-1.0))


def test_how_many_wait_for_payments_is_read_anew_for_each() -> None:
    limits = replace(BUILT_IN, calls_at_once=1)

    async def body(payments: Payments, provider: Provider, _clock: Clock) -> None:
        nonlocal limits
        provider.hangs = True
        calls = [asyncio.create_task(payments.charge_for_customer(ORDER))]
        await asyncio.sleep(0)
        assert (await payments.charge_for_customer(ORDER)).outcome is Outcome.FULL
        limits = replace(BUILT_IN, calls_at_once=2)
        calls.append(asyncio.create_task(payments.charge_for_customer(ORDER)))
        await asyncio.sleep(0)
        provider.free.set()
        assert all([(await call).paid for call in calls])

    run(body, limits=lambda: limits)


@pytest.mark.parametrize(("breaker", "expected"), [(True, SLOTS), (False, 3 * SLOTS)])
def test_the_bulkhead_goes_with_the_breaker(*, breaker: bool, expected: int) -> None:
    async def body(payments: Payments, provider: Provider, _clock: Clock) -> None:
        provider.hangs = True
        charges = [
            asyncio.create_task(payments.charge_for_customer(ORDER)) for _ in range(3 * SLOTS)
        ]
        while len(provider.charged) < expected:  # noqa: ASYNC110 - the mock has no event for it
            await asyncio.sleep(0)
        provider.free.set()
        paid = [charge.paid for charge in await asyncio.gather(*charges)]
        assert paid.count(True) == expected

    run(body, breaker=breaker)


def test_a_call_that_is_given_up_counts_as_failed_and_frees_its_place() -> None:
    async def body(payments: Payments, provider: Provider, _clock: Clock) -> None:
        provider.hangs = True
        for _ in range(FAILURES_TO_OPEN):
            call = asyncio.create_task(payments.charge_for_customer(ORDER))
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert payments.state is State.OPEN

    run(body)
