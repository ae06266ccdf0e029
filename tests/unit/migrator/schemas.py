"""A schema in memory, for tests of how changes are made."""

from __future__ import annotations

from dataclasses import dataclass, field

from environments.replica.images.migrator.migrating.flow import (
    BusyError,
    MigrationError,
    Revision,
)
from environments.replica.images.migrator.migrating.watch import Activity

NOTE = Revision("note", "baseline", frozenset({"column note text"}), transactional=True)
BY_DAY = Revision("by_day", "note", frozenset({"index orders_by_day"}), transactional=False)
CHAIN = ("baseline", "note", "by_day")


@dataclass
class FakeSchema:
    """``busy`` is how many more times somebody is in the way; time goes on with each pause."""

    at: str = "baseline"
    revisions: tuple[Revision, ...] = (NOTE, BY_DAY)
    busy: int = 0
    breaks: str = ""  # the revision that fails
    leaves: bool = False  # what failed half-way cannot be cleared up
    speaks_against: tuple[str, ...] = ()  # what the dry run finds
    fails_per_second: float = 0.0  # transactions of the service, once anything was made
    differs: list[str] = field(default_factory=list)
    half: Revision | None = None
    silent: list[MigrationError] = field(default_factory=list)  # what looking raises first
    now: float = 0.0
    failed: float = 0.0
    did: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def pause(self, seconds: float) -> None:
        self.now += seconds
        if self.at != "baseline":
            self.failed += seconds * self.fails_per_second

    def clock(self) -> float:
        return self.now

    def recorded(self) -> str:
        return self.at

    def pending(self, target: str | None) -> tuple[Revision, ...]:
        last = CHAIN.index(target or CHAIN[-1])
        return tuple(one for one in self.revisions if self._is_between(one.name, last))

    def _is_between(self, name: str, last: int) -> bool:
        return CHAIN.index(self.at) < CHAIN.index(name) <= last

    def sql(self, revision: Revision) -> str:
        return self.texts.get(revision.name, f"make {revision.name}")

    def try_out(self, _revisions: object) -> tuple[str, ...]:
        self._do("try out")
        return self.speaks_against

    def upgrade(self, revision: Revision) -> None:
        self._do(f"upgrade {revision.name}")
        if revision.name == self.breaks:
            self.half = revision
            if not revision.transactional:
                self.differs = [f"half of {revision.name}"]
            raise MigrationError("it failed")
        self.at = revision.name

    def downgrade(self, to: str) -> None:
        self._do(f"downgrade {to}")
        self.at = to

    def one_back(self, revision: str) -> str:
        if revision == "baseline":
            raise MigrationError("there is nothing before baseline")
        return CHAIN[CHAIN.index(revision) - 1]

    def half_made(self) -> Revision | None:
        return self.half

    def clean(self, revision: Revision) -> None:
        self._do(f"clean {revision.name}")
        if not self.leaves:
            self.half, self.differs = None, []

    def deviations(self) -> list[str]:
        self._look()
        return self.differs

    def activity(self) -> Activity:
        return Activity(int(self.now * 100), int(self.failed))

    def _look(self) -> None:
        if self.silent:
            raise self.silent.pop(0)

    def _do(self, what: str) -> None:
        self.did.append(what)
        if self.busy:
            self.busy -= 1
            raise BusyError("somebody holds a lock that it needs")
