"""The places as they are: what the edge, their supervisors and the instances themselves say."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rollout.readiness import is_ready
from rollout.rotation import Order, Rotation, RotationError, Server
from rollout.supervisors import Process, SupervisorError

from .plan import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

ADDRESSES_LAST_SECONDS = 2.0


class WorldError(Exception):
    """A step could not be taken, or nobody could see; the message says why."""


class Keeper(Protocol):
    """Who keeps a place's instance: its supervisor."""

    @property
    def place(self) -> str: ...
    def state(self) -> Process: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(slots=True)
class World:
    """``keepers`` are of the places that are ours to start and stop; ``others`` run as ever."""

    others: Sequence[str]
    keepers: Sequence[Keeper]
    rotation: Rotation
    clock: Callable[[], float]
    threads: Executor
    is_ready: Callable[[str], bool] = is_ready
    address_of: Callable[[str], str] = socket.gethostbyname
    _addresses: dict[str, str] = field(default_factory=dict)
    _addresses_at: float = float("-inf")

    def look(self) -> Sequence[View]:
        """See every place.

        Raises:
            WorldError: the edge did not say whom it leads customers to.
        """
        self._find_addresses()
        asked = {
            keeper.place: self.threads.submit(self._keepers_word, keeper)
            for keeper in self.keepers
        }
        try:
            servers = self.rotation.servers()
        except RotationError as error:
            raise WorldError(str(error)) from error
        words = {place: word.result() for place, word in asked.items()}
        return [
            *(View(place, self._server(servers, place)) for place in self.others),
            *(View(place, self._server(servers, place), *words[place]) for place in words),
        ]

    def _keepers_word(self, keeper: Keeper) -> tuple[Process, bool]:
        process = keeper.state()
        return process, process is Process.RUNNING and self.is_ready(keeper.place)

    def _server(self, servers: Mapping[str, Server], place: str) -> Server | None:
        return servers.get(self._addresses.get(place, ""))

    def _find_addresses(self) -> None:
        """Ask the network; a place that it does not know now keeps its last address."""
        if self.clock() < self._addresses_at + ADDRESSES_LAST_SECONDS:
            return
        self._addresses_at = self.clock()
        for place in (*self.others, *(keeper.place for keeper in self.keepers)):
            with suppress(OSError):
                self._addresses[place] = self.address_of(place)

    def tell(self, orders: Sequence[Order]) -> None:
        """Have the edge lead customers otherwise, all at once.

        Raises:
            WorldError: it did not take it.
        """
        try:
            self.rotation.tell_all(orders)
        except RotationError as error:
            raise WorldError(str(error)) from error

    def start(self, place: str) -> None:
        """Start an instance.

        Raises:
            WorldError: its supervisor did not take it.
        """
        try:
            self._keeper(place).start()
        except SupervisorError as error:
            raise WorldError(str(error)) from error

    def stop(self, place: str) -> None:
        """Stop an instance; one that has died is stopped as well.

        Raises:
            WorldError: its supervisor did not take it.
        """
        try:
            self._keeper(place).stop()
        except SupervisorError as error:
            raise WorldError(str(error)) from error

    def _keeper(self, place: str) -> Keeper:
        return next(keeper for keeper in self.keepers if keeper.place == place)
