"""We believe that a load is steady or refused, and that no way to end it loses the truth."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from environments.replica.certificates import Authority
from fixtures.load import process
from fixtures.load.live import Sight, lateness, sight
from fixtures.load.process import Load, LoadNotSteadyError, describe, start_load
from fixtures.load.schedule import Schedule
from fixtures.load.shapes import Step
from fixtures.waiting import WaitedTooLongError, wait_until
from reports.ledger import Operation, Outcome, read_ledger
from tests.unit.load.shop import LOGIN_SECONDS, Behaviour, Shop, open_shop
from tests.unit.load.tls import AUTHORITY, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[3]
HUSH = "what only a customer knows"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def _start(
    shop: Shop,
    folder: Path,
    *,
    users: int = 5,
    rate: float = 100,
    workers: int = 1,
    token: str = "",
    password: str = "",
    authority: str = "",
) -> Load:
    return start_load(
        shop.entrance, users=users, attempts_per_second=rate, folder=folder, customer="c",
        seed=1, say=lambda _: None, workers=workers, token=token,
        password=password,
        authority=authority,
    )  # fmt: skip


def _orders(load: Load) -> NDArray[np.void]:
    attempts = load.view()
    return np.array(attempts[attempts["operation"] == Operation.CREATE])


def _wait_for(load: Load, moment: float) -> None:
    wait_until(
        "orders until that moment",
        lambda: load.problem or monotonic() >= moment,
        at_most=timedelta(seconds=max(0.0, moment - monotonic()) + 1),
    )
    assert load.problem is None


@pytest.mark.parametrize(("token", "shown"), [("", None), ("a.b.c", "Bearer a.b.c")])
def test_customers_show_their_token_with_each_order(
    shop: Shop, tmp_path: Path, token: str, shown: str | None
) -> None:
    with _start(shop, tmp_path, token=token):
        pass
    assert shop.credentials == {shown}


@pytest.mark.parametrize("workers", [1, 2])
def test_customers_log_in_before_they_order_and_stay_so(
    shop: Shop, tmp_path: Path, workers: int
) -> None:
    with _start(shop, tmp_path, users=4, workers=workers, password=HUSH) as load:
        wait_until(
            "a token to be renewed",
            lambda: load.problem or len(shop.logins) > workers,
            at_most=timedelta(seconds=LOGIN_SECONDS),
        )
        assert load.problem is None
    assert (_orders(load)["outcome"] == Outcome.YES).all()
    assert {"customer": "c", "password": HUSH} in shop.logins
    assert None not in shop.credentials
    assert HUSH not in load.log_path.read_text()


def test_customers_whose_token_is_revoked_log_in_again(shop: Shop, tmp_path: Path) -> None:
    with _start(shop, tmp_path, password=HUSH) as load:
        shop.revoked = set(shop.credentials)
        wait_until(
            "orders with another token",
            lambda: load.problem or shop.credentials - shop.revoked,
            at_most=timedelta(seconds=5),
        )
        taken = len(shop.taken_at)
        wait_until(
            "such orders to be taken",
            lambda: load.problem or len(shop.taken_at) > taken + 20,
            at_most=timedelta(seconds=5),
        )
        assert load.problem is None
    outcomes = _orders(load)["outcome"]
    assert Outcome.NO in outcomes
    assert outcomes[-1] == Outcome.YES


def test_customers_who_cannot_log_in_order_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.behaviour = Behaviour.UNAVAILABLE
    with pytest.raises(LoadNotSteadyError, match="could not log in"):
        _start(shop, tmp_path, password=HUSH)
    assert shop.posts == []


def test_customers_trust_the_authority_that_they_were_given_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deceived = tmp_path / "deceived"
    deceived.mkdir()
    with open_shop(shown(tmp_path)) as shop:
        with _start(shop, tmp_path, authority=AUTHORITY.pem):
            pass
        taken = len(shop.posts)
        assert taken
        monkeypatch.setattr(process, "STEADY_WITHIN", timedelta(seconds=3))
        with pytest.raises(LoadNotSteadyError, match="SSLCertVerificationError"):
            _start(shop, deceived, authority=Authority().pem)
        assert len(shop.posts) == taken


def test_a_killed_load_loses_nothing_that_it_had_written(shop: Shop, tmp_path: Path) -> None:
    with _start(shop, tmp_path) as load:
        wait_until(
            "orders of more than a second",
            lambda: len(shop.taken_at) > 250,
            at_most=timedelta(seconds=10),
        )
        assert load.problem is None
        os.kill(load.process_id, signal.SIGKILL)
        killed_at = monotonic()
        wait_until("the death to be seen", lambda: load.problem, at_most=timedelta(seconds=5))
        load.surge(Step(2, 5).knots(100))  # nobody hears it, which the problem says

    assert "SIGKILL" in str(load.problem)
    attempts = read_ledger(load.ledger_path)
    orders = attempts[attempts["operation"] == Operation.CREATE]
    outcomes = dict(zip(orders["key"].tolist(), orders["outcome"].tolist(), strict=True))
    taken = {int(key.removeprefix("c-")): at for key, at in shop.taken_at.items()}
    assert set(taken) <= set(outcomes), "an order left before it was in the ledger"
    long_ago = [key for key, at in taken.items() if at < killed_at - 1.0]
    assert len(long_ago) > 20
    assert {outcomes[key] for key in long_ago} == {Outcome.YES}


@pytest.mark.parametrize("workers", [1, 2])
def test_orders_follow_a_shape_and_none_is_missing_or_made_twice(
    shop: Shop, tmp_path: Path, workers: int
) -> None:
    knots = Step(16, 2).knots(20)  # 320 a second
    # At the base rate each of them waits for a second: the change comes in the midst of it.
    with _start(shop, tmp_path, users=20, rate=20, workers=workers) as load:
        began = load.surge(knots)
        _wait_for(load, began + 2.5)
        shop.behaviour = Behaviour.SLOW  # so that something is in flight when it stops
        _wait_for(load, began + 3)

    assert load.problem is None
    orders = _orders(load)
    assert sorted(orders["key"].tolist()) == list(range(len(orders)))
    assert set(orders["outcome"].tolist()) == {Outcome.YES}, "stopped with orders in flight"
    assert (np.diff(load.view()["began"]) >= 0).all()
    assert lateness(orders, Schedule(tuple(knots)), since=began, until=began + 2) < 0.4
    # A slow host makes all of them late alike: one that overslept would be overtaken.
    displaced = np.abs(orders["key"] - np.arange(len(orders)))
    assert displaced.max() < 0.25 * 320


def test_an_open_load_goes_up_though_nobody_is_answered(shop: Shop, tmp_path: Path) -> None:
    with _start(shop, tmp_path) as load:
        shop.behaviour = Behaviour.HANG
        began = load.surge(Step(5, 1.5).knots(100))
        _wait_for(load, began + 1.5)
        orders = sight(load.view(), since=began, until=began + 1.5)

    assert orders.attempts == pytest.approx(750, rel=0.1)
    assert orders.waiting > 700
    assert load.problem is None


def test_two_shapes_at_once_end_the_load(shop: Shop, tmp_path: Path) -> None:
    with _start(shop, tmp_path) as load:
        load.surge(Step(2, 60).knots(100))
        load.surge(Step(3, 60).knots(100))
        wait_until("the refusal to be seen", lambda: load.problem, at_most=timedelta(seconds=5))

    assert "let one shape end before the next begins" in str(load.problem)


def test_a_worker_that_dies_is_a_problem_and_never_a_smaller_load(
    shop: Shop, tmp_path: Path
) -> None:
    with _start(shop, tmp_path, users=6, workers=2) as load:
        os.kill(load.worker_ids[1], signal.SIGKILL)
        killed_at = monotonic()
        wait_until("the death to be seen", lambda: load.problem, at_most=timedelta(seconds=5))
        so_far = len(load.view())
        wait_until(
            "the other worker to go on, as far as it is concerned",
            lambda: len(load.view()) > so_far + 20,
            at_most=timedelta(seconds=5),
        )

    assert "worker 2 of the load ended by itself" in str(load.problem)
    assert "SIGKILL" in str(load.problem)
    outcomes = {int(one["key"]): one["outcome"] for one in _orders(load)}
    taken = {int(key.removeprefix("c-")): at for key, at in shop.taken_at.items()}
    assert set(taken) <= set(outcomes), "an order left before it was in the ledger"
    assert {outcomes[key] for key, at in taken.items() if at < killed_at - 1} == {Outcome.YES}
    assert not any(psutil.pid_exists(pid) for pid in [load.process_id, *load.worker_ids])


@pytest.mark.parametrize(("users", "workers"), [(5, 2), (1, 2), (4, 0)])
def test_users_who_cannot_be_shared_equally_are_refused(
    tmp_path: Path, users: int, workers: int
) -> None:
    with pytest.raises(ValueError, match="give a multiple of the workers as users"):
        start_load(
            "http://127.0.0.1:1", users=users, attempts_per_second=1, folder=tmp_path,
            customer="c", seed=1, say=lambda _: None, workers=workers,
        )  # fmt: skip


@pytest.mark.parametrize("workers", [1, 2])
def test_an_orphaned_load_ends_by_itself(shop: Shop, tmp_path: Path, workers: int) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, shop.entrance, str(tmp_path), str(workers)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        ids = map(int, parent.stdout.readline().split())
        processes = [psutil.Process(one) for one in ids]
        parent.kill()
    wait_until(
        "the load to end after its parent", lambda: not any(map(_runs, processes)),
        at_most=timedelta(seconds=20),
    )  # fmt: skip

    assert Outcome.PENDING not in read_ledger(tmp_path / "ledger.bin")["outcome"]


_PARENT = """
import pathlib, sys, threading
from fixtures.load.process import start_load
load = start_load(sys.argv[1], users=6, attempts_per_second=50, customer="c", seed=1,
    folder=pathlib.Path(sys.argv[2]), say=lambda _: None, workers=int(sys.argv[3]))
