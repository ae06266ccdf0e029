"""What a node says, read as traces of whatever is not as a whole world has it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from environments.model import DAMAGE_FOLDER
from environments.replica.chains import BETWEEN, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Of the node's network: what a sidecar is asked.
SCRIPT_NETWORK = f"iptables-save\necho '{BETWEEN}'\ntc qdisc show"
# Of its clock and its files: what the node itself is asked. Most nodes have no such folder.
SCRIPT_NODE = f"date +%s\nls -A {DAMAGE_FOLDER} 2>/dev/null\necho '{BETWEEN}'\ndf -P"

# The engine keeps its rules for name resolution in "nat".
WATCHED_TABLES = {"filter", "mangle", "raw"}
FULL_PERCENT = 95
CLOCK_SLACK_SECONDS = 2.0
# An unlimited container has nothing of its HostConfig under these; the engine writes that
# as 0, -1, "", [] or null.
LIMITS = (
    "Memory",
    "MemoryReservation",
    "MemorySwap",
    "NanoCpus",
    "CpuPeriod",
    "CpuQuota",
    "CpuShares",
    "CpusetCpus",
    "CpusetMems",
    "PidsLimit",
    "BlkioWeight",
    "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps",
)
UNLIMITED: tuple[object, ...] = (None, 0, -1, "", [])
# What the kernel shows a container of itself; nothing but /dev/shm is stored there.
_KERNELS = re.compile(r"/(proc|sys|dev(?!/shm))(/|$)")
_CHAIN = re.compile(r":(?P<chain>\S+) (?P<policy>\S+)")
_RULE = re.compile(r"-A (?P<chain>\S+)(?: -j (?P<target>\S+))?")
_QDISC = re.compile(r"^qdisc (?P<kind>\S+) (?P<handle>\S+) dev (?P<device>\S+)", re.MULTILINE)
_FILESYSTEM = re.compile(
    r"^(?P<device>.+?) +(?P<blocks>\d+) +\d+ +\d+ +(?P<percent>\d+)% +(?P<mounted>/.*)$",
    re.MULTILINE,
)


def firewall(listing: str) -> Iterator[str]:
    """Read ``iptables-save``: a chain of ours by its name, anything else by its text."""
    table = ""
    for line in listing.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif table in WATCHED_TABLES:
            yield from _of_line(table, line)


def _of_line(table: str, line: str) -> Iterator[str]:
    if chain := _CHAIN.match(line):
        if chain["chain"].startswith(PREFIX):
            yield chain["chain"]
        elif chain["policy"] not in {"ACCEPT", "-"}:
            yield f"-t {table} -P {chain['chain']} {chain['policy']}"
    elif rule := _RULE.match(line):
        ours = (name for name in rule.groups("") if name.startswith(PREFIX))
        yield next(ours, f"-t {table} {line.strip()}")


def qdiscs(listing: str) -> Iterator[str]:
    """Read ``tc qdisc show``; the kernel's own queues have no handle."""
    for found in _QDISC.finditer(listing):
        if found["handle"] != "0:":
            yield f"{found['kind']} on {found['device']}"


def damages(listing: str) -> Iterator[str]:
    """Read what faults keep on the node: names between its clock and its file systems."""
    kept, _, _ = listing.partition(BETWEEN)
    yield from kept.splitlines()[1:]


def limits(host_config: Mapping[str, object], built_with: Mapping[str, int]) -> Iterator[str]:
    """Read a container's HostConfig for what it was not made with.

    Kernels that do not account for swap bound none of it, and engines then say so.
    """
    for name in LIMITS:
        value = host_config.get(name)
        expected = {built_with.get(name, 0), *([0] if name == "MemorySwap" else [])}
        if (0 if value in UNLIMITED else value) not in expected:
            yield f"{name}={value}"


def full_disks(listing: str) -> Iterator[str]:
    """Read ``df -P``: the node's own file systems that are nearly full.

    The engine's disk, on which the node's root is and the files that the engine lends it,
    is shared with the host and is no trace of anything done to the node.
    """
    found = list(_FILESYSTEM.finditer(listing))
    shared = {_device(one) for one in found if one["mounted"] in {"/", "/etc/hosts"}}
    for one in found:
        is_own = _device(one) not in shared and not _KERNELS.match(one["mounted"])
        if is_own and int(one["percent"]) >= FULL_PERCENT:
            yield f"{one['mounted']} is nearly full"


def _device(filesystem: re.Match[str]) -> tuple[str, str]:
    return filesystem["device"], filesystem["blocks"]


@dataclass(frozen=True, slots=True)
class EngineClock:
    """What the engine's clock showed between two moments of our monotonic one."""

    shown: float  # seconds since 1970
    asked_at: float
    answered_at: float

    @classmethod
    def read(cls, system_time: str, asked_at: float, answered_at: float) -> EngineClock:
        """Read the ``SystemTime`` that the engine gave between these two moments."""
        return cls(datetime.fromisoformat(system_time).timestamp(), asked_at, answered_at)

    def deviation(self, listing: str, asked_at: float, answered_at: float) -> Iterator[str]:
        """Compare with what ``date +%s``, the first line, said between these two moments.

        It says whole seconds; whatever the answers' ways took is in the node's favour.
        """
        said = int(listing.split(maxsplit=1)[0])
        if said + 1 < self.shown + (asked_at - self.answered_at) - CLOCK_SLACK_SECONDS:
            yield "behind the engine's"
        if said > self.shown + (answered_at - self.asked_at) + CLOCK_SLACK_SECONDS:
            yield "ahead of the engine's"
