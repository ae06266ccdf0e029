"""The packet filter rules of a cut: written, and read back. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.model import Cut, Direction
from environments.replica.chains import Chain, Probed, chain_name, counters, script_probe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

ALL = 100
PINGS = 200  # that many show a rate; they take a second
# A share further than this from its rate was not drawn at that rate: one in two million.
STANDARD_DEVIATIONS = 5
_STEPS = 1 << 31  # in which the kernel keeps a probability


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one cut whose peers have these addresses (peer name -> IPv4 addresses)."""

    cut: Cut
    addresses: Mapping[str, tuple[str, ...]]

    @property
    def chain(self) -> Chain:
        return Chain(
            name_of(self.cut),
            (*self._sources(), *self._destinations()),
            _hooks(self.cut),
        )

    def are_in(self, listing: str) -> bool:
        """Whether ``iptables-save -c`` lists all rules of the cut.

        A peer that does not run has no address by which to know its rules, so for those
        that remain there must be rules enough.
        """
        in_force = counters(listing).keys()
        chain = self.chain
        drops = [rule for rule in in_force if rule.startswith(f"-A {chain.name} ")]
        of_others = len(drops) - len(chain.rules)
        unknown = len(self.cut.peers - self.addresses.keys())
        enough = of_others >= unknown * len(chain.hooks) if unknown else of_others == 0
        return in_force >= chain.in_full() and enough

    def script_probe(self) -> str:
        """Send every peer what the rules should drop, and list their counters around it."""
        send = script_ping if self.cut.percent == ALL else script_pings
        return script_probe(send(self._all()))

    def bite(self, probe: str) -> bool:
        """Whether the peers' answers and the rules' counters say what the cut says."""
        probed = Probed.read(probe)
        return self._answers_are_as_cut(probed.said) and all(
            probed.counted(rule) for rule in self._that_count()
        )

    def _answers_are_as_cut(self, said: str) -> bool:
        if self.cut.percent == ALL:
            return not said
        answers = dict(line.split() for line in said.splitlines())
        return set(answers) == set(self._all()) and all(
            _is_drawn_at(self._rate_of_losing_a_ping(), int(answered))
            for answered in answers.values()
        )

    def _rate_of_losing_a_ping(self) -> float:
        """Give the probability that a ping or its reply is lost."""
        passes = 1 - self.cut.percent / ALL
        return 1 - passes ** len(_hooks(self.cut))

    def _that_count(self) -> Iterable[str]:
        """Return for each address the rule that counts when a ping or its reply is lost."""
        rules = self._destinations() or self._sources()
        return (f"-A {name_of(self.cut)} {rule}" for rule in rules)

    def _sources(self) -> list[str]:
        """Give the rules that drop what comes from the peers."""
        if self.cut.direction is Direction.OUTBOUND:
            return []
        return [f"-s {ip}/32 {self._drop}" for ip in self._all()]

    def _destinations(self) -> list[str]:
        """Give the rules that drop what goes to the peers."""
        if self.cut.direction is Direction.INBOUND:
            return []
        return [f"-d {ip}/32 {self._drop}" for ip in self._all()]

    @property
    def _drop(self) -> str:
        if self.cut.percent == ALL:
            return "-j DROP"
        probability = round(self.cut.percent / ALL * _STEPS) / _STEPS
        return f"-m statistic --mode random --probability {probability:.11f} -j DROP"

    def _all(self) -> list[str]:
        return [ip for _, ips in sorted(self.addresses.items()) for ip in ips]


def _is_drawn_at(rate: float, answered: int) -> bool:
    expected = PINGS * rate
    slack = STANDARD_DEVIATIONS * math.sqrt(expected * (1 - rate))
    return 0 < answered < PINGS and abs(PINGS - answered - expected) <= slack


def name_of(cut: Cut) -> str:
    """Name the chain of a cut."""
    return chain_name(cut.direction.value, str(cut.percent), *sorted(cut.peers))


def script_off(cut: Cut) -> str:
    """Take that cut off, whatever its peers' addresses are by now."""
    return Chain(name_of(cut), (), _hooks(cut)).script_off()


def _hooks(cut: Cut) -> tuple[str, ...]:
    inbound = () if cut.direction is Direction.OUTBOUND else ("INPUT",)
    outbound = () if cut.direction is Direction.INBOUND else ("OUTPUT",)
    return (*inbound, *outbound)


def script_ping(addresses: Collection[str]) -> str:
    """Send one packet to each at once; those that answer are printed, a line each."""
    pings = (
        f"(ping -n -q -c 1 -W 0.3 {ip} >/dev/null 2>&1 && echo {ip} || true) &"
        for ip in sorted(addresses)
    )
    return "\n".join((*pings, "wait"))


def script_pings(addresses: Collection[str]) -> str:
    """Send many packets to each at once; each is printed, and how often it answered."""
    pings = (
        f"(ping -n -q -c {PINGS} -i 0.002 -W 0.3 {ip} 2>/dev/null"
        f" | sed -n 's/.* transmitted, \\([0-9]*\\) received.*/{ip} \\1/p') &"
        for ip in sorted(addresses)
    )
    return "\n".join((*pings, "wait"))
