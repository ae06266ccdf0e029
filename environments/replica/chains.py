"""A chain of packet filter rules that is ours alone: written, and read back. Pure.

Each fault has a chain of its own, so that taking it off touches no other rule.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

PREFIX = "MUSTER-"  # of every chain of ours
SCRIPT_LIST = "iptables-save -c -t filter"
BETWEEN = "=== muster ==="
_RULE = re.compile(r"^\[(?P<packets>\d+):\d+\] (?P<rule>-A .*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Chain:
    """Rules ("-s 10.0.0.2/32 -j DROP"), and the kernel's chains that lead to them."""

    name: str
    rules: tuple[str, ...]
    hooks: tuple[str, ...]

    def in_full(self) -> frozenset[str]:
        """Return every line of it as ``iptables-save`` has it."""
        jumps = (f"-A {hook} -j {self.name}" for hook in self.hooks)
        return frozenset((*(f"-A {self.name} {rule}" for rule in self.rules), *jumps))

    def script_on(self) -> str:
        """Put all rules in force in one transaction; doing so again changes nothing.

        Declaring a chain that exists empties it within the transaction.
        """
        return "\n".join(
            (
                "{",
                "echo '*filter'",
                f"echo ':{self.name} - [0:0]'",
                *(f"echo '-A {self.name} {rule}'" for rule in self.rules),
                *(
                    f"iptables -C {hook} -j {self.name} 2>/dev/null"
                    f" || echo '-I {hook} -j {self.name}'"
                    for hook in self.hooks
                ),
                "echo COMMIT",
                "} | iptables-restore --noflush",
            )
        )

    def script_off(self) -> str:
        """Take off the jumps and the chain, and nothing else; works where there are none."""
        return "\n".join(
            (
                *(
                    f"while iptables -D {hook} -j {self.name} 2>/dev/null; do :; done"
                    for hook in self.hooks
                ),
                f"if iptables -S {self.name} >/dev/null 2>&1; then",
                f"iptables -F {self.name} && iptables -X {self.name}",
                "fi",
            )
        )


def chain_name(*what: str) -> str:
    """Name a chain after what it does, alike anywhere; iptables allows 28 characters."""
    text = "\n".join(what)
    return f"{PREFIX}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def counters(listing: str) -> dict[str, int]:
    """Rule -> packets that it met, from ``iptables-save -c``."""
    return {found["rule"]: int(found["packets"]) for found in _RULE.finditer(listing)}


def script_probe(attempt: str) -> str:
    """List the rules, do something that they should keep from succeeding, list them again."""
    return "\n".join(
        (SCRIPT_LIST, f"echo '{BETWEEN}'", attempt, f"echo '{BETWEEN}'", SCRIPT_LIST)
    )


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of a probe: ``said`` by the attempt, and the counters around it."""

    before: dict[str, int]
    said: str
    after: dict[str, int]

    @classmethod
    def read(cls, probe: str) -> Probed:
        before, said, after = probe.split(BETWEEN)
        return cls(counters(before), said.strip(), counters(after))

    def counted(self, rule: str) -> bool:
        """Whether that rule, written as ``counters`` has it, met a packet meanwhile."""
        return self.after.get(rule, 0) > self.before.get(rule, 0)
