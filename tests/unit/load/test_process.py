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

import psutil
import pytest

from fixtures.load import process
from fixtures.load.live import Sight
from fixtures.load.process import Load, LoadNotSteadyError, describe, start_load
from fixtures.waiting import WaitedTooLongError, wait_until
from reports.ledger import Operation, Outcome, read_ledger
from tests.unit.load.shop import Behaviour, Shop, open_shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def _start(shop: Shop, folder: Path, *, token: str = "") -> Load:
    return start_load(
        shop.entrance, users=5, attempts_per_second=100, folder=folder, customer="c",
        seed=1, say=lambda _: None, token=token,
    )  # fmt: skip


@pytest.mark.parametrize(("token", "shown"), [("", None), ("a.b.c", "Bearer a.b.c")])
def test_customers_show_their_token_with_each_order(
    shop: Shop, tmp_path: Path, token: str, shown: str | None
) -> None:
    with _start(shop, tmp_path, token=token):
        pass
    assert shop.credentials == {shown}


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

    assert "SIGKILL" in str(load.problem)
    attempts = read_ledger(load.ledger_path)
    orders = attempts[attempts["operation"] == Operation.CREATE]
    outcomes = dict(zip(orders["key"].tolist(), orders["outcome"].tolist(), strict=True))
    taken = {int(key.removeprefix("c-")): at for key, at in shop.taken_at.items()}
    assert set(taken) <= set(outcomes), "an order left before it was in the ledger"
    long_ago = [key for key, at in taken.items() if at < killed_at - 1.0]
    assert len(long_ago) > 20
    assert {outcomes[key] for key in long_ago} == {Outcome.YES}


def test_an_orphaned_load_ends_by_itself(shop: Shop, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, shop.entrance, str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        locust = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    wait_until(
        "the load to end after its parent", lambda: not _runs(locust),
        at_most=timedelta(seconds=20),
    )  # fmt: skip

    assert Outcome.PENDING not in read_ledger(tmp_path / "ledger.bin")["outcome"]


_PARENT = """
import pathlib, sys, threading
from fixtures.load.process import start_load
load = start_load(sys.argv[1], users=5, attempts_per_second=50, customer="c", seed=1,
    folder=pathlib.Path(sys.argv[2]), say=lambda _: None)
print(load.process_id, flush=True)
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


def test_a_load_that_cannot_start_says_why(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "ledger.bin").touch()

    with pytest.raises(
        LoadNotSteadyError,
        match=r"ended by itself.*exit code 3.*ledger cannot be written.*File exists",
    ):
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
