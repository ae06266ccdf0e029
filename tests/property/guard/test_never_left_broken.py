"""We believe that whatever dies, fails or fills up, at whatever moment, the world is mended.

A runner breaks the world as a drill does. At every boundary (each entry of its journal,
each deed on the world; before, in the middle, after) it may be killed, the world may
refuse, or the disk may be full; who mends after it may be killed as well. In the end
somebody mends undisturbed, from the journal alone.

The oracle is the fake world's whole state, which nothing that is tested here reads.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from environments.model import Latency, Trace, TraceKind, WorldError
from fixtures import mending, steps
from fixtures.drill import Drill, InconclusiveError
from fixtures.guarded import GuardedRun
from fixtures.mending import Mender
from fixtures.steps import Injector
from reports.journal import Journal, Note, read_journal, what_is_left
from reports.lines import NotRecordedError
from reports.timeline import Timeline
from tests.fakes.caretaker import FakeCaretaker
from tests.fakes.trouble import Trouble
from tests.fakes.world import FakeEnvironment
from tests.property.strategies import faults, links

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.faults import Fault


NOW = timedelta(0)
# What comes of the deeds of a process, by their number from now on.
mishaps = st.dictionaries(
    st.integers(0, 8), st.sampled_from(["refused", "ignored", "done and refused"]), max_size=3
)
# After how many boundaries from now on a process dies: twelve are a partition's whole life.
deaths = st.none() | st.integers(0, 12)


class DiedError(BaseException):
    """The process was killed at this moment."""


@dataclass
class Fate:
    """What befalls one process; the dead change nothing any more."""

    mishaps: dict[int, str] = field(default_factory=dict)
    dies_in: int | None = None
    is_dead: bool = False

    def cross(self) -> None:
        """Come to a boundary: the process may die here."""
        if self.dies_in is not None:
            self.dies_in -= 1
        if self.is_dead or (self.dies_in is not None and self.dies_in < 0):
            self.is_dead = True
            raise DiedError

    def next_mishap(self) -> str | None:
        coming = self.mishaps.pop(0, None)
        self.mishaps = {number - 1: mishap for number, mishap in self.mishaps.items()}
        return coming


class MortalHands(Trouble):
    """The hands of a process that may die before and after every deed."""

    fate: Fate

    def act(self, name: str, action: str, deed: Callable[[], None]) -> None:
        mishap = self.fate.next_mishap()
        self.fate.cross()
        if mishap == "refused":
            raise WorldError(f"{name} refuses to {action}")
        if mishap != "ignored":
            deed()
        self.fate.cross()
        if mishap == "done and refused":
            raise WorldError(f"{name} says that it could not {action}")


class MortalJournal(Journal):
    """The pen of a process that may die before, in and after every entry, or lack paper."""

    fate: Fate
    is_full = False

    def _append(self, line: bytes) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.fate.cross()
        try:
            self.fate.cross()
        except DiedError:
            os.write(self.file_descriptor, line[: len(line) // 2])
            raise
        super()._append(line)
        self.fate.cross()


class Runner:
    """One run on the world, until it ends or dies."""

    def __init__(self, world: FakeEnvironment, folder: Path) -> None:
        folder.mkdir()
        self.path = folder / "journal.jsonl"
        self.fate = take_hands(world)
        self.injected = ExitStack()
        self.files = ExitStack()
        self.journal = self.files.enter_context(MortalJournal(self.path))
        self.journal.fate = self.fate
        self.journal.record(
            Note.RUN_OPENED, label="run", environment="replica", owner="nobody", engine={}
        )
        self.drill = Drill(
            name="drill", folder=folder, environment=world,
            timeline=self.files.enter_context(Timeline(folder / "timeline.jsonl")),
            guarded=GuardedRun(self.journal, start_guardian=None),
            say=lambda _: None, seed=1, runbooks=folder, taint=lambda _: None,
        )  # fmt: skip

    def inject(self, fault: Fault) -> None:
        self.injected.enter_context(Injector(self.drill)(fault))


def take_hands(world: FakeEnvironment) -> Fate:
    """Give the world's deeds into the hands of a new process, which may die."""
    hands = MortalHands()
    hands.fate = Fate()
    world.trouble = hands
    return hands.fate


