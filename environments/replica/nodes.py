"""A container as a node: what can be run on it and what can be done to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from environments.model import Completed, Cut, GoneError, Limit, Places, WorldError
from environments.replica import names, shaping
from environments.replica.chains import SCRIPT_LIST
from environments.replica.containers import Container, speaking
from environments.replica.packets import Rules, name_of, script_off, script_ping
from environments.replica.probes import wait_for
from environments.replica.shaping import Shape
from environments.replica.slow_disk import Throttle, find_throttle
from environments.replica.world import NODE_LABEL, WORLD_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from environments.replica.sidecar import Sidecars


SERVICE_STARTS_WITHIN = timedelta(seconds=15)
AGENT = "agent.keeping"  # it is started again by itself, and serves nobody
# All of a node's programs; the vault's agent only where there is a vault to ask.
START_PROGRAMS = (
    "supervisorctl start "
    "$(supervisorctl avail | awk '$1 != \"secrets\" || / auto / { print $1 }')"
)
# kill(2): -1 is every process that the caller sees, except PID 1 and the caller itself.
KILL_ALL_BUT_THE_FIRST = "kill -KILL -1"
NO_BOUND = 1 << 62  # processes; "max" is read as a number of 63 or 64 bits
_ROUNDS = 20  # a tenth of a second apart


def script_end_connections(ports: range) -> str:
    """End what was connected from these ports; whoever listens at one goes on."""
    own = f"'( sport >= :{ports[0]} and sport <= :{ports[-1]} )'"
    end = f"ss --kill --no-header --tcp state connected {own} >/dev/null"
    return f"for round in $(seq {_ROUNDS}); do {end}; sleep 0.1; done"


def read_places(told: Mapping[str, int]) -> Places:
    """Read what the engine counts; of no bound it says nothing, 0, or the largest number."""
    at_most = told.get("limit", 0)
    return Places(told.get("current", 0), at_most if 0 < at_most < NO_BOUND else None)


def _shape(limit: Limit, addresses: Mapping[str, tuple[str, ...]]) -> Shape:
    """Give the queue of a limit whose peers have an address each."""
    return Shape(limit, {peer: ips[0] for peer, ips in addresses.items()})


@dataclass(frozen=True, slots=True)
class ContainerNode:
    """A node whose service is its container."""

    name: str
    role: str
    region: str
    zone: str
    container: Container = field(repr=False)
    sidecars: Sidecars = field(repr=False)

    def run(
        self,
        command: Sequence[str],
        *,
        within: timedelta,
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        return self.container.execute(command, within=within, variables=variables or {})

    def log(self, *, since: datetime) -> str:
        return self.container.log(since=since)

    # Killable

    def kill(self) -> None:
        if not self.container.is_running():
            return
        with speaking(self.name, "be killed"):
            self.container.engine.kill(self.container.id, "SIGKILL")

    def start(self) -> None:
        with speaking(self.name, "be started"):
            self.container.engine.start(self.container.id)

    def is_running(self) -> bool:
        return self.container.is_running()

    # Pausable

    def pause(self) -> None:
        if self.is_paused():
            return
        with speaking(self.name, "be paused"):
            self.container.engine.pause(self.container.id)

    def resume(self) -> None:
        if not self.is_paused():
            return
        with speaking(self.name, "be resumed"):
            self.container.engine.unpause(self.container.id)

    def is_paused(self) -> bool:
        return bool(self.container.state()["Paused"])

    # Cuttable

    def cut(self, cut: Cut) -> None:
        addresses = self._addresses_of_all(cut.peers, "be cut off from")
        self.sidecars.in_network_of(self.container, Rules(cut, addresses).chain.script_on())

    def uncut(self, cut: Cut) -> None:
        if self.container.is_running():  # the rules vanish with the network of a dead one
            self.sidecars.in_network_of(self.container, script_off(cut))

    def is_cut(self, cut: Cut) -> bool:
        if not self.container.is_running():
            return False
        listing = self.sidecars.in_network_of(self.container, SCRIPT_LIST)
        return Rules(cut, self._addresses(cut.peers)).are_in(listing)

    def drops(self, cut: Cut) -> bool:
        if not self.container.is_running():
            return False
        rules = Rules(cut, self._addresses(cut.peers))
        if rules.addresses.keys() != cut.peers:
            return False  # a peer that does not run can be sent nothing
        return rules.bite(self.sidecars.in_network_of(self.container, rules.script_probe()))

    def mark_of(self, cut: Cut) -> str:
        return name_of(cut)

    def reaches(self, peers: Collection[str]) -> frozenset[str]:
        addresses = self._addresses(peers)
        all_of_them = [ip for ips in addresses.values() for ip in ips]
        answered = self.sidecars.in_network_of(self.container, script_ping(all_of_them)).split()
        return frozenset(peer for peer, ips in addresses.items() if {*ips} & {*answered})

    # Limitable

    def limit(self, limit: Limit) -> None:
        addresses = self._addresses_of_all(limit.peers, "send less to")
        if len(self._running().get(self.name, {})) > 1:
            raise WorldError(
                f"{self.name} is on several networks, and only one can be limited: name a node "
                "that is on one"
            )
        self.sidecars.in_network_of(self.container, _shape(limit, addresses).script_on())

    def unlimit(self, limit: Limit) -> None:
        if self.container.is_running():  # queues vanish with the network of a dead one
            self.sidecars.in_network_of(self.container, shaping.script_off(limit))

    def is_limited(self, limit: Limit) -> bool:
        if not self.container.is_running():
            return False
        listing = self.sidecars.in_network_of(self.container, shaping.SCRIPT_LIST)
        return _shape(limit, self._addresses(limit.peers)).is_in(listing)

    def has_queue(self, limit: Limit) -> bool:
        if not self.container.is_running():
            return False
        listing = self.sidecars.in_network_of(self.container, shaping.SCRIPT_QUEUES)
        return shaping.has_queue(limit, listing)

    def holds_back(self, limit: Limit) -> bool:
        if not self.container.is_running():
            return False
        shape = _shape(limit, self._addresses(limit.peers))
        probe = self.sidecars.in_network_of(self.container, shape.script_probe())
        return shaping.held_back(limit, probe)

    def mark_of_limit(self, limit: Limit) -> str:
        del limit  # a network has one root queue
        return shaping.MARK

    # DiskSlowable

    def why_disk_cannot_be_slowed(self) -> str | None:
        throttle = self.throttle()
        if throttle is None:
            return "has a disk on which this host cannot hold its writes back"
        limits = throttle.lines()
        return f"has a limit on its disk already ({limits[0]})" if limits else None

    def slow_disk(self, writes_per_second: int) -> None:
        self._throttled().limit(writes_per_second)

    def unslow_disk(self, writes_per_second: int) -> None:
        if self.is_disk_slowed(writes_per_second):
            self._throttled().unlimit()

    def is_disk_slowed(self, writes_per_second: int) -> bool:
        throttle = self.throttle()
        return throttle is not None and throttle.line(writes_per_second) in throttle.lines()

    def mark_of_slow_disk(self, writes_per_second: int) -> str:
        throttle = self._throttled()
        return throttle.mark(throttle.line(writes_per_second))

    def throttle(self) -> Throttle | None:
        """Find what holds back its writes; its cgroup vanishes with it, and so do limits."""
        if not (self.container.engine.is_local and self.container.is_running()):
            return None
        return find_throttle(self.container.id, self.container.state()["Pid"])

    def _throttled(self) -> Throttle:
        throttle = self.throttle()
        if throttle is None:
            raise WorldError(
                f"{self.name} has a disk on which this host cannot hold its writes back: "
                "leave the drill out"
            )
        return throttle

    # Disconnectable

    def end_connections(self, ports: range) -> None:
        self.sidecars.in_network_of(self.container, script_end_connections(ports))

    # Resolving

    def lose_dns(self) -> None:
        self.sidecars.in_network_of(self.container, names.CHAIN.script_on())

    def regain_dns(self) -> None:
        if self.container.is_running():  # the rules vanish with the network of a dead one
            self.sidecars.in_network_of(self.container, names.CHAIN.script_off())

    def has_lost_dns(self) -> bool:
        if not self.container.is_running():
            return False
        return names.is_on(self.sidecars.in_network_of(self.container, SCRIPT_LIST))

    def loses_lookups(self) -> bool:
        if not self.container.is_running():
            return False
        probe = names.script_probe_lookup(self._somebody_else())
        return names.was_lost(self.sidecars.in_network_of(self.container, probe))

    def resolves(self) -> bool:
        lookup = names.script_lookup(self._somebody_else())
        return bool(self.sidecars.in_network_of(self.container, lookup).strip())

    def mark_of_lost_dns(self) -> str:
        return names.CHAIN.name

    # Crowded

    def places(self) -> Places:
        with speaking(self.name, "be asked for its statistics"):
            told = self.container.engine.stats(self.container.id, stream=False, one_shot=True)
        return read_places(told["pids_stats"])

    def run_among(self, script: str) -> str:
        return self.sidecars.in_processes_of(self.container, script)

    def _somebody_else(self) -> str:
        """Name another node that runs, whom this one does not know without asking.

        Raises:
            WorldError: there is none.
        """
        running = self._running()
        own = running.get(self.name, {}).keys()
        others = sorted(
            name
            for name, addresses in running.items()
            if name != self.name and own & addresses.keys()
        )
        if not others:
            raise WorldError(f"{self.name} is the only node that runs: start another one first")
        return others[0]

    def _addresses_of_all(
        self, peers: frozenset[str], doing: str
    ) -> dict[str, tuple[str, ...]]:
        """Node name -> its addresses now.

        Raises:
            WorldError: one of them does not run, so it cannot be done.
        """
        addresses = self._addresses(peers)
        if missing := sorted(peers - addresses.keys()):
            raise WorldError(
                f"{self.name} cannot {doing} {', '.join(missing)}: "
                "no running node has that name and shares a network with it; start it first, "
                "or name one that it can speak to"
            )
        return addresses

    def _addresses(self, peers: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Node name -> its addresses now, for those peers that run.

        They are those on the networks that this node stands on as well; all of them where it
        does not run itself, which what is then done with them says.
        """
        running = self._running()
        own = running.get(
            self.name, {network: "" for one in running.values() for network in one}
        )
        shared = {peer: sorted(own.keys() & running.get(peer, {}).keys()) for peer in peers}
        return {
            peer: tuple(running[peer][network] for network in networks)
            for peer, networks in shared.items()
            if networks
        }

    def _running(self) -> dict[str, dict[str, str]]:
        """Node name -> network -> its address there now, for every node that runs."""
        with speaking(self.name, "find its peers"):
            running = self.container.engine.containers(
                filters={"label": [f"{WORLD_LABEL}={self.sidecars.world.id}", NODE_LABEL]}
            )
        return {
            container["Labels"][NODE_LABEL]: {
                network: endpoint["IPAddress"]
                for network, endpoint in container["NetworkSettings"]["Networks"].items()
                if endpoint["IPAddress"]
            }
            for container in running
        }


