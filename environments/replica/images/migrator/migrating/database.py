"""The databases' schema, through Alembic and by the catalogue's own word."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .flow import BusyError, MigrationError, Revision
from .service import STATEMENTS
from .watch import Activity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from alembic.script import Script
    from sqlalchemy import Connection, Engine

INI = Path("/srv/alembic.ini")
VERSION_SCHEMA = "migrations"
BASELINE = "baseline"

# What customers wait for is bounded: whoever waits for a lock makes all who come later wait.
# Nor may a statement that no longer has anybody go on by itself.
LIMITS = {
    "lock_timeout": "200",  # milliseconds, as all of them
    "statement_timeout": "60000",
    "idle_in_transaction_session_timeout": "5000",
    "client_connection_check_interval": "1000",
}
# A dry run holds its locks until it is rolled back, what the service asks included.
TRYING = {**LIMITS, "statement_timeout": "300"}
# As itself: the orders' owner sees nothing of what others do.
WATCHING = {**LIMITS, "role": "none"}

_LOCK_NOT_AVAILABLE, _QUERY_CANCELED = "55P03", "57014"
_TOO_LONG = frozenset({_LOCK_NOT_AVAILABLE, _QUERY_CANCELED})
_NOBODY_ELSE = 7_305_810  # the service's own is the number before it
_CONNECT_SECONDS = 5

_PARTS = """
SELECT 'column ' || attname || ' ' || format_type(atttypid, atttypmod)
    || CASE WHEN attnotnull THEN ' not null' ELSE '' END
FROM pg_attribute
WHERE attrelid = to_regclass('public.orders') AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'index ' || relname || CASE WHEN indisvalid THEN '' ELSE ' (invalid)' END
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid = to_regclass('public.orders')
UNION ALL
SELECT 'check ' || conname FROM pg_constraint
WHERE conrelid = to_regclass('public.orders') AND contype = 'c'
"""
_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'orders' AND wait_event_type = 'Lock'
  AND query_start < now() - interval '0.5 seconds'
"""
_ACTIVITY = """
SELECT xact_commit, xact_rollback FROM pg_stat_database WHERE datname = current_database()
"""


def open_engine(name: str, limits: Mapping[str, str] | None = None) -> Engine:
    """Give connections in the role that the orders belong to, under this name."""
    settings = {"role": "orders", **(limits or {})}
    return create_engine(
        "postgresql+psycopg2://",
        poolclass=NullPool,
        connect_args={
            "application_name": name,
            "connect_timeout": _CONNECT_SECONDS,
            "options": " ".join(f"-c {key}={value}" for key, value in settings.items()),
        },
    )


