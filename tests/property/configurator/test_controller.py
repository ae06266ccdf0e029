"""We believe that, whatever people and instances do, few meet what nobody has judged yet.

And that instances never go back in versions, and end with the same one.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from environments.replica.images.configurator.configuring.controller import RefusedError
from tests.unit.configurator.worlds import BAD, GOOD, MALFORMED, NAMES, OTHER, World

if TYPE_CHECKING:
    from collections.abc import Callable

HARMLESS = {0, 32, 33, 34}


def tried(act: Callable[[], object]) -> None:
    with suppress(RefusedError):
        act()


class Changes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name))
        self.world.turn()

    def teardown(self) -> None:
        with self.folder:
            self.end()

    def end(self) -> None:
        """Let everybody come back, and see that all is well in the end."""
        for instance in self.world.instances.values():
            instance.answers = True
        self.world.turn(30)
        world, store = self.world, self.world.controller.means.store
        assert world.controller.under_way() == ""
        assert world.controller.troubles() == []
        versions = {one.document.version for one in world.instances.values()}
        assert versions == {store.in_force.version} == {store.last}
        assert {*world.limits} <= HARMLESS
        begun: dict[str, list[str]] = {}
        for entry in world.controller.means.history.after(0):
            begun.setdefault(entry.change, []).append(entry.event)
        ends = {"refused", "promoted", "rolled back", "stable"}
        assert all(events[-1] in ends for events in begun.values())

    @rule(text=st.sampled_from([GOOD, OTHER, BAD, MALFORMED]))
    def propose(self, text: str) -> None:
        tried(lambda: self.world.controller.propose(text.encode(), "new.toml"))

    @rule(on=st.booleans())
    def flag(self, *, on: bool) -> None:
        tried(lambda: self.world.controller.flag("receipts", on=on))

    @rule()
    def roll_back(self) -> None:
        tried(self.world.controller.roll_back)

    @rule(turns=st.integers(1, 30))
    def pass_time(self, turns: int) -> None:
        for _ in range(turns):
            self.world.turn()
            self.only_one_meets_what_is_bad()

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @rule(name=st.sampled_from(NAMES), answers=st.booleans())
    def go_away_or_come_back(self, name: str, *, answers: bool) -> None:
        self.world.instances[name].answers = answers

    @invariant()
    def only_one_meets_what_is_bad(self) -> None:
        assert self.world.limits.count(1) <= 1

    @invariant()
    def instances_never_go_back_in_versions(self) -> None:
        for instance in self.world.instances.values():
            assert instance.seen == sorted(set(instance.seen))


Changes.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestChanges = Changes.TestCase
