"""Reads orders: from the primary, or from a replica where it is told how old that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from .store import order_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .calls import Calls
    from .database import Connection
    from .health import Health
    from .store import Order

Value = TypeVar("Value")

READ_SECONDS = 1.5

_FIND = "SELECT id, key, customer, item, amount_cents, status FROM orders WHERE id = $1"

_PAGE = """
SELECT id, key, amount_cents, status FROM orders
WHERE customer = $1 AND id > $2 ORDER BY id LIMIT $3
"""

# What was committed after the last transaction that a replica replayed may be missing here,
# so no copy is younger than this. One that has replayed nothing since it started has all
# that was there at its last checkpoint. Asked before the read, it never flatters.
_AGE = """
SELECT extract(epoch FROM clock_timestamp() - coalesce(
    pg_last_xact_replay_timestamp(),
    (SELECT checkpoint_time FROM pg_control_checkpoint())
))::float8
"""


@dataclass(frozen=True, slots=True)
class Read(Generic[Value]):
    """What was read; ``age_seconds`` is None where it is the primary's own word."""

    value: Value
    age_seconds: int | None = None


class Reading:
    """Every method raises DatabaseUnavailableError where nobody answered."""

    def __init__(
        self, primary: Calls, replica: Calls | None, health: Health, *, dates_copies: bool
    ) -> None:
        self._primary = primary
        self._replica = replica
        self._health = health
        self._dates_copies = dates_copies

    async def find(self, order_id: int) -> Read[Order | None]:
        async def find(connection: Connection) -> Order | None:
            row = await connection.fetchrow(_FIND, order_id)
            return None if row is None else order_of(row)

        return await self._read(find)

    async def page(
        self, customer: str, *, after: int, limit: int
    ) -> Read[list[dict[str, object]]]:
        async def page(connection: Connection) -> list[dict[str, object]]:
            rows = await connection.fetch(_PAGE, customer, after, limit)
            return [dict(row) for row in rows]

        return await self._read(page)

    async def _read(self, work: Callable[[Connection], Awaitable[Value]]) -> Read[Value]:
        if self._replica is None or not self._health.is_read_only:
            return Read(await self._primary.ask(work, within=READ_SECONDS))
        if not self._dates_copies:  # a mistake that drills must find out
            return Read(await self._replica.ask(work, within=READ_SECONDS))

        async def dated(connection: Connection) -> Read[Value]:
            age = await connection.fetchval(_AGE)
            return Read(await work(connection), max(0, math.ceil(age)))

        return await self._replica.ask(dated, within=READ_SECONDS)
