"""We believe that another process can mend and remove a world by its label alone.

And that it touches nothing else, however alike its name.
"""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread, Timer
from typing import TYPE_CHECKING

import pytest

from environments.catalog import caretaker, engine_of, open_environment
from environments.model import (
    Cut,
    Cuttable,
    GoneError,
    Killable,
    Latency,
    Pausable,
    Resource,
    WorldError,
    stopped,
)
from environments.replica.containers import Engine, connect
from environments.replica.image_builder import build_images
from environments.replica.nodes import ContainerNode
from environments.selectors import find_link, find_node
from fixtures import faults
from fixtures.faults import Fault, describe, rebuild
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from environments.model import Caretaker, Environment, FoundWorld

pytestmark = pytest.mark.contract

SECOND = timedelta(seconds=1)
GONE_WITHIN = 30 * SECOND
EACH_KIND: list[Fault] = [
    faults.Kill("payments,east-app-1,links"),
    faults.Pause("payments,links"),
    faults.Partition("east-cache-1", "payments,bastion"),
    faults.Slow("app-to-payments", 400 * SECOND / 1000),
    faults.Cut("app-to-cache"),
    faults.Reset("app-to-payments"),
    faults.Throttle("app-to-db", 10),
]


@pytest.fixture
def hands() -> Iterator[Caretaker]:
    with closing(caretaker("replica", engine_of("replica"))) as hands:
        yield hands


@pytest.fixture
def engine() -> Iterator[Engine]:
    with closing(connect()) as engine:
        yield engine


@pytest.fixture(scope="module")
def tools() -> str:
    return build_images(None, print)["tools"]


def found(hands: Caretaker, world: str) -> FoundWorld | None:
    return next((one for one in hands.found() if one.id == world), None)


@pytest.mark.parametrize("fault", EACH_KIND, ids=str)
def test_another_process_reverts_what_the_first_injected(
    replica: Environment, hands: Caretaker, fault: Fault
) -> None:
    planned = fault.plan(replica)
    written = json.dumps(describe(planned))
    try:
        planned.inject(replica)
        with hands.attach(replica.id) as attached:
            anybody = rebuild(json.loads(written))
            assert anybody.traces(attached) == planned.traces(replica)
            wait_until(
                f"{fault} to be seen by the other one",
                lambda: attached.traces(fault.nodes()) == anybody.traces(attached),
                at_most=GONE_WITHIN,
            )
            anybody.revert(attached)
            wait_until(
                f"{fault} to be gone", lambda: anybody.has_gone(attached), at_most=GONE_WITHIN
            )
            assert attached.traces(fault.nodes()) == frozenset()
    finally:
        planned.revert(replica)
    wait_until(
        "the replica to be whole", lambda: not replica.deviations(), at_most=2 * GONE_WITHIN
    )


def test_the_one_that_is_attached_is_the_same_world(
    replica: Environment, hands: Caretaker
) -> None:
    with hands.attach(replica.id) as attached:
        assert attached.id == replica.id
        assert attached.entrance == replica.entrance
        assert attached.states("db") == replica.states("db")
        assert [(n.name, n.role, n.region, n.zone) for n in attached.nodes] == [
            (n.name, n.role, n.region, n.zone) for n in replica.nodes
        ]
        assert [link.name for link in attached.links] == [link.name for link in replica.links]
        assert list(attached.deviations()) == []
        assert attached.facts().keys() <= replica.facts().keys()


def test_a_world_is_found_whole_with_its_owner_and_its_sidecars(
    replica: Environment, hands: Caretaker
) -> None:
    node = find_node(replica, "payments")
    assert isinstance(node, ContainerNode)
    thread = Thread(target=node.sidecars.in_network_of, args=(node.container, "sleep 3"))
    thread.start()
    try:
        wait_until(
            "the sidecar to be found",
            lambda: "-sidecar-" in str(found(hands, replica.id)),
            at_most=5 * SECOND,
        )
        world = found(hands, replica.id)
    finally:
        thread.join()
    assert world is not None
    assert world.owner  # that of all its resources, the sidecar included
    assert {one.name for one in world.resources} > {
        f"muster-{replica.id}",
        *(f"muster-{replica.id}-{node.name}" for node in replica.nodes),
    }
    assert "-sidecar-" not in str(found(hands, replica.id))


class Notes:
    def __init__(self) -> None:
        self.said: list[tuple[str, Resource]] = []

    def planned(self, resource: Resource) -> None:
        self.said.append(("planned", resource))

    def made(self, resource: Resource) -> None:
        self.said.append(("made", resource))

    def gone(self, resource: Resource) -> None:
        self.said.append(("gone", resource))


