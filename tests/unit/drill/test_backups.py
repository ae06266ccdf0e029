"""We believe that a backup is proven by what came back from it, and that failures are told.

The very scripts run here in a real shell; the programs of the nodes are small ones that
write down how they were called.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fixtures import backups
from fixtures.backups import Backup, BackupError, Backups
from fixtures.drill import Drill
from fixtures.guarded import GuardedRun
from fixtures.waiting import WaitedTooLongError
from reports.ledger import FINAL_READ
from reports.timeline import Event, Timeline, read_timeline
from tests.fakes.caretaker import open_journal
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "west-backup"
BEGAN, ENDED = 1_700_000_000, 1_700_000_004
FIRST = {"label": "1F", "type": "full", "timestamp": {"start": 1, "stop": 2}}
NEWEST = {"label": "2I", "type": "incr", "timestamp": {"start": BEGAN, "stop": ENDED}}
NOTE = 'echo "${0##*/} $*" >> "$ROOT/calls"'
IS_REPOSITORY = 'case "$*" in *info*) cat "$ROOT/info" ;; esac'
IS_DATABASE = """
case "$*" in *--command*) asked=$* ;; *) asked=$(cat) ;; esac
case $asked in
  *pg_is_in_recovery*) [ -e "$ROOT/asked" ] && echo f || { touch "$ROOT/asked"; echo t; } ;;
  *COPY*) cat "$ROOT/orders" ;;
  *pg_walfile_name*) cat "$ROOT/segment" ;;
  *last_archived_wal*) cat "$ROOT/archived" ;;
