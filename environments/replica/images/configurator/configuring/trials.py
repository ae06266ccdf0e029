"""Orders that nobody wants: whether the critical function works where something is tried."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.ordering import BrokenError, Trial, WrongError, order_and_read_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

CUSTOMER = "configurator-trial"
CENTS = 100
ATTEMPTS = 2  # one that is not made is no broken function; one that was made wrongly is


@dataclass(frozen=True, slots=True)
class Trials:
    threads: Executor
    order: Callable[[Trial, str, str], None] = order_and_read_back

    def __call__(self, instance: str, reader: str) -> Future[str]:
        """Try an instance, and read through another one; give what is broken, or ""."""
        return self.threads.submit(self._try, instance, reader)

    def _try(self, instance: str, reader: str) -> str:
        why = ""
        for _ in range(ATTEMPTS):
            try:
                self.order(Trial(uuid.uuid4().hex, CUSTOMER, CENTS), instance, reader)
            except WrongError as error:
                return f"orders are wrong: {error}"
            except BrokenError as error:
                why = f"orders are broken: {error}"
            else:
                return ""
        return why
