"""How long judging takes and how much memory: ``python -m tests.bench.judging [ATTEMPTS]``.

The aim: a million attempts within 2 s and 500 MB. The drill that is judged is mapped from
a file, as a real one is; the time includes reading it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from reports.ledger import FINAL_READ, LEDGER, Operation, Outcome, Seen, read_ledger
from reports.recovery import judge, measure
from reports.verdict import Injection, Objectives, Watch

MILLION = 1_000_000
PER_SECOND = 1000.0
AIM_SECONDS, AIM_BYTES = 2.0, 500_000_000
_CHUNK = MILLION


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attempts", nargs="?", type=int, default=MILLION)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder is None:
        return _in_a_process_of_its_own(options.attempts)
    return _judge(options.folder, options.attempts)


def _in_a_process_of_its_own(attempts: int) -> int:
    """Judge where nothing else has used memory: a peak never goes down again."""
    with TemporaryDirectory() as name:
        _write_drill(Path(name), attempts)
        command = [sys.executable, "-m", "tests.bench.judging", str(attempts), "--folder", name]
        return subprocess.run(command, check=False).returncode


def _write_drill(folder: Path, attempts: int) -> None:
    """One outage in the middle, a tenth of the whole; nothing lost, and a sixth are reads."""
    with (folder / "ledger.bin").open("wb") as ledger, (folder / "rows.bin").open("wb") as rows:
        for first in range(0, attempts, _CHUNK):
            numbers = np.arange(first, min(first + _CHUNK, attempts))
            made = np.zeros(numbers.size, LEDGER)
            made["key"], made["value"] = numbers, numbers % 997
            made["began"] = numbers / PER_SECOND
            made["ended"] = made["began"] + 0.012
            out = (numbers >= attempts * 0.4) & (numbers < attempts * 0.5)
            made["outcome"] = np.where(out, Outcome.UNKNOWN, Outcome.YES)
            made["seen"] = np.where(out, Seen.UNKNOWN, Seen.PAID)
            made["customer"] = numbers % 20
            reads = numbers % 6 == 5
            made["operation"] = np.where(reads, Operation.READ, Operation.CREATE)
            made["key"][reads] -= 20 * np.minimum(numbers[reads] // 20, numbers[reads] % 16)
            made.tofile(ledger)
            kept = ~out & ~reads
            found = np.zeros(int(np.count_nonzero(kept)), FINAL_READ)
            found["key"], found["value"] = made["key"][kept], made["value"][kept]
            found["settled"] = 1
            found.tofile(rows)


def _judge(folder: Path, attempts: int) -> int:
    lasted = attempts / PER_SECOND
    fault_at = 0.4 * lasted
    watch = Watch(started_at=0.0, ended_at=lasted)
    injections = [
        Injection(
            fault="Kill(db-1)",
            started_at=fault_at,
            took_effect_at=fault_at,
            gone_at=0.6 * lasted,
        )
    ]
    began = time.perf_counter()
    final_read = np.fromfile(folder / "rows.bin", FINAL_READ)
    recovery = measure(
        read_ledger(folder / "ledger.bin"),
        final_read,
        injections=injections,
        watch=watch,
        settle_seconds=5.0,
    )
    objectives = Objectives(rto_seconds=0.2 * lasted, rpo_seconds=0.0)
    verdict = judge(recovery, objectives, injections=injections, watch=watch)
    seconds = time.perf_counter() - began
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(
        f"judged {attempts:,} attempts: {verdict.outcome} in {seconds:.2f} s,"
        f" peak {peak_bytes / 1e6:,.0f} MB (aim for a million: 2 s, 500 MB)\n"
    )
    within_aim = seconds <= AIM_SECONDS and peak_bytes <= AIM_BYTES
    return 0 if within_aim or attempts > MILLION else 1


if __name__ == "__main__":
    sys.exit(main())
