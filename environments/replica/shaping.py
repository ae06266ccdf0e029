"""The queue of a limit: written, and read back. Pure.

A node's network has one root queue, whose handle is the limit's own, so that taking it off
touches no other. What the limit is not about goes past its class at full speed
(https://man7.org/linux/man-pages/man8/tc-htb.8.html: "default 0").
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.replica.chains import BETWEEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.model import Limit

DEVICE = "eth0"  # a container's only one
MARK = f"htb on {DEVICE}"  # as traces.py reads it
SCRIPT_QUEUES = f"tc qdisc show dev {DEVICE}"
SCRIPT_LIST = f"tc -s class show dev {DEVICE}\ntc filter show dev {DEVICE}"
_BITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_CLASS = re.compile(
    r"^class htb (?P<name>\S+) root .*?\brate (?P<rate>\d+)(?P<unit>[KMG]?)bit\b.*\n"
    r".*\boverlimits (?P<overlimits>\d+) .*\n"
    r"\s*backlog \S+ (?P<waiting>\d+)p ",
    re.MULTILINE,
)
_FILTER = re.compile(
    r"flowid (?P<name>\S+).*\n\s*match (?P<destination>[0-9a-f]{8})/ffffffff at 16$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The queue of one limit whose peers have these addresses (peer name -> IPv4 address)."""

    limit: Limit
    addresses: Mapping[str, str]

    def script_on(self) -> str:
        """Put the queue there; doing so again puts it there anew.

        The kernel refuses where somebody else's is.
        """
        handle, name = handle_of(self.limit), class_of(self.limit)
        rate = f"{self.limit.kilobits_per_second}kbit"
        return "\n".join(
            (
                script_off(self.limit),
                f"tc qdisc add dev {DEVICE} root handle {handle} htb default 0",
                f"tc class add dev {DEVICE} parent {handle} classid {name} htb rate {rate}",
                *(
                    f"tc filter add dev {DEVICE} parent {handle} protocol ip"
                    f" u32 match ip dst {ip}/32 flowid {name}"
                    for _, ip in sorted(self.addresses.items())
                ),
            )
        )

    def is_in(self, listing: str) -> bool:
        """Whether SCRIPT_LIST shows the class at its rate, and a filter for each peer.

        A peer that does not run has no address by which to know its filter, so for those
        that remain their number must be right.
        """
        name = class_of(self.limit)
        rates = [
            int(found["rate"]) * _BITS[found["unit"]]
            for found in _CLASS.finditer(listing)
            if found["name"] == name
        ]
        led = [
            found["destination"] for found in _FILTER.finditer(listing) if found["name"] == name
        ]
        known = {f"{int(ipaddress.IPv4Address(ip)):08x}" for ip in self.addresses.values()}
        return (
            rates == [self.limit.kilobits_per_second * 1000]
            and known <= set(led)
            and len(led) == len(self.limit.peers)
        )

    def script_probe(self) -> str:
        """List, send each peer three large packets at once, list again.

        Behind a long queue an answer takes many seconds, and ping would wait for as long
        again: nobody needs the answers, so it ends after one.
        """
        pings = (
            f"ping -n -q -c 3 -l 3 -s 1400 -W 0.3 -w 1 {ip} >/dev/null 2>&1 || true"
            for _, ip in sorted(self.addresses.items())
        )
        return "\n".join(
            (SCRIPT_LIST, f"echo '{BETWEEN}'", *pings, f"echo '{BETWEEN}'", SCRIPT_LIST)
        )


def handle_of(limit: Limit) -> str:
    """Name the queue of a limit, alike in any process, in the four digits that there are."""
    text = "\n".join((str(limit.kilobits_per_second), *sorted(limit.peers)))
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    return f"{0x1000 + digest % 0x7000:x}:"  # the kernel itself gives out those from 8000 on


def class_of(limit: Limit) -> str:
    return f"{handle_of(limit)}1"


def has_queue(limit: Limit, listing: str) -> bool:
    """Whether SCRIPT_QUEUES shows the limit's queue, with its class and filters or without."""
    return f"qdisc htb {handle_of(limit)} root " in listing


def script_off(limit: Limit) -> str:
    """Take off that limit's queue and no other; works where there is none."""
    handle = handle_of(limit)
    return "\n".join(
        (
            f"if {SCRIPT_QUEUES} | grep -q '^qdisc htb {handle} root '; then",
            f"tc qdisc del dev {DEVICE} root handle {handle}",
            "fi",
        )
    )


def held_back(limit: Limit, probe: str) -> bool:
    """Whether packets had to wait for their turn while the probe was sent."""
    before, _, after = (_counters(limit, listing) for listing in probe.split(BETWEEN))
    return after.waiting > 0 or after.overlimits > before.overlimits


@dataclass(frozen=True, slots=True)
class _Counters:
    overlimits: int
    waiting: int


def _counters(limit: Limit, listing: str) -> _Counters:
    for found in _CLASS.finditer(listing):
        if found["name"] == class_of(limit):
            return _Counters(int(found["overlimits"]), int(found["waiting"]))
    return _Counters(0, 0)
