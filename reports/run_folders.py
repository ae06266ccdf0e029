"""Where runs and their drills are on disk."""

from __future__ import annotations

from pathlib import Path

from reports.record import TIMELINE, RecordError

RUNS = Path(__file__).parent / "runs"
RUN_FILE = "run.json"


def drills_of(run: str, runs: Path) -> list[Path]:
    """The drills' folders of a run: its id, 'latest', or the folder of a run or a drill.

    Raises:
        RecordError: there is no such run, or no drill in it.
    """
    folder = _folder(run, runs)
    if (folder / TIMELINE).exists():
        return [folder]
    drills = sorted(timeline.parent for timeline in folder.glob(f"*/{TIMELINE}"))
    if not drills:
        raise RecordError(f"{folder}: no drill has its {TIMELINE} in there: name another run")
    return drills


def _folder(run: str, runs: Path) -> Path:
    if run == "latest":
        return _latest(runs)
    for folder in (runs / run, Path(run)):
        if folder.is_dir():
            return folder
    raise RecordError(f"{run}: no such run: name a folder, or one of those in {runs}")


def _latest(runs: Path) -> Path:
    """The run that started last: a run's id begins with the time at which it did."""
    known = sorted(facts.parent for facts in runs.glob(f"*/{RUN_FILE}"))
    if not known:
        raise RecordError(f"{runs}: no run in there yet: 'make drill' makes one")
    return known[-1]
