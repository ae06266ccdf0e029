"""We believe that backups are secret, and kept from those who use them.

Each search for a secret is also made where the secret lies open, and finds it there.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.replica.certificates import Authority
from environments.replica.nodes import ContainerNode
from environments.selectors import select
from fixtures.waiting import wait_until
from tests.contract.repositories import HOSTS, WITHIN, backups_of, on, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from environments.model import Environment

# Who signs wants to see these too, so they run with the drills as well.
pytestmark = [
    pytest.mark.contract,
    pytest.mark.dr,
    pytest.mark.restore,
    pytest.mark.settings(Settings(backups=True)),
]

REPOSITORY = "/var/lib/pgbackrest"
TLS_PORT = 8432
POSTGRES_PORT = 5432


def in_container(replica: Environment, selector: str) -> ContainerNode:
    (node,) = select(replica, selector)
    assert isinstance(node, ContainerNode)
    return node


# Secret: at rest and on the way


@pytest.fixture
def marker(replica: Environment) -> Iterator[str]:
    """Lend a secret that no compression shortens, and forget it in the end."""
    yield secrets.token_urlsafe(48)
    told(replica, "bastion", "psql --quiet --command 'DROP TABLE IF EXISTS secret'")


def plant(replica: Environment, marker: str) -> None:
    """Write the secret into a table of its own, onto the disk and into the log."""
    told(
        replica,
        "bastion",
        """psql --quiet --set=ON_ERROR_STOP=1 --set=marker="$MARKER" <<'SQL'
DROP TABLE IF EXISTS secret;
CREATE TABLE secret AS SELECT :'marker' || number FROM generate_series(1, 200) AS number;
CHECKPOINT;
SQL
""",
        MARKER=marker,
    )


def files_with(replica: Environment, host: str, folder: str, marker: str) -> list[str]:
    search = 'grep --recursive --files-with-matches --fixed-strings -e "$MARKER" "$FOLDER"'
    none = "[ $? = 1 ]"  # any other failure is one
    return told(replica, host, f"{search} || {none}", MARKER=marker, FOLDER=folder).split()


# The same cluster, by the same tool and with the same compression, but with no key.
OPEN_BACKUP = """
mkdir --mode=0700 /tmp/open
sed -e '/cipher-pass/d' -e 's/cipher-type=.*/cipher-type=none/' \
  -e 's|-path=/var/lib/pgbackrest|-path=/tmp/open/repository|' \
  /etc/pgbackrest/pgbackrest.conf > /tmp/open/pgbackrest.conf
