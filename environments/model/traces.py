"""Whatever about a world is not as a whole one has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TraceKind(StrEnum):
    """What about a world can be other than it ought to be."""

    STOPPED = "stopped"  # a service that does not run
    PAUSED = "paused"
    FIREWALL = "firewall"  # a chain of ours by its name, or a rule of anybody's
    QDISC = "qdisc"
    TOXIC = "toxic"  # an impairment on a link, ours or not
    LIMIT = "limit"  # processor, memory, processes, as the engine has them
    CLOCK = "clock"
    DISK = "disk"  # a volume or a tmpfs that is nearly full
    DAMAGE = "damage"  # data damaged by a fault that keeps on the node what undoes it


# Where faults that damage a node's data keep there what undoes them, a folder for each: its
# name is what the trace says.
DAMAGE_FOLDER = "/var/lib/muster/faults"


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """One thing that is not as a whole world has it, read from the world itself."""

    where: str  # the node's or the link's name
    kind: TraceKind
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.what}"


def stopped(node: str) -> Trace:
    """Give the trace of a node whose service does not run, or that is not there at all."""
    return Trace(node, TraceKind.STOPPED, "it does not run")


def paused(node: str) -> Trace:
    """Give the trace of a node that is frozen."""
    return Trace(node, TraceKind.PAUSED, "it is frozen")
