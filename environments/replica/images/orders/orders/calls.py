"""Asks the database something, and perhaps once more: within a limit and a budget.

A retry helps against one broken connection and harms a database that is overloaded. So a
call that was never sent (no connection was free: that is overload) is not repeated, and
others only while retries are few: the retry budget of *Site Reliability Engineering*
(Google, 2016), chapter 21, "Handling Overload": a client whose retries reach a tenth of
its requests fails at once instead. What is repeated must do no harm when done twice.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Protocol, TypeVar

from .database import TAKE_SECONDS, DatabaseUnavailableError, NotSentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .database import Connection, Database

Value = TypeVar("Value")

RETRIES_PER_REQUEST = 0.1
RETRIES_SAVED = 10.0  # at most, from quiet times
PAUSE_SECONDS = 0.1  # at most, before a retry: at random, so that many do not come at once
WORTH_SECONDS = 0.3  # with less than this left, a retry would only be work for nobody


class Calls(Protocol):
    async def ask(
        self, work: Callable[[Connection], Awaitable[Value]], *, within: float
    ) -> Value:
        """Do the work with a connection that is lent for it, in at most so many seconds.

        Raises:
            NotSentError: certainly nothing was asked.
            DatabaseUnavailableError: the database did not say yes; nobody knows.
        """


class RetryBudget:
    """A bucket of tokens: each request adds a tenth of one, each retry takes a whole one."""

    def __init__(self) -> None:
        self._tokens = RETRIES_SAVED

    def note_request(self) -> None:
        self._tokens = min(RETRIES_SAVED, self._tokens + RETRIES_PER_REQUEST)

    def allows_retry(self) -> bool:
        """Take a token if there is one."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class CarefulCalls:
    """Keeps its caller's time limit, retries and waiting included."""

    def __init__(self, database: Database, budget: RetryBudget) -> None:
        self._database = database
        self._budget = budget

    async def ask(
        self, work: Callable[[Connection], Awaitable[Value]], *, within: float
    ) -> Value:
        clock = asyncio.get_running_loop().time
        until = clock() + within
        self._budget.note_request()
        try:
            return await self._try(work, until)
        except NotSentError:
            raise
        except DatabaseUnavailableError as error:
            if until - clock() < WORTH_SECONDS or not self._budget.allows_retry():
                raise
            first = error
        await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311 - spreads, hides nothing
        try:
            return await self._try(work, until)
        except NotSentError as error:  # but the first try was sent
            raise DatabaseUnavailableError(f"{first}; then {error}") from error

    async def _try(self, work: Callable[[Connection], Awaitable[Value]], until: float) -> Value:
        left = until - asyncio.get_running_loop().time()
        connection = await self._database.take(within=min(TAKE_SECONDS, left))
        async with self._database.lending(connection, until=until):
            return await work(connection)
