"""The packet filter rules that keep the network's DNS from answering a node. Pure.

The engine answers within each node's own network, at an address that is alike in all and at
a port of its choice. What is dropped where it is sent would be refused to the sender's face;
so it is dropped where it arrives, and the sender waits, as for a server that is silent.
"""

from __future__ import annotations

from environments.replica.chains import Chain, Probed, chain_name, counters, script_probe

ADDRESS = "127.0.0.11"
CHAIN = Chain(chain_name("dns"), (f"-d {ADDRESS}/32 -j DROP",), ("INPUT",))
_DROPS = f"-A {CHAIN.name} {CHAIN.rules[0]}"


def is_on(listing: str) -> bool:
    """Whether ``iptables-save -c`` lists the rules."""
    return counters(listing).keys() >= CHAIN.in_full()


def script_lookup(name: str) -> str:
    """Look the name up as any program would; what it stands for is printed, if anything."""
    return f"RES_OPTIONS='timeout:1 attempts:1' getent ahostsv4 {name} || true"


def script_probe_lookup(name: str) -> str:
    return script_probe(script_lookup(name))


def was_lost(probe: str) -> bool:
    """Whether the lookup gave nothing and the rule dropped it."""
    probed = Probed.read(probe)
    return not probed.said and probed.counted(_DROPS)
