"""We believe that the final read is every order, or an error; never a part of them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from environments.replica.certificates import Authority
from fixtures.load import audit
from fixtures.load.audit import FinalReadError, read_all_orders, save_final_read
from reports.ledger import FINAL_READ
from tests.unit.load.shop import Behaviour, Shop, open_shop
from tests.unit.load.tls import AUTHORITY, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def _order(number: int, key: str, status: str = "paid") -> dict[str, Any]:
    return {"id": number, "key": key, "amount_cents": 10 * number, "status": status}


def _read(
    shop: Shop, said: list[str] | None = None, seconds: float = 5, authority: str = ""
) -> NDArray[np.void]:
    say = (said if said is not None else []).append
    within = timedelta(seconds=seconds)
    return read_all_orders(shop.entrance, "d.1", within=within, say=say, authority=authority)


def test_all_pages_are_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ORDERS_PER_PAGE", 10)
    shop.orders += [_order(i + 1, f"d.1-{i}") for i in range(35)]

    rows = _read(shop)

    assert rows.dtype == FINAL_READ
    assert rows["key"].tolist() == list(range(35))
    assert rows["value"].tolist() == [10 * (i + 1) for i in range(35)]
    assert rows["settled"].all()


def test_an_entrance_that_shows_a_certificate_must_show_a_good_one(tmp_path: Path) -> None:
    with open_shop(shown(tmp_path)) as shop:
        shop.orders += [_order(1, "d.1-0")]
        assert len(_read(shop, authority=AUTHORITY.pem)) == 1
        with pytest.raises(FinalReadError, match="CERTIFICATE_VERIFY_FAILED"):
            _read(shop, seconds=0.5, authority=Authority().pem)


def test_no_order_at_all_is_an_empty_read(shop: Shop) -> None:
    assert len(_read(shop)) == 0


def test_pending_orders_are_not_settled(shop: Shop) -> None:
    shop.orders += [_order(1, "d.1-0", "pending"), _order(2, "d.1-1")]

    assert _read(shop)["settled"].tolist() == [0, 1]


def test_keys_that_the_load_cannot_have_used_show_as_written_by_nobody(shop: Shop) -> None:
    strange = [
        "d.1-", "d.1-01", "d.1--1", "d.1-1x", "d.1-1\n", "dx1-1", "other-1", "7", "",
        f"d.1-{2**63}", "d.1-٣",
    ]  # fmt: skip
    shop.orders += [_order(i + 1, key) for i, key in enumerate(strange)]
    shop.orders += [_order(99, f"d.1-{2**63 - 1}")]

    keys = _read(shop)["key"].tolist()

    assert keys[-1] == 2**63 - 1
    assert all(key < 0 for key in keys[:-1])
    assert len(set(keys)) == len(keys)


def test_a_page_that_fails_is_asked_for_again_and_said_so(shop: Shop) -> None:
    shop.orders.append(_order(1, "d.1-0"))
    shop.behaviour = Behaviour.UNAVAILABLE
    said: list[str] = []
    heard = threading.Event()

    def mend() -> None:
        heard.wait(5)
        shop.behaviour = Behaviour.OK

    mender = threading.Thread(target=mend)
    mender.start()

    def say(line: str) -> None:
        said.append(line)
        heard.set()

    rows = read_all_orders(shop.entrance, "d.1", within=timedelta(seconds=5), say=say)
    mender.join()

    assert len(rows) == 1
    assert "503" in said[0]


def test_a_service_that_stays_away_is_an_error(shop: Shop) -> None:
    shop.refuse()

    with pytest.raises(FinalReadError, match=r"not whole.*waited 0.6 s.*refused"):
        _read(shop, seconds=0.6)


def test_a_rejection_is_final(shop: Shop) -> None:
    shop.behaviour = Behaviour.LIMITED
    said: list[str] = []

    with pytest.raises(FinalReadError, match=r"rejected.*429"):
        _read(shop, said)
    assert said == []


def test_a_page_that_hangs_is_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE_WITHIN", timedelta(milliseconds=200))
    shop.behaviour = Behaviour.HANG

    with pytest.raises(FinalReadError, match="not whole"):
        _read(shop, seconds=0.5)


@pytest.mark.parametrize("after", [0, 5])
def test_pages_that_do_not_advance_are_an_error(shop: Shop, after: int) -> None:
    shop.page = {"orders": [], "next": after}

    with pytest.raises(FinalReadError, match="circles"):
        _read(shop)


@pytest.mark.parametrize(
    "page",
    [
        [],
        {"orders": []},
        {"orders": [{"key": "d.1-0"}], "next": None},
        {"orders": [{"key": "d.1-0", "amount_cents": "1", "status": "paid"}], "next": None},
        {"orders": ["x"], "next": None},
        {"orders": None, "next": None},
        {"orders": [], "next": "2"},
    ],
)
def test_nonsense_is_an_error_and_not_an_empty_read(shop: Shop, page: object) -> None:
    shop.page = page

    with pytest.raises(FinalReadError, match="final read got"):
        _read(shop)


def test_a_saved_read_is_the_same_when_loaded(tmp_path: Path) -> None:
    rows = np.array([(1, 2, 1), (-1, 3, 0)], FINAL_READ)
    save_final_read(tmp_path / "final-read.bin", rows)

    assert np.array_equal(np.fromfile(tmp_path / "final-read.bin", FINAL_READ), rows)
    assert [path.name for path in tmp_path.iterdir()] == ["final-read.bin"]
