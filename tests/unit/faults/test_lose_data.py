"""We believe that LoseData leaves neither a process nor a file, and starts what it ended."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import LoseData, describe, rebuild
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAULT = LoseData("east-db-1,east-db-2")
SUPERVISOR = r"""
echo "$*" >> "$ROOT/asked"
state=$(cat "$ROOT/state")
case $1 in
  status) echo "patroni  $state  pid 7" ;;
  start)
    [ ! -e "$ROOT/broken" ] || { echo "patroni: ERROR (spawn error)"; exit 7; }
    case $state in
      RUNNING) echo "patroni: ERROR (already started)" ;;
      *) echo RUNNING > "$ROOT/state"; echo "patroni: started" ;;
    esac ;;
esac
"""


class Database:
    """A data directory and processes that are really there."""

    def __init__(self, host: HostNode) -> None:
        self.host = host
        self.data = host.below("/var/lib/muster/postgres/data")
        self.processes: list[subprocess.Popen[bytes]] = []
        host.below("/proc").mkdir()
        host.has("supervisorctl", SUPERVISOR)
        self.bring_up()

    def bring_up(self) -> None:
        (self.data / "base/5").mkdir(parents=True)
        (self.data / "base/5/.hidden file").write_bytes(b"rows")
        (self.data / "PG_VERSION").write_text("17\n")
        self.supervisor_says("RUNNING")
        for name in ("patroni", "postgres", "postgres", "pgbackrest"):
            self.start(name)

    def start(self, name: str) -> None:
        """Start a process of that name, and show it where the node's processes are."""
        self.host.has(name, "read -r forever")
        command = [str(self.host.root / "bin" / name)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE)
        self.processes.append(process)
        stat = f"/proc/{process.pid}"
        shown = self.host.below(stat)
        shown.symlink_to(stat)
        wait_until_named(shown / "stat", name)

    def supervisor_says(self, state: str) -> None:
        (self.host.root / "state").write_text(state)

    def asked(self) -> list[str]:
        """What the supervisor was asked that changes anything."""
        file = self.host.root / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if not line.startswith("status")]

    def running(self) -> list[str]:
        return [
            str(process.args[0]).rpartition("/")[2]  # type: ignore[index] # it is a list
            for process in self.processes
            if process.poll() is None
        ]

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


def wait_until_named(stat: Path, name: str) -> None:
    wait_until(
        f"{name} to be itself",
        lambda: f"({name})" in stat.read_text(),
        at_most=timedelta(seconds=5),
        every=timedelta(milliseconds=5),
    )


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def databases(world: FakeEnvironment, tmp_path: Path) -> Iterator[list[Database]]:
    databases = [
        Database(host) for host in put_on_hosts(world, tmp_path, "east-db-1", "east-db-2")
    ]
    yield databases
    for database in databases:
        database.end()


def lose(world: FakeEnvironment, databases: list[Database]) -> None:
    FAULT.inject(world)
    for database in databases:
        database.supervisor_says("EXITED")


def test_it_reads_well(world: FakeEnvironment) -> None:
    assert str(LoseData("db").plan(world)) == (
        "Lose the data of east-db-1, east-db-2, east-db-3"
    )


def test_it_ends_every_target_and_leaves_no_file(
    world: FakeEnvironment, databases: list[Database]
) -> None:
    assert FAULT.unavailable(world) is None
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    lose(world, databases)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    assert not FAULT.has_gone(world)
    for database in databases:
        assert database.running() == ["pgbackrest"]
        assert list(database.data.iterdir()) == []
        assert database.host.damage() <= FAULT.traces(world)
    assert len(FAULT.traces(world)) == 2
    assert FAULT.unavailable(world) == "east-db-1 bears the same fault already"


def test_a_process_or_a_file_that_is_there_is_no_effect(
    world: FakeEnvironment, databases: list[Database]
) -> None:
    lose(world, databases)
    (databases[1].data / "PG_VERSION").write_text("17\n")
    assert not FAULT.has_taken_effect(world)
    (databases[1].data / "PG_VERSION").unlink()
    assert FAULT.has_taken_effect(world)
    databases[0].start("postgres")
    assert not FAULT.has_taken_effect(world)


def test_reverting_starts_what_does_not_run_and_it_is_gone_with_data_again(
    world: FakeEnvironment, databases: list[Database]
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    databases[0].supervisor_says("STOPPED")  # by somebody else
    anybody.revert(world)
    assert databases[0].asked() == []
    lose(world, databases)
    databases[1].supervisor_says("RUNNING")  # by the runbook
    anybody.revert(world)
    anybody.revert(world)
    assert databases[0].asked() == ["start patroni"]
    assert databases[1].asked() == []
    assert not FAULT.has_gone(world)
    for database in databases:
        (database.data / "PG_VERSION").write_text("17\n")
    assert FAULT.has_gone(world)
    databases[0].supervisor_says("EXITED")
    assert not FAULT.has_gone(world)


def test_one_that_does_not_start_is_still_open(
    world: FakeEnvironment, databases: list[Database]
) -> None:
    lose(world, databases)
    (databases[0].host.root / "broken").touch()
    with pytest.raises(WorldError, match=r"^east-db-1: .*\(spawn error\)"):
        FAULT.revert(world)
    assert databases[0].host.kept
    assert databases[1].asked() == ["start patroni"]


def test_what_has_no_data_or_does_not_run_is_nobodys_drill(
    world: FakeEnvironment, databases: list[Database]
) -> None:
    databases[1].supervisor_says("STOPPED")
    assert FAULT.unavailable(world) == "east-db-2 does not run its database already"
    (databases[0].data / "PG_VERSION").unlink()
    why = f"east-db-1 has no data in {databases[0].data} already"
    assert FAULT.unavailable(world) == why
