"""We believe that TakeDescriptors lowers the limit of one process, and lifts it exactly."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import TakeDescriptors, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.bounded import BEGAN, SERVICE, add_process, bound, lines
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

FAULT = TakeDescriptors("east-app-2")
USUAL = 20_000
# Only the process's own user may: "setpriv --reuid U --regid G --clear-groups COMMAND".
SETPRIV = r"""
[ "$1 $3 $5" = "--reuid --regid --clear-groups" ] || exit 4
shift 5
AS_ITS_USER=yes "$@"
"""
PRLIMIT = r"""
[ "$1 $AS_ITS_USER" = "--pid yes" ] || exit 5
soft=${3#--nofile=}
echo "$2 ${soft%:}" >> "$ROOT/limited"
echo "Max open files ${soft%:} 20000 files" > "$ROOT/proc/$2/limits"
"""
# It answers where it has descriptors to do so.
PYTHON = r"""
cat > /dev/null
process=$(cat "$ROOT/pid")
[ ! -e "$ROOT/deaf" ] && [ "$(awk '{ print $4 }' "$ROOT/proc/$process/limits")" -gt 3 ]
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    (host,) = put_on_hosts(world, tmp_path, "east-app-2")
    bound(host)
    host.has("setpriv", SETPRIV)
    host.has("prlimit", PRLIMIT)
    host.has("python3", PYTHON)
    serve(host, SERVICE)
    return host


def serve(host: HostNode, process: int, *, began: int = BEGAN) -> None:
    add_process(host, process, began=began)
    folder = host.below(f"/proc/{process}")
    (folder / "limits").write_text(f"Max open files {USUAL} {USUAL} files\n")
    (folder / "fd").mkdir(exist_ok=True)
    for descriptor in range(12):
        (folder / "fd" / str(descriptor)).touch()
    (host.root / "pid").write_text(f"{process}\n")


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert str(FAULT.plan(world)) == "Take the file descriptors of east-app-2"
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    assert FAULT.stands(world)
    assert not FAULT.has_gone(world)
    assert FAULT.traces(world) == host.damage()
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert lines(host, "limited")[-1] == f"{SERVICE} {USUAL}"


def test_a_service_that_still_answers_or_has_some_left_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    host.has("python3", "cat > /dev/null")
    assert not FAULT.has_taken_effect(world)
    host.has("python3", PYTHON)
    assert FAULT.has_taken_effect(world)
    for descriptor in host.below(f"/proc/{SERVICE}/fd").iterdir():
        descriptor.unlink()
    assert not FAULT.has_taken_effect(world)


@pytest.mark.parametrize("number", [SERVICE, SERVICE + 1])
def test_a_service_that_people_started_again_is_let_be(
    world: FakeEnvironment, host: HostNode, number: int
) -> None:
    FAULT.inject(world)
    changes = lines(host, "limited")
    shutil.rmtree(host.below(f"/proc/{SERVICE}"))
    serve(host, number, began=BEGAN + 500)
    assert not FAULT.stands(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.revert(world)
    assert FAULT.has_gone(world)
    assert lines(host, "limited") == changes


def test_it_is_unavailable_where_it_would_show_nothing(
    world: FakeEnvironment, host: HostNode
) -> None:
    (host.root / "deaf").touch()
    assert FAULT.unavailable(world) == "east-app-2 answers nobody at port 8000 already"
    (host.root / "pid").write_text("0\n")
    assert FAULT.unavailable(world) == (
        "east-app-2 does not run the program orders under a supervisor"
    )
