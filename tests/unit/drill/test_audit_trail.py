"""We believe that an order which the trail lacks is named, and one that it has is not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures import audit_trail
from fixtures.audit_trail import AuditTrail
from fixtures.drill import Drill, InconclusiveError
from fixtures.guarded import GuardedRun
from reports.ledger import LedgerWriter, Operation, Outcome
from reports.timeline import Event, Timeline, read_timeline
from tests.fakes.caretaker import open_journal
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHORT = timedelta(seconds=0.3)


@dataclass
class Stage:
    drill: Drill
    trail: Path

    def takes(self, number: int, outcome: Outcome = Outcome.YES) -> None:
        path = self.drill.folder / "ledger.bin"
        with LedgerWriter(path, joins=path.exists()) as ledger:
            attempt = ledger.began(
                key=number, value=5, customer=1, operation=Operation.CREATE, at=1.0
            )
            attempt.write(ended=2.0, outcome=outcome, status=201)

    def has(self, action: str, number: int, customer: str = "") -> None:
        key = f"{customer or self.drill.customer}-{number}"
        details = {"new": {"key": key}} if action == "row made" else {"key": key}
        line = {"entry": {"action": action, "details": details}}
        with self.trail.open("a") as file:
            file.write(f"{json.dumps(line)}\n")

    def look(self) -> None:
        AuditTrail(self.drill).must_have_every_order(within=SHORT)

    def told(self, event: Event) -> list[str]:
        entries = read_timeline(self.drill.timeline.path)
        return [
            str(entry.details.get("why", entry.details.get("finding")))
            for entry in entries
            if entry.event is event
        ]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    folder = tmp_path / "run-1" / "drill"
    folder.mkdir(parents=True)
    trail = tmp_path / "trail.jsonl"
    trail.touch()
    keys = audit_trail._KEYS.replace("/var/lib/audit/trail.jsonl", str(trail))  # noqa: SLF001 - where it is
    monkeypatch.setattr(audit_trail, "_KEYS", keys)
    monkeypatch.setattr(audit_trail, "LOOKS_EVERY", timedelta(seconds=0.1))
    world = FakeEnvironment()
    world.nodes.append(HostNode(world, "east-audit", "audit", tmp_path / "audit"))
    with open_journal(folder) as journal, Timeline(folder / "timeline.jsonl") as timeline:
        drill = Drill(
            name="drill", folder=folder, environment=world, timeline=timeline,
            guarded=GuardedRun(journal, start_guardian=None), say=lambda _: None, seed=1,
            runbooks=tmp_path, taint=lambda _: None,
        )  # fmt: skip
        yield Stage(drill, trail)


def test_a_trail_that_has_every_order_is_a_finding(stage: Stage) -> None:
    stage.takes(1)
    stage.takes(2, Outcome.UNKNOWN)
    stage.has("row made", 1)
    stage.has("order made", 1)
    stage.look()
    assert stage.told(Event.BREACH) == []
    assert stage.told(Event.MEASURED) == [
        "all 1 orders acknowledged by then were in the audit trail"
    ]


@pytest.mark.parametrize(
    ("has", "lacks"), [("row made", "order made"), ("order made", "row made")]
)
def test_an_order_that_it_lacks_in_one_way_is_a_breach(
    has: str, lacks: str, stage: Stage
) -> None:
    for number in (1, 2):
        stage.takes(number)
        stage.has(has, number)
    stage.has(lacks, 1)
    stage.has(lacks, 2, customer="another-drill")
    stage.look()
    assert stage.told(Event.BREACH) == [
        f'1 of 2 acknowledged orders are not in the audit trail as "{lacks}" (keys 2)'
    ]
    assert stage.told(Event.MEASURED) == []


def test_a_trail_that_is_away_has_no_order(stage: Stage) -> None:
    stage.takes(1)
    stage.drill.environment.nodes[-1].running = False  # type: ignore[attr-defined] # a fake
    stage.look()
    assert len(stage.told(Event.BREACH)) == 2


def test_where_nobody_was_told_yes_nothing_can_be_said(stage: Stage) -> None:
    stage.takes(1, Outcome.NO)
    with pytest.raises(InconclusiveError, match="no order was acknowledged"):
        stage.look()
