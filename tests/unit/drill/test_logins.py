"""We believe that who could not log in is counted, and that a token leaks to nobody else.

The very scripts run here in a real shell; curl is a small program.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.model import WorldError
from fixtures import logins
from fixtures.accounts import open_account
from fixtures.drill import Drill, InconclusiveError
from fixtures.faults import GuessPasswords
from fixtures.faults.use_leaked_token import LEAKED_TOKEN
from fixtures.guarded import GuardedRun
from fixtures.logins import Login, Logins, longest_outage
from fixtures.waiting import wait_until
from reports.timeline import Event, Timeline, read_timeline
from tests.fakes.caretaker import open_journal
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CURL = 'cat > "$ROOT/sent"; echo x >> "$ROOT/tried"; cat "$ROOT/answer"'
IN, OUT = '{"token":"a.b.c","expires_in":300.0}\n200', '{"error":"not for now"}\n503'
MOST = timedelta(seconds=0.3)
A_WHILE = timedelta(seconds=10)


class Stage:
    def __init__(self, drill: Drill, nodes: list[HostNode]) -> None:
        self.drill = drill
        self.bastion, self.auth, self.intruder = nodes
        self.answers(IN)

    def answers(self, text: str) -> None:
        (self.bastion.root / "answer").write_text(text)

    def wait_for_tries(self, count: int) -> None:
        file = self.bastion.root / "tried"
        before = self._count(file)
        wait_until("some logins", lambda: self._count(file) >= before + count, at_most=A_WHILE)

    def told(self, event: Event) -> list[str]:
        entries = read_timeline(self.drill.timeline.path)
        return [
            str(entry.details.get("why", entry.details.get("finding")))
            for entry in entries
            if entry.event is event
        ]

    def _count(self, file: Path) -> int:
        return file.read_text().count("\n") if file.exists() else 0


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(logins, "EVERY_SECONDS", 0.02)
    monkeypatch.setenv("EDGE", "http://edge")
    monkeypatch.setenv("ATTEMPTS", str(tmp_path / "attempts.jsonl"))
    folder = tmp_path / "run-1" / "drill"
    folder.mkdir(parents=True)
    world = FakeEnvironment()
    (bastion,) = put_on_hosts(world, tmp_path, "bastion")
    auth = HostNode(world, "east-auth", "auth", tmp_path / "east-auth")
    intruder = HostNode(world, "intruder-outside", "intruder", tmp_path / "intruder-outside")
    world.nodes += [auth, intruder]
    bastion.has("curl", CURL)
    auth.has("auth", 'echo "$@" "$PASSWORD" >> "$ROOT/accounts"')
    with open_journal(folder) as journal, Timeline(folder / "timeline.jsonl") as timeline:
        yield Stage(
            Drill(
                name="drill",
                folder=folder,
                environment=world,
                timeline=timeline,
                guarded=GuardedRun(journal, start_guardian=None),
                say=lambda _: None,
                seed=1,
                runbooks=tmp_path,
                taint=lambda _: None,
                password="right",  # noqa: S106 - of nobody
            ),
            [bastion, auth, intruder],
        )


def test_logins_that_all_succeed_are_a_finding(stage: Stage) -> None:
    with Logins(stage.drill).tried(away_at_most=MOST):
        stage.wait_for_tries(3)
    (finding,) = stage.told(Event.MEASURED)
    assert "nobody could log in for 0.0 s at the most" in finding
    assert stage.told(Event.BREACH) == []
    assert "run-1-drill-newcomer" in (stage.bastion.root / "sent").read_text()


def test_that_nobody_can_log_in_for_too_long_is_a_breach(stage: Stage) -> None:
    with Logins(stage.drill).tried(away_at_most=MOST):
        stage.wait_for_tries(2)
        stage.answers(OUT)
        stage.wait_for_tries(20)
        stage.answers(IN)
        stage.wait_for_tries(2)
    (breach,) = stage.told(Event.BREACH)
    assert breach.endswith("which is longer than 0.3 s")


def test_a_thread_that_broke_off_says_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "EVERY_SECONDS", A_WHILE.total_seconds())
    with (
        pytest.raises(InconclusiveError, match="not tried to the end"),
        Logins(stage.drill).tried(away_at_most=MOST),
    ):
        pass


def test_a_token_leaks_to_the_intruder_alone_and_into_no_timeline(stage: Stage) -> None:
    leaked = stage.intruder.below(LEAKED_TOKEN)
    leaked.parent.mkdir(parents=True)
    Logins(stage.drill).leak_token()
    assert (leaked.read_text(), leaked.stat().st_mode & 0o777) == ("a.b.c", 0o600)
    assert "a.b.c" not in stage.drill.timeline.path.read_text()


def test_without_a_login_no_token_leaks(stage: Stage) -> None:
    stage.answers(OUT)
    with pytest.raises(InconclusiveError, match="answered 503"):
        Logins(stage.drill).leak_token()


def test_a_guess_that_was_right_is_a_breach(stage: Stage, tmp_path: Path) -> None:
    customer = Logins(stage.drill).weak_account()
    assert customer == "run-1-drill-careless"
    assert (stage.auth.root / "accounts").read_text() == f"add {customer} summer120\n"
    attempts = tmp_path / "attempts.jsonl"
    line = '{"credential": "password of %s", "what": "login", "outcome": "%s"}\n'
    attempts.write_text(line % (customer, "out") + line % ("somebody", "in"))
    Logins(stage.drill).nobody_got_in(GuessPasswords(customer))
    assert stage.told(Event.BREACH) == []
    attempts.write_text(line % (customer, "in"))
    Logins(stage.drill).nobody_got_in(GuessPasswords(customer))
    (breach,) = stage.told(Event.BREACH)
    assert "got in 1 times with a password that it guessed" in breach


@given(st.lists(st.tuples(st.floats(0.1, 3), st.floats(0, 2), st.booleans())))
def test_the_longest_outage_is_the_longest_run_of_failures(
    steps: list[tuple[float, float, bool]],
) -> None:
    now, tried = 0.0, []
    for wait, took, let_in in steps:
        now += wait
        tried.append(Login(now, now + took, let_in=let_in))
        now += took
    until = now + 1
    runs = [
        (next((one.ended for one in tried[first:] if one.let_in), until)) - login.began
        for first, login in enumerate(tried)
        if not login.let_in
    ]
    assert longest_outage(tried, until) == pytest.approx(max(runs, default=0.0))


def test_where_nobody_logs_in_there_is_no_account() -> None:
    assert open_account(FakeEnvironment(), "ada") == ""


def test_each_account_has_a_password_of_its_own(stage: Stage) -> None:
    passwords = {open_account(stage.drill.environment, name) for name in ("ada", "bob")}
    assert len(passwords) == 2
    kept = (stage.auth.root / "accounts").read_text().splitlines()
    assert {line.rpartition(" ")[2] for line in kept} == passwords


def test_an_account_that_cannot_be_opened_is_an_error(stage: Stage) -> None:
    stage.auth.has("auth", "echo 'auth: the service does not answer' >&2; exit 1")
    with pytest.raises(WorldError, match="the service does not answer"):
        open_account(stage.drill.environment, "ada")
