"""Reads the world itself: the engine, the host's network, its processes.

Nothing here asks Muster's own code what is there. What other Muster runs do at the same
time on the same engine is their business: it carries their label and their owner.
"""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import NotFound
from docker.utils import kwargs_from_env

from environments.replica.engine_address import docker_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RUN_LABEL = "muster.run"
PLANTED_LABEL = "muster-torture.planted"
OWNER_LABEL = "muster.owner"
_ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+(?=/\d+)")


@dataclass(frozen=True, slots=True)
class Thing:
    """A container, a network or a volume."""

    kind: str
    id: str
    name: str = field(compare=False)
    labels: Mapping[str, str] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.id[:12]}, {dict(self.labels)})"


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs that were killed: what they are called, and who their runners were."""

    ids: set[str] = field(default_factory=set)
    runners: set[str] = field(default_factory=set)  # number and start: "1234/567890"

    def made(self, thing: Thing) -> bool:
        """Whether one of them made it, by what it carries."""
        world = thing.labels.get(RUN_LABEL, "")
        owner = thing.labels.get(OWNER_LABEL, "").split("/")  # the last two are the process
        is_called_so = any(world == one or world.startswith(f"{one}-") for one in self.ids)
        return is_called_so or "/".join(owner[-2:]) in self.runners

    def concerns(self, thing: Thing) -> bool:
        """Whether it is ours, or nobody knows whose: what is planted is watched apart."""
        is_anothers = RUN_LABEL in thing.labels or PLANTED_LABEL in thing.labels
        return self.made(thing) or not is_anothers


def connect() -> docker.APIClient:
    """Speak to the engine with the plain SDK; the caller closes it."""
    return docker.APIClient(
        **kwargs_from_env(environment=docker_environment()), version="auto", timeout=60
    )


def things(engine: docker.APIClient) -> frozenset[Thing]:
    """List every container, network and volume that there is."""
    volumes = engine.volumes()["Volumes"] or ()
    return frozenset(
        (
            *(
                Thing("container", one["Id"], one["Names"][0].lstrip("/"), _labels(one))
                for one in engine.containers(all=True)
            ),
            *(
                Thing("network", one["Id"], one["Name"], _labels(one))
                for one in engine.networks()
            ),
            *(Thing("volume", one["Name"], one["Name"], _labels(one)) for one in volumes),
        )
    )


def difference(before: frozenset[Thing], after: frozenset[Thing], runs: Runs) -> list[str]:
    """Say what is there too much or too little, a sentence each. Pure."""
    added = {thing for thing in after - before if runs.concerns(thing)}
    late = {thing for thing in before if runs.made(thing)}  # it came after its run's audit
    gone = {thing for thing in before - after if runs.concerns(thing)} - late
    return [
        *(f"left over: {thing}" for thing in sorted(added, key=str)),
        *(f"came when its run was mended: {thing}" for thing in sorted(late, key=str)),
        *(f"gone, and nobody's to remove: {thing}" for thing in sorted(gone, key=str)),
    ]


def inspect(engine: docker.APIClient, thing: Thing) -> str:
    """Give all that the engine says of it, as JSON, or that it is gone."""
    try:
        return json.dumps(_inspected(engine, thing), sort_keys=True, indent=1)
    except NotFound:
        return "it is gone\n"


def _inspected(engine: docker.APIClient, thing: Thing) -> Mapping[str, Any]:
    match thing.kind:
        case "container":
            return dict(engine.inspect_container(thing.id))
        case "network":
            return dict(engine.inspect_network(thing.id))
        case _:
            return dict(engine.inspect_volume(thing.id))


def host_network(engine: docker.APIClient) -> frozenset[str]:
    """Read the host's firewall and queueing, without what the engine's networks need.

    Empty where this process may not read them. The networks are listed before and after,
    since other runs' come and go.
    """
    networks = engine.networks()
    rules = _output("iptables-save")
    queues = _output("tc", "qdisc", "show")
    networks += engine.networks()
    return frozenset(
        (
            *rules_of_nobody(rules, networks),
            # The kernel gives each device a queue without a handle.
            *(line for line in queues.splitlines() if " 0: dev " not in line),
        )
    )


def host_difference(before: frozenset[str], after: frozenset[str]) -> list[str]:
    """Say what the host's network has too much or too little, a sentence each. Pure.

    A rule that names a bridge is an engine's, and goes when that run's network goes.
    """
    gone = (one for one in before - after if " br-" not in one)
    return [
        *(f"left in the host's network: {one}" for one in sorted(after - before)),
        *(f"gone from the host's network: {one}" for one in sorted(gone)),
    ]


def rules_of_nobody(listing: str, networks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Leave out, of ``iptables-save``, what speaks of a network that is there. Pure."""
    known = list(networks)
    bridges = [f"br-{network['Id'][:12]}" for network in known]
    subnets = [
        ipaddress.ip_network(part["Subnet"])
        for network in known
        for part in (network["IPAM"]["Config"] or ())
        if "Subnet" in part
    ]
    return [
        line
        for line in listing.splitlines()
        if line.startswith(("-A", ":MUSTER"))
        if not any(bridge in line for bridge in bridges)
        if not any(address in subnet for address in _addresses(line) for subnet in subnets)
    ]


def processes_with(texts: Iterable[str]) -> list[str]:
    """List the processes whose command line or environment has one of these texts."""
    wanted = [text.encode() for text in texts]
    return [
        f"{folder.name}: {command.decode(errors='replace')}"
        for folder in Path("/proc").glob("[0-9]*")
        for command, environment in _read_process(folder)
        if any(text in command or text in environment for text in wanted)
    ]


def _read_process(folder: Path) -> Iterable[tuple[bytes, bytes]]:
    """Read its command line and environment; nothing where it ended or is another user's."""
    with suppress(OSError):
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").strip()
        yield command, (folder / "environ").read_bytes()


def _labels(listed: Mapping[str, Any]) -> Mapping[str, str]:
    return dict(listed["Labels"] or {})


def _addresses(line: str) -> Iterable[ipaddress.IPv4Address]:
    return map(ipaddress.IPv4Address, _ADDRESS.findall(line))


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""