@dataclass(frozen=True, slots=True)
class Database:
    """Implements Schema."""

    ini: Path = INI
    engine: Engine = field(default_factory=lambda: open_engine("migrate", LIMITS))
    trying: Engine = field(default_factory=lambda: open_engine("migrate plan", TRYING))
    watching: Engine = field(default_factory=lambda: open_engine("migrate watch", WATCHING))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else change the schema meanwhile.

        Raises:
            MigrationError: somebody does.
        """
        with self._looking() as connection:
            asked = f"SELECT pg_try_advisory_lock({_NOBODY_ELSE})"
            if not connection.exec_driver_sql(asked).scalar_one():
                raise MigrationError("somebody else changes the schema: wait for them")
            yield

    def adopt(self) -> None:
        """Record what the service made for itself as the baseline, where nothing is recorded.

        Raises:
            MigrationError: there is something else.
        """
        if self._recorded() is not None:
            return
        differences = self._differences(BASELINE)
        if differences:
            raise MigrationError(f"the schema is not the baseline: {'; '.join(differences)}")
        with self._connection() as connection, connection.begin():
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}")
            command.stamp(self._config(connection), BASELINE)

    def differences(self) -> Sequence[str]:
        """Say how the schema differs from what is recorded; nothing is asked of its rows."""
        return self._differences(self.recorded())

    def waiting(self) -> int:
        """Count the service's sessions that have waited for a lock for over half a second."""
        with self._looking(self.watching) as connection:
            return int(connection.exec_driver_sql(_WAITING).scalar_one())

    def recorded(self) -> str:
        recorded = self._recorded()
        if recorded is None:
            raise MigrationError(
                "no revision is recorded yet: this node's log says what is in the way"
            )
        return recorded

    def pending(self, target: str | None) -> Sequence[Revision]:
        upwards = self._upwards(target or self.released(), self.recorded())
        return tuple(reversed(upwards))

    def sql(self, revision: Revision) -> str:
        return offline_sql(self.ini, revision)

    def try_out(self, revisions: Sequence[Revision]) -> Sequence[str]:
        whole = _leading_transactional(revisions)
        with self._connection(self.trying) as connection, connection.begin() as transaction:
            if whole:
                try:
                    command.upgrade(self._config(connection), whole[-1].name)
                except DBAPIError as error:
                    if _state(error) in _TOO_LONG:
                        raise
                    return [f"{whole[-1].name}: the dry run failed: {_words(error)}"]
            failures = _failures_of_service(connection)
            transaction.rollback()
        return failures

    def upgrade(self, revision: Revision) -> None:
        with self._connection() as connection:
            command.upgrade(self._config(connection), revision.name)

    def downgrade(self, to: str) -> None:
        with self._connection() as connection:
            command.downgrade(self._config(connection), to)

    def half_made(self) -> Revision | None:
        recorded = self.recorded()
        extra = {_plain(part) for part in self._parts() - self._expected(recorded)}
        return next(
            (one for one in all_revisions(self.ini) if one.gives & extra),
            None,
        )

    def clean(self, revision: Revision) -> None:
        module = _script(self.ini, revision.name).module
        with self._connection() as connection:
            context = MigrationContext.configure(connection)
            with context.begin_transaction(), Operations.context(context):
                module.downgrade()

    def deviations(self) -> Sequence[str]:
        differences = self._differences(self.recorded())
        with self._connection(self.trying) as connection, connection.begin() as transaction:
            failures = _failures_of_service(connection)
            transaction.rollback()
        return [*differences, *failures]

    def activity(self) -> Activity:
        with self._looking() as connection:
            row = connection.exec_driver_sql(_ACTIVITY).one()
        return Activity(row[0], row[1])

    def released(self) -> str:
        """Name the last revision that was released."""
        return last_released(self.ini)

    def one_back(self, revision: str) -> str:
        after = _of(self.ini, revision).after
        if after is None:
            raise MigrationError(f"there is nothing before {revision}")
        return after

    def _recorded(self) -> str | None:
        with self._looking() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table_schema": VERSION_SCHEMA}
            )
            return context.get_current_revision()

    def _upwards(self, target: str, recorded: str) -> list[Revision]:
        """Give what is between, the target first.

        Raises:
            MigrationError: the target does not stand on what is recorded.
        """
        found, current = [], _of(self.ini, target)
        while current.name != recorded:
            found.append(current)
            if current.after is None:
                raise MigrationError(
                    f"{target} does not stand on {recorded}, which the database has: "
                    f"`migrate back` first"
                )
            current = _of(self.ini, current.after)
        return found

    def _expected(self, revision: str) -> frozenset[str]:
        parts: frozenset[str] = frozenset()
        name: str | None = revision
        while name is not None:
            one = _of(self.ini, name)
            parts |= one.gives
            name = one.after
        return parts

    def _parts(self) -> frozenset[str]:
        with self._looking() as connection:
            return frozenset(connection.exec_driver_sql(_PARTS).scalars())

    def _differences(self, revision: str) -> list[str]:
        expected, parts = self._expected(revision), self._parts()
        return [
            *(f"{part} is missing" for part in sorted(expected - parts)),
            *(
                f"{part} is of no revision that is recorded"
                for part in sorted(parts - expected)
            ),
        ]

    @contextmanager
    def _connection(self, engine: Engine | None = None) -> Iterator[Connection]:
        """Lend a connection; what the database says is said in our words.

        Raises:
            BusyError: a lock was not to be had in time, or a dry run took too long.
            MigrationError: anything else failed.
        """
        chosen = engine or self.engine
        # People cancel statements, too: then it is not for us to try again.
        busy = _TOO_LONG if chosen is self.trying else {_LOCK_NOT_AVAILABLE}
        try:
            with chosen.connect() as connection:
                yield connection
        except CommandError as error:
            raise MigrationError(str(error)) from error
        except DBAPIError as error:
            if _state(error) in busy:
                raise BusyError(
                    f"it took longer than it may keep others waiting ({_words(error)})"
                ) from error
            raise MigrationError(_words(error)) from error

    @contextmanager
    def _looking(self, engine: Engine | None = None) -> Iterator[Connection]:
        """Lend a connection that rolls nothing back: the database would count that as harm."""
        with self._connection(engine) as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def _config(self, connection: Connection) -> Config:
        config = Config(str(self.ini), stdout=io.StringIO())
        config.attributes["connection"] = connection
        return config


def all_revisions(ini: Path) -> list[Revision]:
    return [_revision(one) for one in _scripts(ini).walk_revisions()]


def last_released(ini: Path) -> str:
    (head,) = (
        name
        for name in _scripts(ini).get_heads()
        if Path(_script(ini, name).path).parent.name == "released"
    )
    return head


def offline_sql(ini: Path, revision: Revision) -> str:
    """Give the SQL of a revision, without a database."""
    said = io.StringIO()
    config = Config(str(ini), output_buffer=said)
    command.upgrade(config, f"{revision.after or 'base'}:{revision.name}", sql=True)
    return said.getvalue()


def _scripts(ini: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(Config(str(ini)))


def _script(ini: Path, name: str) -> Script:
    return _scripts(ini).get_revision(name)


def _of(ini: Path, name: str) -> Revision:
    """Raise MigrationError where there is no such revision."""
    known = {one.name: one for one in all_revisions(ini)}
    if name not in known:
        raise MigrationError(f"no revision is called {name!r}: name one of {', '.join(known)}")
    return known[name]


def _revision(script: Script) -> Revision:
    module = script.module
    after = script.down_revision
    return Revision(
        name=script.revision,
        after=None if after is None else str(after),
        gives=module.gives,
        transactional=module.transactional,
    )


def _leading_transactional(revisions: Sequence[Revision]) -> list[Revision]:
    leading: list[Revision] = []
    for one in revisions:
        if not one.transactional:
            break
        leading.append(one)
    return leading


def _failures_of_service(connection: Connection) -> list[str]:
    """Ask all that the service asks, each for itself, in a transaction that is rolled back."""
    failures = []
    for number, one in enumerate(STATEMENTS):
        types = f"({one.types})" if one.types else ""
        sample = f"({one.sample})" if one.sample else ""
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"PREPARE service_{number} {types} AS {one.sql}")
                connection.exec_driver_sql(f"EXECUTE service_{number} {sample}")
        except DBAPIError as error:
            if _state(error) in _TOO_LONG:
                raise
            failures.append(f"the service no longer {one.does}: {_words(error)}")
    return failures


def _plain(part: str) -> str:
    return part.removesuffix(" (invalid)")


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "pgcode", None)


def _words(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
