"""We believe that a world is removed whole, and that nothing of any other world is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
import requests
from docker.errors import APIError, NotFound

from environments.model import Resource, WorldError
from environments.replica import removing
from environments.replica.removing import found_worlds, remove_world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.replica.containers import Engine

WORLD = "w-1"
SIDECAR, NODE = "muster-w-1-sidecar-1", "muster-w-1-payments"


class StubEngine:
    """An engine in memory; it forgets nobody's things but when it is told to."""

    def __init__(self) -> None:
        self.there: dict[tuple[str, str], dict[str, str]] = {}
        self.asked: list[str] = []
        self.listings = 0
        self.refuses: dict[str, list[int]] = {}  # name -> the statuses to refuse it with
        self.comes_at: dict[int, str] = {}  # the listing at which a container appears

    def add(self, kind: str, name: str, **labels: str) -> None:
        named = {f"muster.{label}": value for label, value in labels.items()}
        self.there[(kind, name)] = named

    def containers(self, *, all: bool, filters: Mapping[str, str]) -> list[dict[str, Any]]:  # noqa: A002 - the SDK's word
        assert all
        self.listings += 1
        if name := self.comes_at.pop(self.listings, None):
            self.add("container", name, run=WORLD)
        return [
            {"Names": [f"/{name}"], "Id": name, "Labels": labels}
            for name, labels in self._listed("container", filters)
        ]

    def networks(self, *, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        return [
            {"Name": name, "Id": name, "Labels": labels}
            for name, labels in self._listed("network", filters)
        ]

    def volumes(self, *, filters: Mapping[str, str]) -> dict[str, Any]:
        found = [
            {"Name": name, "Labels": labels} for name, labels in self._listed("volume", filters)
        ]
        return {"Volumes": found or None}

    def remove_container(self, name: str, *, force: bool, v: bool) -> None:
        assert force
        assert v
        self._remove("container", name)

    def remove_network(self, name: str) -> None:
        self._remove("network", name)

    def remove_volume(self, name: str, *, force: bool) -> None:
        assert force
        self._remove("volume", name)

    def _listed(
        self, kind: str, filters: Mapping[str, str]
    ) -> list[tuple[str, dict[str, str]]]:
        label, _, value = filters["label"].partition("=")
        return [
            (name, labels)
            for (of, name), labels in self.there.items()
            if of == kind and label in labels and (not value or labels[label].startswith(value))
        ]

    def _remove(self, kind: str, name: str) -> None:
        self.asked.append(name)
        if self.refuses.get(name):
            response = requests.Response()
            response.status_code = self.refuses[name].pop(0)
            error = NotFound if response.status_code == 404 else APIError
            raise error("refused", response=response, explanation="not now")
        self.there.pop((kind, name), None)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StubEngine:
    monkeypatch.setattr(removing, "REMOVED_WITHIN_SECONDS", 1.0)
    monkeypatch.setattr(removing, "IN_FLIGHT_SECONDS", 0.4)
    stub = StubEngine()
    stub.add("container", NODE, run=WORLD, node="payments", owner="me")
    stub.add("container", SIDECAR, run=WORLD, owner="me")
    stub.add("network", "muster-w-1", run=WORLD, owner="me")
    stub.add("volume", "data", run=WORLD, owner="me")
    return stub


def remove(stub: StubEngine, *in_flight: str) -> None:
    awaited = [Resource("container", name) for name in in_flight]
    remove_world(cast("Engine", stub), WORLD, awaited)


def test_sidecars_go_first_then_nodes_then_what_they_were_on(engine: StubEngine) -> None:
    remove(engine)
    assert engine.asked == [SIDECAR, NODE, "muster-w-1", "data"]
    assert not engine.there


def test_nothing_of_another_world_is_touched(engine: StubEngine) -> None:
    engine.add("container", "muster-w-1-links", runner=WORLD)
    engine.add("container", "muster-w-10-links", run="w-10", node="links")
    engine.add("network", "muster-w-10", run="w-10")
    engine.add("volume", "muster-w-1-data")
    foreign = {
        key: labels for key, labels in engine.there.items() if labels.get("muster.run") != WORLD
    }
    remove(engine)
    assert engine.there == foreign


def test_what_is_refused_is_asked_for_again_until_it_is_gone(engine: StubEngine) -> None:
    engine.refuses = {NODE: [409, 500], "muster-w-1": [500]}
    remove(engine)
    assert not engine.there
    assert engine.asked.count(NODE) == 3


def test_what_somebody_else_removed_meanwhile_is_gone(engine: StubEngine) -> None:
    engine.refuses = {NODE: [404] * 99}
    engine.there.pop(("container", SIDECAR))
    engine.there.pop(("container", NODE))
    remove(engine)
    assert not engine.there


def test_what_stays_is_named_with_the_command_to_remove_it(engine: StubEngine) -> None:
    engine.refuses = {NODE: [500] * 99, "muster-w-1": [403] * 99}
    with pytest.raises(WorldError, match="still there") as caught:
        remove(engine)
    sentence = str(caught.value)
    assert f"docker rm -f -v {NODE} && docker network rm muster-w-1" in sentence
    assert "not now" in sentence
    assert "data" not in {name for _, name in engine.there}


def test_what_is_in_flight_is_awaited_and_removed(engine: StubEngine) -> None:
    engine.comes_at = {4: "muster-w-1-late"}
    remove(engine, "muster-w-1-late")
    assert "muster-w-1-late" in engine.asked
    assert not engine.there


def test_what_is_not_in_flight_is_not_awaited(engine: StubEngine) -> None:
    remove(engine, NODE, SIDECAR)
    assert engine.listings == 2


def test_what_never_comes_is_awaited_for_a_while_only(engine: StubEngine) -> None:
    remove(engine, "muster-w-1-never")
    assert engine.listings > 3


def test_a_foreign_thing_of_an_awaited_name_is_not_ours(engine: StubEngine) -> None:
    engine.add("container", "muster-w-1-never")
    remove(engine, "muster-w-1-never")
    assert ("container", "muster-w-1-never") in engine.there


def test_worlds_are_found_by_their_label_with_owner_and_remedy(engine: StubEngine) -> None:
    engine.add("container", "muster-w-2-links", run="w-2", owner="somebody")
    engine.add("network", "muster-w-2", run="w-2", owner="somebody else")
    engine.add("container", "muster-w-3-links", runner="w-3")
    first, second = found_worlds(cast("Engine", engine))
    assert (first.id, first.owner) == (WORLD, "me")
    assert len(first.resources) == 4
    assert first.by_hand == (
        f"docker rm -f -v {NODE} {SIDECAR} && docker network rm muster-w-1"
        " && docker volume rm data"
    )
    assert (second.id, second.owner) == ("w-2", "")
