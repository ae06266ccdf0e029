"""We believe that who has seized a database cannot make a backup useless in any other way.

A backup without the WAL of its own minutes cannot be restored; nor can one whose keeper
follows a link out of the archive, where clients write, when it expires what is old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from tests.contract.repositories import HOSTS, backups_of, on, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment
    from fixtures.worlds import Worlds

pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(backups=True)),
]


@pytest.fixture
def attacked(replica: Environment, worlds: Worlds) -> Iterator[Environment]:
    """Lend a replica that nobody uses afterwards."""
    yield replica
    worlds.taint("its archive of WAL was attacked")


def labels(world: Environment, host: str) -> list[str]:
    return [str(one["label"]) for one in backups_of(world, host)]


RESTORE = """
rm --recursive --force "$PGDATA" && mkdir --mode=0700 "$PGDATA"
pgbackrest --stanza=muster --repo="$REPOSITORY" --set="$LABEL" --archive-mode=off \
  --type=immediate --target-action=promote restore
pg_ctl start --silent --wait --log /tmp/recovery.log --options "-c synchronous_standby_names="
psql --dbname orders --command 'SELECT count(*) FROM orders'
pg_ctl stop --silent --mode=immediate
"""


def test_a_backup_can_be_restored_although_a_client_took_all_wal_away(
    attacked: Environment,
) -> None:
    for host in HOSTS:
        told(attacked, host, "backup-job full")
    before = {host: labels(attacked, host) for host in HOSTS}
    told(attacked, "db:primary", "pgbackrest --stanza=muster stop")
    attack = "pgbackrest --stanza=muster --repo=1 --force stanza-delete"
    assert on(attacked, "db:primary", attack).exit_code != 0
    assert {host: labels(attacked, host) for host in HOSTS} == before
    for host, repository in HOSTS.items():
        wal = "find /var/lib/pgbackrest/archive -name '0000*'"
        told(attacked, host, f"{wal} -delete")  # if it is not gone already
        variables = {"REPOSITORY": repository, "LABEL": before[host][-1]}
        told(attacked, "scratch", RESTORE, **variables)


LINK = """
cd /var/lib/pgbackrest/archive/muster
setpriv --reuid=pgbackrest --regid=pgbackrest --init-groups \
  ln --symbolic ../../../backup/muster 17-1/0000000000000001
"""
# In a month, when backups expire, and with them WAL: whatever comes before theirs.
IN_A_MONTH = """
LD_PRELOAD=$(echo /usr/lib/*/faketime/libfaketime.so.1) FAKETIME=+31d backup-job full
"""


def test_no_link_out_of_the_archive_is_followed_when_wal_expires(
    attacked: Environment,
) -> None:
    host = "east-backup"
    before = labels(attacked, host)
    told(attacked, host, LINK)
    assert on(attacked, host, IN_A_MONTH).exit_code == 1  # what it may not do it says
    (newest,) = labels(attacked, host)
    assert newest not in before
    told(attacked, host, f"test -s /var/lib/pgbackrest/backup/muster/{newest}/backup.manifest")
