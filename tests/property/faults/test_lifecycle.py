"""We believe that faults leave no trace, whatever comes between and in whatever order.

Faults are injected, fail half-way, are reverted, perhaps by another process, and in the
end the world is what it was before.

The oracle is the fake world's whole state, which no fault reads.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from environments.model import Impairment, Latency, WorldError
from fixtures.faults import (
    Fault,
    describe,
    rebuild,
)
from tests.fakes.world import FakeEnvironment
from tests.property.strategies import faults

if TYPE_CHECKING:
    from collections.abc import Callable

SOMEBODY_ELSES: Impairment = Latency(2000)
HANDS = {
    "node": ["kill", "start", "pause", "resume", "cut", "uncut", "lose dns", "regain dns"],
    "link": ["impair", "mend"],
}


class Lifecycle(RuleBasedStateMachine):
    """Faults come and go in any order, and the world's hands fail now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.world = FakeEnvironment()
        self.before = self.world.snapshot()
        self.traces_before = self.world.traces()
        self.open: list[Fault] = []
        self.closed: list[Fault] = []

    @initialize(
        dead=st.sets(st.sampled_from(["east-db-3", "east-app-1", "east-etcd-1"])),
        frozen=st.sets(st.sampled_from(["east-db-2", "east-app-2"])),
        slow=st.sets(st.sampled_from(["app-to-db", "app-to-payments"])),
    )
    def somebody_was_here_before(
        self, dead: set[str], frozen: set[str], slow: set[str]
    ) -> None:
        for name in dead:
            self.world.node(name).running = False
        for name in frozen:
            self.world.node(name).paused = True
        for name in slow:
            self.world.link(name).on.add(SOMEBODY_ELSES)
        self.before = self.world.snapshot()
        self.traces_before = self.world.traces()

    @rule(data=st.data(), on=st.sampled_from(["node", "link"]), after=st.booleans())
    def the_next_deed_will_fail(self, data: st.DataObject, on: str, *, after: bool) -> None:
        things = self.world.fakes() if on == "node" else self.world.links
        name = data.draw(st.sampled_from([thing.name for thing in things]))
        self.world.fail(name, data.draw(st.sampled_from(HANDS[on])), after=after)

    @rule(data=st.data())
    def the_next_deed_will_be_ignored(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([node.name for node in self.world.fakes()]))
        self.world.ignore(name, data.draw(st.sampled_from(HANDS["node"])))

    @rule(fault=faults)
    def inject(self, fault: Fault) -> None:
        planned = self._plan(fault)
        if planned is None:
            return
        self.open.append(planned)
        quietly(lambda: planned.inject(self.world))

    @rule(fault=faults)
    def revert_what_was_planned_and_never_injected(self, fault: Fault) -> None:
        planned = self._plan(fault)
        if planned is None:
            return
        here = self.world.snapshot()
        quietly(lambda: planned.revert(self.world))
        assert self.world.snapshot() == here

    @rule(data=st.data(), elsewhere=st.booleans())
    @precondition(lambda self: self.open)
    def revert(self, data: st.DataObject, *, elsewhere: bool) -> None:
        """Revert one that is open; perhaps another process does, from what was written."""
        fault = data.draw(st.sampled_from(self.open))
        written = json.dumps(describe(fault))
        reverting = rebuild(json.loads(written)) if elsewhere else fault
        quietly(lambda: reverting.revert(self.world))
        if self._has_gone(fault):
            self.open.remove(fault)
            self.closed.append(fault)

    @rule(fault=faults)
    def ask(self, fault: Fault) -> None:
        """Asking changes nothing."""
        here = self.world.snapshot()
        planned = self._plan(fault)
        if planned is not None:
            quietly(lambda: planned.has_taken_effect(self.world))
        assert self.world.snapshot() == here

    @invariant()
    def nothing_is_found_that_no_open_fault_names(self) -> None:
        named = {trace for fault in self.open for trace in fault.traces(self.world)}
        assert self.world.traces() - self.traces_before <= named

    @invariant()
    def what_is_not_touched_is_as_it_was(self) -> None:
        touched = {name for fault in [*self.open, *self.closed] for name in fault.nodes()}
        now = self.world.snapshot()
        changed = {name for name in now if now[name] != self.before[name]}
        assert changed <= touched

    def teardown(self) -> None:
        self.world.obey()
        for fault in reversed(self.open):
            fault.revert(self.world)
        assert self.world.snapshot() == self.before
        assert self.world.traces() == self.traces_before
        assert all(fault.has_gone(self.world) for fault in [*self.open, *self.closed])

    def _plan(self, fault: Fault) -> Fault | None:
        """Do as a drill does: a fault that cannot be had here is not injected."""
        try:
            planned = fault.plan(self.world)
            why_not = planned.unavailable(self.world)
        except WorldError:
            return None
        return planned if why_not is None else None

    def _has_gone(self, fault: Fault) -> bool:
        return fault.has_gone(self.world)


def quietly(deed: Callable[[], object]) -> None:
    """Do it, as a drill would: the world's refusals are noted and end nothing."""
    try:
        deed()
    except WorldError:
        return


Lifecycle.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestLifecycle = Lifecycle.TestCase
