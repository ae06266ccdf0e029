"""We believe that the watcher knows how requests ended since when, and who is unwell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from rollout.counts import Counts
from rollout.reading import Reading, SilentError
from rollout.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1e6


@dataclass
class Scene:
    """Instances by name, and a clock that passes by ``look`` alone, a second each time."""

    threads: ThreadPoolExecutor
    now: float = 0.0
    instances: dict[str, Reading] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.threads, lambda: self.now, self._read)

    def _read(self, name: str) -> Reading:
        if name not in self.instances:
            raise SilentError(f"{name} does not answer")
        return self.instances[name]

    def have(
        self, name: str, requests: int, started_at: float = 1.0, megabytes: float = 60
    ) -> None:
        counts = Counts(requests=requests)
        self.instances[name] = Reading(started_at, megabytes * MEGABYTE, "1.0", counts)

    def look(self, *names: str) -> None:
        self.now += 1
        self.watcher.look(names)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with ThreadPoolExecutor(4) as threads:
        yield Scene(threads)


def test_what_was_before_the_moment_does_not_count(scene: Scene) -> None:
    for requests in (100, 110, 130):
        scene.have("app-1", requests)
        scene.have("app-2", requests)
        scene.look("app-1", "app-2")
    watcher = scene.watcher
    assert watcher.since(0, ["app-1", "app-2"]) == Counts(requests=60)
    assert watcher.since(2.5, ["app-1"]) == Counts(requests=20)
    assert watcher.since(3, ["app-1"]) == Counts()
    assert watcher.since(0, ["app-3"]) == Counts()


def test_counts_go_on_where_an_instance_was_started_again(scene: Scene) -> None:
    for requests, started_at in ((100, 1.0), (110, 1.0), (3, 2.0), (5, 2.0)):
        scene.have("app-1", requests, started_at)
        scene.look("app-1")
    assert scene.watcher.since(0, ["app-1"]) == Counts(requests=15)
    assert scene.watcher.unwell(["app-1"], 3) == ["app-1 died and was started again"]


def test_one_that_is_silent_for_longer_than_it_may_is_unwell(scene: Scene) -> None:
    scene.have("app-1", 1)
    scene.look("app-1", "app-2")
    del scene.instances["app-1"]
    for _ in range(3):
        scene.look("app-1")
    assert not scene.watcher.unwell(["app-1", "app-9"], 3)
    scene.look("app-1")
    assert scene.watcher.unwell(["app-1"], 3) == ["app-1 has not answered for 4 s"]
    assert scene.watcher.unwell(["app-2"], 3) == ["app-2 has not answered for 4 s"]


def test_one_that_is_forgotten_begins_anew(scene: Scene) -> None:
    scene.have("app-1", 100)
    scene.look("app-1")
    scene.watcher.forget(["app-1"])
    scene.have("app-1", 3, started_at=2.0)
    scene.look("app-1")
    assert not scene.watcher.unwell(["app-1"], 3)
    assert scene.watcher.since(0, ["app-1"]) == Counts()


def test_who_uses_much_more_memory_than_the_others_is_named(scene: Scene) -> None:
    for name, megabytes in (("app-1", 60), ("app-2", 80), ("green-1", 141), ("green-2", 139)):
        scene.have(name, 1, megabytes=megabytes)
    scene.look(*scene.instances)
    heavier = scene.watcher.heavier(["green-1", "green-2"], ["app-1", "app-2"], 2)
    assert heavier == ["green-1 uses 141 MB of memory, and 140 MB are 2 times what others use"]
    assert not scene.watcher.heavier(["green-1"], ["app-9"], 2)
