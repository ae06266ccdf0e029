"""Tries what is new on one instance, then on all; takes it back where customers are harmed.

A way back is a new version with an older content: instances refuse what is not newer, so that
nobody can serve them again what was in force once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from configuration.schema import (
    ConfigurationError,
    flag_names,
    read_configuration,
    with_flag,
)
from rollout.history import By, Happened, Kind
from rollout.judging import findings
from rollout.telemetry import Troubles
from rollout.watching import NONE as NO_REQUESTS

from .store import NONE, Put, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from rollout.history import Entry, History
    from rollout.watching import Watcher

    from .instances import Instances
    from .policy import Policy
    from .store import Store

TURN_SECONDS = 0.25
BEHIND_SECONDS = 3.0  # an instance that has something else in force for longer is in trouble


_ENDS = {
    Happened.REFUSED,
    Happened.PROMOTED,
    Happened.STABLE,
    Happened.ROLLED_BACK,
    Happened.FAILED,
}


class RefusedError(Exception):
    """Nothing was done; the message is one sentence that says why, with a remedy."""


class Orders(Protocol):
    def __call__(self, instance: str, reader: str) -> Future[str]:
        """Try the critical function of an instance; give what is broken, "" where nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a controller works with."""

    store: Store
    instances: Instances
    watcher: Watcher
    history: History
    policy: Policy
    orders: Orders
    clock: Callable[[], float]
    told: Callable[[Entry], object] = lambda _: None  # of all that is in the history


@dataclass(slots=True)
class Trying:
    """A change that customers meet, and nobody has judged to be good yet."""

    change: str
    version: int
    replaces: int
    asked_at: float
    everywhere: bool = False
    in_force_at: float | None = None
    order: Future[str] | None = None
    harm: str = ""  # what it does to customers, where people decide what becomes of it


@dataclass(frozen=True, slots=True)
class Settling:
    """What is to be told of a change once every instance has what is in force."""

    change: str
    kind: Kind
    event: Happened
    by: By
    why: str


@dataclass(slots=True)
class Controller:
    means: Means
    _trying: Trying | None = None
    _settling: list[Settling] = field(default_factory=list)
    _put_at: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _noted: Troubles = field(default_factory=Troubles)

    def __post_init__(self) -> None:
        self._put_at = self.means.clock()

    def begin(self, content: bytes) -> None:
        """Have this content in force where there is none yet; take back what was being tried.

        Raises:
            ConfigurationError: it cannot be used.
            StoreError: what was in force was tampered with.
        """
        store = self.means.store
        if store.is_empty:
            read_configuration(content, file="the first configuration")
            first = store.add(content)
            store.put(Put(first.version, "", Kind.CONFIGURATION, NONE))
            return
        if store.last != store.in_force.version:
            put = store.in_force
            added = store.add(store.open(put.version).content).version
            self._put(Put(added, put.change, put.kind, put.replaced))
        self._conclude_what_was_begun()

    def turn(self) -> None:
        """Look at all instances, and do what is to be done now."""
        self.means.instances.look()
        if self._trying is not None:
            self.means.watcher.look(self.means.instances.names)
        with self._lock:
            self._settle()
            if self._trying is not None:
                self._go_on(self._trying)
            self._noted.note("the configuration", "; ".join(self.troubles()))

    def version_for(self, instance: str) -> int:
        """Give the version that an instance ought to have in force."""
        trying = self._trying
        if trying is not None and instance in self._met(trying):
            return trying.version
        return self.means.store.in_force.version

    def propose(self, content: bytes, file: str) -> str:
        """Begin to try a configuration; give the change's name.

        Raises:
            RefusedError: it is not tried; nobody has met it.
        """
        with self._lock:
            self._must_be_idle()
            change = self._name(Kind.CONFIGURATION)
            try:
                read_configuration(content, file=file)
                in_force = self._open_in_force()
            except (ConfigurationError, StoreError) as error:
                self._tell(change, Happened.PROPOSED, by=By.PEOPLE, why=file)
                self._tell(change, Happened.REFUSED, why=str(error))
                raise RefusedError(f"{error} ({change} is refused)") from error
            if content == in_force:
                raise RefusedError("this is what is in force: change something, and try again")
            self._begin_to_try(change, content, file)
            return change

    def flag(self, name: str, *, on: bool) -> str:
        """Switch a flag on every instance at once; give the change's name.

        Raises:
            RefusedError: there is no such flag, or it is so already.
        """
        with self._lock:
            try:
                content = self._open_in_force()
                switched = with_flag(content, name, on=on, file="the configuration in force")
            except (ConfigurationError, StoreError) as error:
                raise RefusedError(str(error)) from error
            state = f"{name} is {'on' if on else 'off'}"
            if switched == content:
                raise RefusedError(f"{state} already: nothing is to be done")
            self._leave_canary(f"{state} from now on")
            change = self._name(Kind.FLAG)
            self._tell(change, Happened.PROPOSED, Kind.FLAG, by=By.PEOPLE, why=state)
            self._tell(change, Happened.STARTED, Kind.FLAG, share=1.0)
            version = self.means.store.add(switched).version
            self._put(Put(version, change, Kind.FLAG, self.means.store.in_force.version))
            if self._trying is not None:
                self._trying.version = version
            self._settling.append(
                Settling(change, Kind.FLAG, Happened.PROMOTED, By.PEOPLE, state)
            )
            return change

    def roll_back(self) -> str:
        """Go back to what was before the last change of the configuration; give its name.

        Raises:
            RefusedError: there is nothing to go back to.
        """
        with self._lock:
            try:
                if self._trying is not None:
                    change = self._trying.change
                    self._take_back(self._trying, By.PEOPLE, "people take it back")
                    return change
                return self._undo_last()
            except StoreError as error:
                raise RefusedError(str(error)) from error

    def restore(self, raw: bytes) -> int:
        """Put a version back into the store as it was signed; give its number.

        Raises:
            RefusedError: it was not signed so.
        """
        with self._lock:
            try:
                return self.means.store.restore(raw).version
            except StoreError as error:
                raise RefusedError(str(error)) from error

    def under_way(self) -> str:
        """Say what is being done; "" where nothing is."""
        if self._trying is not None:
            where = "every instance" if self._trying.everywhere else self._first
            return f"{self._trying.change} is tried on {where}"
        if self._settling:
            return f"{self._settling[-1].change} is on its way to every instance"
        return ""

    def troubles(self) -> Sequence[str]:
        """Say what is amiss, a sentence each."""
        store, instances = self.means.store, self.means.instances
        served = {store.in_force.version}
        if self._trying is not None:
            served.add(self._trying.version)
        harm = self._trying.harm if self._trying is not None else ""
        stored = (store.trouble(version) for version in sorted(served))
        return [
            *filter(None, stored),
            *(sentence for name in instances.names for sentence in instances.troubles(name)),
            *self._behind(),
            *([f"{harm}: `config rollback` takes it back"] if harm else []),
        ]

    def _behind(self) -> Sequence[str]:
        if self.means.clock() - self._put_at < BEHIND_SECONDS:
            return []
        versions = {
            name: self.means.instances.version(name) for name in self.means.instances.names
        }
        return [
            f"{name} has version {version} in force, not {self.version_for(name)}"
            for name, version in versions.items()
            if version is not None and version != self.version_for(name)
        ]

    @property
    def _first(self) -> str:
        return self.means.instances.names[0]

    def _met(self, trying: Trying) -> Sequence[str]:
        """Name the instances whose customers meet what is tried."""
        names = self.means.instances.names
        return names if trying.everywhere else names[:1]

    def _begin_to_try(self, change: str, content: bytes, file: str) -> None:
        store, names = self.means.store, self.means.instances.names
        self._tell(change, Happened.PROPOSED, by=By.PEOPLE, why=file)
        version = store.add(content).version
        self.means.watcher.forget(names)
        now = self.means.clock()
        self._trying = Trying(change, version, store.in_force.version, now)
        self._put_at = now
        share = 1 / len(names)
        self._tell(change, Happened.STARTED, share=share, why=f"version {version}")
        self._tell(change, Happened.STAGE, share=share, why=f"{self._first} gets it first")

    def _go_on(self, trying: Trying) -> None:
        now = self.means.clock()
        if trying.in_force_at is None:
            self._see_it_taken(trying, now)
        elif why := self._harm(trying, trying.in_force_at):
            self._end_badly(trying, why)
        elif self._is_good(trying, trying.in_force_at):
            self._end_stage(trying)

    def _is_good(self, trying: Trying, since: float) -> bool:
        """Whether enough was seen of it, and nothing that would speak against it."""
        policy = self.means.policy
        seconds = policy.watch_seconds if trying.everywhere else policy.canary_seconds
        requests = self.means.watcher.since(since, self._met(trying)).requests
        return (
            not trying.harm
            and (trying.order is None or trying.order.done())
            and self.means.clock() - since >= seconds
            and requests >= policy.requests
        )

    def _see_it_taken(self, trying: Trying, now: float) -> None:
        instances, met = self.means.instances, self._met(trying)
        if instances.have(trying.version, met):
            trying.in_force_at = now
            if self.means.policy.trials:
                trying.order = self.means.orders(met[0], instances.names[-1])
            if trying.everywhere:
                self._tell(trying.change, Happened.PROMOTED, share=1.0)
        elif now - trying.asked_at > self.means.policy.taken_seconds:
            said = "; ".join(sentence for name in met for sentence in instances.troubles(name))
            self._end_badly(trying, said or "not every instance takes it")

    def _harm(self, trying: Trying, since: float) -> str:
        """Say what customers who meet the change get of it; "" where all is well."""
        watcher, limits, met = self.means.watcher, self.means.policy.limits, self._met(trying)
        sentences = list(watcher.unwell(met, limits.silent_seconds))
        others = [name for name in self.means.instances.names if name not in met]
        without = watcher.since(since, others) if others else NO_REQUESTS
        sentences += findings(watcher.since(since, met), without, limits)
        if trying.order is not None and trying.order.done() and trying.order.result():
            sentences.append(trying.order.result())
        return "; ".join(sentences)

    def _end_badly(self, trying: Trying, why: str) -> None:
        if not self.means.policy.automatic_rollback:
            trying.harm = trying.harm or f"{trying.change} harms customers ({why})"
            return
        try:
            self._take_back(trying, By.ITSELF, why)
        except StoreError as error:  # `troubles` says so until somebody restores it
            self._noted.note("the way back", str(error))

    def _end_stage(self, trying: Trying) -> None:
        if trying.everywhere:
            self._tell(trying.change, Happened.STABLE, share=1.0)
            self._trying = None
            return
        share = 1 / len(self.means.instances.names)
        self._tell(trying.change, Happened.JUDGED, share=share, why="no worse than the others")
        put = Put(trying.version, trying.change, Kind.CONFIGURATION, trying.replaces)
        self._put(put)
        trying.everywhere, trying.in_force_at, trying.order = True, None, None
        trying.asked_at = self.means.clock()
        self._tell(trying.change, Happened.STAGE, share=1.0, why="every instance gets it")

    def _take_back(self, trying: Trying, by: By, why: str) -> None:
        self._put_back_from(trying.change, trying.replaces, by, why)
        self._trying = None

    def _undo_last(self) -> str:
        put = self.means.store.to_undo()
        if put is None:
            raise RefusedError("nothing is to be taken back: this is the first configuration")
        self._put_back_from(put.change, put.replaced, By.PEOPLE, "people take it back")
        return put.change

    def _put_back_from(self, change: str, version: int, by: By, why: str) -> None:
        """Have the content of an earlier version in force again, with the flags as they are."""
        store = self.means.store
        earlier = store.open(version).content
        now = read_configuration(self._open_in_force(), file="the configuration in force")
        content = store.with_flags_of(earlier, now)
        added = store.add(content).version
        self._put(Put(added, change, Kind.CONFIGURATION, store.way_back_beyond(version)))
        self._tell(change, Happened.ROLLING_BACK, by=by, why=why)
        self._settling.append(
            Settling(change, Kind.CONFIGURATION, Happened.ROLLED_BACK, by, f"version {added}")
        )

    def _conclude_what_was_begun(self) -> None:
        """Have each change that had begun end, as far as it came before the last start."""
        why, put = "the configurator was started anew", self.means.store.changes()
        last = {entry.change: entry for entry in self.means.history.after(0)}
        for change, entry in last.items():
            if entry.event in _ENDS:
                continue
            goes_on = change in put and entry.event is not Happened.ROLLING_BACK
            if not goes_on and entry.event is not Happened.ROLLING_BACK:
                self._tell(change, Happened.ROLLING_BACK, entry.kind, why=why)
            end = Happened.PROMOTED if goes_on else Happened.ROLLED_BACK
            self._settling.append(Settling(change, entry.kind, end, By.ITSELF, why))

    def _leave_canary(self, why: str) -> None:
        """Give a change up that few customers met so far; one that all met goes on."""
        trying = self._trying
        if trying is None or trying.everywhere:
            return
        self._tell(trying.change, Happened.ROLLING_BACK, by=By.PEOPLE, why=why)
        self._settling.append(
            Settling(trying.change, Kind.CONFIGURATION, Happened.ROLLED_BACK, By.PEOPLE, why)
        )
        self._trying = None

    def _settle(self) -> None:
        """Tell what has ended, once every instance that answers has what is in force."""
        instances = self.means.instances
        if not self._settling:
            return
        if instances.have(self.means.store.in_force.version, instances.names):
            for one in self._settling:
                share = 1.0 if one.event is Happened.PROMOTED else 0.0
                self._tell(one.change, one.event, one.kind, by=one.by, why=one.why, share=share)
            self._settling.clear()

    def _must_be_idle(self) -> None:
        if doing := self.under_way():
            raise RefusedError(f"{doing}: write `config wait` or `config rollback` first")

    def _open_in_force(self) -> bytes:
        return self.means.store.open(self.means.store.in_force.version).content

    def _put(self, put: Put) -> None:
        self.means.store.put(put)
        self._put_at = self.means.clock()

    def _name(self, kind: Kind) -> str:
        """Name a change; refused ones have a number, too."""
        proposed = [
            one
            for one in self.means.history.after(0)
            if one.kind is kind and one.event is Happened.PROPOSED
        ]
        return f"{kind}-{len(proposed) + 1}"

    def _tell(  # noqa: PLR0913 - an entry consists of that much
        self,
        change: str,
        event: Happened,
        kind: Kind = Kind.CONFIGURATION,
        *,
        by: By = By.ITSELF,
        why: str = "",
        share: float | None = None,
    ) -> None:
        entry = self.means.history.tell(change, kind, event, by=by, why=why, share=share)
        self.means.told(entry)


def flags_of(content: bytes) -> dict[str, bool]:
    """Give the state of each flag of a valid configuration."""
    flags = read_configuration(content, file="the configuration in force").flags
    return {name: getattr(flags, name) for name in flag_names()}
