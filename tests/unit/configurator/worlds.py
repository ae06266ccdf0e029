"""Instances that follow a configurator, and customers who meet what it gives them."""

from __future__ import annotations

import re
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from configuration.document import Document, Signer, UntrustedError
from rollout.counts import Counts
from rollout.history import History
from rollout.reading import Reading, SilentError
from rollout.watching import NONE as NO_REQUESTS
from rollout.watching import Watcher

from environments.replica.images.configurator.configuring.controller import (
    TURN_SECONDS,
    Controller,
    Means,
)
from environments.replica.images.configurator.configuring.instances import InForce, Instances
from environments.replica.images.configurator.configuring.policy import Policy, read_policy
from environments.replica.images.configurator.configuring.store import Store
from tests.unit.configuration.configurations import IMAGES, SEED, STANDARD, text_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Value = TypeVar("Value")
NAMES = ("app-1", "app-2", "app-3")
SIGNER = Signer.of(SEED)
GOOD, OTHER, BAD = (text_with(most_in_work=f"{limit}") for limit in (33, 34, 1))
MALFORMED = text_with(most_in_work='"many"')
BAD_TOGETHER = text_with(most_in_work="2")  # for customers, once all instances have it


def policy_of(name: str) -> Policy:
    file = IMAGES / f"configurator/policies/{name}.toml"
    return read_policy(file.read_bytes(), file=file.name)


class AtOnce(Executor):
    """Does at once what it is given, in the thread that gives it."""

    def submit(  # type: ignore[override] # what is given by name nobody needs
        self, fn: Callable[..., Value], /, *args: object
    ) -> Future[Value]:
        done: Future[Value] = Future()
        try:
            done.set_result(fn(*args))
        except Exception as error:  # noqa: BLE001 - as executors do
            done.set_exception(error)
        return done


@dataclass
class Instance:
    """Takes what is newer, as the service does."""

    document: Document = field(default_factory=lambda: Document(0, b""))
    answers: bool = True
    takes: bool = True
    counts: Counts = NO_REQUESTS
    seen: list[int] = field(default_factory=list)

    @property
    def most_in_work(self) -> int:
        found = re.search(rb"\nmost_in_work = (\d+)\n", self.document.content)
        return int(found[1]) if found else 0

    def follow(self, raw: bytes) -> None:
        try:
            document = SIGNER.verifier.open(raw)
        except UntrustedError:
            return
        if self.takes and self.answers and document.version > self.document.version:
            self.document = document
            self.seen.append(document.version)


@dataclass
class World:
    """``orders`` is what the critical function says of an instance; "" is well."""

    folder: Path
    policy: str = "drill"
    now: float = 100.0
    orders: str = ""
    requests: int = 10  # at each instance, in each turn
    instances: dict[str, Instance] = field(
        default_factory=lambda: {n: Instance() for n in NAMES}
    )
    controller: Controller = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        threads = AtOnce()
        clock = lambda: self.now  # noqa: E731 - reads as what it is
        means = Means(
            store=Store(self.folder, SIGNER),
            instances=Instances(NAMES, threads, clock, self._read),
            watcher=Watcher(threads, clock, self._metrics),
            history=History(self.folder / "history.jsonl", clock),
            policy=policy_of(self.policy),
            orders=lambda instance, reader: threads.submit(self._order, instance, reader),
            clock=clock,
        )
        self.controller = Controller(means)
        self.controller.begin(STANDARD.encode())

    def _read(self, name: str) -> InForce:
        if not self.instances[name].answers:
            raise SilentError(f"{name} does not answer")
        return InForce(self.instances[name].document.version)

    def _metrics(self, name: str) -> Reading:
        if not self.instances[name].answers:
            raise SilentError(f"{name} does not answer")
        return Reading(1.0, 50e6, "", self.instances[name].counts)

    def _order(self, instance: str, reader: str) -> str:
        assert {instance, reader} <= {*NAMES}
        assert instance != reader
        return self.orders

    def turn(self, seconds: float = TURN_SECONDS) -> None:
        """Let so much time pass: instances follow, customers order, the controller looks."""
        for _ in range(round(seconds / TURN_SECONDS)):
            self.now += TURN_SECONDS
            store = self.controller.means.store
            for name, instance in self.instances.items():
                instance.follow(store.raw(self.controller.version_for(name)))
            limits = [one.most_in_work for one in self.instances.values()]
            for instance in self.instances.values():
                fails = instance.most_in_work == 1 or set(limits) == {2}
                errors = 3 if fails else 0
                instance.counts += Counts(requests=self.requests, errors=errors)
            self.controller.turn()

    @property
    def limits(self) -> tuple[int, ...]:
        """Give the limit in force at each instance: it tells configurations apart."""
        return tuple(one.most_in_work for one in self.instances.values())

    def events(self, change: str = "configuration-1") -> list[str]:
        entries = self.controller.means.history.after(0)
        return [f"{one.event} by {one.by}" for one in entries if one.change == change]