export PGBACKREST_CONFIG=/tmp/open/pgbackrest.conf PGBACKREST_LOCK_PATH=/tmp/open/locks
pgbackrest --stanza=muster stanza-create
pgbackrest --stanza=muster --no-archive-check --type=full backup
"""


@pytest.mark.requirement("BKP-5")
def test_who_reads_the_repositories_files_reads_no_plain_text(
    replica: Environment, marker: str
) -> None:
    plant(replica, marker)
    for host in HOSTS:
        told(replica, host, "backup-job full")  # it also waits for the log up to its end
        assert files_with(replica, host, REPOSITORY, marker) == []
    try:
        told(replica, "east-backup", OPEN_BACKUP)
        assert files_with(replica, "east-backup", "/tmp/open/repository", marker)  # noqa: S108 # a container's own
    finally:
        told(replica, "east-backup", "rm --recursive --force /tmp/open")


@dataclass(frozen=True, slots=True)
class Capture:
    """What passed a port: its bytes, the lines that had the secret, the packets missed."""

    size: int
    hits: int
    missed: int


# It ends with a packet to the port of "discard", which whoever started it sends.
_CAPTURE = """
tcpdump -i any -B 16384 -Z root -w /tmp/passed 'tcp port {port}' 2> /tmp/said & capture=$!
timeout 40 tcpdump -i any -c 1 'udp port 9' > /dev/null 2>&1 || true
kill -INT $capture; wait $capture || true
wc --bytes < /tmp/passed
grep --text --count --fixed-strings -e '{marker}' /tmp/passed || true
sed --quiet 's/ packets\\? dropped by kernel//p' /tmp/said
"""
_END_CAPTURE = (
    "import socket; "
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))"
)


def capture(
    replica: Environment, selector: str, port: int, marker: str, during: Callable[[], object]
) -> Capture:
    node = in_container(replica, selector)
    script = _CAPTURE.format(port=port, marker=marker)
    with ThreadPoolExecutor(1) as pool:
        capturing = pool.submit(node.sidecars.in_network_of, node.container, script)
        try:
            wait_until(
                "both captures to listen",
                lambda: len(told(replica, node.name, "cat /proc/net/packet").splitlines()) > 2,
                at_most=WITHIN,
            )
            during()
        finally:
            node.run(["python3", "-c", _END_CAPTURE], within=WITHIN)
        return Capture(*map(int, capturing.result().split()))


@pytest.mark.requirement("BKP-5")
def test_who_listens_between_databases_and_repository_hears_no_plain_text(
    replica: Environment, marker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("environments.replica.sidecar.ENDED_WITHIN_SECONDS", 60)

    def back_up() -> None:
        plant(replica, marker)
        told(replica, "east-backup", "backup-job diff")

    sealed = capture(replica, "east-backup", TLS_PORT, marker, back_up)
    assert (sealed.hits, sealed.missed) == (0, 0)
    newest = backups_of(replica, "east-backup")[-1]
    assert sealed.size > int(newest["info"]["repository"]["delta"])
    in_the_clear = capture(
        replica, "db:primary", POSTGRES_PORT, marker, lambda: plant(replica, marker)
    )
    assert in_the_clear.hits > 0


# Who may do what

LIST_BACKUPS = """
printf %s "$TLS_CERTIFICATE" > /tmp/shown.pem
(umask 077 && printf %s "$TLS_KEY" > /tmp/shown-key.pem)
repo=--repo$REPO
pgbackrest --config=/dev/null --stanza=muster $repo-host="$HOST" $repo-host-type=tls \
  $repo-host-ca-file=/run/muster/tls/authority.pem $repo-host-cert-file=/tmp/shown.pem \
  $repo-host-key-file=/tmp/shown-key.pem --repo=$REPO repo-ls backup/muster 2>&1
