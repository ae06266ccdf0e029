"""The replica: a production stack in containers, one per run, that drills may break."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from environments.model import Connection, GoneError, Link, Node, Trace, UnknownNameError
from environments.replica.autoscaling_nodes import policy_version
from environments.replica.configurator_nodes import standard_sha256
from environments.replica.encryption import HTTP_PORT, HTTPS_PORT
from environments.replica.facts import versions
from environments.replica.following import deviations_of_follower
from environments.replica.matrix import Matrix
from environments.replica.probes import HOST, NoAnswerError, wait_for
from environments.replica.steady import GONE, Expected, deviations
from environments.replica.topology import Role, Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from environments.replica.audit import Audit
    from environments.replica.cluster import Cluster
    from environments.replica.starting import Started
    from environments.replica.survey import Survey

# Patroni's ttl (20 s), after which a primary's lease ends, plus the loop_wait (1 s) and
# the retry_timeout (3 s) that may pass before the primary itself draws the consequence.
LONGEST_LEASE = timedelta(seconds=25)
# When etcd's own leader is lost nobody knows anything for its election timeout (1 to 2 s).
STATES_SECONDS = 5.0
SILENT = "silent"  # the state of a database whose region's consensus store does not answer


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica that runs; implements Environment."""

    id: str
    settings: Settings
    nodes: Sequence[Node]
    links: Sequence[Link]
    images: Mapping[str, str] = field(repr=False)
    started: Mapping[str, Started] = field(repr=False)
    surveys: Mapping[str, Survey] = field(repr=False)  # by region, the active one first
    audit: Audit = field(repr=False)
    authority: str = field(default="", repr=False)  # PEM of who signs what nodes show

    @property
    def name(self) -> str:
        return "replica"

    @property
    def entrance(self) -> str:
        """Where customers come in: at the one entrance to all regions, or at the edge."""
        doors = [n for n in self.started.values() if n.spec.role in {Role.ENTRANCE, Role.EDGE}]
        node = min(doors, key=lambda door: door.spec.role is not Role.ENTRANCE)
        if self.settings.secured:
            return f"https://{HOST}:{node.port(HTTPS_PORT)}"
        return f"http://{HOST}:{node.port(HTTP_PORT)}"

    @property
    def longest_lease(self) -> timedelta:
        return LONGEST_LEASE

    def states(self, role: str) -> Mapping[str, str]:
        """Say which database is the "primary", the synchronous "standby" or a "replica".

        Those of a region that nobody hears of are "silent", unless there is no other region.
        Of caches that Sentinel watches it is the "primary" or a "replica"; one alone has none.
        """
        if role not in set(Role):
            raise UnknownNameError(f"no role is called {role!r}; there are {', '.join(Role)}")
        if role == Role.CACHE:
            return wait_for(
                "word from the sentinels on which cache is the primary",
                lambda: next(iter(self.surveys.values())).cache_group().states(),
                at_most_seconds=STATES_SECONDS,
            )
        if role != Role.DB:
            return {}
        clusters = wait_for(
            "word from etcd on who the primary is",
            self._clusters,
            at_most_seconds=STATES_SECONDS,
        )
        return {
            name: state
            for region, survey in self.surveys.items()
            for name, state in _states(clusters.get(region), survey.named(Role.DB)).items()
        }

    def _clusters(self) -> Mapping[str, Cluster]:
        """Read the cluster of each region that answers.

        Raises:
            NoAnswerError: none does.
        """
        clusters, silent = {}, []
        for region, survey in self.surveys.items():
            try:
                clusters[region] = survey.cluster()
            except NoAnswerError as error:
                silent.append(str(error))
        if not clusters:
            raise NoAnswerError("; ".join(silent))
        return clusters

    def deviations(self) -> Sequence[str]:
        observed = {region: survey.observe() for region, survey in self.surveys.items()}
        gone = [
            name
            for seen in observed.values()
            for name, condition in seen.conditions.items()
            if condition == GONE
        ]
        if gone:
            raise GoneError(
                f"{', '.join(gone)} is not there any more: somebody else removed it; find out "
                "who, and take a fresh environment"
            )
        active, *followers = self.surveys
        return [
            *deviations(self._expected(active), observed[active]),
            *(
                deviation
                for region in followers
                for deviation in deviations_of_follower(
                    self._expected(region), observed[region], followed=observed[active].cluster
                )
            ),
        ]

    def _expected(self, region: str) -> Expected:
        survey = self.surveys[region]
        return Expected(
            apps=survey.named(Role.APP),
            databases=survey.named(Role.DB),
            synchronous=self.settings.synchronous,
            region=region,
            policy_version=policy_version(self.settings.autoscaling),
            configuration=standard_sha256(self.settings),
        )

    def traces(self, among: Collection[str] | None = None) -> frozenset[Trace]:
        return self.audit.traces(among)

    def try_connections(self) -> Sequence[Connection]:
        return Matrix(self.audit.nodes, self.audit.threads).try_all()

    def facts(self) -> Mapping[str, str]:
        return versions(self.audit.engine, self.images, self.nodes)


def _states(cluster: Cluster | None, names: tuple[str, ...]) -> Mapping[str, str]:
    return cluster.states(names) if cluster else dict.fromkeys(names, SILENT)
