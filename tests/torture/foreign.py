"""Things that are not Muster's to touch, and look as if they were."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import unified_diff
from typing import TYPE_CHECKING

from docker.errors import APIError, NotFound

from fixtures.waiting import wait_until
from tests.torture.oracle import PLANTED_LABEL, Thing, inspect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import docker

LINES_SHOWN = 20
READY_WITHIN = timedelta(seconds=20)
CHAIN = "MUSTER-0123456789abcdef"  # named as a cut's would be
FILE = "/kept/orders.txt"
FILE_SAYS = "somebody else wrote this"
WITH_A_CHAIN = (
    f"iptables -N {CHAIN} && iptables -A {CHAIN} -s 192.0.2.1/32 -j DROP"
    f" && iptables -A OUTPUT -j {CHAIN} && echo '{FILE_SAYS}' > {FILE} && touch /ready"
    " && exec sleep infinity"
)
# No counters and no time of day are in what these print, and nothing else changes.
WHAT_IS_INSIDE = f"test -e /ready && iptables -S && tc qdisc show && cat {FILE} && ls -l /kept"


@dataclass
class Foreign:
    """Plants things by an engine, and says how they are; ``image`` has iptables and tc."""

    engine: docker.APIClient
    image: str
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    planted: list[Thing] = field(default_factory=list)
    inside: list[Thing] = field(default_factory=list)  # containers that can be looked into
    seen: dict[Thing, str] = field(default_factory=dict)  # what must not change

    def plant(self) -> None:
        """Plant everything that stays for the whole torture."""
        name = f"muster-{self.token}"
        self._container(f"{name}-1-east-db-1", {"muster.runner": self.token})
        self._container(f"{name}-1-east-app-1", {"muster.run.id": f"{self.token}-1"})
        kept = self._volume(f"{name}-1", {"muster.run.id": f"{self.token}-1"})
        network = self._network(f"{name}-1", {"com.example.muster.run": f"{self.token}-1"})
        filtering = self._container(
            f"{name}-1-bastion",
            {"com.example.muster.run": f"{self.token}-1"},
            command=WITH_A_CHAIN,
            network=network.name,
            volume=kept.name,
        )
        self.engine.start(filtering.id)
        self.inside.append(filtering)
        paused = self._container(f"{name}-1-links", {"muster.node": "links"})
        self.engine.start(paused.id)
        self.engine.pause(paused.id)
        wait_until("what is planted to be ready", self._is_ready, at_most=READY_WITHIN)
        self.watch(self.planted)

    def plant_namesakes(self, run: str) -> tuple[Thing, ...]:
        """Plant what has the names and values of that run's world, under other labels."""
        world = f"{run}-1"
        namesakes = (
            self._container(f"muster-{world}-east-db-4", {"com.example.muster.run": world}),
            self._container(f"muster-{world}-sidecar", {"muster.run.id": world}),
            self._volume(f"muster-{world}", {"muster.runner": world}),
        )
        self.watch(namesakes)
        return namesakes

    def watch(self, these: Iterable[Thing]) -> None:
        """See these as they are; they must stay so, byte for byte."""
        self.seen |= {thing: self._look(thing) for thing in these}

    def changes(self) -> list[str]:
        """Say what is not as it was, a sentence each, with the lines that differ."""
        return [
            f"changed, and nobody's to touch: {thing}:\n{_lines_that_differ(was, now)}"
            for thing, was in self.seen.items()
            if (now := self._look(thing)) != was
        ]

    def remove(self, these: Iterable[Thing]) -> None:
        """Remove what was planted, by its id; what is gone already was said by then."""
        for thing in reversed([*these]):
            self.seen.pop(thing, None)
            self.planted.remove(thing)
            with suppress(NotFound):
                self._remove(thing)

    def _remove(self, thing: Thing) -> None:
        if thing.kind == "container":
            self.engine.remove_container(thing.id, force=True)
        elif thing.kind == "network":
            self.engine.remove_network(thing.id)
        else:
            self.engine.remove_volume(thing.name, force=True)

    def _look(self, thing: Thing) -> str:
        """Give all that can be seen of it; a look inside first, for it shows outside."""
        inside = self._look_inside(thing) if thing in self.inside else ""
        return inside + inspect(self.engine, thing)

    def _look_inside(self, thing: Thing) -> str:
        try:
            call = self.engine.exec_create(thing.id, ["sh", "-c", WHAT_IS_INSIDE])["Id"]
            return bytes(self.engine.exec_start(call)).decode()
        except APIError as error:
            return f"nobody could look inside: {error.explanation}\n"

    def _is_ready(self) -> bool:
        return all(FILE_SAYS in self._look_inside(thing) for thing in self.inside)

    def _labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        return {PLANTED_LABEL: self.token, **labels}

    def _container(
        self,
        name: str,
        labels: Mapping[str, str],
        *,
        command: str = "exec sleep infinity",
        network: str = "none",
        volume: str = "",
    ) -> Thing:
        made = self.engine.create_container(
            self.image,
            ["sh", "-c", command],
            name=name,
            labels=self._labels(labels),
            host_config=self.engine.create_host_config(
                network_mode=network,
                cap_add=["NET_ADMIN"],
                binds=[f"{volume}:/kept"] if volume else [],
            ),
        )
        return self._add(Thing("container", made["Id"], name, self._labels(labels)))

    def _network(self, name: str, labels: Mapping[str, str]) -> Thing:
        made = self.engine.create_network(name, labels=self._labels(labels))
        return self._add(Thing("network", made["Id"], name, self._labels(labels)))

    def _volume(self, name: str, labels: Mapping[str, str]) -> Thing:
        self.engine.create_volume(name, labels=self._labels(labels))
        return self._add(Thing("volume", name, name, self._labels(labels)))

    def _add(self, thing: Thing) -> Thing:
        self.planted.append(thing)
        return thing


@contextmanager
def planted(engine: docker.APIClient, image: str) -> Iterator[Foreign]:
    """Plant what is foreign, and remove it at the end, whatever happens."""
    foreign = Foreign(engine, image)
    try:
        foreign.plant()
        yield foreign
    finally:
        foreign.remove([*foreign.planted])


def _lines_that_differ(was: str, now: str) -> str:
    lines = unified_diff(was.splitlines(), now.splitlines(), lineterm="", n=1)
    return "\n".join([*lines][-LINES_SHOWN:])
