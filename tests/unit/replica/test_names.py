"""We believe that lookups are lost in silence, and that only the rules' own work is proof."""

from __future__ import annotations

import pytest

from environments.replica.chains import BETWEEN
from environments.replica.names import CHAIN, is_on, script_lookup, was_lost


def listing(packets: int = 0, without: str = "\n") -> str:
    return "".join(
        f"[{packets}:{packets * 60}] {rule}\n"
        for rule in CHAIN.in_full()
        if without not in rule
    )


def probe(said: str, after: int) -> str:
    return f"\n{BETWEEN}\n".join((listing(1), said, listing(after)))


def test_questions_are_dropped_where_they_arrive_whatever_their_port() -> None:
    assert CHAIN.in_full() == {
        f"-A INPUT -j {CHAIN.name}",
        f"-A {CHAIN.name} -d 127.0.0.11/32 -j DROP",
    }


@pytest.mark.parametrize(("without", "seen"), [("\n", True), ("INPUT", False), ("-d", False)])
def test_the_rules_are_on_when_all_of_them_are_listed(without: str, *, seen: bool) -> None:
    assert is_on(listing(without=without)) is seen


def test_a_lookup_asks_as_a_program_would_and_not_for_long() -> None:
    assert script_lookup("links").startswith("RES_OPTIONS='timeout:1 attempts:1' getent ")


@pytest.mark.parametrize(
    ("said", "after", "lost"),
    [("", 2, True), ("", 1, False), ("10.0.0.2 STREAM links", 2, False)],
)
def test_a_lookup_was_lost_when_nothing_was_found_and_the_rule_counted(
    said: str, after: int, *, lost: bool
) -> None:
    assert was_lost(probe(said, after)) is lost
