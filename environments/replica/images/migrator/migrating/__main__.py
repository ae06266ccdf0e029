"""``migrate``: people's handle on the schema of the orders."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from .database import Database
from .flow import MigrationError, Migrator
from .history import History

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> int:
    """Do what was asked; 1 where it was not done, or all is not well."""
    asked = _parser().parse_args()
    database = Database()
    migrator = Migrator(
        database, History(), print, checks=os.environ.get("CHECKS", "on") == "on"
    )
    try:
        return _do(asked, database, migrator)
    except MigrationError as error:
        print(f"migrate: {error}", file=sys.stderr)  # noqa: T201 - what a command says
        return 1


def _do(asked: argparse.Namespace, database: Database, migrator: Migrator) -> int:
    match asked.command:
        case "status":
            return _status(database)
        case "verify":
            return _say_all("verify", database.deviations())
        case "plan":
            with database.alone():
                return _say_all("plan", migrator.plan(asked.revision))
        case "apply":
            with database.alone():
                migrator.apply(asked.revision)
        case "back":
            with database.alone():
                migrator.back(asked.revision)
    return 0


def _status(database: Database) -> int:
    recorded = database.recorded()
    print(f"recorded: {recorded}")  # noqa: T201 - its work
    print(f"released: {database.released()}")  # noqa: T201 - its work
    if half := database.half_made():
        print(f"half made: {half.name}")  # noqa: T201 - its work
    return _say_all("status", database.deviations())


def _say_all(what: str, found: Sequence[str]) -> int:
    for one in found:
        print(f"{what}: {one}")  # noqa: T201 - its work
    print(f"{what}: {'not well' if found else 'all is well'}")  # noqa: T201 - its work
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="migrate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="which revision is recorded, and whether it is there")
    commands.add_parser("verify", help="hold the schema against what is recorded")
    for name, says in (
        ("plan", "show what would be done, try it and roll it back: nothing is changed"),
        ("apply", "make what is pending, watch, and take back what does harm"),
        ("back", "go back one revision, or to a named one"),
    ):
        commands.add_parser(name, help=says).add_argument("revision", nargs="?")
    return parser


if __name__ == "__main__":
    sys.exit(main())
