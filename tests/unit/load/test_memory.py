"""We believe that customers read what they just bought, and again what they once saw."""

from __future__ import annotations

from fixtures.load.memory import REMEMBERED, Memory


def history(seed: int, orders: int = 2_000) -> list[int]:
    """Buy orders 0, 1, 2 and so on; read after each; give what was read."""
    memory: Memory[int] = Memory(str(seed))
    read = []
    for order in range(orders):
        memory.bought(order)
        chosen = memory.choose()
        assert chosen is not None
        read.append(chosen)
    return read


def test_nothing_is_read_before_anything_was_bought() -> None:
    assert Memory[int]("1").choose() is None


def test_half_of_the_reads_are_of_the_newest_order_and_the_others_were_read_before() -> None:
    read = history(seed=1)
    newest = [order == turn for turn, order in enumerate(read)]
    assert 0.45 < sum(newest) / len(read) < 0.55
    again = [order in read[:turn] for turn, order in enumerate(read)]
    assert all(one or other for one, other in zip(newest, again, strict=True))


def test_old_orders_are_read_again_but_only_so_many_are_kept() -> None:
    read = history(seed=1)
    ages = [turn - order for turn, order in enumerate(read)]
    assert max(ages) > 4 * REMEMBERED
    for turn in range(1_000, 2_000):
        later = {order for order in read[turn:] if order < turn}
        assert len(later) <= REMEMBERED


def test_without_new_orders_all_that_is_remembered_is_read_again() -> None:
    memory: Memory[int] = Memory("1")
    for order in range(5):
        memory.bought(order)
        memory.choose()
    while memory.choose() != 4:
        pass
    read = {memory.choose() for _ in range(500)}
    assert 1 < len(read) <= 5


def test_the_seed_decides() -> None:
    assert history(seed=1) == history(seed=1)
    assert history(seed=1) != history(seed=2)