def asks(world: Environment) -> Mapping[str, Callable[[], object]]:
    """Everything that payments and a link can be asked, by name."""
    payments, link = find_node(world, "payments"), find_link(world, "app-to-payments")
    cut = Cut(frozenset({"bastion"}))
    assert isinstance(payments, Killable)
    assert isinstance(payments, Pausable)
    assert isinstance(payments, Cuttable)
    return {
        "run": partial(payments.run, ["true"], within=SECOND),
        "log": partial(payments.log, since=datetime.now(UTC)),
        "start": payments.start,
        "pause": payments.pause,
        "resume": payments.resume,
        "is_paused": payments.is_paused,
        "cut": partial(payments.cut, cut),
        "reaches": partial(payments.reaches, {"bastion"}),
        "impair": partial(link.impair, Latency(5)),
        "mend": partial(link.mend, Latency(5)),
        "impairments": link.impairments,
        "round_trip": partial(link.round_trip, within=SECOND),
    }


def test_a_world_that_loses_parts_says_so_and_is_removed_whole(
    hands: Caretaker, engine: Engine
) -> None:
    run, notes = "contract-vanishing", Notes()
    with open_environment(
        "replica", run=run, say=print, owner="the owner", register=notes
    ) as first:
        assert found(hands, run) is not None
        assert found(hands, run).owner == "the owner"  # type: ignore[union-attr] # see above
        made = {one for said, one in notes.said if said == "made"}
        assert made == {one for said, one in notes.said if said == "planned"}
        assert made == set(found(hands, run).resources)  # type: ignore[union-attr] # see above
        for name in ("payments", "links"):
            engine.remove_container(f"muster-{run}-{name}", force=True)
        with hands.attach(run) as second:
            for world in (first, second):
                for name, ask in asks(world).items():
                    expected = WorldError if world is first else GoneError
                    with pytest.raises(expected):
                        pytest.fail(f"{name} gave {ask()}")
                payments = find_node(world, "payments")
                assert isinstance(payments, Killable)
                assert isinstance(payments, Cuttable)
                assert not payments.is_running()
                payments.kill()
                assert not payments.is_cut(Cut(frozenset({"bastion"})))
                assert world.traces() == {stopped("payments"), stopped("links")}
                with pytest.raises(GoneError, match=r"links.*payments|payments.*links"):
                    world.deviations()
            began = time.monotonic()
            hands.remove(run)
            assert time.monotonic() - began < 15
            assert found(hands, run) is None
            assert {trace.kind for trace in second.traces()} == {"stopped"}
            with pytest.raises(WorldError, match=r"is not there any more|did not come"):
                second.states("db")
    assert found(hands, run) is None


def create(engine: Engine, image: str, name: str, labels: Mapping[str, str]) -> None:
    engine.create_container(image, ["true"], name=name, labels=dict(labels))


def test_nothing_that_only_looks_like_ours_is_touched(
    hands: Caretaker, engine: Engine, tools: str
) -> None:
    run = "contract-foreign"
    neighbours: dict[str, dict[str, str]] = {
        f"muster-{run}-payments": {"muster.runner": run},
        f"muster-{run}-sidecar-0": {"muster.run.x": run, "muster.node": "payments"},
        f"muster-{run}-links": {"com.muster.run": run},
        f"muster-{run}-1": {"muster.run": f"{run}-1"},
        f"muster-{run}-none": {"muster.run": ""},
    }
    network = f"muster-{run}-other"
    try:
        for name, labels in neighbours.items():
            create(engine, tools, name, labels)
        engine.create_network(network)
        before = [engine.inspect_container(name) for name in neighbours]
        before_network = engine.inspect_network(network)
        create(engine, tools, f"muster-{run}-bastion", {"muster.run": run})
        engine.create_network(f"muster-{run}", labels={"muster.run": run})
        hands.remove(run, in_flight=[Resource("container", f"muster-{run}-payments")])
        assert found(hands, run) is None
        with hands.attach(run) as empty, pytest.raises(GoneError):
            find_node(empty, "payments").run(["true"], within=SECOND)
        assert [engine.inspect_container(name) for name in neighbours] == before
        assert engine.inspect_network(network) == before_network
    finally:
        for name in neighbours:
            engine.remove_container(name, force=True)
        engine.remove_network(network)


def test_what_a_dead_process_asked_for_is_awaited_and_removed(
    hands: Caretaker, engine: Engine, tools: str
) -> None:
    run, name = "contract-in-flight", "muster-contract-in-flight-late"
    late = Timer(1.0, create, (engine, tools, name, {"muster.run": run}))
    late.start()
    try:
        hands.remove(run, in_flight=[Resource("container", name)])
    finally:
        late.join()
    assert found(hands, run) is None


def test_a_sidecar_that_starts_while_its_world_is_removed_does_not_stay(
    hands: Caretaker, engine: Engine, tools: str
) -> None:
    run, over = "contract-busy", Event()

    def busy() -> None:
        for number in range(5):
            create(engine, tools, f"muster-{run}-{number}", {"muster.run": run})
        over.set()

    create(engine, tools, f"muster-{run}-first", {"muster.run": run})
    thread = Thread(target=busy)
    thread.start()
    hands.remove(
        run, in_flight=[Resource("container", f"muster-{run}-{number}") for number in range(5)]
    )
    thread.join()
    assert over.is_set()
    assert found(hands, run) is None
