"""We believe that the torture's oracle sees residue, and excuses only other runs' things."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.run import ROOT
from tests.torture.figures import GUARDIAN, HEAL, Killed, summary
from tests.torture.oracle import (
    PLANTED_LABEL,
    Runs,
    Thing,
    difference,
    host_difference,
    processes_with,
    rules_of_nobody,
)
from tests.torture.plan import MEASURED_SECONDS, drills_in, kill_number
from tests.torture.record import MOMENTS, RunFiles, moment_after, read, run_of

if TYPE_CHECKING:
    from pathlib import Path

OURS = Runs(ids={"run"}, runners={"12/345"})
HOST = "host/boot/1"


def container(name: str, **labels: str) -> Thing:
    return Thing(
        "container", name, name, {key.replace("_", "."): labels[key] for key in labels}
    )


WORLD_OF_OURS = container("ours", muster_run="run-1", muster_owner=f"{HOST}/99/9")
BY_A_RUNNER = container("by-runner", muster_run="other-1", muster_owner=f"{HOST}/12/345")
NOBODYS = container("nobody")
ANOTHERS = container("another", muster_run="other-1", muster_owner=f"{HOST}/13/345")
PLANTED, PLANTED_TOO = (
    Thing("container", name, name, {PLANTED_LABEL: name}) for name in ("before", "after")
)
NEIGHBOUR = container("neighbour", muster_run="run1-1")


@pytest.mark.parametrize("residue", [WORLD_OF_OURS, BY_A_RUNNER, NOBODYS], ids=str)
def test_what_is_there_afterwards_and_is_no_other_runs_is_left_over(residue: Thing) -> None:
    before = frozenset({ANOTHERS})

    assert difference(before, before | {residue}, OURS) == [f"left over: {residue}"]


def test_what_other_runs_and_tortures_make_and_remove_is_theirs() -> None:
    before, after = frozenset({ANOTHERS, PLANTED}), frozenset({NEIGHBOUR, PLANTED_TOO})

    assert difference(before, after, OURS) == []


def test_what_is_gone_and_was_nobodys_to_remove_is_named() -> None:
    before = frozenset({NOBODYS, ANOTHERS})

    assert difference(before, frozenset(), OURS) == [f"gone, and nobody's to remove: {NOBODYS}"]


def test_what_came_after_its_own_audit_is_named_at_the_next() -> None:
    late = frozenset({WORLD_OF_OURS})

    sentence = f"came when its run was mended: {WORLD_OF_OURS}"
    assert difference(late, late, OURS) == [sentence]
    assert difference(late, frozenset(), OURS) == [sentence]


def test_a_rule_without_its_network_is_seen() -> None:
    network = {"Id": "0123456789abcdef", "IPAM": {"Config": [{"Subnet": "172.19.0.0/16"}]}}
    needed = (
        "-A DOCKER -d 172.19.0.2/32 ! -i br-0123456789ab -o br-0123456789ab -j ACCEPT",
        "-A POSTROUTING -s 172.19.0.2/32 -d 172.19.0.2/32 -p tcp -j MASQUERADE",
    )
    left = ("-A FORWARD -o br-ffffffffffff -j DOCKER", ":MUSTER-0123 - [0:0]")
    listing = "\n".join(("*filter", ":INPUT ACCEPT [1:2]", *needed, *left, "COMMIT"))

    assert rules_of_nobody(listing, [network]) == list(left)
    assert rules_of_nobody(listing, []) == [*needed, *left]
    assert host_difference(frozenset({needed[0], "-A X"}), frozenset(left)) == [
        *(f"left in the host's network: {rule}" for rule in left),
        "gone from the host's network: -A X",
    ]


def test_a_process_is_known_by_its_environment() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        env={"MARK": "torture-7"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (found,) = processes_with(["MARK=torture-7"])
        assert found.startswith(f"{process.pid}: ")
        process.communicate(b"\n")
    assert processes_with(["MARK=torture-7"]) == []


def write(path: Path, *entries: dict[str, object], torn: str = "") -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries) + torn)


def test_a_run_is_found_by_its_runner_and_its_end_by_its_last_line(tmp_path: Path) -> None:
    opened = {"at": 1.0, "event": "run opened", "owner": f"{HOST}/12/345"}
    write(tmp_path / "old" / "journal.jsonl", opened)
    write(tmp_path / "new" / "journal.jsonl", opened, torn='{"at": 2.0, "ev')
    (tmp_path / "empty").mkdir()

    run = run_of(12, tmp_path, frozenset({"old"}))
    assert run == RunFiles(tmp_path / "new")
    assert run_of(1, tmp_path, frozenset()) is None
    assert read(run.journal) == [opened]
    assert not run.is_closed()
    write(run.journal, opened, {"at": 3.0, "event": "run closed"})
    assert run.is_closed()


def test_a_moment_is_named_after_what_was_written_until_then(tmp_path: Path) -> None:
    run = RunFiles(tmp_path)
    events = [
        "run opened",
        "world planned",
        "drill started",
        "fault planned",
        "runbook started",
    ]
    write(run.journal, *({"at": at, "event": event} for at, event in enumerate(events[:2])))
    write(
        tmp_path / "drill" / "timeline.jsonl",
        *({"at": at, "event": event} for at, event in enumerate(events[2:], start=2)),
    )

    assert [run.at(moment) for moment in (-1, 0, 1, 2, 3, 4)] == [
        "before the world (nothing written yet)",
        "before the world (run opened)",
        "while starting (world planned)",
        "before the fault (drill started)",
        "in the fault (fault planned)",
        "in the runbook (runbook started)",
    ]
    assert moment_after([{"event": "verdict"}]) in MOMENTS


def test_a_seed_repeats_its_choices_and_reaches_everything() -> None:
    drills = drills_in(ROOT / "scenarios")
    numbers = range(1, 12 * len(drills) + 1)  # none is left out by chance
    kills = [kill_number(number, drills, 7) for number in numbers]

    assert kills == [kill_number(number, drills, 7) for number in numbers]
    assert kills != [kill_number(number, drills, 8) for number in numbers]
    assert {kill.drill for kill in kills} == set(drills)
    assert set(MEASURED_SECONDS) <= set(drills), "one is measured that is not there any more"
    assert min(kill.share for kill in kills) < 0.05
    assert max(kill.share for kill in kills) > 1
    too = [kill for kill in kills if kill.guardian_after_seconds is not None]
    assert 0.2 < len(too) / len(kills) < 0.5
    assert {kill.guardian_after_seconds == 0 for kill in too} == {True, False}


def test_the_summary_counts_and_measures() -> None:
    def killed(number: int, mended_by: str | None, seconds: float) -> Killed:
        return Killed(number, "a", 1.0, "in the fault (x)", "runner", mended_by, seconds)

    lines = summary(
        [killed(1, GUARDIAN, 2.0), killed(2, GUARDIAN, 4.0), killed(3, HEAL, 9.0)], 30
    )

    assert lines == [
        "3 kills in 30 s (10 s each); residue: none",
        "by moment: in the fault 3",
        "by drill: a 3",
        "from SIGKILL to whole, by guardian: median 3.0 s, P95 4.0 s, max 4.0 s (2 kills)",
        "from SIGKILL to whole, by heal: median 9.0 s, P95 9.0 s, max 9.0 s (1 kills)",
    ]
