"""We believe that whatever becomes of a job, its record and its exit code tell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from environments.replica.images.backup.backups.commands import CANNOT_BE_STARTED, stream
from environments.replica.images.backup.backups.job import (
    AWAY,
    LOCKED,
    NOBODY,
    Patience,
    run_job,
)
from environments.replica.images.backup.backups.runs import (
    LINES_KEPT,
    Kind,
    Run,
    Runs,
    read_runs,
    write_run,
)
from environments.replica.images.backup.backups.settings import Target
from environments.replica.images.backup.backups.unknown import Unknown
from tests.unit.backups.parts import Programs, run

IMAGE = Path(__file__).parents[3] / "environments/replica/images/backup"
SHORT = Patience(every_seconds=0.05, at_most_seconds=0.4)
EXPIRATIONS = [
    "--stanza=muster --repo=2 --repo2-retention-archive=9999999 expire",
    "--stanza=muster --repo=2 --lock-path=/tmp/pgbackrest expire",
]
GOOD_REPORT = "stanza: muster\nstatus: ok"


def do(kind: Kind, state: Path) -> Run:
    target = Target(repository="2", stanza="muster", state=state)
    return run_job(kind, target, lambda _: None, SHORT)


def fails_at_first(calls: int, code: int = LOCKED) -> str:
    return f'[ $(wc -l <"$0.calls") -gt {calls} ] || {{ echo held; exit {code}; }}'


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (Kind.FULL, "--stanza=muster --repo=2 --type=full backup"),
        (Kind.DIFF, "--stanza=muster --repo=2 --type=diff backup"),
        (Kind.INCR, "--stanza=muster --repo=2 --type=incr backup"),
        (Kind.VERIFY, "--stanza=muster --repo=2 --output=text --verbose verify"),
        (Kind.CHECK, "--stanza=muster check"),
    ],
)
def test_pgbackrest_is_run_and_the_record_is_left(
    programs: Programs, tmp_path: Path, kind: Kind, arguments: str
) -> None:
    programs.write("pgbackrest", f"echo '{GOOD_REPORT}'; echo complaint >&2")
    before = time.time()
    done = do(kind, tmp_path / "state")
    expirations = EXPIRATIONS if kind.is_backup else []
    assert programs.calls("pgbackrest") == [arguments, *expirations]
    assert not done.failed
    assert done.last_lines[-3:] == ("stanza: muster", "status: ok", "complaint")
    assert before <= done.began <= done.ended <= time.time()
    left = read_runs(tmp_path / "state")
    expected = {("backup" if kind.is_backup else kind.value): done}
    assert left == Runs(**expected)


@pytest.mark.parametrize("expiration", EXPIRATIONS)
def test_a_backup_after_which_nothing_expires_has_failed(
    programs: Programs, tmp_path: Path, expiration: str
) -> None:
    programs.write("pgbackrest", f'[ "$*" != "{expiration}" ] || exit 104')
    assert do(Kind.INCR, tmp_path).exit_code == 104
    assert programs.calls("pgbackrest")[-1] == expiration


def test_wal_expires_as_the_servers_user(programs: Programs, tmp_path: Path) -> None:
    programs.write("pgbackrest", "true")
    do(Kind.FULL, tmp_path)
    user = "--reuid=pgbackrest --regid=pgbackrest --init-groups"
    assert programs.calls("setpriv") == [f"{user} pgbackrest {EXPIRATIONS[-1]}"]


def test_only_the_last_lines_are_kept(programs: Programs, tmp_path: Path) -> None:
    programs.write("pgbackrest", "seq 1 50; exit 3")
    done = do(Kind.FULL, tmp_path)
    assert done.last_lines == tuple(str(n) for n in range(51 - LINES_KEPT, 51))
    assert (done.failed, done.exit_code) == (True, 3)


def test_a_backup_waits_for_another_one(programs: Programs, tmp_path: Path) -> None:
    programs.write("pgbackrest", fails_at_first(2))
    assert not do(Kind.INCR, tmp_path).failed
    assert len(programs.calls("pgbackrest")) == 3 + len(EXPIRATIONS)


@pytest.mark.parametrize("kind", [Kind.FULL, Kind.INCR, Kind.CHECK])
def test_what_needs_a_primary_waits_for_one(
    programs: Programs, tmp_path: Path, kind: Kind
) -> None:
    programs.write("pgbackrest", fails_at_first(2, AWAY))
    assert not do(kind, tmp_path).failed
    expirations = EXPIRATIONS if kind.is_backup else []
    assert len(programs.calls("pgbackrest")) == 3 + len(expirations)


def test_a_check_waits_for_any_database(programs: Programs, tmp_path: Path) -> None:
    programs.write("pgbackrest", fails_at_first(2, NOBODY))
    assert not do(Kind.CHECK, tmp_path).failed
    assert len(programs.calls("pgbackrest")) == 3


def test_a_backup_that_waited_long_enough_has_failed(
    programs: Programs, tmp_path: Path
) -> None:
    programs.write("pgbackrest", fails_at_first(1000))
    began = time.monotonic()
    done = do(Kind.INCR, tmp_path)
    assert (done.exit_code, done.complaint) == (LOCKED, "held")
    assert time.monotonic() - began < 5
    assert len(programs.calls("pgbackrest")) > 1


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.FULL, 82),
        (Kind.FULL, NOBODY),
        (Kind.CHECK, LOCKED),
        (Kind.VERIFY, LOCKED),
        (Kind.VERIFY, AWAY),
    ],
)
def test_nothing_else_is_tried_again(
    programs: Programs, tmp_path: Path, kind: Kind, code: int
) -> None:
    programs.write("pgbackrest", f"exit {code}")
    assert do(kind, tmp_path).exit_code == code
    assert len(programs.calls("pgbackrest")) == 1


def test_damage_is_a_failure_although_the_exit_code_says_well(
    programs: Programs, tmp_path: Path
) -> None:
    """Far above the last lines, as in the report of a month of backups."""
    damage = "stanza: muster\nstatus: error\n  backup: 1F, status: invalid"
    programs.write("pgbackrest", f"echo '{damage}'; seq 1 50")
    done = do(Kind.VERIFY, tmp_path)
    assert (done.exit_code, done.failed) == (0, True)
    assert "backup: 1F, status: invalid" in done.trouble


def test_a_program_that_is_missing_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = do(Kind.FULL, tmp_path)
    assert done.exit_code == CANNOT_BE_STARTED
    assert done.complaint == "pgbackrest cannot be started: No such file or directory"


@pytest.mark.parametrize(
    ("script", "exit_code"),
    [("sleep 60", -15), ("trap '' TERM; sleep 60; sleep 60", -9)],
)
def test_what_takes_too_long_is_ended_with_all_that_it_started(
    programs: Programs, script: str, exit_code: int
) -> None:
    programs.write("pgbackrest", f"echo begun; {script}")
    began = time.monotonic()
    heard: list[str] = []
    output = stream(("pgbackrest",), within=0.3, say=heard.append, grace=0.3)
    assert time.monotonic() - began < 10
    assert output.exit_code == exit_code
    assert tuple(heard) == output.lines
    assert heard == ["begun", "this took longer than 0.3 s and is ended"]


def test_a_damaged_record_is_unknown(tmp_path: Path) -> None:
    write_run(tmp_path, run(Kind.CHECK))
    path = tmp_path / Kind.CHECK.record
    path.write_text(path.read_text()[:-5])
    assert read_runs(tmp_path) == Runs(
        check=Unknown(f"{path} cannot be read: run that job again")
    )


def test_a_record_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_run(tmp_path, run(Kind.FULL, exit_code=1))
    write_run(tmp_path, run(Kind.INCR))
    assert read_runs(tmp_path) == Runs(backup=run(Kind.INCR))
    assert [path.name for path in tmp_path.iterdir()] == ["last-backup.json"]


@given(
    st.builds(
        Run,
        kind=st.sampled_from(Kind),
        began=st.floats(0, 1e12),
        ended=st.floats(0, 1e12),
        exit_code=st.integers(-64, 255),
        last_lines=st.lists(st.text(st.characters(codec="utf-8"))).map(tuple),
        trouble=st.lists(st.text(st.characters(codec="utf-8"))).map(tuple),
    )
)
@settings(deadline=None)  # files on a busy disk
def test_a_record_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, done: Run
) -> None:
    folder = tmp_path_factory.mktemp("state")
    write_run(folder, done)
    left = read_runs(folder)
    assert done in {left.backup, left.verify, left.check}


def job(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "backups.job", *arguments],
        cwd=IMAGE,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_as_cron_runs_it(programs: Programs, tmp_path: Path) -> None:
    programs.write("pgbackrest", "echo hello; exit 9")
    settings = {"REPOSITORY": "1", "STANZA": "muster", "STATE_FOLDER": str(tmp_path / "state")}
    done = job("incr", **settings)
    assert (done.returncode, done.stdout, done.stderr) == (1, "hello\n", "")
    programs.write("pgbackrest", "true")
    assert job("incr", **settings).returncode == 0
    (tmp_path / "file").touch()
    done = job("incr", **settings | {"STATE_FOLDER": str(tmp_path / "file")})
    assert done.returncode == 1
    assert done.stderr.startswith("the incr job cannot leave its record: ")


def test_a_wrong_setting_or_kind_stops_it_with_a_sentence() -> None:
    done = job("full", REPOSITORY="3", STANZA="muster")
    assert done.returncode == 1
    assert done.stderr == "the full job cannot start: REPOSITORY='3' is none of 1, 2\n"
    assert job("hourly").returncode == 2
