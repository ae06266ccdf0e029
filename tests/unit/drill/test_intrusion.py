"""We believe that what an intruder did, and what people were told, is in the drill's folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from fixtures import intrusion
from fixtures.drill import Drill
from fixtures.guarded import GuardedRun
from fixtures.intrusion import INTRUDER_LOG, NEXT_ATTEMPTS, Intrusion
from reports.intruder_log import read_intruder_log
from reports.timeline import Event, Timeline, read_timeline
from tests.fakes.caretaker import open_journal
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHORT, LONG = timedelta(seconds=0.5), timedelta(seconds=10)


@dataclass
class Stage:
    intrusion: Intrusion
    drill: Drill
    bastion: HostNode
    intruder: HostNode

    def alarms(self, signal: str, last: float) -> None:
        told = {"alerts": [{"signal": signal, "last": last}]}
        (self.bastion.root / "alerts").write_text(json.dumps(told))

    def has_tried(self, what: str, outcome: str, at: float) -> None:
        line = {
            "at": at, "intruder": "intruder-inside", "credential": "database login orders_a",
            "what": what, "outcome": outcome, "subject": "", "said": "",
        }  # fmt: skip
        with (self.intruder.root / "attempts.jsonl").open("a") as file:
            file.write(f"{json.dumps(line)}\n")

    def entries(self, event: Event) -> list[dict[str, object]]:
        entries = read_timeline(self.drill.timeline.path)
        return [dict(entry.details) for entry in entries if entry.event is event]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    folder = tmp_path / "run-1" / "drill"
    folder.mkdir(parents=True)
    world = FakeEnvironment()
    (bastion,) = put_on_hosts(world, tmp_path, "bastion")
    bastion.has("curl", 'cat "$ROOT/alerts"')
    intruder = HostNode(world, "intruder-inside", "intruder", tmp_path / "intruder")
    world.nodes.append(intruder)
    monkeypatch.setenv("ATTEMPTS", str(intruder.root / "attempts.jsonl"))
    with open_journal(folder) as journal, Timeline(folder / "timeline.jsonl") as timeline:
        drill = Drill(
            name="drill", folder=folder, environment=world, timeline=timeline,
            guarded=GuardedRun(journal, start_guardian=None), say=lambda _: None, seed=1,
            runbooks=tmp_path, taint=lambda _: None, last_fault_at=monotonic(),
        )  # fmt: skip
        yield Stage(Intrusion(drill), drill, bastion, intruder)


def test_attempts_detection_and_the_claim_that_it_is_out_are_brought_together(
    stage: Stage,
) -> None:
    stage.has_tried("login", "in", at=monotonic() - 60)  # of a drill before
    with stage.intrusion.watched():
        stage.has_tried("login", "in", at=monotonic())
        stage.alarms("strange", monotonic())
        stage.intrusion.must_be_detected(within=LONG)
        for later in range(1, NEXT_ATTEMPTS + 1):
            stage.has_tried("login", "out", at=monotonic() + later)
        stage.intrusion.is_out()

    log = read_intruder_log(stage.drill.folder / INTRUDER_LOG)
    assert [one.outcome for one in log.attempts] == ["in"] + ["out"] * NEXT_ATTEMPTS
    assert [one.signal for one in log.detections] == ["strange"]
    assert len(log.shut_outs) == 1
    times = (log.attempts[0].at, log.detections[0].at, log.shut_outs[0].at, log.attempts[1].at)
    assert list(times) == sorted(times)
    assert stage.entries(Event.BREACH) == []


def test_an_intruder_that_tries_no_more_ends_no_drill(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intrusion, "TRIES_WITHIN", SHORT)
    stage.intrusion.is_out()
    assert len(stage.intrusion.claims.shut_out) == 1


def test_an_alert_of_before_detects_nobody(stage: Stage) -> None:
    stage.alarms("strange", monotonic() - 60)
    stage.intrusion.must_be_detected(within=SHORT)
    (breach,) = stage.entries(Event.BREACH)
    assert "nobody was told" in str(breach["why"])
    assert stage.intrusion.claims.detected == []


def test_a_trail_that_does_not_answer_tells_nobody(stage: Stage) -> None:
    stage.intrusion.must_be_detected(within=SHORT)
    assert len(stage.entries(Event.BREACH)) == 1


def test_evidence_is_kept_with_its_hash(stage: Stage) -> None:
    file = stage.bastion.root / "sessions.csv"
    file.write_text("pid,who\n7,orders_a\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    stage.intrusion.keep("bastion", f"{digest}  /sessions.csv\n")

    (kept,) = stage.entries(Event.ATTACHMENT)
    assert digest in str(kept["title"])
    assert (stage.drill.folder / str(kept["file"])).read_bytes() == file.read_bytes()
    assert stage.entries(Event.BREACH) == []


def test_evidence_that_was_changed_since_is_a_breach(stage: Stage) -> None:
    file = stage.bastion.root / "sessions.csv"
    file.write_text("pid,who\n")
    stage.intrusion.keep("bastion", f"{'0' * 64}  /sessions.csv")
    (breach,) = stage.entries(Event.BREACH)
    assert "evidence was changed" in str(breach["why"])


def test_a_page_that_kept_no_evidence_is_a_breach(stage: Stage) -> None:
    stage.intrusion.keep("bastion", None)
    assert stage.entries(Event.ATTACHMENT) == []
    (breach,) = stage.entries(Event.BREACH)
    assert "no evidence was kept on bastion" in str(breach["why"])
