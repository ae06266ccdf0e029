"""We believe that acting on many is acting on each: at once, and none left out."""

from __future__ import annotations

import threading

import pytest

from environments.model import WorldError
from fixtures.faults.base import NAMED_ONE_BY_ONE, listed, on_each


def test_answers_come_in_the_order_of_the_items() -> None:
    assert on_each([3, 1, 2], lambda item: item * 10) == [30, 10, 20]


def test_nobody_is_asked_where_there_is_nobody() -> None:
    assert on_each([], str) == []


def test_all_act_at_once() -> None:
    together = threading.Barrier(5, timeout=10)
    on_each(range(5), lambda _: together.wait())


def test_an_error_keeps_nobody_from_their_turn_and_a_single_one_is_itself() -> None:
    done: list[int] = []

    def act(item: int) -> None:
        if item == 0:
            raise ZeroDivisionError("zero")
        done.append(item)

    with pytest.raises(ZeroDivisionError, match="zero"):
        on_each(range(4), act)
    assert sorted(done) == [1, 2, 3]


def test_several_errors_are_one_sentence_and_all_kept() -> None:
    def act(item: int) -> None:
        if item != 1:
            raise WorldError(f"no {item}")

    with pytest.raises(WorldError, match=r"^no 0; no 2$") as caught:
        on_each(range(3), act)
    cause = caught.value.__cause__
    assert isinstance(cause, BaseExceptionGroup)
    assert [str(error) for error in cause.exceptions] == ["no 0", "no 2"]


def test_few_are_named_and_many_are_counted() -> None:
    few = [f"east-db-{number}" for number in range(NAMED_ONE_BY_ONE)]
    assert listed(few) == "east-db-0, east-db-1, east-db-2, east-db-3, east-db-4, east-db-5"
    assert listed([*few, "east-edge"]) == "7 nodes of east"
    assert listed([*few, "bastion"]) == "7 nodes, bastion to east-db-5"
