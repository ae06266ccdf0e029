"""The packet filter rules of a cut: written, and read back. Pure.

Each cut has a chain of its own, so that taking it off touches no other rule.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.model import Cut, Direction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PREFIX = "MUSTER-"  # of every chain of ours
_RULE = re.compile(r"^\[(?P<packets>\d+):\d+\] (?P<rule>-A .*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one cut whose peers have these addresses (peer name -> IPv4 address)."""

    cut: Cut
    addresses: Mapping[str, str]

    @property
    def chain(self) -> str:
        return chain_name(self.cut)

    def sources(self) -> dict[str, str]:
        """Peer name -> the rule that drops what comes from it."""
        if self.cut.direction is Direction.OUTBOUND:
            return {}
        return {peer: f"-A {self.chain} -s {ip}/32 -j DROP" for peer, ip in self._sorted()}

    def destinations(self) -> dict[str, str]:
        """Peer name -> the rule that drops what goes to it."""
        if self.cut.direction is Direction.INBOUND:
            return {}
        return {peer: f"-A {self.chain} -d {ip}/32 -j DROP" for peer, ip in self._sorted()}

    def are_in(self, listing: str) -> bool:
        """Whether ``iptables-save -c`` lists all rules of the cut.

        A peer that does not run has no address by which to know its rules, so for those
        that remain their number must be right.
        """
        in_force = counters(listing).keys()
        known = (
            *self.sources().values(),
            *self.destinations().values(),
            *(f"-A {hook} -j {self.chain}" for hook in hooks(self.cut)),
        )
        drops = [rule for rule in in_force if rule.startswith(f"-A {self.chain} ")]
        return in_force >= set(known) and len(drops) == len(self.cut.peers) * len(
            hooks(self.cut)
        )

    def dropping(self) -> dict[str, str]:
        """Peer name -> the rule that counts when a ping to that peer or its reply is lost."""
        return self.destinations() or self.sources()

    def _sorted(self) -> list[tuple[str, str]]:
        return sorted(self.addresses.items())

    def script_on(self) -> str:
        """Put all rules in force in one transaction; doing so again changes nothing.

        Declaring a chain that exists empties it within the transaction.
        """
        rules = (*self.sources().values(), *self.destinations().values())
        return "\n".join(
            (
                "{",
                "echo '*filter'",
                f"echo ':{self.chain} - [0:0]'",
                *(f"echo '{rule}'" for rule in rules),
                *(
                    f"iptables -C {hook} -j {self.chain} 2>/dev/null"
                    f" || echo '-I {hook} -j {self.chain}'"
                    for hook in hooks(self.cut)
                ),
                "echo COMMIT",
                "} | iptables-restore --noflush",
            )
        )


def chain_name(cut: Cut) -> str:
    """Name the chain of a cut, alike in any process; iptables allows 28 characters."""
    text = "\n".join((cut.direction.value, *sorted(cut.peers)))
    return f"{PREFIX}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def hooks(cut: Cut) -> tuple[str, ...]:
    inbound = () if cut.direction is Direction.OUTBOUND else ("INPUT",)
    outbound = () if cut.direction is Direction.INBOUND else ("OUTPUT",)
    return (*inbound, *outbound)


def script_off(cut: Cut) -> str:
    """Take off that cut's jumps and chain, and nothing else; works where there are none."""
    chain = chain_name(cut)
    return "\n".join(
        (
            *(
                f"while iptables -D {hook} -j {chain} 2>/dev/null; do :; done"
                for hook in hooks(cut)
            ),
            f"if iptables -S {chain} >/dev/null 2>&1; then",
            f"iptables -F {chain} && iptables -X {chain}",
            "fi",
        )
    )


SCRIPT_LIST = "iptables-save -c -t filter"
BETWEEN = "=== muster ==="


def script_ping(addresses: Collection[str]) -> str:
    """Send one packet to each at once; those that answer are printed, a line each."""
    pings = (
        f"(ping -n -q -c 1 -W 0.3 {ip} >/dev/null 2>&1 && echo {ip} || true) &"
        for ip in sorted(addresses)
    )
    return "\n".join((*pings, "wait"))


def script_probe(rules: Rules) -> str:
    """List the rules, ping every peer, list the rules again."""
    ping = script_ping(rules.addresses.values())
    return "\n".join((SCRIPT_LIST, f"echo '{BETWEEN}'", ping, f"echo '{BETWEEN}'", SCRIPT_LIST))


def counters(listing: str) -> dict[str, int]:
    """Rule -> packets that it met, from ``iptables-save -c``."""
    return {found["rule"]: int(found["packets"]) for found in _RULE.finditer(listing)}


def all_were_dropped(rules: Rules, probe: str) -> bool:
    """Whether no peer answered and every peer's rule dropped a packet meanwhile."""
    before, answered, after = probe.split(BETWEEN)
    earlier, later = counters(before), counters(after)
    return not answered.strip() and all(
        later.get(rule, 0) > earlier.get(rule, 0) for rule in rules.dropping().values()
    )
