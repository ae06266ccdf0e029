"""We believe that a certificate is expired where it is shown, and that its agent hangs."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import ExpireCertificate, describe, expire_certificate, rebuild
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAULT = ExpireCertificate("east-cache-1", "payments", timedelta(seconds=1))
EXPIRED_WITHIN = timedelta(seconds=5)
OPENSSL = r"""
if [ "$(cat "$ROOT/good-until")" -gt "$(date +%s)" ]; then
  echo 'Verify return code: 0 (ok)'
else
  echo 'verify error:num=10:certificate has expired'
fi
"""
VAULT = r"""
[ ! -e "$ROOT/sealed" ] || { echo "it is sealed" >&2; exit 1; }
echo "$*" >> "$ROOT/asked"
[ "$1" = issue ] && echo "$(($(date +%s) + $3))" > "$ROOT/../$2/good-until"
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> str:
    """Say what this test's own agent is known by, so that no other is ever touched."""
    name = f"agent-{secrets.token_hex(8)}"
    monkeypatch.setattr(expire_certificate, "AGENT", name)
    return name


@pytest.fixture
def edge(world: FakeEnvironment, tmp_path: Path, agent: str) -> Iterator[HostNode]:
    edge, vault = put_on_hosts(world, tmp_path, "east-cache-1", "payments")
    edge.has("openssl", OPENSSL)
    edge.has("secrets", f"exec sh -c 'sleep 60; : {agent}'")
    vault.has("vault", VAULT)
    (edge.root / "good-until").write_text("9999999999\n")
    first = subprocess.Popen(["sh", "-c", f"sleep 60; : {agent}"], start_new_session=True)
    yield edge
    first.kill()
    first.wait()
    for found in pids(agent):
        with suppress(ProcessLookupError):
            os.kill(found, signal.SIGKILL)


def pids(agent: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", agent], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def wait_until_expired(world: FakeEnvironment) -> None:
    wait_until(
        "the certificate to have expired",
        lambda: FAULT.has_taken_effect(world),
        at_most=EXPIRED_WITHIN,
    )


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, edge: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    anybody.revert(world)  # before there is anything to undo
    assert FAULT.has_gone(world)
    FAULT.inject(world)
    wait_until_expired(world)
    assert FAULT.stands(world)
    assert not FAULT.has_gone(world)
    assert edge.damage() == FAULT.traces(world)
    assert FAULT.unavailable(world) == "east-cache-1 bears the same fault already"
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.stands(world)
    asked = (edge.root / "../payments/asked").read_text().split("\n")
    assert asked == ["issue east-cache-1 1", "issue east-cache-1 86400", ""]


def test_another_certificate_while_the_agent_hangs_mends_nothing(
    world: FakeEnvironment, edge: HostNode
) -> None:
    FAULT.inject(world)
    (edge.root / "good-until").write_text("9999999999\n")
    assert not FAULT.has_taken_effect(world)
    assert FAULT.stands(world)
    FAULT.revert(world)


@pytest.mark.usefixtures("edge")
def test_an_agent_that_people_ended_is_started_again(
    world: FakeEnvironment, agent: str
) -> None:
    FAULT.inject(world)
    for pid in pids(agent):
        os.kill(pid, signal.SIGKILL)
    assert FAULT.stands(world)
    FAULT.revert(world)
    assert FAULT.has_gone(world)
    assert pids(agent)


def test_where_it_is_bad_already_or_nobody_renews_it_there_is_nothing_to_break(
    world: FakeEnvironment, edge: HostNode, agent: str
) -> None:
    (edge.root / "good-until").write_text("1\n")
    assert FAULT.unavailable(world) == "east-cache-1 shows no good certificate already"
    for pid in pids(agent):
        os.kill(pid, signal.SIGKILL)
    assert "no agent" in str(FAULT.unavailable(world))


def test_a_vault_that_issues_nothing_is_said(world: FakeEnvironment, edge: HostNode) -> None:
    (edge.root / "../payments/sealed").touch()
    with pytest.raises(WorldError, match="it is sealed"):
        FAULT.inject(world)
    (edge.root / "../payments/sealed").unlink()
    FAULT.revert(world)
    assert FAULT.has_gone(world)
