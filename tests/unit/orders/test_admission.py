"""We believe that what is too much is refused at once, and that probes always pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
from configuration.schema import AdmissionLimits
from starlette.responses import PlainTextResponse

from environments.replica.images.orders.orders.admission import Admission

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

MOST = 2


class Service:
    """Answers once it is let go on, and counts what it was given to do."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.in_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.in_work += 1
        if scope["path"].startswith("/orders"):
            await self.goes_on.wait()
        self.in_work -= 1
        await PlainTextResponse("done")(scope, receive, send)


async def refusal(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("refused", 503)(scope, receive, send)


def test_what_is_beyond_the_bound_is_refused_until_something_has_ended() -> None:
    most = MOST

    async def body() -> None:
        nonlocal most
        service = Service()
        limited = Admission(service, refusal, lambda: AdmissionLimits(most_in_work=most))
        transport = httpx.ASGITransport(limited)
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            inside = [asyncio.create_task(client.post("/orders")) for _ in range(MOST)]
            while service.in_work < MOST:  # noqa: ASYNC110 - the service says nothing
                await asyncio.sleep(0)
            assert (await client.post("/orders")).status_code == 503
            assert (await client.get("/orders/7")).status_code == 503
            assert (await client.get("/health/ready")).status_code == 200
            assert service.in_work == MOST
            most += 1  # it is read anew for each request
            inside.append(asyncio.create_task(client.post("/orders")))
            while service.in_work < most:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)
            assert (await client.post("/orders")).status_code == 503
            service.goes_on.set()
            assert {(await each).status_code for each in inside} == {200}
            assert (await client.post("/orders")).status_code == 200

    asyncio.run(body())