@dataclass(frozen=True, slots=True)
class SupervisedNode(ContainerNode):
    """A node whose service is the child of a supervisor, as on a host.

    Killing it ends the service and leaves the host, and so the supervisor, standing.
    """

    def kill(self) -> None:
        if self.is_running():
            self.sidecars.in_processes_of(self.container, KILL_ALL_BUT_THE_FIRST)

    def start(self) -> None:
        if not self.container.is_running():
            with speaking(self.name, "be started"):
                self.container.engine.start(self.container.id)
            return
        if self.is_running():
            return
        started = self.run(["sh", "-c", START_PROGRAMS], within=SERVICE_STARTS_WITHIN)
        if started.exit_code != 0:
            raise WorldError(
                f"{self.name} could not start its service: "
                f"{(started.stdout + started.stderr).strip()}"
            )

    def is_running(self) -> bool:
        """Whether the supervisor has a child process besides the vault's agent."""
        try:
            state = self.container.state()
            return bool(state["Running"]) and self._has_child_of(str(state["Pid"]))
        except GoneError:
            return False

    def _has_child_of(self, first: str) -> bool:
        with speaking(self.name, "list its processes"):
            top = self.container.engine.top(self.container.id, "-eo pid,ppid,stat,args")
        return any(
            parent == first and not state.startswith("Z") and AGENT not in command
            for _, parent, state, command in top["Processes"]
        )


@dataclass(frozen=True, slots=True)
class ForgetfulNode(ContainerNode):
    """A node that must be told again what it is for whenever it was started.

    ``make_ready`` tells it, and raises NoAnswerError while it cannot be told.
    """

    make_ready: Callable[[], None] = field(repr=False)

    def start(self) -> None:
        ContainerNode.start(self)
        wait_for(
            f"{self.name}, which was started again,",
            self.make_ready,
            at_most_seconds=SERVICE_STARTS_WITHIN.total_seconds(),
        )
