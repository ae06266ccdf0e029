"""What an environment is and can do, whoever provides it.

Everything outside this package speaks these words alone: nothing else knows whether a
node is a container, a host or a pod. What a node can also do (be killed, paused, cut
off) is small and optional: ask with ``isinstance``.
"""

from environments.model.changes import ChangeTold, Changing
from environments.model.disks import Disconnectable, DiskSlowable
from environments.model.errors import (
    CommandTimedOutError,
    GoneError,
    ImpairmentError,
    NotReadyError,
    UnknownNameError,
    UnreachableError,
    WorldError,
)
from environments.model.links import (
    Bandwidth,
    ConnectionReset,
    Down,
    Impairment,
    Latency,
    Link,
    RoundTrip,
    Stream,
)
from environments.model.networks import Apart, Connection, Reach
from environments.model.nodes import Completed, Crowded, Killable, Node, Pausable, Places
from environments.model.packets import Cut, Cuttable, Direction, Limit, Limitable, Resolving
from environments.model.scaling import (
    Scaled,
    ScalingDecision,
    ScalingStage,
    ScalingStatus,
)
from environments.model.traces import DAMAGE_FOLDER, Trace, TraceKind, paused, stopped
from environments.model.worlds import Caretaker, Environment, FoundWorld, Register, Resource

__all__ = [
    "DAMAGE_FOLDER",
    "Apart",
    "Bandwidth",
    "Caretaker",
    "ChangeTold",
    "Changing",
    "CommandTimedOutError",
    "Completed",
    "Connection",
    "ConnectionReset",
    "Crowded",
    "Cut",
    "Cuttable",
    "Direction",
    "Disconnectable",
    "DiskSlowable",
    "Down",
    "Environment",
    "FoundWorld",
    "GoneError",
    "Impairment",
    "ImpairmentError",
    "Killable",
    "Latency",
    "Limit",
    "Limitable",
    "Link",
    "Node",
    "NotReadyError",
    "Pausable",
    "Places",
    "Reach",
    "Register",
    "Resolving",
    "Resource",
    "RoundTrip",
    "Scaled",
    "ScalingDecision",
    "ScalingStage",
    "ScalingStatus",
    "Stream",
    "Trace",
    "TraceKind",
    "UnknownNameError",
    "UnreachableError",
    "WorldError",
    "paused",
    "stopped",
]
