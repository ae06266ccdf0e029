"""We believe that LoseFile takes a file away, and puts it back only where it is missed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import DAMAGE_FOLDER
from fixtures.faults import LoseFile, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.databases import DATA, bring_up
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"rows"
FAULT = LoseFile("east-db-1", "orders")


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    return put_on_hosts(world, tmp_path, "east-db-1")[0]


@pytest.fixture
def file(host: HostNode) -> Path:
    return bring_up(host, CONTENT)


def test_it_reads_well(world: FakeEnvironment) -> None:
    assert str(LoseFile("db:primary", "orders").plan(world)) == (
        "Lose the file of orders on east-db-1"
    )


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode, file: Path
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert not file.exists()
    assert FAULT.has_taken_effect(world)
    assert not FAULT.has_gone(world)
    assert host.damage() == FAULT.traces(world)
    assert FAULT.unavailable(world) == "east-db-1 bears the same fault already"
    anybody.revert(world)
    anybody.revert(world)
    assert file.read_bytes() == CONTENT
    assert FAULT.has_gone(world)
    assert host.kept == []


def test_a_file_that_is_there_again_is_no_effect(world: FakeEnvironment, file: Path) -> None:
    FAULT.inject(world)
    file.write_bytes(CONTENT)
    assert not FAULT.has_taken_effect(world)


def test_what_somebody_put_there_is_left(
    world: FakeEnvironment, host: HostNode, file: Path
) -> None:
    FAULT.inject(world)
    file.write_bytes(b"theirs")
    FAULT.revert(world)
    assert file.read_bytes() == b"theirs"
    assert host.kept == []


def test_into_another_cluster_nothing_is_put(world: FakeEnvironment, file: Path) -> None:
    FAULT.inject(world)
    (file.parents[2] / "global/pg_control").write_bytes(b"cluster2 and more")
    FAULT.revert(world)
    assert not file.exists()
    assert FAULT.has_gone(world)


def test_where_the_relation_has_another_file_by_now_nothing_is_put(
    world: FakeEnvironment, host: HostNode, file: Path
) -> None:
    FAULT.inject(world)
    (host.root / "filepath").write_text(f"{file}99")
    FAULT.revert(world)
    assert not file.exists()
    assert FAULT.has_gone(world)


def test_a_data_directory_that_is_gone_is_forgotten(
    world: FakeEnvironment, host: HostNode, file: Path
) -> None:
    FAULT.inject(world)
    host.below(DATA).rename(host.root / "elsewhere")
    FAULT.revert(world)
    assert not file.exists()
    assert FAULT.has_gone(world)


def test_it_is_put_back_where_the_database_is_down(
    world: FakeEnvironment, host: HostNode, file: Path
) -> None:
    FAULT.inject(world)
    (host.root / "down").touch()
    FAULT.revert(world)
    assert file.read_bytes() == CONTENT


def test_a_maker_that_died_before_the_file_was_moved_has_done_nothing(
    world: FakeEnvironment, host: HostNode, file: Path
) -> None:
    FAULT.inject(world)
    (host.kept[0] / "file").rename(file)
    assert not FAULT.has_gone(world)
    FAULT.revert(world)
    assert file.read_bytes() == CONTENT
    assert FAULT.has_gone(world)


def test_what_cannot_be_read_or_only_be_copied_is_nobodys_drill(
    world: FakeEnvironment, host: HostNode, file: Path
) -> None:
    host.has("stat", "case $3 in */base/5) echo 1 ;; *) echo 2 ;; esac")
    why = f"east-db-1 has its data on another file system than {host.below(DAMAGE_FOLDER)}"
    assert FAULT.unavailable(world) == why
    file.write_bytes(b"")
    assert FAULT.unavailable(world) == "east-db-1 has nothing in orders"
