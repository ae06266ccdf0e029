"""Belief: what is stated of production is read, or refused in one sentence with its line."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixtures.production import STATED, ProductionError, read_production
from reports.recovery_cost import Production

STATEMENT = """\
# what we run
database_gigabytes = 500
wal_gigabytes = 20

gigabits_per_second = 1.5
rto = "1h"
"""
WHOLE = Production(
    database_gigabytes=500, wal_gigabytes=20, gigabits_per_second=1.5, rto_seconds=3600
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "production.toml"


def read(path: Path, text: str | bytes) -> Production:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_production(path)


def refusal(path: Path, text: str | bytes) -> str:
    with pytest.raises(ProductionError) as caught:
        read(path, text)
    return str(caught.value)


def test_a_whole_statement(path: Path) -> None:
    assert read(path, STATEMENT) == WHOLE
    assert read(path, STATEMENT.replace("\n", "\r\n")) == WHOLE


def test_what_we_ship_is_a_whole_statement() -> None:
    assert read_production(STATED) == Production(
        database_gigabytes=500, wal_gigabytes=20, gigabits_per_second=1, rto_seconds=3600
    )


def test_no_file(path: Path) -> None:
    with pytest.raises(ProductionError, match=r"^production\.toml:1: cannot be read from .*; "):
        read_production(path)
    path.mkdir()
    with pytest.raises(ProductionError, match="Is a directory"):
        read_production(path)


@pytest.mark.parametrize(
    "value",
    [
        *("0", "-1", "-0.0", "nan", "-nan", "inf", "-inf", "1e-7", "1000001", "1e999"),
        *("9" * 400, "0x" + "f" * 5000, "true", '"500"', "[500]", "{a = 1}", "1979-05-27"),
    ],
)
@pytest.mark.parametrize(
    ("key", "line"),
    [("database_gigabytes", 2), ("wal_gigabytes", 3), ("gigabits_per_second", 5)],
)
def test_a_number_that_makes_no_sense(path: Path, key: str, line: int, value: str) -> None:
    said = refusal(path, re.sub(rf"{key} = .*", f"{key} = {value}", STATEMENT))
    assert re.fullmatch(
        rf"production\.toml:{line}: {key} is .{{1,50}};"
        r" write a number from 0\.000001 to 1,000,000",
        said,
    )


@pytest.mark.parametrize("value", ["0.000001", "1000000", "1e6", "1_000", "0x10"])
def test_a_number_at_the_edge(path: Path, value: str) -> None:
    stated = read(path, STATEMENT.replace("= 20", f"= {value}"))
    assert stated.wal_gigabytes == float(int(value, 0) if "0x" in value else value)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("3600", "rto is 3600; write a time between quotation marks"),
        ("01:00:00", "rto is datetime.time(1, 0); write a time between quotation marks"),
        ("true", "rto is True; write a time between quotation marks"),
        ('""', "rto: '' is no time; write a number and ms, s, m or h"),
        ('"60"', "rto: '60' has no unit; write a number and ms, s, m or h"),
        ('"nan h"', "rto: 'nan h' is no time; write"),
        ('"-1h"', "rto: '-1h' is no time; write"),
        ('"0s"', "rto is '0s'; write a time above 0s"),
        ('"8761h"', "rto is '8761h'; write a time above 0s, and a year"),
    ],
)
def test_an_rto_that_makes_no_sense(path: Path, value: str, why: str) -> None:
    said = refusal(path, STATEMENT.replace('"1h"', value))
    assert said.startswith(f"production.toml:6: {why}")


@pytest.mark.parametrize("key", ["database_gigabytes", "wal_gigabytes", "rto"])
def test_a_missing_key(path: Path, key: str) -> None:
    said = refusal(path, re.sub(rf"{key} = .*", "", STATEMENT))
    assert said == f"production.toml:1: there is no {key}; write {key} = …"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("wal_gigabyte = 1", "'wal_gigabyte'"),
        ('  "disks of it" = 1', "'disks of it'"),
        ("[disks]\nsize = 1", "'disks'"),
        ("[[disks]]\nsize = 1", "'disks'"),
        ("disks.size = 1", "'disks'"),
    ],
)
def test_an_unknown_key(path: Path, written: str, name: str) -> None:
    said = refusal(path, f"{STATEMENT}{written}\n")
    assert said == (
        f"production.toml:7: {name} is no key of it; write one of"
        " database_gigabytes, wal_gigabytes, gigabits_per_second, rto"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (STATEMENT.replace("= 20", "= = 20"), 3),
        (STATEMENT.replace('"1h"', '"1h'), 6),
        (f"{STATEMENT}\nrto = '2h'\n\n\n", 8),
        (f"{STATEMENT}more = [1,\n\n\n", 7),
        (f"database_gigabytes = {'9' * 5000}", 1),
        (f"\ndatabase_gigabytes = {'[' * 100_000}", 2),
        (f"\ufeff{STATEMENT}", 1),
    ],
)
def test_what_is_no_toml(path: Path, text: str, line: int) -> None:
    said = refusal(path, text)
    assert re.match(rf"production\.toml:{line}: it is no TOML \(.+\); write lines such", said)


def test_what_is_no_text(path: Path) -> None:
    assert refusal(path, b"# fine\nrto = '\xff'") == (
        "production.toml:2: is not UTF-8; write it in UTF-8"
    )


@settings(max_examples=100, deadline=None)  # a loaded machine says nothing about the page
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
@example(b"\x00")
@example(b"a = 1\na.b = 2")
def test_whatever_is_written_gives_one_sentence(written: bytes) -> None:
    with TemporaryDirectory() as folder:
        said = refusal(Path(folder) / "production.toml", written)
    assert re.fullmatch(r"production\.toml:\d+: .+; write .+", said)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 999_999),
    st.sampled_from([("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]),
)
def test_an_rto_is_read_as_it_was_meant(number: int, unit: tuple[str, float]) -> None:
    name, seconds = unit
    meant = timedelta(seconds=seconds) * number
    with TemporaryDirectory() as folder:
        path = Path(folder) / "production.toml"
        text = STATEMENT.replace('"1h"', f'"{number}{name}"')
        if meant > timedelta(days=365):
            assert "a year" in refusal(path, text)
        else:
            assert read(path, text).rto_seconds == meant.total_seconds()
