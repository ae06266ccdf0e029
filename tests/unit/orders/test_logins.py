"""We believe that a login can change while the service runs, and no mistake in it harms."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.orders.orders import logins as logins_module
from environments.replica.images.orders.orders.logins import Login, Logins, NoLoginError
from environments.replica.images.orders.orders.settings import Address, Settings, read_settings
from tests.unit.orders.connections import FakeConnection

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg

    from environments.replica.images.orders.orders.database import Connection

A, B = Login("orders_a", "first"), Login("orders_b", "second")
ROUTER = Address("links", 5432)


def write(file: Path, login: Login) -> None:
    file.write_text(json.dumps({"user": login.user, "password": login.password}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(tmp_path / "login.json", A)
    return tmp_path / "login.json"


@pytest.fixture
def settings(file: Path) -> Settings:
    variables = {
        "DATABASE_HOST": "links",
        "REDIS_HOST": "links",
        "PAYMENTS_URL": "http://links",
    }
    return read_settings(variables | {"DATABASE_LOGIN_FILE": str(file)})


def test_connections_are_made_with_what_the_file_says_now(
    settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Login] = []

    async def connect(_: Settings, __: Address, login: Login, *, within: float) -> Connection:
        assert within > 0
        shown.append(login)
        return cast("asyncpg.Connection[asyncpg.Record]", FakeConnection())

    monkeypatch.setattr(logins_module, "connect", connect)

    async def body() -> None:
        logins = Logins(settings)
        old = await logins.connect(ROUTER)
        assert not logins.is_stale(old)
        write(file, B)
        logins.look()
        new = await logins.connect(ROUTER)
        assert (logins.is_stale(old), logins.is_stale(new), logins.stale) == (True, False, 1)
        old.terminate()
        assert logins.stale == 0

    asyncio.run(body())
    assert shown == [A, B]


@pytest.mark.parametrize(
    "mistake",
    ["", "{", "[]", '{"user": "orders_b"}', '{"user": "orders_b", "password": 5}',
     '{"user": "", "password": "second"}'],
)  # fmt: skip
def test_a_mistake_in_the_file_leaves_the_login_as_it_was(
    mistake: str, settings: Settings, file: Path
) -> None:
    logins = Logins(settings)
    file.write_text(mistake)
    logins.look()
    assert logins.current == A
    file.unlink()
    logins.look()
    assert logins.current == A
    write(file, B)
    logins.look()
    assert logins.current == B
    file.write_text(mistake)
    with pytest.raises(NoLoginError, match=r"login\.json"):
        Logins(settings)


def test_without_a_file_it_is_what_the_environment_says(settings: Settings) -> None:
    told = replace(settings, login_file=None, database_password=B.password)
    logins = Logins(told)
    logins.look()
    assert logins.current == Login("orders", B.password)
    assert B.password not in repr(logins.current)
