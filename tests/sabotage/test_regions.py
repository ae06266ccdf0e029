"""A move between regions without one of its safeguards must be found out, for that reason."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Direction
from fixtures import wholeness
from fixtures.faults import Fault, Lag
from fixtures.steps import Follower, Injector
from fixtures.waiting import wait_until
from scenarios import test_both_regions_degraded, test_region_lost, test_regions_apart
from tests.sabotage.sabotaged import acknowledged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fixtures.drill import Drill
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(second_region=True)),
]

LED_BY_EAST = timedelta(seconds=60)
ORDERS_IN_BOTH = 100


@pytest.fixture(autouse=True)
def _short_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here mends what two primaries made of the world, so nobody waits for it."""
    monkeypatch.setattr(test_region_lost, "WATCH", timedelta(seconds=30))
    monkeypatch.setattr(test_both_regions_degraded, "WATCH", timedelta(seconds=10))
    monkeypatch.setattr(wholeness, "STEADY_AFTER_WITHIN", timedelta(seconds=10))
    monkeypatch.setattr(wholeness, "SETTLED_WITHIN", timedelta(seconds=10))


def taken_in(drill: Drill, region: str) -> int | None:
    """Count the orders that a region's databases have of this drill; None: they are silent."""
    (bastion,) = [node for node in drill.environment.nodes if node.name == "bastion"]
    query = f"SELECT count(*) FROM orders WHERE customer = '{drill.customer}'"  # noqa: S608 - our own name
    done = bastion.run(
        ["in-region", region, "psql", "--no-align", "--tuples-only", "--command", query],
        within=timedelta(seconds=10),
    )
    return int(done.stdout) if done.exit_code == 0 else None


@dataclass(frozen=True, slots=True)
class LateFollower(Follower):
    """People who look away while the region that is back takes orders."""

    def __call__(self, runbook: str) -> Mapping[str, str]:
        if runbook == "region-comes-back.md":
            first = wait_until(
                "the region that is back to say what it has",
                lambda: taken_in(self.drill, "east"),
                at_most=LED_BY_EAST,
                every=timedelta(seconds=1),
            )
            wait_until(
                "the region that is back to have taken orders",
                lambda: (taken_in(self.drill, "east") or 0) >= (first or 0) + ORDERS_IN_BOTH,
                at_most=LED_BY_EAST,
                every=timedelta(seconds=1),
            )
        return Follower.__call__(self, runbook)


def test_a_failover_without_fencing_is_a_split_brain(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("region-failover.md", "fence: Lead nobody")
    sabotaged.leave_out("region-comes-back.md", "The east is fenced")
    # Two primaries follow nobody; that is seen in less time, too.
    sabotaged.change("region-comes-back.md", "within=2m", "within=20s")

    sabotaged.must_be_missed(
        test_region_lost.test_the_region_is_lost_and_comes_back,
        "split brain",
        follow=LateFollower(sabotaged.drill),
    )

    assert (sabotaged.recovery.lost_after_effect or 0) >= ORDERS_IN_BOTH // 2


@contextmanager
def trickling(drill: Drill, copy: str) -> Iterator[None]:
    """What a region's databases send to the other one trickles; they have orders it has not."""
    trickle = Lag(copy, kilobits_per_second=64, from_="links").plan(drill.environment)
    trickle.inject(drill.environment)
    try:
        enough = acknowledged(drill) + ORDERS_IN_BOTH
        wait_until(
            "orders to be acknowledged that the other region has not",
            lambda: acknowledged(drill) >= enough,
            at_most=timedelta(seconds=30),
        )
        yield
    finally:
        trickle.revert(drill.environment)


class InjectWhileTheCopyLags(Injector):
    """Loses the region once some of its orders are in no copy."""

    @contextmanager
    def __call__(
        self, fault: Fault, *, hold: timedelta = timedelta(0), mended_by_people: bool = False
    ) -> Iterator[None]:
        with ExitStack() as lost:
            with trickling(self.drill, "db@west"):
                inject = Injector(self.drill)
                lost.enter_context(inject(fault, hold=hold, mended_by_people=mended_by_people))
            yield


def test_a_copy_that_lags_loses_more_than_is_allowed(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(
        test_region_lost.test_the_region_is_lost_and_comes_back,
        "RPO missed",
        inject=InjectWhileTheCopyLags(sabotaged.drill),
    )

    assert (sabotaged.recovery.lost or 0) >= ORDERS_IN_BOTH // 2


@dataclass(frozen=True, slots=True)
class HastyFollower(Follower):
    """People who go back while the copy in the east trickles in."""

    def __call__(self, runbook: str) -> Mapping[str, str]:
        if runbook != "region-failback.md":
            return Follower.__call__(self, runbook)
        with trickling(self.drill, "db@east"):
            return Follower.__call__(self, runbook)


def test_a_failback_that_does_not_wait_for_the_lag_loses_orders(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("region-failback.md", "promote: Wait until the east has everything")

    sabotaged.must_be_missed(
        test_region_lost.test_the_region_is_lost_and_comes_back,
        "split brain",
        follow=HastyFollower(sabotaged.drill),
    )

    assert sabotaged.recovery.lost_after_effect


def test_a_failover_from_a_region_that_serves_loses_orders(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the way between the regions is broken, and people move customers all the same."""
    sabotaged.leave_out("region-failover.md", "decide: Customers are served nowhere")
    sabotaged.copy("region-failover.md", over="regions-apart.md")
    monkeypatch.setattr(test_regions_apart, "HOLD", timedelta(seconds=5))

    sabotaged.must_be_missed(
        test_regions_apart.test_the_regions_are_parted, "split brain", direction=Direction.BOTH
    )


LEADS_NOWHERE = """\
## Mitigation

```sh on=entrance within=20s
# Lead customers nowhere, for no order can be taken
region fence east
```
"""


def test_shutting_out_customers_who_could_read_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.change("both-regions-degraded.md", "## Mitigation\n", LEADS_NOWHERE)

    sabotaged.must_be_missed(
        test_both_regions_degraded.test_both_regions_are_degraded,
        "read availability missed",
        "reads missed",
    )