esac
"""


@dataclass
class Stage:
    drill: Drill
    host: HostNode
    scratch: HostNode
    primary: HostNode

    @property
    def backups(self) -> Backups:
        return Backups(self.drill)

    def holds(self, *listed: object) -> None:
        (self.host.root / "info").write_text(json.dumps([{"backup": listed}]))

    def restores(self, *orders: tuple[str, int, str]) -> None:
        lines = ("\t".join(map(str, order)) + "\n" for order in orders)
        (self.scratch.root / "orders").write_text("".join(lines))

    def archives(self, segment: str, *, up_to: str) -> None:
        (self.primary.root / "segment").write_text(segment)
        (self.primary.root / "archived").write_text(up_to)

    def calls(self, node: HostNode) -> list[str]:
        return (node.root / "calls").read_text().splitlines()

    def restored(self) -> dict[str, object]:
        entries = read_timeline(self.drill.timeline.path)
        (entry,) = (entry for entry in entries if entry.event is Event.RESTORED)
        return dict(entry.details)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    folder = tmp_path / "run-1" / "drill"
    folder.mkdir(parents=True)
    world = FakeEnvironment()
    (primary,) = put_on_hosts(world, tmp_path, "east-db-1")
    host = HostNode(world, HOST, "backup", tmp_path / HOST)
    scratch = HostNode(world, "east-scratch", "scratch", tmp_path / "east-scratch")
    world.nodes += [host, scratch]
    monkeypatch.setenv("PGDATA", str(scratch.root / "data"))
    monkeypatch.setenv("REPOSITORY", "2")
    host.has("backup-job", NOTE)
    host.has("pgbackrest", f"{NOTE}; {IS_REPOSITORY}")
    scratch.has("pgbackrest", f'{NOTE}; [ -z "$(ls "$PGDATA")" ]; touch "$PGDATA/page"')
    for program in ("pg_ctl", "pg_amcheck", "pg_checksums"):
        scratch.has(program, NOTE)
    scratch.has("psql", f"{NOTE}; {IS_DATABASE}")
    primary.has("psql", IS_DATABASE)
    with open_journal(folder) as journal, Timeline(folder / "timeline.jsonl") as timeline:
        drill = Drill(
            name="drill", folder=folder, environment=world, timeline=timeline,
            guarded=GuardedRun(journal, start_guardian=None), say=lambda _: None, seed=1,
            runbooks=tmp_path, taint=lambda _: None,
        )  # fmt: skip
        made = Stage(drill, host, scratch, primary)
        made.holds(FIRST, NEWEST)
        made.restores()
        yield made


def test_a_backup_that_is_taken_is_the_repositorys_newest(stage: Stage) -> None:
    taken = stage.backups.take(HOST, "incr")
    assert stage.calls(stage.host)[0] == "backup-job incr"
    assert taken == Backup(
        "2I", "incr", datetime.fromtimestamp(BEGAN, UTC), datetime.fromtimestamp(ENDED, UTC)
    )
    assert stage.drill.involved == {HOST}


def test_a_backup_of_another_kind_is_not_the_one_that_was_to_be_taken(stage: Stage) -> None:
    with pytest.raises(BackupError, match="make a full backup and its newest is 2I, a inc"):
        stage.backups.take(HOST, "full")


def test_a_job_that_fell_due_and_failed_is_the_scenarios_to_judge(stage: Stage) -> None:
    stage.host.has("backup-job", "exit 1")
    assert stage.backups.fall_due(HOST, "verify").exit_code == 1


def test_a_backup_that_fails_is_told_with_its_last_words(stage: Stage) -> None:
    stage.host.has("backup-job", "seq 1 1000; echo the disk is full >&2; exit 3")
    with pytest.raises(BackupError) as failure:
        stage.backups.take(HOST, "full")
    message = str(failure.value)
    assert message.startswith(f"the full backup on {HOST} ended with exit code 3: ")
    assert "the disk is full; see its node's log" in message
    assert len(message) < 700


def test_where_no_backup_is_there_is_no_newest(stage: Stage) -> None:
    stage.holds()
    with pytest.raises(BackupError, match=f"{HOST} has no backup: take one first"):
        stage.backups.newest(HOST)


def test_a_repository_that_cannot_say_is_told(stage: Stage) -> None:
    stage.host.has("pgbackrest", "echo no key >&2; exit 37")
    with pytest.raises(BackupError, match=f"on {HOST} ended with exit code 37: no key"):
        stage.backups.newest(HOST)


@pytest.mark.parametrize(
    "archived",
    [
        "00000001000000000000000A",
        "00000001000000000000000B",
        "00000002000000000000000A",  # after a failover
        "000000010000000100000001",
    ],
)
def test_what_is_archived_is_not_waited_for(stage: Stage, archived: str) -> None:
    stage.archives("00000001000000000000000A", up_to=archived)
    stage.backups.wait_until_archived(orders_of=timedelta(0))


def test_first_there_are_orders_enough_to_lose(stage: Stage) -> None:
    stage.archives("00000001000000000000000A", up_to="00000001000000000000000A")
    began = monotonic()
    stage.backups.wait_until_archived(orders_of=timedelta(seconds=0.5))
    assert 0.5 <= monotonic() - began < 5


@pytest.mark.parametrize(
    "archived", ["", "000000010000000000000009", "000000020000000000000009"]
)
def test_what_is_not_archived_is_waited_for(
    stage: Stage, archived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "ARCHIVED_WITHIN", timedelta(seconds=0.2))
    stage.archives("00000001000000000000000A", up_to=archived)
    with pytest.raises(WaitedTooLongError, match="00000001000000000000000A to be archived"):
        stage.backups.wait_until_archived(orders_of=timedelta(0))


def test_a_backup_is_restored_alone_checked_and_read(stage: Stage) -> None:
    customer = stage.drill.customer
    stage.restores((f"{customer}-7", 70, "paid"), (f"{customer}-8", 80, "pending"))
    left = stage.scratch.root / "data" / "of the last restore"
    left.parent.mkdir()
    left.touch()
    stage.backups.prove(HOST, "incr")
    calls = stage.calls(stage.scratch)
    (restore,) = (call for call in calls if call.startswith("pgbackrest "))
    assert {"--repo=2", "--set=2I", "--archive-mode=off", "--type=immediate"} < {
        *restore.split()
    }
    done = [call.split()[0] for call in calls if not call.startswith(("psql", "pg_ctl stop"))]
    assert done == ["pgbackrest", "pg_ctl", "pg_amcheck", "pg_checksums"]
    assert sum("pg_is_in_recovery" in call for call in calls) == 2
    restored = stage.restored()
    seconds, file = restored.pop("seconds"), restored.pop("file")
    assert isinstance(seconds, float)
    assert 0 < seconds < 30
    assert restored == {
        "repository": HOST,
        "kind": "incremental",
        "label": "2I",
        "asked": "the backup alone",
        "earliest": "2023-11-14T22:13:20+00:00",
        "latest": "2023-11-14T22:13:25+00:00",
        "rows": 2,
        "checks": [],
    }
    rows = np.fromfile(stage.drill.folder / str(file), FINAL_READ)
    assert rows.tolist() == [(7, 70, 1), (8, 80, 0)]
    assert os.listdir(stage.scratch.root / "data") == []  # noqa: PTH208 # names alone


def test_an_order_that_nobody_placed_is_seen_as_such(stage: Stage) -> None:
    stage.restores(
        ("x", 1, "paid"), (f"{stage.drill.customer}-7", 70, "paid"), ("y", 2, "paid")
    )
    stage.backups.prove(HOST, "incr")
    rows = np.fromfile(stage.drill.folder / str(stage.restored()["file"]), FINAL_READ)
    assert rows["key"].tolist() == [-1, 7, -3]


@pytest.mark.parametrize("program", ["pg_amcheck", "pg_checksums"])
def test_a_copy_that_is_not_sound_is_restored_and_its_fault_is_kept(
    stage: Stage, program: str
) -> None:
    stage.scratch.has(program, "echo block 7 is bad; echo more; exit 1")
    stage.backups.prove(HOST, "incr")
    assert stage.restored()["checks"] == [f"{program} ended with exit code 1: block 7 is bad"]


@pytest.mark.parametrize("program", ["pgbackrest", "pg_ctl", "psql"])
def test_where_nothing_comes_back_nothing_is_proven(stage: Stage, program: str) -> None:
    stage.scratch.has(program, '[ "$1" != stop ] || exit 0; echo it is broken >&2; exit 9')
    stage.scratch.has("sleep", "exit 9")  # nor is anything waited for
    with pytest.raises(
        BackupError, match="on east-scratch ended with exit code 9: it is broken"
    ):
        stage.backups.prove(HOST, "incr")
    entries = read_timeline(stage.drill.timeline.path)
    assert Event.RESTORED not in {entry.event for entry in entries}
