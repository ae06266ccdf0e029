"""One kill after another: kill, see it mended, audit the world."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from fixtures.waiting import WaitedTooLongError, wait_until
from tests.torture.figures import GUARDIAN, HEAL, Killed
from tests.torture.killing import (
    DrillProcess,
    NotWholeError,
    heal,
    kill_guardian,
    kill_runner,
    processes_left,
    start_drill,
    wait_until_closed,
    wait_until_moment,
)
from tests.torture.oracle import Runs, Thing, difference, host_difference, host_network, things
from tests.torture.plan import Durations
from tests.torture.record import BEFORE_THE_WORLD

if TYPE_CHECKING:
    from pathlib import Path

    import docker

    from tests.torture.foreign import Foreign
    from tests.torture.living import LivingRun
    from tests.torture.plan import Kill
    from tests.torture.record import RunFiles

HALF_MADE_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Look:
    """What was there at one moment."""

    things: frozenset[Thing]
    host: frozenset[str]  # rules and queues that the engine's networks do not need


@dataclass
class Torture:
    """Kills drills and audits what is left; ``folder`` gets what the drills print."""

    engine: docker.APIClient
    foreign: Foreign
    living: LivingRun
    folder: Path
    durations: Durations = field(default_factory=Durations)
    runs: Runs = field(default_factory=Runs)

    def carry_out(self, kill: Kill) -> Killed:
        """Start the drill, kill it, have it mended, audit.

        Raises:
            NotWholeError: the world is not as it was before; it is all said.
        """
        before = self._look()
        drill = start_drill(kill.drill, self.folder / f"{kill.number}-{kill.drill}.txt")
        self.runs.runners.add(drill.identity)
        namesakes: list[Thing] = []
        try:
            killed = self._kill(kill, drill, namesakes)
            self._audit(before, str(killed), drill)
        except NotWholeError as error:
            raise NotWholeError(f"{error}\n{_evidence(drill)}") from error
        finally:
            drill.process.kill()
            self.foreign.remove(namesakes)
        if drill.run is not None:
            self._put_away(drill.run, self.folder / f"{kill.number}-{kill.drill}")
        return killed

    def audit_once_more(self) -> None:
        """Heal again, and see that nothing is there of any run, however late it came.

        Raises:
            NotWholeError: something is.
        """
        before = self._look()
        heal()
        self._audit(before, "after the last kill")

    def _put_away(self, run: RunFiles, folder: Path) -> None:
        """Keep what tells how it was mended; the rest is no drill for anybody's report."""
        folder.mkdir()
        for file in (run.journal, run.guardian_log):
            if file.exists():
                shutil.copy(file, folder)
        shutil.rmtree(run.folder)

    def _look(self) -> Look:
        return Look(things(self.engine), host_network(self.engine))

    def _audit(self, before: Look, what: str, drill: DrillProcess | None = None) -> None:
        after = things(self.engine)
        problems = [
            *difference(before.things, after, self.runs),
            *self._otherwise_on_the_host(before.host),
            *self.foreign.changes(),
            *self.living.changes(),
            *(f"still runs: {one}" for one in (processes_left(drill) if drill else ())),
        ]
        if problems:
            raise NotWholeError("\n".join((what, *problems)))

    def _otherwise_on_the_host(self, before: frozenset[str]) -> list[str]:
        """Compare the host's network; another run's, half-made, is not there for long."""
        differing: list[str] = []

        def is_as_before() -> bool:
            differing[:] = host_difference(before, host_network(self.engine))
            return not differing

        with suppress(WaitedTooLongError):
            wait_until(
                "the host's network to be as before", is_as_before, at_most=HALF_MADE_WITHIN
            )
        return differing

    def _kill(self, kill: Kill, drill: DrillProcess, namesakes: list[Thing]) -> Killed:
        def meanwhile() -> None:
            if not namesakes and (run := drill.find_run()) is not None:
                self.runs.ids.add(run.id)
                namesakes.extend(self.foreign.plant_namesakes(run.id))

        moment = drill.started_at + kill.share * self.durations.of(kill.drill)
        if not wait_until_moment(drill, moment, meanwhile):
            self.durations.learn(kill.drill, monotonic() - drill.started_at)
            return _ended_by_itself(kill, drill)
        killed_at = kill_runner(drill)
        if drill.run is None:
            return _killed(kill, drill, killed_at, who="runner", mended_by=None)
        self.runs.ids.add(drill.run.id)
        return _mended(kill, drill, drill.run, killed_at)


def _ended_by_itself(kill: Kill, drill: DrillProcess) -> Killed:
    if drill.run is None or not drill.run.is_closed():
        raise NotWholeError(f"{kill.drill} has ended and its journal is not closed")
    return _killed(kill, drill, monotonic(), who="nobody", mended_by=None)


def _mended(kill: Kill, drill: DrillProcess, run: RunFiles, killed_at: float) -> Killed:
    """Kill the guardian too where that was drawn, and wait until the world is whole."""
    who, mended_by = "runner", GUARDIAN
    if kill.guardian_after_seconds is not None:
        if kill_guardian(run, at=killed_at + kill.guardian_after_seconds):
            who, mended_by = f"runner, guardian {kill.guardian_after_seconds:.1f} s later", HEAL
    elif run.guardian() is None:
        who, mended_by = "runner, who had no guardian yet", HEAL
    if mended_by == HEAL:
        heal()
    wait_until_closed(run)
    return _killed(kill, drill, killed_at, who=who, mended_by=mended_by)


def _killed(
    kill: Kill, drill: DrillProcess, killed_at: float, *, who: str, mended_by: str | None
) -> Killed:
    """Say how it went; called when the world is said to be whole."""
    return Killed(
        number=kill.number,
        drill=kill.drill,
        at_seconds=killed_at - drill.started_at,
        was=drill.run.at(killed_at) if drill.run else BEFORE_THE_WORLD,
        who=who,
        mended_by=mended_by,
        whole_after_seconds=monotonic() - killed_at,
    )


def _evidence(drill: DrillProcess) -> str:
    journal = drill.run.last_lines() if drill.run else "it had no journal yet"
    return f"{journal}\n{drill.last_words()}"
