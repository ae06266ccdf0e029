"""The smallest scenario, played on a world in memory with a real load and real files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures import steps, wholeness
from fixtures.drill import Drill
from fixtures.faults import Kill
from fixtures.guarded import GuardedRun
from fixtures.steps import Injector, Loads, RecoveryWatch
from reports.timeline import Event, Timeline
from reports.verdict import Objectives, Verdict
from tests.fakes.caretaker import open_journal
from tests.fakes.world import FakeEnvironment
from tests.unit.load.shop import Shop, open_shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OBJECTIVES = Objectives(rto_seconds=20, rpo_seconds=0)
FAULT = Kill("payments")
WATCH = timedelta(seconds=4)


@dataclass
class Stage:
    drill: Drill
    world: FakeEnvironment
    shop: Shop
    tainted: list[str]

    def play(
        self,
        during: Callable[[], object] = lambda: None,
        objectives: Objectives = OBJECTIVES,
        hold: timedelta = timedelta(0),
        *,
        mended_by_people: bool = False,
    ) -> None:
        """Run the smallest scenario, with something happening while the fault is in force."""
        orders = Loads(self.drill).orders(users=5, attempts_per_second=50)
        fault = Injector(self.drill)(FAULT, hold=hold, mended_by_people=mended_by_people)
        with orders, fault:
            during()
            RecoveryWatch(self.drill).wait(at_most=WATCH)
        RecoveryWatch(self.drill).must_meet(objectives)

    @property
    def verdict(self) -> Verdict:
        assert self.drill.verdict is not None
        return self.drill.verdict


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(steps, "EFFECT_WITHIN", timedelta(milliseconds=300))
    monkeypatch.setattr(steps, "GONE_WITHIN", timedelta(milliseconds=300))
    monkeypatch.setattr(wholeness, "STEADY_BEFORE_WITHIN", timedelta(milliseconds=300))
    monkeypatch.setattr(wholeness, "STEADY_AFTER_WITHIN", timedelta(milliseconds=300))
    monkeypatch.setattr(wholeness, "SETTLED_WITHIN", WATCH)
    world = FakeEnvironment()
    tainted: list[str] = []
    folder = tmp_path / "run" / "drill"
    folder.mkdir(parents=True)
    with (
        open_shop() as shop,
        Timeline(folder / "timeline.jsonl") as timeline,
        open_journal(tmp_path) as journal,
    ):
        world.entrance = shop.entrance
        timeline.record(
            Event.DRILL_STARTED,
            scenario="drill", title="A drill", environment="fake", requirements=[], seed=1,
        )  # fmt: skip
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
                taint=tainted.append,
                settle_seconds=1.0,
            ),
            world,
            shop,
            tainted,
        )
