"""We believe that a report of damage is never taken for one of health, nor the reverse."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from environments.replica.images.backup.backups.verification import trouble

GOOD = """\
stanza: muster
status: ok
  archiveId: 17-1, total WAL checked: 7, total valid WAL: 7
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261121-120000F, status: valid, total files checked: 968, total valid files: 968
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261121-130000F, status: in-progress, total files checked: 9, total valid files: 8
"""
LOGGED = "2026-11-21 13:00:00.123 P00   INFO: "


def test_a_good_report() -> None:
    assert trouble(GOOD.splitlines()) == ()


def test_a_good_report_in_the_log_as_well() -> None:
    began, ended = f"{LOGGED}verify command begin 2.55: --repo=1", f"{LOGGED}verify command end"
    report = [began, *(LOGGED + GOOD).splitlines(), *GOOD.splitlines(), ended]
    assert trouble(report) == ()


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("status: ok", "status: error", ("repository, status: error",)),
        ("missing: 0", "missing: 2", ("archiveId: 17-1, missing: 2",)),
        (
            "checksum invalid: 0",
            "checksum invalid: 1",
            ("archiveId: 17-1, checksum invalid: 1",),
        ),
        ("other: 0", "other: 10", ("archiveId: 17-1, other: 10",)),
        ("WAL: 7", "WAL: 6", ("archiveId: 17-1, 6 of 7 files are valid",)),
        ("status: valid", "status: invalid", ("backup: 20261121-120000F, status: invalid",)),
        (
            "status: valid",
            "status: manifest missing",
            ("backup: 20261121-120000F, status: manifest missing",),
        ),
        ("files: 968", "files: 967", ("backup: 20261121-120000F, 967 of 968 files are valid",)),
    ],
)
def test_what_is_wrong_is_told_with_where(
    was: str, becomes: str, told: tuple[str, ...]
) -> None:
    assert trouble(GOOD.replace(was, becomes, 1).splitlines()) == told


def test_what_the_log_says_too_is_told_once() -> None:
    bad = GOOD.replace("size invalid: 0", "size invalid: 3", 1)
    report = [*(LOGGED + bad).splitlines(), *bad.splitlines()]
    assert trouble(report) == ("archiveId: 17-1, size invalid: 3",)


def test_a_repository_without_its_information() -> None:
    report = ["stanza: muster", "status: error", "  No usable backup.info file"]
    assert trouble(report) == (
        "repository, status: error",
        "repository, No usable backup.info file",
    )


@given(st.lists(st.text(alphabet="abc :0,", max_size=30)))
def test_without_a_report_nothing_was_verified(lines: list[str]) -> None:
    assert trouble(lines) == ("there is no report",)


@given(st.lists(st.integers(0, 20), min_size=4, max_size=4))
def test_every_count_that_is_not_zero_is_told(counts: list[int]) -> None:
    names = ("missing", "checksum invalid", "size invalid", "other")
    line = ", ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True))
    told = trouble(["status: ok", line])
    assert len(told) == sum(count > 0 for count in counts)
