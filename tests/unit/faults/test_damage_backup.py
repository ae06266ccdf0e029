"""We believe that DamageBackup damages the newest full backup alone, and mends what is left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import DamageBackup, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

FAULT = DamageBackup("payments", files=2)  # any node can keep backups
FILES = {
    "20260101-010000F/pg_data/big": 9000,
    "20260102-010000F/backup.manifest": 9000,
    "20260102-010000F/backup.manifest.copy": 9000,
    "20260102-010000F/pg_data/base/1/a big one": 5001,
    "20260102-010000F/pg_data/base/1/big": 5000,
    "20260102-010000F/pg_data/base/1/small": 512,
    "20260102-010000F/pg_data/base/1/tiny": 511,
    "20260102-010000F_20260103-010000I/pg_data/big": 9000,
}


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    return put_on_hosts(world, tmp_path, "payments")[0]


@pytest.fixture
def backups(host: HostNode) -> Path:
    backups = host.below("/var/lib/pgbackrest/backup/muster")
    for name, size in FILES.items():
        (backups / name).parent.mkdir(parents=True, exist_ok=True)
        (backups / name).write_bytes(bytes(number % 251 for number in range(size)))
    return backups


def content(backups: Path) -> dict[str, bytes]:
    return {name: (backups / name).read_bytes() for name in FILES}


def test_it_reads_well() -> None:
    assert str(FAULT) == "Damage 2 files of the newest full backup on payments"
    assert str(DamageBackup("a", files=1)) == "Damage a file of the newest full backup on a"


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode, backups: Path
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    before = content(backups)
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    assert not FAULT.has_gone(world)
    assert host.damage() == FAULT.traces(world)
    assert FAULT.unavailable(world) == "payments bears the same fault already"
    anybody.revert(world)
    anybody.revert(world)
    assert content(backups) == before
    assert FAULT.has_gone(world)


def test_the_middles_of_the_biggest_files_are_damaged_and_nothing_else(
    world: FakeEnvironment, backups: Path
) -> None:
    before = content(backups)
    FAULT.inject(world)
    after = content(backups)
    damaged = {name for name in FILES if before[name] != after[name]}
    assert damaged == {
        "20260102-010000F/pg_data/base/1/a big one",
        "20260102-010000F/pg_data/base/1/big",
    }
    for name in damaged:
        differing = [
            at
            for at, (old, new) in enumerate(zip(before[name], after[name], strict=True))
            if old != new
        ]
        assert differing == list(range(2244, 2244 + 512))


def test_all_are_damaged_where_there_are_fewer(world: FakeEnvironment, backups: Path) -> None:
    before = content(backups)
    DamageBackup("payments", files=9).inject(world)
    after = content(backups)
    assert sum(before[name] != after[name] for name in FILES) == 3


def test_what_expired_or_was_made_anew_is_forgotten(
    world: FakeEnvironment, backups: Path
) -> None:
    fault = DamageBackup("payments")
    before = content(backups)
    fault.inject(world)
    gone, anew, left = (
        backups / f"20260102-010000F/pg_data/base/1/{name}"
        for name in ("a big one", "big", "small")
    )
    gone.unlink()
    anew.write_bytes(b"theirs")
    assert not fault.has_taken_effect(world)
    fault.revert(world)
    assert not gone.exists()
    assert anew.read_bytes() == b"theirs"
    assert left.read_bytes() == before["20260102-010000F/pg_data/base/1/small"]
    assert fault.has_gone(world)


def test_where_there_is_no_full_backup_nothing_can_be_damaged(
    world: FakeEnvironment, host: HostNode
) -> None:
    folder = host.below("/var/lib/pgbackrest/backup/muster")
    why = f"payments has no full backup in {folder} to damage"
    assert FAULT.unavailable(world) == why
    (folder / "20260102-010000F_20260103-010000I").mkdir(parents=True)
    assert FAULT.unavailable(world) == why
    with pytest.raises(ValueError, match="0 files cannot be damaged: give 1 or more"):
        DamageBackup("payments", files=0)
