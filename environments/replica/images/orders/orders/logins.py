"""What the service logs in to its database with, which may change while it runs.

Whoever keeps the secrets writes the login into a file, whole or not at all. It is looked at
four times a second; a file that says nothing usable changes nothing, so that a mistake there
costs no customer anything. Connections that are open stay: whoever keeps them asks which were
made with a login of before, and makes others first.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from . import telemetry
from .database import CONNECT_SECONDS, connect

if TYPE_CHECKING:
    from pathlib import Path

    from .database import Connection
    from .settings import Address, Settings

LOOK_EVERY_SECONDS = 0.25


class NoLoginError(Exception):
    """There is nothing to log in with; the message says what is wrong with the file."""


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str = field(repr=False)


def read_login(file: Path) -> Login:
    """Read ``{"user": …, "password": …}``.

    Raises:
        NoLoginError: it is not there, or says something else.
    """
    try:
        told = json.loads(file.read_text())
    except OSError as error:
        raise NoLoginError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise NoLoginError(f"{file} is not JSON") from error
    match told:
        case {"user": str(user), "password": str(password)} if user and password:
            return Login(user, password)
    raise NoLoginError(f"{file} does not say user and password, as texts")


class Logins:
    """Connects with the login of now, and knows which connections were made with another.

    Raises:
        NoLoginError: it is in a file, and there is none in it to begin with.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.login_file
        self._made_with: WeakKeyDictionary[Connection, Login] = WeakKeyDictionary()
        self._trouble: str | None = None
        self.current = (
            read_login(self._file)
            if self._file
            else Login(settings.database_user, settings.database_password)
        )
        telemetry.STALE.set_function(lambda: self.stale)
        self._show()

    async def connect(self, address: Address, *, within: float = CONNECT_SECONDS) -> Connection:
        login = self.current
        connection = await connect(self._settings, address, login, within=within)
        self._made_with[connection] = login
        return connection

    def is_stale(self, connection: Connection) -> bool:
        """Whether it was made with a login that is not the one of now."""
        return self._made_with.get(connection, self.current) != self.current

    @property
    def stale(self) -> int:
        """How many open connections were made with a login of before."""
        open_ones = (one for one in list(self._made_with) if not one.is_closed())
        return sum(map(self.is_stale, open_ones))

    def sessions(self) -> list[int]:
        """Number the processes of the database that serve what is connected now."""
        return [
            connection.get_server_pid()
            for connection in list(self._made_with)
            if not connection.is_closed()
        ]

    def look(self) -> None:
        """Take what the file says now, if it says anything."""
        if self._file is None:
            return
        try:
            login = read_login(self._file)
        except NoLoginError as error:
            self._complain(str(error))
            return
        self._trouble = None
        if login != self.current:
            self.current = login
            self._show()
            telemetry.say("the database's login changed", user=login.user)

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _show(self) -> None:
        telemetry.LOGIN.clear()
        telemetry.LOGIN.labels(self.current.user).set(1)

    def _complain(self, trouble: str) -> None:
        """Say it once: it is looked at four times a second."""
        if trouble != self._trouble:
            telemetry.warn("the database's login stays as it was", cause=trouble)
        self._trouble = trouble
