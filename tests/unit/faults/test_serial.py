"""We believe that a fault written down as JSON is the same fault when it is built again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fixtures.faults
from environments.model import Direction
from fixtures.faults import (
    BadConfiguration,
    BadMigration,
    BrokenFeature,
    CopySecrets,
    CrashLoop,
    Cut,
    DamageBackup,
    DamagePages,
    DeleteRows,
    DropTable,
    Fault,
    FillDataDisk,
    FillDisk,
    FillLogDisk,
    GuessPasswords,
    Kill,
    Lag,
    Leak,
    LoseData,
    LoseDns,
    LoseFile,
    LosePackets,
    Partition,
    Pause,
    Reset,
    Slow,
    SlowDisk,
    StopArchiving,
    TakeConnections,
    TakeCpu,
    TakeDescriptors,
    TakeInodes,
    TakeMemory,
    TakePorts,
    TakeProcesses,
    TamperedConfiguration,
    Throttle,
    UseLeakedCredential,
    UseLeakedToken,
    WrongClock,
    WrongUpdate,
    describe,
    rebuild,
)
from fixtures.faults.bad_migration import REVISIONS, Tool
from fixtures.faults.serial import KINDS

if TYPE_CHECKING:
    from reports.timeline import Json

words = st.text(min_size=1)
counts = st.integers(min_value=1)
a_while = st.integers(min_value=2, max_value=10**9)
wrong_by = st.one_of(st.integers(10, 10**9), st.integers(-(10**9), -10)).map(
    lambda seconds: timedelta(seconds=seconds)
)
faults: st.SearchStrategy[Fault] = st.one_of(
    st.builds(Kill, words),
    st.builds(Pause, words),
    st.builds(LoseDns, words),
    st.builds(TakeConnections, words),
    st.builds(TakeCpu, words, counts),
    st.builds(TakeMemory, words),
    st.builds(TakeProcesses, words),
    st.builds(TakeDescriptors, words, words, counts),
    st.builds(Leak, words, counts),
    st.builds(WrongClock, words, wrong_by),
    st.builds(GuessPasswords, words, words, words),
    st.builds(UseLeakedToken, words, words),
    st.builds(CopySecrets, words),
    st.builds(UseLeakedCredential, words, words),
    st.builds(CrashLoop, words, a_while.map(lambda lived: timedelta(milliseconds=lived))),
    st.builds(Partition, words, words, st.sampled_from(Direction)),
    st.builds(LosePackets, words, words, st.integers(1, 90), st.sampled_from(Direction)),
    a_while.flatmap(
        lambda by: st.builds(
            Slow,
            words,
            st.just(timedelta(milliseconds=by)),
            st.integers(0, by - 1).map(lambda jitter: timedelta(milliseconds=jitter)),
        )
    ),
    st.builds(Cut, words),
    st.builds(Reset, words),
    st.builds(Throttle, words, st.integers(1, 400)),
    st.builds(Lag, words, st.integers(1, 10_000), words),
    st.builds(DamagePages, words, words, counts),
    st.builds(LoseFile, words, words),
    st.builds(FillDisk, words, words),
    st.builds(FillDataDisk, words, words),
    st.builds(FillLogDisk, words, words),
    st.builds(TakeInodes, words, words),
    st.builds(TakePorts, words),
    st.builds(SlowDisk, words, st.integers(1, 20), words),
    st.builds(LoseData, words, words),
    st.builds(DropTable, words, node=words),
    st.builds(DeleteRows, words, counts, node=words),
    st.builds(WrongUpdate, words, counts, words, node=words),
    st.builds(BadMigration, words, st.sampled_from(REVISIONS), st.sampled_from(Tool)),
    st.builds(BadConfiguration, words, words, words),
    st.builds(TamperedConfiguration, words, words, words),
    st.builds(BrokenFeature, words, st.integers(10, 99)),
    st.builds(StopArchiving, words),
    st.builds(DamageBackup, words, words, counts),
)


@given(faults)
def test_there_and_back_is_the_same_fault(fault: Fault) -> None:
    again = rebuild(json.loads(json.dumps(describe(fault))))
    assert again == fault
    assert type(again) is type(fault)


def test_a_description_is_what_a_person_would_write() -> None:
    assert describe(Partition("a", "b,c", Direction.INBOUND)) == {
        "kind": "Partition",
        "target": "a",
        "from_": "b,c",
        "direction": "inbound",
    }
    assert describe(Slow("app-to-db", timedelta(seconds=3))) == {
        "kind": "Slow",
        "link": "app-to-db",
        "by": 3000,
        "jitter": 0,
    }


def test_what_would_be_rebuilt_as_another_fault_is_not_written_down() -> None:
    """Types refuse it where they are checked; a scenario is not always."""
    half = cast("int", 2.5)
    for fault in (Lag("a", half), Throttle("a", half), DamagePages("a", "orders", half)):
        with pytest.raises(ValueError, match="cannot be written down as it is: give whole"):
            describe(fault)


def test_every_kind_that_is_offered_can_be_built_again() -> None:
    helpers = {"Fault", "describe", "rebuild"}
    assert set(KINDS) == set(fixtures.faults.__all__) - helpers


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"kind": "Flood", "target": "a"},
        {"kind": "Kill"},
        {"kind": "Kill", "target": "a", "colour": "red"},
        {"kind": "Slow", "link": "a", "by": "soon"},
        {"kind": "Slow", "link": "a", "by": -1},
        {"kind": "Slow", "link": "a", "by": float("inf")},
        {"kind": "Slow", "link": "a", "by": 1e300},
        {"kind": "Throttle", "link": "a", "kilobytes_per_second": 0},
        {"kind": "Partition", "target": "a", "from_": "b", "direction": "sideways"},
        {"kind": "DamagePages", "target": "a", "relation": "orders", "pages": 0},
        {"kind": "BadMigration", "target": "a", "revision": "good", "tool": "migrate apply"},
        {"kind": "BadMigration", "target": "a", "revision": "weight", "tool": "psql"},
        {"kind": "DeleteRows", "table": "orders", "every": 0, "node": "a"},
        {"kind": "DamageBackup", "target": "a", "stanza": "muster", "files": 0},
        {"kind": "Lag", "target": "a", "kilobits_per_second": 10_001, "from_": "b"},
    ],
)
def test_what_is_no_description_is_quoted(described: dict[str, Json]) -> None:
    with pytest.raises(ValueError, match="is no fault: ") as caught:
        rebuild(described)
    assert str(caught.value).startswith(str(described))
