"""Orders that nobody wants, made all along: whether the critical function works."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollout.ordering import BrokenError, Trial, WrongError, order_and_read_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

CUSTOMER = "deployer-trial"
SMOKE_CENTS = 100
DEAREST_CENTS = 100_000
BROKEN_AFTER = 2  # in a row that were not made; one that was made wrongly is enough


@dataclass(slots=True)
class Trials:
    """One trial at a time for each instance; nobody waits for its end."""

    threads: Executor
    order: Callable[[Trial, str, str], None] = order_and_read_back
    _amounts: random.Random = field(default_factory=random.Random)
    _under_way: dict[str, Future[None]] = field(default_factory=dict)
    _failed: dict[str, int] = field(default_factory=dict)  # in a row
    _made: set[str] = field(default_factory=set)  # at these one was made
    trouble: str = ""

    def forget(self) -> None:
        """Begin anew: what was tried before was another release, or another process."""
        self._under_way.clear()
        self._failed.clear()
        self._made.clear()
        self.trouble = ""

    def is_made(self, instance: str) -> bool:
        """Whether an order was made there as it was meant."""
        return instance in self._made

    def begin(self, instance: str, reader: str, *, smoke: bool = False) -> None:
        """Try an instance, unless it is being tried; it is read back through another one."""
        if instance in self._under_way:
            return
        cents = SMOKE_CENTS if smoke else self._amounts.randint(1, DEAREST_CENTS)
        trial = Trial(uuid.uuid4().hex, CUSTOMER, cents)
        self._under_way[instance] = self.threads.submit(self.order, trial, instance, reader)

    def collect(self) -> None:
        """Take in what has ended meanwhile."""
        for instance, trial in list(self._under_way.items()):
            if trial.done():
                del self._under_way[instance]
                self._take_in(instance, trial)

    def _take_in(self, instance: str, trial: Future[None]) -> None:
        try:
            trial.result()
        except BrokenError as error:
            self._failed[instance] = self._failed.get(instance, 0) + 1
            if isinstance(error, WrongError) or self._failed[instance] >= BROKEN_AFTER:
                self.trouble = f"the critical function is broken: {error}"
        else:
            self._failed[instance] = 0
            self._made.add(instance)
