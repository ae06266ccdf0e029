"""We believe that nothing wrong with the backups stays unsaid, and that well means silence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

from environments.replica.images.backup.backups.archiver import Archiver, parse
from environments.replica.images.backup.backups.findings import describe_seconds, findings
from environments.replica.images.backup.backups.runs import Kind, Run, Runs
from environments.replica.images.backup.backups.schedule import Schedule
from environments.replica.images.backup.backups.unknown import Unknown, UnknownError
from tests.unit.backups.parts import DAY, HOUR, NOW, WELL, backup, catalogue, run

if TYPE_CHECKING:
    from environments.replica.images.backup.backups.catalogue import Backup, Catalogue

MINUTE = 60
FRESH = catalogue(backup(age=HOUR // 2))


def found(
    holdings: Catalogue | Unknown = FRESH,
    *,
    runs: Runs | None = None,
    archiver: Archiver | Unknown = WELL,
    schedule: Schedule = Schedule.HOURLY,
    now: float = NOW,
) -> tuple[str, ...]:
    return findings(holdings, runs or Runs(), archiver, schedule, now)


def only(sentences: tuple[str, ...]) -> str:
    (sentence,) = sentences
    return sentence


def test_silence_when_all_is_well() -> None:
    runs = Runs(backup=run(Kind.INCR), verify=run(Kind.VERIFY), check=run(Kind.CHECK))
    assert found(runs=runs) == ()


def test_no_full_backup_yet() -> None:
    assert only(found(catalogue())).startswith("there is no full backup yet")
    lonely = catalogue(backup(age=60, kind="incr"))
    assert only(found(lonely)).startswith("there is no full backup yet")


@pytest.mark.parametrize(
    ("schedule", "kind", "most"),
    [
        (Schedule.HOURLY, "incr", HOUR + 15 * MINUTE),
        (Schedule.HOURLY, "full", DAY + 15 * MINUTE),
        (Schedule.SIX_HOURLY, "incr", 6 * HOUR + 15 * MINUTE),
        (Schedule.SIX_HOURLY, "full", DAY + 15 * MINUTE),
        (Schedule.WEEKLY, "incr", 7 * DAY + 6 * HOUR),
        (Schedule.WEEKLY, "full", 7 * DAY + 6 * HOUR),
    ],
)
def test_later_than_promised(schedule: Schedule, kind: str, most: int) -> None:
    """The other kind is as fresh as can be; the full one counts as a backup, too."""
    other = backup(age=0, kind="incr" if kind == "full" else "full")

    def with_age(age: int) -> tuple[str, ...]:
        aged = backup(age=age, kind=kind)
        holdings = catalogue(aged, other) if kind == "full" else catalogue(aged)
        return tuple(line for line in found(holdings, schedule=schedule) if aged.label in line)

    assert with_age(most) == ()
    assert len(with_age(most + 1)) == 1


def test_a_fresh_full_backup_is_a_backup() -> None:
    assert found(catalogue(backup(age=60), backup(age=5 * HOUR, kind="incr"))) == ()


def test_how_old_it_is_and_how_old_it_may_be_is_said() -> None:
    old = backup(age=90 * MINUTE)
    assert only(found(catalogue(old))) == (
        f"the newest backup, {old.label}, is 1.5 h old, and there should be one every 1 h: "
        "see why none was made since"
    )


@pytest.mark.parametrize(
    ("field", "kind", "begins"),
    [
        ("backup", Kind.DIFF, "the last diff backup failed: ERROR: [082]: WAL"),
        ("verify", Kind.VERIFY, "the last verification failed: ERROR: [082]: WAL"),
        ("check", Kind.CHECK, "the last check of archiving failed: ERROR: [082]: WAL"),
    ],
)
def test_a_run_that_failed_is_told_with_its_error(field: str, kind: Kind, begins: str) -> None:
    said = "2026-11-21 13:00:00.123 P00  ERROR: [082]: WAL\n        HINT: check\nP00 INFO: end"
    runs = Runs(**{field: run(kind, exit_code=82, said=said)})
    assert only(found(runs=runs)) == begins


@pytest.mark.parametrize(("said", "complaint"), [("", "it said nothing"), ("a\nb\n ", "b")])
def test_a_run_that_names_no_error_is_told_with_its_last_line(
    said: str, complaint: str
) -> None:
    assert run(Kind.FULL, exit_code=1, said=said).complaint == complaint


@pytest.mark.parametrize("field", ["backup", "verify", "check"])
def test_a_record_that_cannot_be_read_is_no_good_news(field: str) -> None:
    assert only(found(runs=Runs(**{field: Unknown("it is damaged")}))).endswith(
        "is not known: it is damaged"
    )


def test_damage_that_verification_found() -> None:
    runs = Runs(verify=run(Kind.VERIFY, trouble=("status: error", "missing: 1")))
    assert only(found(runs=runs)) == (
        "the last verification found damage: missing: 1 and 1 more"
    )


def test_invalid_pages_in_any_backup() -> None:
    first, last = (backup(age=age, has_errors=True) for age in (900, 800))
    assert f"copied into {last.label} and 1 more:" in only(
        found(catalogue(first, last, backup(age=60)))
    )
    assert f"copied into {last.label}:" in only(found(catalogue(last, backup(age=60))))


def test_a_repository_that_is_not_well_or_cannot_be_read() -> None:
    troubled = replace(FRESH, trouble="missing stanza data")
    assert only(found(troubled)) == "pgBackRest says of the repository: missing stanza data"
    assert only(found(Unknown("it hangs"))) == "the repository could not be read: it hangs"


def test_archiving_that_fails_or_does_not_keep_up_or_cannot_be_asked_for() -> None:
    assert found(archiver=replace(WELL, waiting=4)) == ()
    assert only(found(archiver=replace(WELL, waiting=5))).startswith("5 segments of WAL wait")
    assert "attempt to archive WAL failed" in only(
        found(archiver=replace(WELL, failed_after_success=True))
    )
    assert only(found(archiver=Unknown("it is gone"))) == (
        "the primary could not be asked how archiving goes: it is gone"
    )


@pytest.mark.parametrize(
    ("sizes", "is_told"),
    [
        ((100, 100, 1), False),  # two earlier ones make no trend
        ((100, 100, 100, 50), False),
        ((100, 100, 100, 49), True),
        ((100, 100, 100, 200), False),
        ((100, 100, 100, 201), True),
        ((100, 1000, 100, 110), False),  # one odd one does not move the median
        ((), False),
    ],
)
def test_a_size_out_of_the_ordinary(sizes: tuple[int, ...], *, is_told: bool) -> None:
    fulls = [backup(age=60 * (9 - place), size=size) for place, size in enumerate(sizes)]
    increments = [backup(age=1, kind="incr", size=7)]
    told = [line for line in found(catalogue(*fulls, *increments)) if "are usual" in line]
    assert len(told) == is_told


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("0|f|12.5\n", WELL),
        ("7|t|\n", Archiver(7, failed_after_success=True, seconds_since_archived=None)),
    ],
)
def test_the_primary_s_answer_is_read(row: str, expected: Archiver) -> None:
    assert parse(row) == expected


@pytest.mark.parametrize("row", ["", "0|f", "x|f|1", "0|maybe|1", "0|f|soon", "0|f|1|2"])
def test_another_answer_is_refused(row: str) -> None:
    with pytest.raises(UnknownError, match="makes no sense"):
        parse(row)


@pytest.mark.parametrize(
    ("seconds", "words"), [(59, "59 s"), (60, "1 min"), (5400, "1.5 h"), (7 * DAY, "7 d")]
)
def test_time_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert describe_seconds(seconds) == words


BACKUPS = st.lists(
    st.builds(
        backup,
        age=st.integers(0, 20 * DAY),
        kind=st.sampled_from(["full", "diff", "incr"]),
        size=st.integers(0, 5000),
        has_errors=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda backup: backup.stopped,
)
ARCHIVERS = st.builds(
    Archiver, st.integers(0, 9), st.booleans(), st.none() | st.floats(0, 1e6)
) | st.builds(Unknown, st.text())
RUNS = st.none() | st.builds(
    run, st.sampled_from(Kind), exit_code=st.integers(0, 1), said=st.text(max_size=9)
)


@given(BACKUPS, ARCHIVERS, RUNS, st.sampled_from(Schedule), st.integers(0, 20 * DAY))
def test_as_backups_grow_older_there_are_never_fewer_findings(
    backups: list[Backup],
    archiver: Archiver | Unknown,
    last: Run | None,
    schedule: Schedule,
    later: int,
) -> None:
    def at(now: float) -> tuple[str, ...]:
        return findings(catalogue(*backups), Runs(backup=last), archiver, schedule, now)

    assert len(at(NOW + later)) >= len(at(NOW))


@given(BACKUPS, RUNS, st.sampled_from(Schedule))
def test_a_new_full_backup_of_the_usual_size_leaves_no_word_of_age(
    backups: list[Backup], last: Run | None, schedule: Schedule
) -> None:
    holdings = catalogue(*backups, backup(age=0))
    sentences = findings(holdings, Runs(backup=last), WELL, schedule, NOW)
    assert not [line for line in sentences if "old" in line or "no full backup" in line]


@given(BACKUPS, st.sampled_from(Schedule))
def test_every_finding_is_one_line(backups: list[Backup], schedule: Schedule) -> None:
    for line in found(catalogue(*backups), schedule=schedule):
        assert "\n" not in line
        assert line


@given(ARCHIVERS, st.integers(0, 20))
def test_more_waiting_segments_never_make_fewer_findings(
    archiver: Archiver | Unknown, more: int
) -> None:
    if isinstance(archiver, Unknown):
        assert len(found(archiver=archiver)) == 1
        return
    worse = replace(archiver, waiting=archiver.waiting + more)
    assert len(found(archiver=worse)) >= len(found(archiver=archiver))
