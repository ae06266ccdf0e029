"""``python3 -m migrating.main``: adopts the service's schema, and looks after it.

It says so where the schema is not what is recorded, and where customers wait for a lock.
"""

from __future__ import annotations

import sys
import threading

from .database import LIMITS, Database, open_engine
from .flow import MigrationError
from .history import History
from .web import Pages, Web

LOOK_SECONDS = 0.5


def main() -> None:
    """Look for ever, and say what is wrong when it begins to be."""
    pages = Pages(History())
    web = Web(pages)
    threading.Thread(target=web.serve_forever, name="web", daemon=True).start()
    database = Database(engine=open_engine("migrate watch", LIMITS))
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        trouble = _trouble(database)
        if trouble != pages.trouble:
            print(trouble or "all is well with the schema", file=sys.stderr)  # noqa: T201 - its log
        pages.trouble = trouble


def _trouble(database: Database) -> str:
    try:
        database.adopt()
        waiting = database.waiting()
        held_up = [f"{waiting} sessions of the service wait for a lock"] if waiting else []
        return "; ".join([*database.differences(), *held_up])
    except MigrationError as error:
        return str(error)


if __name__ == "__main__":
    main()
