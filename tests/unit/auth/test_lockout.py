"""We believe that nobody's password is tried more than a hundred times a minute."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from environments.replica.images.auth.auth.lockout import Lockout
from tests.unit.auth.doors import Clock

MOST, WINDOW, REST = 5, 60.0, 60.0

steps = st.lists(
    st.tuples(
        st.floats(0, 30),  # seconds since the one before
        st.sampled_from(["him", "her"]),
        st.booleans(),  # whether the password was right
    ),
    max_size=80,
)


@given(steps)
def test_no_subject_fails_more_often_than_it_may_in_any_minute(
    tried: list[tuple[float, str, bool]],
) -> None:
    clock = Clock(0.0)
    lock = Lockout(clock, MOST, WINDOW, REST)
    failed: dict[str, deque[float]] = {"him": deque(), "her": deque()}
    for wait, who, right in tried:
        clock.now += wait
        if lock.seconds_left(who):
            lock.insists(who)
            continue
        forgive = lock.begin(who)
        if lock.seconds_left(who):
            recent = [at for at in failed[who] if at > clock.now - WINDOW]
            assert len(recent) >= MOST  # nobody is locked out before
        elif right:
            forgive()
        else:
            failed[who].append(clock.now)
        recent = [at for at in failed[who] if at > clock.now - WINDOW]
        assert len(recent) <= MOST


def test_a_lock_lasts_until_its_subject_lets_be() -> None:
    clock = Clock(0.0)
    lock = Lockout(clock, MOST, WINDOW, REST)
    for _ in range(MOST + 1):
        lock.begin("him")
    assert lock.locked() == ["him"]
    clock.now += 59
    assert lock.seconds_left("him") == 1
    lock.insists("him")
    clock.now += 59
    assert lock.seconds_left("him") == 1
    clock.now += 1
    assert lock.seconds_left("him") == 0
    assert lock.locked() == []


def test_many_at_one_time_count_before_any_of_them_is_answered() -> None:
    lock = Lockout(Clock(0.0), MOST, WINDOW, REST)
    forgiven = [lock.begin("him") for _ in range(MOST)]
    assert lock.seconds_left("him") == 0
    forgiven[0]()
    lock.begin("him")
    assert lock.seconds_left("him") == 0
    lock.begin("him")
    assert lock.seconds_left("him") == REST


def test_people_let_in_whom_they_unlock() -> None:
    lock = Lockout(Clock(0.0), MOST, WINDOW, REST)
    for _ in range(MOST + 1):
        lock.begin("him")
    assert not lock.unlock("her")
    assert lock.unlock("him")
    assert lock.seconds_left("him") == 0
    assert lock.failures() == {}


def test_made_up_names_fill_no_memory() -> None:
    clock = Clock(0.0)
    lock = Lockout(clock, MOST, WINDOW, REST)
    for number in range(15_000):
        clock.now += 0.02
        lock.begin(f"nobody {number}")
    assert len(lock) <= 10_000
