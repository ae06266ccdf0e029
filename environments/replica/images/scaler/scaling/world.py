"""The places as they are: what their supervisors, the edge and the instances themselves say.

A supervisor shares its instance's quota, which a question takes some of. So it is asked often
only of places on the move; of those that serve the edge knows sooner when something is amiss.
"""

from __future__ import annotations

import socket
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from rollout.readiness import is_ready
from rollout.rotation import Admission, Rotation, RotationError, Server
from rollout.supervisors import Process, SupervisorError

from .reconcile import Action, Deed, View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ANSWERS_WITHIN_SECONDS = 0.2  # for which a turn waits; what comes later counts in the next one
ADDRESSES_LAST_SECONDS = 2.0
MOVING_SECONDS, STARTING_SECONDS, SETTLED_SECONDS = 0.2, 1.0, 5.0
SILENT_SECONDS = 5.0  # an instance that starts leaves its supervisor little time to answer


class WorldError(Exception):
    """A step could not be taken, or nobody could see; the message says why."""


class Keeper(Protocol):
    """Who keeps a place's instance: its supervisor."""

    @property
    def place(self) -> str: ...
    def state(self) -> Process: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


@dataclass(slots=True)
class _Place:
    """What is known of a place, and what is being asked."""

    supervisor: Keeper
    heard_at: float  # where it never was: when we began to ask
    process: Process | None = None  # None: it was not heard of yet
    asked_at: float = float("-inf")
    asking: Future[Process] | None = None
    readiness: Future[bool] | None = None
    is_ready: bool = False

    def hear(self, process: Process, now: float) -> None:
        """Take the answer; a silence counts once it has lasted."""
        if process is not Process.SILENT:
            self.heard_at = now
        elif now < self.heard_at + SILENT_SECONDS:
            return
        self.process = process


@dataclass(slots=True)
class World:
    """Looks at all places and takes steps; each turn is bounded."""

    supervisors: Sequence[Keeper]
    rotation: Rotation
    clock: Callable[[], float]
    threads: ThreadPoolExecutor
    is_ready: Callable[[str], bool] = is_ready
    address_of: Callable[[str], str] = socket.gethostbyname
    _known: dict[str, _Place] = field(init=False)
    _addresses: dict[str, str] = field(default_factory=dict)  # place -> address
    _addresses_at: float = float("-inf")
    _finding: Future[Mapping[str, str]] | None = None
    _servers: Mapping[str, Server] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = {
            keeper.place: _Place(keeper, self.clock()) for keeper in self.supervisors
        }

    def names(self) -> Mapping[str, str]:
        """Give each place's name by its address."""
        return {address: place for place, address in self._addresses.items()}

    def look(self) -> Sequence[View]:
        """See every place.

        Raises:
            WorldError: the edge did not say which of them it has in rotation, or a place was
                not heard of yet.
        """
        self._find_addresses()
        try:
            self._servers = self.rotation.servers()
        except RotationError as error:
            raise WorldError(str(error)) from error
        for place, known in self._known.items():
            self._ask(known, self._server(place))
        self._await_answers()
        return [
            self._view(place, known, self._server(place))
            for place, known in self._known.items()
        ]

    def take(self, action: Action) -> None:
        """Take one step.

        Raises:
            WorldError: it could not be taken; the next turn will see how things are.
        """
        supervisor = self._known[action.place].supervisor
        admission = {
            Deed.ADMIT: Admission.IN,
            Deed.DRAIN: Admission.DRAINING,
            Deed.EXCLUDE: Admission.OUT,
        }.get(action.deed)
        deed = {
            Deed.START: supervisor.start,
            Deed.STOP: supervisor.stop,
            Deed.GIVE_UP: supervisor.stop,
            Deed.KILL: supervisor.kill,
        }.get(action.deed)
        try:
            if admission is not None:
                self._tell(action.place, admission)
            elif deed is not None:
                deed()
                self._known[action.place].asked_at = float("-inf")
        except (RotationError, SupervisorError) as error:
            raise WorldError(str(error)) from error

    def _tell(self, place: str, admission: Admission) -> None:
        server = self._server(place)
        if server is None:
            raise WorldError(f"the edge knows no address of {place} yet")
        self.rotation.tell(server, admission)

    def _server(self, place: str) -> Server | None:
        return self._servers.get(self._addresses.get(place, ""))

    def _find_addresses(self) -> None:
        """Ask the network where the places are.

        One that it does not know now keeps its last address, unless another has that by now.
        """
        if self._finding is None:
            if self.clock() < self._addresses_at + ADDRESSES_LAST_SECONDS:
                return
            self._addresses_at = self.clock()
            self._finding = self.threads.submit(self._found)
        wait([self._finding], ANSWERS_WITHIN_SECONDS)
        if self._finding.done():
            found, self._finding = self._finding.result(), None
            taken = {*found.values()}
            kept = {place: at for place, at in self._addresses.items() if at not in taken}
            self._addresses = {**kept, **found}

    def _found(self) -> Mapping[str, str]:
        """Look the places up; those that the network does not know now are left out."""
        found = {}
        for place in self._known:
            with suppress(OSError):
                found[place] = self.address_of(place)
        return found

    def _ask(self, known: _Place, server: Server | None) -> None:
        now = self.clock()
        if known.asking is None and now >= known.asked_at + _pause(known.process, server):
            known.asked_at = now
            known.asking = self.threads.submit(known.supervisor.state)
        is_in = server is not None and server.admission is Admission.IN
        if known.process is not Process.RUNNING or is_in:
            known.is_ready = False
        elif known.readiness is None:
            known.readiness = self.threads.submit(self.is_ready, known.supervisor.place)

    def _await_answers(self) -> None:
        asked: list[Future[Any]] = [
            future
            for known in self._known.values()
            for future in (known.asking, known.readiness)
            if future is not None
        ]
        wait(asked, ANSWERS_WITHIN_SECONDS)
        for known in self._known.values():
            if known.asking is not None and known.asking.done():
                known.hear(known.asking.result(), self.clock())
                known.asking = None
            if known.readiness is not None and known.readiness.done():
                known.is_ready, known.readiness = known.readiness.result(), None

    def _view(self, place: str, known: _Place, server: Server | None) -> View:
        if known.process is None:
            raise WorldError(f"{place} was not heard of yet")
        if server is None:
            return View(place, known.process, None, is_ready=known.is_ready)
        return View(
            place,
            known.process,
            server.admission,
            is_up=server.is_up,
            sessions=server.sessions,
            is_ready=known.is_ready,
        )


def _pause(process: Process | None, server: Server | None) -> float:
    """Give how long a supervisor's word is good for, in seconds."""
    is_draining = server is not None and server.admission is Admission.DRAINING
    if process is Process.STOPPING or is_draining:
        return MOVING_SECONDS
    is_in = server is not None and server.admission is Admission.IN and server.is_up
    if process is Process.STOPPED or (process is Process.RUNNING and is_in):
        return SETTLED_SECONDS
    return STARTING_SECONDS
