"""We believe that who lets an expired credential in is found, and who says nothing is told of.

The very scripts run here in a real shell; curl, psql and the service's tool are small programs.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from fixtures import credentials
from fixtures.credentials import Credentials, Found, Try
from fixtures.drill import Drill, InconclusiveError
from fixtures.guarded import GuardedRun
from fixtures.waiting import wait_until
from reports.timeline import Event, Timeline, read_timeline
from tests.fakes.caretaker import open_journal
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The entrances of the instances: what a file named after the try and the instance says.
CURL = r"""
case "$*" in *"Bearer "*" -60"*) what=expired ;; *) what=good ;; esac
case "$*" in *east-app-1:*) where=1 ;; *east-app-2:*) where=2 ;; *) where=3 ;; esac
echo "$what" >> "$ROOT/tried"
for answer in "$ROOT/$what-$where" "$ROOT/$what"; do
  if [ -e "$answer" ]; then cat "$answer"; exit; fi
done
exit 7
"""
PSQL = r"""
case "$*" in
  *"SELECT 1"*) cat "$ROOT/role"; exit "$(cat "$ROOT/role-status")" ;;
  *) case $(cat) in *rolcanlogin*) cat "$ROOT/revoked" ;; esac ;;
esac
"""
OUT = 'psql: error: FATAL:  role "former_partner" is not permitted to log in\n'


@dataclass
class Stage:
    drill: Drill
    bastion: HostNode

    def answers(self, name: str, text: str) -> None:
        (self.bastion.root / name).write_text(text)

    def play(self) -> None:
        """Try for a few rounds."""
        with Credentials(self.drill).expired_is_refused():
            self.wait_for_tries()

    def wait_for_tries(self) -> None:
        before = self._tries()
        wait_until("some rounds", lambda: self._tries() >= before + 18, at_most=A_WHILE)

    def told(self, event: Event) -> list[str]:
        entries = read_timeline(self.drill.timeline.path)
        return [
            str(entry.details.get("why", entry.details.get("finding")))
            for entry in entries
            if entry.event is event
        ]

    def _tries(self) -> int:
        return (self.bastion.root / "tried").read_text().count("\n")


A_WHILE = credentials.ASKED_WITHIN


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(credentials, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(credentials, "_ISSUE", 'issue "$CUSTOMER" "$GOOD_FOR"')
    folder = tmp_path / "run-1" / "drill"
    folder.mkdir(parents=True)
    world = FakeEnvironment()
    bastion, instance = put_on_hosts(world, tmp_path, "bastion", "east-app-1")
    instance.has("issue", 'echo "$1 $2"')
    bastion.has("curl", CURL)
    bastion.has("psql", PSQL)
    with open_journal(folder) as journal, Timeline(folder / "timeline.jsonl") as timeline:
        drill = Drill(
            name="drill", folder=folder, environment=world, timeline=timeline,
            guarded=GuardedRun(journal, start_guardian=None), say=lambda _: None, seed=1,
            runbooks=tmp_path, taint=lambda _: None,
        )  # fmt: skip
        made = Stage(drill, bastion)
        made.answers("good", '{"id":7}\n200')
        made.answers("expired", '{"error":"this token has expired"}\n401')
        made.answers("role", OUT)
        made.answers("role-status", "2")
        made.answers("revoked", "t\n")
        yield made


def test_where_all_is_refused_and_done_once_the_tries_are_counted(stage: Stage) -> None:
    stage.play()
    assert stage.told(Event.BREACH) == []
    (finding,) = stage.told(Event.MEASURED)
    assert finding.startswith("an expired token was refused ")
    assert " 0 times" not in finding


def test_one_instance_that_lets_an_expired_token_in_is_a_breach(stage: Stage) -> None:
    stage.answers("expired-2", '{"id":8}\n201')
    stage.play()
    assert stage.told(Event.BREACH) == ["east-app-2 let in a token that had expired"]
    assert stage.told(Event.MEASURED) == []


def test_a_role_that_gets_in_after_its_time_is_a_breach(stage: Stage) -> None:
    stage.answers("role", " ?column?\n")
    stage.answers("role-status", "0")
    stage.play()
    assert stage.told(Event.BREACH) == ["the primary let in a role that had expired"]


def test_a_second_order_under_one_key_is_a_breach(stage: Stage) -> None:
    with Credentials(stage.drill).expired_is_refused():
        stage.answers("good-3", '{"id":9}\n200')
        stage.wait_for_tries()
    assert "made a second order under one key" in stage.told(Event.BREACH)[0]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("expired-3", "\n000", "east-app-3 to an expired token"),
        ("expired-3", "busy\n503", "east-app-3 to an expired token"),
        ("role", "psql: error: connection refused\n", "anybody to an expired role"),
    ],
)
def test_who_answers_nothing_of_the_kind_makes_the_drill_unable_to_say(
    stage: Stage, name: str, text: str, why: str
) -> None:
    stage.answers(name, text)
    with pytest.raises(InconclusiveError, match=why):
        stage.play()
    assert stage.told(Event.MEASURED) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_tries_that_an_error_ended_make_the_drill_unable_to_say(stage: Stage) -> None:
    def play() -> None:
        with Credentials(stage.drill).expired_is_refused():
            stage.wait_for_tries()
            before = threading.active_count()
            stage.answers("good", "no order at all\n200")
            wait_until(
                "the tries to end", lambda: threading.active_count() < before, at_most=A_WHILE
            )

    with pytest.raises(InconclusiveError, match="not tried to the end of the drill"):
        play()
    assert stage.told(Event.MEASURED) == []


def test_nothing_is_begun_while_the_key_belongs_to_no_order(stage: Stage) -> None:
    stage.answers("good", "busy\n503")
    with pytest.raises(InconclusiveError, match="one key brought 0 orders"):
        stage.play()


def test_a_good_token_that_is_refused_says_nothing_of_its_key() -> None:
    found = Found()
    found.note(Try("key", "east-app-1", "401", ""))
    assert found.count("key") == 0
    found.note(Try("key", "east-app-1", "200", '{"id":7}'))
    assert (found.count("key"), found.breaches) == (1, [])
    found.note(Try("key", "east-app-1", "201", '{"id":7}'))
    assert found.breaches == ["east-app-1 made a second order under one key"]
