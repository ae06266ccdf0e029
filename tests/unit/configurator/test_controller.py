"""We believe that few customers meet what is bad, and that there is always a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configuration.document import Document, Signer

from environments.replica.images.configurator.configuring.controller import RefusedError
from tests.unit.configuration.configurations import STANDARD
from tests.unit.configurator.worlds import (
    BAD,
    BAD_TOGETHER,
    GOOD,
    MALFORMED,
    OTHER,
    SIGNER,
    World,
)

if TYPE_CHECKING:
    from pathlib import Path

STARTED = ["proposed by people", "started by itself", "stage by itself"]
TAKEN_BACK = ["rolling back by itself", "rolled back by itself"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.turn()
    assert world.limits == (32, 32, 32)
    return world


def propose(world: World, text: str) -> str:
    return world.controller.propose(text.encode(), "new.toml")


def promoted(world: World, text: str) -> str:
    change = propose(world, text)
    world.turn(15)
    assert world.controller.under_way() == ""
    assert set(world.limits) != {32}
    return change


def test_what_is_good_is_tried_on_one_then_on_all(world: World) -> None:
    propose(world, GOOD)
    world.turn(5)
    assert world.limits == (33, 32, 32)
    assert world.controller.under_way() == "configuration-1 is tried on app-1"
    world.turn(3)
    assert world.limits == (33, 33, 33)
    assert world.controller.under_way() == "configuration-1 is tried on every instance"
    world.turn(7)
    assert world.controller.under_way() == ""
    ends = ["judged", "stage", "promoted", "stable"]
    assert world.events() == [*STARTED, *(f"{event} by itself" for event in ends)]
    assert world.controller.troubles() == []


def test_what_harms_customers_of_the_first_reaches_no_other_and_comes_back(
    world: World,
) -> None:
    propose(world, BAD)
    world.turn(0.5)
    assert world.limits == (1, 32, 32)
    world.turn(2)
    assert world.limits == (32, 32, 32)
    assert world.events() == [*STARTED, *TAKEN_BACK]
    assert [one.seen for one in world.instances.values()] == [[1, 2, 3], [1, 3], [1, 3]]
    world.turn(4)
    assert world.controller.troubles() == []


def test_what_harms_only_where_all_have_it_comes_back_from_all(world: World) -> None:
    propose(world, BAD_TOGETHER)
    world.turn(6.5)
    assert world.limits == (2, 2, 2)
    world.turn(2)
    assert world.limits == (32, 32, 32)
    assert world.events()[-3:] == ["promoted by itself", *TAKEN_BACK]


def test_a_broken_critical_function_is_reason_enough(world: World) -> None:
    world.orders = "orders are broken: app-1 answers POST /orders with 500"
    propose(world, GOOD)
    world.turn(2)
    assert world.limits == (32, 32, 32)
    last = world.controller.means.history.after(0)[-2]
    assert last.why == world.orders


def test_what_is_malformed_is_refused_and_nobody_meets_it(world: World) -> None:
    with pytest.raises(RefusedError) as refused:
        propose(world, MALFORMED)
    assert str(refused.value) == (
        "new.toml:5: [admission] most_in_work is 'many': write a whole number from 0 to 512"
        " (configuration-1 is refused)"
    )
    world.turn(1)
    assert [one.seen for one in world.instances.values()] == [[1], [1], [1]]
    assert world.events() == ["proposed by people", "refused by itself"]
    assert propose(world, GOOD) == "configuration-2"


def test_what_is_in_force_already_is_no_change(world: World) -> None:
    with pytest.raises(RefusedError, match="this is what is in force"):
        propose(world, STANDARD)


def test_one_change_is_tried_at_a_time(world: World) -> None:
    propose(world, GOOD)
    with pytest.raises(RefusedError, match="configuration-1 is tried on app-1: write"):
        propose(world, OTHER)


def test_an_instance_that_does_not_take_it_is_no_success(world: World) -> None:
    world.instances["app-1"].takes = False
    propose(world, GOOD)
    world.turn(5)
    assert world.events() == STARTED
    world.turn(1)
    assert world.events() == [*STARTED, "rolling back by itself"]
    world.instances["app-1"].takes = True
    world.turn(1)
    assert world.events()[-1] == "rolled back by itself"


def test_people_take_back_what_is_being_tried(world: World) -> None:
    propose(world, GOOD)
    world.turn(3)
    assert world.controller.roll_back() == "configuration-1"
    world.turn(1)
    assert world.limits == (32, 32, 32)
    assert world.events() == [*STARTED, "rolling back by people", "rolled back by people"]


def test_people_take_back_what_was_found_good_once(world: World) -> None:
    promoted(world, GOOD)
    promoted(world, OTHER)
    assert world.controller.roll_back() == "configuration-2"
    world.turn(1)
    assert world.limits == (33, 33, 33)
    assert world.events("configuration-2")[-2:] == [
        "rolling back by people",
        "rolled back by people",
    ]
    world.controller.roll_back()
    world.turn(1)
    assert world.limits == (32, 32, 32)
    with pytest.raises(RefusedError, match="nothing is to be taken back"):
        world.controller.roll_back()


def test_where_people_decide_they_are_told_and_it_stays_on_one(tmp_path: Path) -> None:
    world = World(tmp_path, policy="drill-by-hand")
    world.turn()
    propose(world, BAD)
    world.turn(20)
    assert world.limits == (1, 32, 32)
    (trouble,) = world.controller.troubles()
    assert trouble.startswith(
        "configuration-1 harms customers (3 of 10 requests (30.0%) failed"
    )
    assert trouble.endswith(": `config rollback` takes it back")
    world.controller.roll_back()
    world.turn(1)
    assert (world.limits, world.controller.troubles()) == ((32, 32, 32), [])


def test_what_harmed_once_goes_no_further_while_people_decide(tmp_path: Path) -> None:
    world = World(tmp_path, policy="drill-by-hand")
    world.turn()
    propose(world, GOOD)
    world.turn(1)
    world.instances["app-1"].answers = False
    world.turn(4)
    world.instances["app-1"].answers = True
    world.turn(10)
    assert world.limits == (33, 32, 32)
    (trouble,) = world.controller.troubles()
    assert trouble.startswith("configuration-1 harms customers (app-1 has not answered for")


def test_what_few_met_says_nothing_yet(world: World) -> None:
    world.requests = 1
    propose(world, GOOD)
    world.turn(9)
    assert world.limits == (33, 32, 32)
    world.turn(2)
    assert world.limits == (33, 33, 33)


def test_a_canary_that_looks_at_no_errors_lets_it_reach_all(tmp_path: Path) -> None:
    """The mistake that drills must find out."""
    world = World(tmp_path, policy="drill-blind")
    world.turn()
    propose(world, BAD)
    world.turn(15)
    assert world.limits == (1, 1, 1)
    assert world.events()[-1] == "stable by itself"


def test_a_flag_is_switched_everywhere_at_once(world: World) -> None:
    assert world.controller.flag("receipts", on=False) == "flag-1"
    world.turn()
    assert all(b"receipts = false" in i.document.content for i in world.instances.values())
    assert world.events("flag-1") == [
        "proposed by people",
        "started by itself",
        "promoted by people",
    ]
    with pytest.raises(RefusedError, match="receipts is off already"):
        world.controller.flag("receipts", on=False)
    with pytest.raises(RefusedError, match="no flag is called"):
        world.controller.flag("bells", on=True)


def test_a_flag_does_not_wait_for_what_is_being_tried(world: World) -> None:
    propose(world, GOOD)
    world.turn(2)
    world.controller.flag("receipts", on=False)
    world.turn()
    assert world.limits == (32, 32, 32)
    assert all(b"receipts = false" in i.document.content for i in world.instances.values())
    assert world.events()[-2:] == ["rolling back by people", "rolled back by people"]


def test_a_flag_on_top_of_what_all_have_does_not_end_its_watch(world: World) -> None:
    propose(world, BAD_TOGETHER)
    world.turn(6.5)
    assert world.controller.under_way() == "configuration-1 is tried on every instance"
    world.controller.flag("receipts", on=False)
    world.turn(4)
    assert world.limits == (32, 32, 32)
    assert all(b"receipts = false" in i.document.content for i in world.instances.values())


def test_going_back_switches_no_flag(world: World) -> None:
    promoted(world, GOOD)
    world.controller.flag("receipts", on=False)
    world.turn()
    world.controller.roll_back()
    world.turn(1)
    assert world.limits == (32, 32, 32)
    assert all(b"receipts = false" in i.document.content for i in world.instances.values())


def test_a_store_that_was_tampered_with_is_noticed_and_restored_from_an_instance(
    world: World,
) -> None:
    signed = (world.folder / "1").read_bytes()
    forged = Signer.of("ab" * 32).sign(Document(9, BAD.encode()))
    (world.folder / "1").write_bytes(forged)
    (trouble,) = world.controller.troubles()
    assert "version 1 in the store is not what was signed" in trouble
    for refused in (
        lambda: propose(world, GOOD),
        lambda: world.controller.flag("receipts", on=False),
        lambda: world.controller.restore(forged),
        lambda: world.controller.restore(SIGNER.sign(Document(9, GOOD.encode()))),
    ):
        with pytest.raises(RefusedError):
            refused()
    assert world.controller.restore(signed) == 1
    assert world.controller.troubles() == []


def test_an_older_version_in_the_place_of_a_newer_is_noticed(world: World) -> None:
    promoted(world, GOOD)
    (world.folder / "2").write_bytes((world.folder / "1").read_bytes())
    (trouble,) = world.controller.troubles()
    assert "it says that it is version 1" in trouble


def test_a_configurator_that_is_started_anew_goes_on(world: World) -> None:
    promoted(world, GOOD)
    world.restart()
    world.turn(4)
    assert (world.limits, world.controller.troubles()) == ((33, 33, 33), [])
    assert world.controller.roll_back() == "configuration-1"


def test_what_it_tried_before_it_was_started_anew_is_taken_back(world: World) -> None:
    propose(world, GOOD)
    world.turn(2)
    world.restart()
    world.turn(1)
    assert world.limits == (32, 32, 32)
    assert world.events() == [*STARTED, *TAKEN_BACK]


def test_what_was_on_its_way_when_it_was_started_anew_ends_as_well(world: World) -> None:
    world.controller.flag("receipts", on=False)
    world.restart()
    world.turn()
    assert world.events("flag-1")[-1] == "promoted by itself"
    promoted(world, GOOD)
    world.controller.roll_back()
    world.restart()
    world.turn(1)
    assert world.events()[-1] == "rolled back by itself"
    assert world.limits == (32, 32, 32)


def test_an_instance_that_is_away_keeps_nobody_from_going_back(world: World) -> None:
    propose(world, BAD)
    world.turn(0.75)
    world.instances["app-3"].answers = False
    world.turn(5)
    assert world.events()[-1] == "rolled back by itself"
    (trouble,) = world.controller.troubles()
    assert trouble == "nobody knows what app-3 has in force: app-3 does not answer"
    world.instances["app-3"].answers = True
    world.turn(4)
    assert (world.limits, world.controller.troubles()) == ((32, 32, 32), [])