print(load.process_id, *load.worker_ids, flush=True)
threading.Event().wait(60)
"""


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_load_that_is_not_steady_says_what_customers_saw(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out_of_patience(
        what: str, attempt: Callable[[], bool], *, at_most: timedelta
    ) -> None:
        wait_until(what, lambda: attempt() or len(shop.posts) > 200, at_most=at_most)
        assert not attempt(), "served with rejections alone"
        raise WaitedTooLongError(f"waited long for {what}")

    monkeypatch.setattr(process, "wait_until", run_out_of_patience)
    shop.behaviour = Behaviour.UNAVAILABLE

    saw = r"customers: 0 of \d+ orders taken, where 100 orders/s were asked for.*HTTP 503"
    with pytest.raises(LoadNotSteadyError, match=saw):
        _start(shop, tmp_path)


def test_a_ledger_is_never_written_over(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "ledger.bin").write_bytes(b"evidence")

    with pytest.raises(LoadNotSteadyError, match=r"ledger cannot be written.*File exists"):
        _start(shop, tmp_path)

    assert (tmp_path / "ledger.bin").read_bytes() == b"evidence"


def test_a_load_that_cannot_start_says_why(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "CUSTOMERS", tmp_path / "nobody.py")

    with pytest.raises(LoadNotSteadyError, match=r"ended by itself.*exit code 1.*nobody\.py"):
        _start(shop, tmp_path)


def test_customers_that_cannot_write_down_an_order_end_the_load(
    shop: Shop, tmp_path: Path
) -> None:
    with _start(shop, tmp_path) as load:
        # The same errno handling as for a full disk; a limit on file size needs no disk.
        full = len(load.view()) * 48
        psutil.Process(load.process_id).rlimit(psutil.RLIMIT_FSIZE, (full, full))
        wait_until("the failure to be seen", lambda: load.problem, at_most=timedelta(seconds=8))

    assert "exit code 3" in str(load.problem)
    assert "File too large" in str(load.problem)


def test_stopping_twice_is_stopping_once(shop: Shop, tmp_path: Path) -> None:
    load = _start(shop, tmp_path)
    load.stop()
    attempts = len(load.view())
    load.stop()

    assert load.problem is None
    assert len(load.view()) == attempts


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        (Sight(1.0, 100, 100, 0, 0.0141), "100 orders/s  YES 100%  P95   14 ms"),
        (
            Sight(1.0, 98, 0, 60, None),
            "98 orders/s  YES 0%  P95    —  ✗ customers: 0 of 98 orders taken, 60 waiting",
        ),
        (
            Sight(1.0, 0, 0, 0, None),
            "0 orders/s  YES 0%  P95    —  ✗ customers: 0 of 0 orders taken",
        ),
    ],
)
def test_a_line_for_people(seen: Sight, line: str) -> None:
    assert describe(seen) == line
