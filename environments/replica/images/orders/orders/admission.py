"""Sheds load: what is beyond a bounded number of requests in work is refused at once.

A request that waits for longer than its customer does is work for nobody, and takes the
time of those who could still be served (*Site Reliability Engineering*, Google, 2016,
chapter 22, "Addressing Cascading Failures": load shedding and queue management).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from configuration.schema import AdmissionLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

# In work and waiting. A pool of eight serves so many within four commits; should each take
# as long as the database may, they end together with their customers' patience.
MOST_IN_WORK = 32
BUILT_IN = AdmissionLimits(most_in_work=MOST_IN_WORK)
CUSTOMERS = "/orders"  # probes and metrics always pass: they are how people see


class Admission:
    def __init__(
        self,
        app: ASGIApp,
        refusal: ASGIApp,
        limits: Callable[[], AdmissionLimits] = lambda: BUILT_IN,
    ) -> None:
        self._app = app
        self._refusal = refusal
        self._limits = limits
        self._in_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(CUSTOMERS):
            await self._app(scope, receive, send)
            return
        if self._in_work >= self._limits().most_in_work:
            await self._refusal(scope, receive, send)
            return
        self._in_work += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_work -= 1
