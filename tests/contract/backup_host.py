"""A repository host and a database of the replica's own images, in a time of their own.

Both have the configuration that their images write for themselves. The database runs without
Patroni, and is the only one. A preloaded library (https://github.com/wolfcw/libfaketime) adds
an offset of whole seconds, read from a file that both share, to what every process is told the
time is: time passes at its true pace while something runs, and is skipped where nothing would
happen. Only skipped time makes a month of backups take minutes; no time-out is shortened.
"""

from __future__ import annotations

import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from environments.replica.composing import compose
from environments.replica.containers import Container, connect
from environments.replica.image_builder import build_images
from environments.replica.images.backup.backups.catalogue import parse
from environments.replica.removing import remove_world
from environments.replica.topology import (
    SCOPE,
    NodeSpec,
    Passwords,
    Role,
    Schedule,
    Settings,
)
from environments.replica.world import NODE_LABEL, World
from fixtures.identity import own_identity
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from environments.replica.containers import Engine
    from environments.replica.images.backup.backups.catalogue import Catalogue

SOON, LONG = timedelta(seconds=60), timedelta(minutes=6)
DRIVER = Path(__file__).parent / "backup_time.py"
TIME = {
    "LD_PRELOAD": "/time/libfaketime.so",
    "FAKETIME_TIMESTAMP_FILE": "/time/offset",
    "FAKETIME_NO_CACHE": "1",  # whoever asks gets the offset of that moment
    "FAKETIME_DISABLE_SHM": "1",  # several users' processes
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # time-outs do not pass with skipped time
    # pgBackRest sees what changed by files' times, which an offset that grows would change.
    "NO_FAKE_STAT": "1",
}
_START = """
cp /usr/lib/*/faketime/libfaketime.so.1 /time/libfaketime.so
echo "$0" > /time/offset
exec start
"""
# Not what the cluster of the replica has: one user, no standby, and one repository.
_MAKE_DATABASE = """
sed -i "/^repo$OTHER-/d" /etc/pgbackrest/pgbackrest.conf
initdb --auth=trust --encoding=UTF8 --locale=C.UTF-8 --data-checksums > /dev/null
echo 'host all all all trust' >> "$PGDATA/pg_hba.conf"
cat >> "$PGDATA/postgresql.conf" <<'CONF'
listen_addresses = '*'
shared_buffers = 32MB
archive_mode = on
archive_command = 'pgbackrest --stanza=muster archive-push "%p"'
archive_timeout = 5s
CONF
pg_ctl start --silent --wait --log /tmp/postgres.log
psql --quiet --command 'CREATE TABLE moments (at timestamptz DEFAULT clock_timestamp())'
"""


@dataclass(frozen=True, slots=True)
class Backed:
    """The two nodes; ``name`` is what the repository's host calls the database's."""

    repository: Container
    database: Container
    number: int  # of the repository
    name: str

    def on_repository(self, script: str, *, within: timedelta = SOON, **variables: str) -> str:
        return shell(self.repository, script, within, variables)

    def on_database(self, script: str, *, within: timedelta = SOON, **variables: str) -> str:
        return shell(self.database, script, within, variables)

    def catalogue(self, options: str = "") -> Catalogue:
        command = f"pgbackrest --stanza={SCOPE} --log-level-console=off {options}"
        return parse(self.on_repository(f"{command} --output=json info"), SCOPE)

    def drive(self, *arguments: str, within: timedelta = LONG) -> list[list[str]]:
        """Let the driver pass time in the repository's host; give the words that it says."""
        program = ["python3", "-c", DRIVER.read_text("utf-8"), *arguments]
        done = self.repository.execute(
            program,
            within=within,
            variables={"PGHOST": self.name, "PGUSER": "postgres", "LD_PRELOAD": ""},
        )
        assert done.exit_code == 0, done.stdout + done.stderr + self.repository.last_lines(40)
        return [line.split() for line in done.stdout.splitlines()]


def shell(node: Container, script: str, within: timedelta, variables: Mapping[str, str]) -> str:
    done = node.execute(["sh", "-euc", script], within=within, variables=variables)
    assert done.exit_code == 0, f"{node.name}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def next_month() -> datetime:
    """Give a beginning that is after the times of all files, which stay the true ones."""
    return (datetime.now(UTC).replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )


@contextmanager
def backed_up(now: datetime, schedule: Schedule | None) -> Iterator[Backed]:
    """Start both at that time, with a first full backup; None is the off-site repository."""
    settings = Settings(backups=True, schedule=schedule or Schedule.HOURLY)
    specs = compose(settings, Passwords()).nodes
    backup = next(
        spec
        for spec in specs
        if spec.role is Role.BACKUP
        and (spec.environment["REPOSITORY"] == "1") == bool(schedule)
    )
    scratch = next(spec for spec in specs if spec.role is Role.SCRATCH)
    backup = replace(
        backup, environment={**backup.environment, **TIME, "DATABASES": scratch.name}
    )
    scratch = replace(scratch, environment={**scratch.environment, **TIME})
    images = build_images(["backup", "patroni"], print)
    world = World(f"backed-{uuid.uuid4().hex[:8]}", str(own_identity()))
    offset = f"+{int(now.timestamp() - datetime.now(UTC).timestamp())}"
    with closing(connect()) as engine:
        try:
            engine.create_network(world.network, labels=dict(world.labels))
            node = partial(_start, engine, world, images)
            host = node(backup, ["sh", "-euc", _START, offset], volumes=["/time"])
            _wait_for_file(host, "/time/offset")
            database = node(scratch, None, volumes_from=[host.id])
            number = int(backup.environment["REPOSITORY"])
            backed = Backed(host, database, number, scratch.name)
            backed.on_database(_MAKE_DATABASE, OTHER=str(3 - number))
            _wait_for_file(host, "/var/lib/muster/backups/prepared")
            yield backed
        finally:
            remove_world(engine, world.id)


def _start(
    engine: Engine,
    world: World,
    images: Mapping[str, str],
    spec: NodeSpec,
    command: list[str] | None,
    *,
    volumes: Sequence[str] = (),
    volumes_from: Sequence[str] = (),
) -> Container:
    endpoint = engine.create_endpoint_config(aliases=[spec.name])
    made = engine.create_container(
        images[spec.image],
        command,
        name=world.node(spec.name),
        hostname=spec.name,
        labels={**world.labels, NODE_LABEL: spec.name},
        environment=dict(spec.environment),
        volumes=list(volumes),
        host_config=engine.create_host_config(
            network_mode=world.network, volumes_from=list(volumes_from)
        ),
        networking_config={"EndpointsConfig": {world.network: endpoint}},
    )
    engine.start(made["Id"])
    return Container(spec.name, made["Id"], engine)


def _wait_for_file(node: Container, path: str) -> None:
    wait_until(
        f"{path} on {node.name}",
        lambda: not node.execute(["test", "-e", path], within=SOON, variables={}).exit_code,
        at_most=SOON,
        why_not=lambda _: node.last_lines(),
    )