class NeverLeftBroken(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self.folder = Path(self.around.enter_context(tempfile.TemporaryDirectory()))
        self.world = FakeEnvironment()
        hands = FakeCaretaker({self.world.id: self.world})
        for module, name, value in (
            (steps, "EFFECT_WITHIN", NOW),
            (steps, "GONE_WITHIN", NOW),
            (mending, "GONE_WITHIN", NOW),
            (mending, "caretaker", hands.lend),
            (os, "fsync", lambda _: None),  # nobody pulls the plug here, and it takes time
        ):
            self.around.enter_context(patch.object(module, name, value))
        self.runs = 0

    @initialize(
        dead=st.sets(st.sampled_from(["east-db-3", "east-app-1", "east-etcd-1"])),
        frozen=st.sets(st.sampled_from(["east-db-2", "east-app-2"])),
        slow=st.sets(links),
    )
    def somebody_was_here_before(
        self, dead: set[str], frozen: set[str], slow: set[str]
    ) -> None:
        for name in dead:
            self.world.node(name).running = False
        for name in frozen:
            self.world.node(name).paused = True
        for name in slow:
            self.world.link(name).on.add(Latency(2000))
        self.before = self.world.snapshot()
        self.traces_before = self.world.traces()
        self._begin_a_run()

    def _begin_a_run(self) -> None:
        self.runs += 1
        self.runner = Runner(self.world, self.folder / f"run-{self.runs}")
        self.around.push(self.runner.files)

    @property
    def is_alive(self) -> bool:
        return not self.runner.fate.is_dead

    @rule(is_full=st.booleans())
    def the_disk_fills_up_or_is_emptied(self, *, is_full: bool) -> None:
        self.runner.journal.is_full = is_full

    @rule(fault=faults, mishaps=mishaps, dies_in=deaths)
    @precondition(lambda self: self.is_alive)
    def inject(self, fault: Fault, mishaps: dict[int, str], dies_in: int | None) -> None:
        self._decide(mishaps, dies_in)
        self._do(lambda: self.runner.inject(fault))

    @rule(mishaps=mishaps, dies_in=deaths)
    @precondition(lambda self: self.is_alive)
    def end_the_run(self, mishaps: dict[int, str], dies_in: int | None) -> None:
        """Leave all blocks of the scenario, as a drill does however it ends."""
        self._decide(mishaps, dies_in)
        self._do(self.runner.injected.close)
        self._bury()

    @rule()
    @precondition(lambda self: self.is_alive)
    def kill_the_runner_where_it_stands(self) -> None:
        self.runner.fate.is_dead = True

    @rule(mishaps=mishaps, dies_in=deaths)
    @precondition(lambda self: not self.is_alive)
    def mend(self, mishaps: dict[int, str], dies_in: int | None) -> None:
        """A guardian mends; perhaps it is killed as well, and somebody else goes on."""
        self._bury()
        failures = self._mend(mishaps, dies_in)
        if failures == []:
            assert self.world.snapshot() == self.before
            self._begin_a_run()

    @invariant()
    def nothing_is_changed_that_no_journal_tells_of(self) -> None:
        if not self.runs:
            return
        left = what_is_left(read_journal(self.runner.path))
        assert left is not None
        planned = {
            Trace(change["where"], TraceKind(change["kind"]), change["what"])
            for fault in left.faults
            for change in fault.changes
        }
        assert self.world.traces() - self.traces_before <= planned

    def teardown(self) -> None:
        with self.around:
            if self.runs:
                self._bury()
                assert self._mend({}, None) == []
                assert self.world.snapshot() == self.before

    def _do(self, deed: Callable[[], object]) -> None:
        """Do it, as a drill would: the world's refusals are noted and end nothing."""
        try:
            deed()
        except (InconclusiveError, NotRecordedError, WorldError, DiedError):
            return

    def _bury(self) -> None:
        """Let go of what a dead process held; the dead change nothing meanwhile."""
        self.runner.fate.is_dead = True
        self._do(self.runner.injected.close)
        self.runner.files.close()

    def _mend(self, mishaps: dict[int, str], dies_in: int | None) -> list[str] | None:
        """Mend from the journal alone; None where the mender died."""
        fate = take_hands(self.world)
        fate.mishaps, fate.dies_in = mishaps, dies_in
        with MortalJournal(self.runner.path) as journal:
            journal.fate = fate
            try:
                return Mender("guardian", lambda _: None, NOW).mend(journal)
            except DiedError:
                return None

    def _decide(self, mishaps: dict[int, str], dies_in: int | None) -> None:
        self.runner.fate.mishaps, self.runner.fate.dies_in = mishaps, dies_in


NeverLeftBroken.TestCase.settings = settings(
    max_examples=200, stateful_step_count=25, deadline=None
)
TestNeverLeftBroken = NeverLeftBroken.TestCase
