"""What Alembic does for who calls it past `migrate`: as it is asked, and it is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .database import open_engine
from .history import Happened, History, Who

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


def connect(run: Callable[[Connection], None]) -> None:
    """Run it on a connection without any limits."""
    with open_engine("alembic").connect() as connection:
        run(connection)


def upgrade(revision: str, run: Callable[[Connection], None]) -> None:
    history = History()
    change = history.begin(revision)
    history.note(change, Happened.STARTED, by=Who.PEOPLE, why="by hand, past `migrate`")
    try:
        connect(run)
    except Exception as error:
        history.note(change, Happened.FAILED, by=Who.PEOPLE, why=str(error).splitlines()[0])
        raise
    history.note(change, Happened.PROMOTED, by=Who.PEOPLE, why="Alembic reported no error")
