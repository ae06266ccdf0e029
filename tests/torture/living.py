"""A Muster run that lives beside the torture: nobody may mend it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fixtures.identity import Identity, Life, life_of
from fixtures.run import ROOT, RUNS, new_run_id
from tests.torture.oracle import RUN_LABEL, Thing, things
from tests.torture.record import RunFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

ENDS_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class LivingRun:
    """The run of another process, which does nothing but live."""

    process: subprocess.Popen[str]
    files: RunFiles
    journal: bytes  # as it was when its world stood
    things: frozenset[Thing]

    def changes(self) -> list[str]:
        """Say what somebody has done to it, a sentence each; its things are seen elsewhere."""
        guardian = Identity.parse(self.files.guardian() or "")
        sentences = {
            "the living run's process has ended": self.process.poll() is not None,
            "the living run's guardian has ended": (
                guardian is None or life_of(guardian) is not Life.ALIVE
            ),
            "the living run's journal was written to by somebody else": (
                self.files.journal.read_bytes() != self.journal
            ),
        }
        return [sentence for sentence, is_so in sentences.items() if is_so]


@contextmanager
def living_run(engine: docker.APIClient, image: str) -> Iterator[LivingRun]:
    """Let a run live for the length of the block; it removes its own world afterwards."""
    files = RunFiles(RUNS / new_run_id())
    with subprocess.Popen(
        [sys.executable, "-m", "tests.torture.living_run", files.id, image],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", "the living run did not start"
        its_own = f"{files.id}-1"
        world = {one for one in things(engine) if one.labels.get(RUN_LABEL) == its_own}
        assert len(world) == 2, f"a living world of a container and a network: {world}"
        yield LivingRun(process, files, files.journal.read_bytes(), frozenset(world))
        process.communicate("", timeout=ENDS_WITHIN_SECONDS)
        assert process.returncode == 0, "the living run did not end well"
    shutil.rmtree(files.folder)
