"""The replica: a production stack in containers, one per run, that drills may break."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from environments.model import GoneError, Link, Node, Trace, UnknownNameError
from environments.replica.facts import versions
from environments.replica.probes import HOST, wait_for
from environments.replica.steady import GONE, Expected, deviations
from environments.replica.topology import Role, Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from environments.replica.audit import Audit
    from environments.replica.survey import Survey

# Patroni's ttl (20 s), after which a primary's lease ends, plus the loop_wait (1 s) and
# the retry_timeout (3 s) that may pass before the primary itself draws the consequence.
LONGEST_LEASE = timedelta(seconds=25)
# When etcd's own leader is lost nobody knows anything for its election timeout (1 to 2 s).
STATES_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica that runs; implements Environment."""

    id: str
    settings: Settings
    nodes: Sequence[Node]
    links: Sequence[Link]
    images: Mapping[str, str] = field(repr=False)
    survey: Survey = field(repr=False)
    audit: Audit = field(repr=False)

    @property
    def name(self) -> str:
        return "replica"

    @property
    def entrance(self) -> str:
        edge = next(n for n in self.survey.started.values() if n.spec.role is Role.EDGE)
        return f"http://{HOST}:{edge.port(8080)}"

    @property
    def longest_lease(self) -> timedelta:
        return LONGEST_LEASE

    def states(self, role: str) -> Mapping[str, str]:
        """Say which database is the "primary", the synchronous "standby" or a "replica".

        Of caches that Sentinel watches it is the "primary" or a "replica"; one alone has none.
        """
        if role not in set(Role):
            raise UnknownNameError(f"no role is called {role!r}; there are {', '.join(Role)}")
        if role == Role.CACHE:
            return wait_for(
                "word from the sentinels on which cache is the primary",
                lambda: self.survey.cache_group().states(),
                at_most_seconds=STATES_SECONDS,
            )
        if role != Role.DB:
            return {}
        cluster = wait_for(
            "word from etcd on who the primary is",
            self.survey.cluster,
            at_most_seconds=STATES_SECONDS,
        )
        return cluster.states(self._named(Role.DB))

    def deviations(self) -> Sequence[str]:
        expected = Expected(
            apps=self._named(Role.APP),
            databases=self._named(Role.DB),
            synchronous=self.settings.synchronous,
        )
        observed = self.survey.observe()
        gone = [name for name, condition in observed.conditions.items() if condition == GONE]
        if gone:
            raise GoneError(
                f"{', '.join(gone)} is not there any more: somebody else removed it; find out "
                "who, and take a fresh environment"
            )
        return deviations(expected, observed)

    def traces(self, among: Collection[str] | None = None) -> frozenset[Trace]:
        return self.audit.traces(among)

    def facts(self) -> Mapping[str, str]:
        return versions(self.survey.engine, self.images, self.nodes)

    def _named(self, role: Role) -> tuple[str, ...]:
        return tuple(
            name for name, node in self.survey.started.items() if node.spec.role is role
        )
