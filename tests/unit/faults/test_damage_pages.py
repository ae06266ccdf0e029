"""We believe that DamagePages damages pages alone, proves it, and mends what still is."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.model import WorldError
from fixtures.faults import DamagePages, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.databases import PAGE, bring_up
from tests.unit.faults.hosts import HostNode, put_on_hosts

CONTENT = b"".join(bytes([number]) * PAGE for number in range(1, 11))
HEADER = PAGE // 2


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def hosts(world: FakeEnvironment, tmp_path: Path) -> list[HostNode]:
    return put_on_hosts(world, tmp_path, "east-db-1", "east-db-2")


@pytest.fixture
def files(hosts: list[HostNode]) -> list[Path]:
    return [bring_up(host, CONTENT) for host in hosts]


FAULT = DamagePages("east-db-1,east-db-2", "orders", 3)


def damaged_pages(content: bytes) -> list[int]:
    return [
        number
        for number in range(len(CONTENT) // PAGE)
        if content[number * PAGE :][:PAGE] != CONTENT[number * PAGE :][:PAGE]
    ]


def test_selectors_become_concrete_names_once(world: FakeEnvironment) -> None:
    planned = DamagePages("db:primary", "orders").plan(world)
    world.primary = "east-db-2"
    assert planned == DamagePages("east-db-1", "orders") == planned.plan(world)


def test_it_reads_well() -> None:
    assert str(FAULT) == "Damage 3 pages of orders on east-db-1, east-db-2"
    assert str(DamagePages("a", "orders", 1)) == "Damage a page of orders on a"


def test_no_pages_cannot_be_damaged() -> None:
    with pytest.raises(ValueError, match="0 pages cannot be damaged: give 1 or more"):
        DamagePages("db", "orders", 0)


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path]
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    assert not FAULT.has_gone(world)
    assert hosts[0].damage() | hosts[1].damage() == FAULT.traces(world)
    assert FAULT.unavailable(world) == "east-db-1 bears the same fault already"
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert [file.read_bytes() for file in files] == [CONTENT, CONTENT]
    assert hosts[0].kept == hosts[1].kept == []


def test_pages_are_spread_and_their_headers_are_left(
    world: FakeEnvironment, files: list[Path]
) -> None:
    FAULT.inject(world)
    content = files[1].read_bytes()
    assert damaged_pages(content) == [0, 3, 6]
    assert len(content) == len(CONTENT)
    for start in range(0, len(CONTENT), PAGE):
        assert content[start : start + HEADER] == CONTENT[start : start + HEADER]
    assert not any(
        before == after
        for before, after in zip(CONTENT[HEADER:PAGE], content[HEADER:PAGE], strict=True)
    )


def test_a_small_relation_is_damaged_whole(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    file = bring_up(hosts[0], CONTENT[: 2 * PAGE])
    DamagePages("east-db-1", "orders").inject(world)
    content = file.read_bytes()
    assert content[:PAGE] != CONTENT[:PAGE]
    assert content[PAGE:] != CONTENT[PAGE : 2 * PAGE]
    assert len(content) == 2 * PAGE


def test_injecting_twice_keeps_what_was_there_first(
    world: FakeEnvironment, files: list[Path]
) -> None:
    FAULT.inject(world)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    FAULT.revert(world)
    assert files[0].read_bytes() == CONTENT


@pytest.mark.parametrize("when", ["dirty", "dirty-soon"])
def test_what_the_database_writes_back_over_it_is_damaged_again(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path], when: str
) -> None:
    newer = CONTENT[:-1] + b"!"
    (hosts[0].root / when).write_bytes(newer)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    FAULT.revert(world)
    assert files[0].read_bytes() == newer


def test_a_database_that_always_writes_back_makes_it_end_unseen(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path]
) -> None:
    (hosts[0].root / "always-dirty").write_bytes(CONTENT)
    FAULT.inject(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.revert(world)
    assert files[0].read_bytes() == CONTENT
    assert FAULT.has_gone(world)


def test_bytes_on_disk_that_the_database_does_not_mind_are_no_effect(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path]
) -> None:
    (hosts[1].root / "no-checksums").touch()
    FAULT.inject(world)
    assert damaged_pages(files[1].read_bytes())
    assert not FAULT.has_taken_effect(world)


def test_a_database_that_stumbles_over_something_else_is_no_effect(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path]
) -> None:
    FAULT.inject(world)
    (hosts[0].root / "down").touch()
    assert files
    assert not FAULT.has_taken_effect(world)


def test_one_page_that_is_not_damaged_is_no_effect(
    world: FakeEnvironment, files: list[Path]
) -> None:
    FAULT.inject(world)
    content = files[0].read_bytes()
    files[0].write_bytes(content[: 6 * PAGE] + CONTENT[6 * PAGE :])
    assert not FAULT.has_taken_effect(world)


@settings(max_examples=12, deadline=None)
@given(repaired=st.sets(st.sampled_from([0, 3, 6])), grown=st.booleans())
def test_what_somebody_repaired_is_left_and_the_rest_is_mended(
    repaired: set[int], *, grown: bool
) -> None:
    theirs = b"theirs".ljust(PAGE, b".")
    expected = bytearray(CONTENT)
    with tempfile.TemporaryDirectory() as folder:
        world = FakeEnvironment()
        (host,) = put_on_hosts(world, Path(folder), "east-db-1")
        file = bring_up(host, CONTENT)
        fault = DamagePages("east-db-1", "orders", 3)
        fault.inject(world)
        content = bytearray(file.read_bytes()) + (theirs if grown else b"")
        for number in repaired:
            content[number * PAGE : (number + 1) * PAGE] = theirs
            expected[number * PAGE : (number + 1) * PAGE] = theirs
        file.write_bytes(content)
        fault.revert(world)
        assert file.read_bytes() == bytes(expected) + (theirs if grown else b"")
        assert fault.has_gone(world)


def test_a_file_that_is_gone_is_forgotten_and_not_made(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path]
) -> None:
    FAULT.inject(world)
    files[0].unlink()
    FAULT.revert(world)
    assert not files[0].exists()
    assert files[1].read_bytes() == CONTENT
    assert hosts[0].kept == []


def test_it_is_mended_where_the_database_is_down(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path]
) -> None:
    FAULT.inject(world)
    (hosts[0].root / "down").touch()
    FAULT.revert(world)
    assert files[0].read_bytes() == CONTENT
    assert FAULT.has_gone(world)


@pytest.mark.parametrize("left", ["where", "original", "garbage"])
@pytest.mark.parametrize("name", ["0", "new"])
def test_what_is_half_kept_or_half_dropped_is_no_damage(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path], left: str, name: str
) -> None:
    FAULT.inject(world)
    spot = hosts[0].kept[0] / "0"
    for file in spot.iterdir():
        if file.name != left:
            file.unlink()
    spot.rename(spot.with_name(name))
    files[0].write_bytes(CONTENT[:PAGE] + files[0].read_bytes()[PAGE:])
    FAULT.revert(world)
    assert files[0].read_bytes() == CONTENT
    assert FAULT.has_gone(world)


def test_one_that_cannot_be_mended_keeps_no_other_from_it(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path]
) -> None:
    FAULT.inject(world)
    hosts[0].has("dd", "exec 1>&2; echo 'no space'; exit 1")
    hosts[0].has("cmp", "exit 0")
    with pytest.raises(WorldError, match=r"^east-db-1: a script of Damage .*no space"):
        FAULT.revert(world)
    assert files[1].read_bytes() == CONTENT
    assert hosts[0].kept
    assert not FAULT.has_gone(world)


def test_what_is_not_there_or_empty_or_unreadable_is_nobodys_drill(
    world: FakeEnvironment, hosts: list[HostNode], files: list[Path]
) -> None:
    nothing = DamagePages("east-db-2", "customers")
    assert nothing.unavailable(world) == "east-db-2 has no relation customers"
    files[0].write_bytes(CONTENT[1:])
    assert FAULT.unavailable(world) == "east-db-1 cannot read orders already"
    files[0].write_bytes(b"")
    assert FAULT.unavailable(world) == "east-db-1 has nothing in orders"
    hosts[1].running = False
    assert nothing.unavailable(world) == "east-db-2 is not running"
