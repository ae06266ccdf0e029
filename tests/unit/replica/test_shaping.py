"""We believe that a limit's queue is the limit's alone, and that reading it back is exact."""

from __future__ import annotations

import pytest

from environments.model import Limit
from environments.replica.chains import BETWEEN
from environments.replica.shaping import (
    MARK,
    Shape,
    class_of,
    handle_of,
    has_queue,
    held_back,
    script_off,
)
from environments.replica.traces import qdiscs

PEERS = frozenset({"east-db-2", "east-db-3"})
LIMIT = Limit(PEERS, 100)
SHAPE = Shape(LIMIT, {"east-db-2": "10.9.0.2", "east-db-3": "10.9.0.3"})
HEX = {"10.9.0.2": "0a090002", "10.9.0.3": "0a090003"}


def classes(
    limit: Limit = LIMIT, rate: str = "100Kbit", overlimits: int = 0, waiting: int = 0
) -> str:
    """Write what `tc -s class show` does."""
    return (
        f"class htb {class_of(limit)} root prio 0 rate {rate} ceil {rate} burst 1600b \n"
        f" Sent 2884 bytes 2 pkt (dropped 0, overlimits {overlimits} requeues 0) \n"
        f" backlog {waiting * 1442}b {waiting}p requeues 0\n"
        " lended: 2 borrowed: 0 giants: 0\n tokens: 2000000 ctokens: 2000000\n\n"
    )


def filters(*addresses: str) -> str:
    """Write what `tc filter show` does."""
    head = f"filter parent {handle_of(LIMIT)} protocol ip pref 49152 u32 chain 0"
    return f"{head} \n{head} fh 800: ht divisor 1 \n" + "".join(
        f"{head} fh 800::{number} order {number} key ht 800 bkt 0 *flowid {class_of(LIMIT)}"
        f" not_in_hw \n  match {HEX[address]}/ffffffff at 16\n"
        for number, address in enumerate(addresses, 800)
    )


BOTH = filters("10.9.0.2", "10.9.0.3")


def test_a_queue_is_named_alike_everywhere_and_other_limits_have_another() -> None:
    assert handle_of(LIMIT) == handle_of(Limit(frozenset(sorted(PEERS)), 100))
    others = [Limit(PEERS, 101), Limit(frozenset({"east-db-2"}), 100)]
    assert len({handle_of(LIMIT), *map(handle_of, others)}) == 3
    for limit in (LIMIT, *others):
        assert 0x1000 <= int(handle_of(limit).removesuffix(":"), 16) < 0x8000


def test_all_that_is_put_there_is_below_its_own_handle() -> None:
    added = [line for line in SHAPE.script_on().splitlines() if " add " in line]
    assert len(added) == 4
    assert all(handle_of(LIMIT) in line for line in added)
    assert "htb rate 100kbit" in SHAPE.script_on()


def test_taking_it_off_names_its_own_handle_in_every_change() -> None:
    changes = [line for line in script_off(LIMIT).splitlines() if " del " in line]
    assert changes == [f"tc qdisc del dev eth0 root handle {handle_of(LIMIT)}"]


def test_what_is_left_of_it_is_seen_and_nobody_elses() -> None:
    listing = "qdisc htb {} root refcnt 3 r2q 10 default 0 direct_qlen 1000\n"
    assert has_queue(LIMIT, listing.format(handle_of(LIMIT)))
    assert not has_queue(LIMIT, listing.format(handle_of(Limit(PEERS, 101))))


def test_a_trace_says_what_the_audit_reads() -> None:
    assert list(qdiscs(f"qdisc htb {handle_of(LIMIT)} dev eth0 root refcnt 3 \n")) == [MARK]


@pytest.mark.parametrize(
    ("kilobits", "rate"), [(100, "100Kbit"), (1000, "1Mbit"), (1500, "1500Kbit")]
)
def test_a_limit_that_is_listed_whole_is_in_force(kilobits: int, rate: str) -> None:
    limit = Limit(PEERS, kilobits)
    listing = (classes(limit, rate) + BOTH).replace(class_of(LIMIT), class_of(limit))
    assert Shape(limit, SHAPE.addresses).is_in(listing)


@pytest.mark.parametrize(
    "listing",
    [
        "",
        classes(),
        BOTH,
        classes() + filters("10.9.0.2"),
        classes(rate="100bit") + BOTH,
        classes(rate="1Mbit") + BOTH,
        classes(Limit(PEERS, 101)) + BOTH,
        classes() + BOTH.replace(class_of(LIMIT), "1:1"),
    ],
)
def test_one_thing_missing_and_it_is_not_in_force(listing: str) -> None:
    assert not SHAPE.is_in(listing)


def test_a_peer_that_died_meanwhile_does_not_make_a_limit_unseen() -> None:
    remaining = Shape(LIMIT, {"east-db-2": "10.9.0.2"})
    assert remaining.is_in(classes() + BOTH)
    assert not remaining.is_in(classes() + filters("10.9.0.2"))
    assert not Shape(LIMIT, {"east-db-2": "10.9.0.9"}).is_in(classes() + BOTH)


def probe(before: str, after: str) -> str:
    return f"\n{BETWEEN}\n".join((before, "", after))


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        (classes(overlimits=3), classes(overlimits=4), True),
        (classes(overlimits=3), classes(overlimits=3, waiting=1), True),
        (classes(overlimits=3), classes(overlimits=3), False),
        (classes(), classes(Limit(PEERS, 101), overlimits=9, waiting=9), False),
        ("", "", False),
    ],
)
def test_packets_were_held_back_when_they_wait_or_had_to(
    before: str, after: str, *, held: bool
) -> None:
    assert held_back(LIMIT, probe(before, after)) == held