"""
FORGED = Authority().issue("east-scratch")


@pytest.mark.requirement("BKP-9")
@pytest.mark.parametrize("host", HOSTS)
def test_a_repository_speaks_only_to_those_whose_certificate_it_knows(
    replica: Environment, host: str
) -> None:
    to = {"HOST": host, "REPO": HOSTS[host]}
    assert "backup.info" in told(replica, "scratch", LIST_BACKUPS, **to)
    forged = {"TLS_CERTIFICATE": FORGED.pem, "TLS_KEY": FORGED.key}
    unknown = on(replica, "scratch", LIST_BACKUPS, **to, **forged)
    no_client = on(replica, "east-backup", LIST_BACKUPS, **to)  # our authority's, of a host
    for refused, why in ((unknown, "TLS"), (no_client, "access denied")):
        assert refused.exit_code != 0
        assert why in refused.stdout
        assert "backup.info" not in refused.stdout


@pytest.fixture
def kept(replica: Environment) -> Iterator[str]:
    """Give a full backup that retention could take; in the end all are as they were."""
    fulls = [one for one in backups_of(replica, "east-backup") if one["type"] == "full"]
    if len(fulls) == 1:  # the last full one is kept by pgBackRest itself
        told(replica, "east-backup", "backup-job full")
    told(replica, "east-backup", "supervisorctl stop schedule")
    before = listing(replica), backups_of(replica, "east-backup")
    try:
        yield str(fulls[0]["label"])
        assert (listing(replica), backups_of(replica, "east-backup")) == before
    finally:
        told(replica, "east-backup", "supervisorctl start schedule")


def listing(replica: Environment) -> str:
    script = (
        "find backup -type f -exec sha256sum {} + | sort; find backup -printf '%p %m %u %l\\n'"
    )
    return told(replica, "east-backup", f"cd {REPOSITORY}; {script}")


BY_PGBACKREST = {
    "expire by set": 'pgbackrest --repo1-retention-full=1 --set="$LABEL" expire',
    "expire by count": "pgbackrest --repo1-retention-full=1 expire",
    "remove": 'pgbackrest repo-rm --recurse "backup/muster/$LABEL"',
    "remove the catalogue": "pgbackrest repo-rm backup/muster/backup.info",
    "overwrite": 'echo x | pgbackrest repo-put "backup/muster/$LABEL/backup.manifest"',
    "overwrite the catalogue": "echo x | pgbackrest repo-put backup/muster/backup.info",
}
BY_HAND = {
    "remove": f'rm --recursive --force "{REPOSITORY}/backup/muster/$LABEL"',
    "remove the catalogue": f"rm --force {REPOSITORY}/backup/muster/backup.info",
    "rename": f"mv {REPOSITORY}/backup {REPOSITORY}/gone",
    "overwrite": f'echo x > "{REPOSITORY}/backup/muster/$LABEL/backup.manifest"',
    "add": f"touch {REPOSITORY}/backup/muster/new",
    "let others write": f"chmod --recursive o+w {REPOSITORY}/backup",
}


# The last is 2.55's own: it removes nothing over TLS, whoever asks.
REFUSALS = ("Permission denied", "Operation not permitted", "'compress-level-network' is not")


def not_refused(
    replica: Environment, selector: str, attempts: dict[str, str], label: str, prefix: str = ""
) -> list[str]:
    """Try each, and name those that did not fail for want of a right."""
    variables = {"LABEL": label, "PGBACKREST_STANZA": "muster", "PGBACKREST_REPO": "1"}

    def is_refused(script: str) -> bool:
        done = on(replica, selector, f"{prefix}sh -euc '{script}' 2>&1", **variables)
        return done.exit_code != 0 and any(why in done.stdout for why in REFUSALS)

    return [name for name, script in attempts.items() if not is_refused(script)]


@pytest.mark.requirement("BKP-9")
@pytest.mark.parametrize("selector", ["db:primary", "scratch"])
def test_who_has_all_that_a_database_has_takes_no_backup_away(
    replica: Environment, kept: str, selector: str
) -> None:
    assert "backup.info" in told(
        replica, selector, "pgbackrest --stanza=muster --repo=1 repo-ls backup/muster"
    )
    assert not_refused(replica, selector, BY_PGBACKREST, kept) == []


@pytest.mark.requirement("BKP-9")
def test_the_repositorys_own_server_takes_no_backup_away(
    replica: Environment, kept: str
) -> None:
    """Whatever a client makes it do, it does as this user."""
    told(replica, "east-backup", "ps -o user= -C pgbackrest | grep --quiet pgbackrest")
    as_server = "setpriv --reuid=pgbackrest --regid=pgbackrest --init-groups "
    for attempts in (BY_HAND, BY_PGBACKREST):
        assert not_refused(replica, "east-backup", attempts, kept, as_server) == []


@pytest.mark.requirement("BKP-9")
def test_who_has_the_applications_credentials_has_no_way_to_the_backups(
    replica: Environment,
) -> None:
    password = told(replica, "east-app-1", 'printf %s "$DATABASE_PASSWORD"')
    login = {"PGUSER": "orders", "PGPASSWORD": password}
    assert told(replica, "bastion", "psql -Atc 'SELECT current_user'", **login) == "orders\n"
    script = "psql --command \"COPY (SELECT 1) TO PROGRAM 'pgbackrest info'\""
    assert "permission denied to COPY to or from an external program" in (
        on(replica, "bastion", script, **login).stderr
    )
    assert (
        on(replica, "east-app-1", "ls /run/muster/tls || command -v pgbackrest").exit_code != 0
    )
