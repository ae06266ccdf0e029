"""We believe that what pgBackRest prints is understood whole, or refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from environments.replica.images.backup.backups.catalogue import Catalogue, parse
from environments.replica.images.backup.backups.unknown import UnknownError
from tests.unit.backups.parts import DAY, HOUR, backup, catalogue, information

FULL = backup(age=2 * DAY)
INCR = replace(
    backup(age=HOUR, kind="incr", has_errors=True), references=(FULL.label, "another")
)


def parsed(entries: object) -> Catalogue:
    return parse(json.dumps(entries), "muster")


def test_every_backup_is_read_and_the_newest_is_last() -> None:
    assert parsed(information(INCR, FULL)) == catalogue(FULL, INCR)


def test_a_stanza_that_is_missing_tells_so_and_has_nothing() -> None:
    entry = {
        "backup": [],
        "db": [],
        "name": "muster",
        "status": {"code": 1, "message": "missing stanza path"},
    }
    found = parsed([entry])
    assert found.trouble == "missing stanza path"
    assert (found.backups, found.newest, found.newest_segment) == ((), None, None)


def test_the_repository_s_own_word_explains_a_vague_one() -> None:
    entries = information(code=99, message="other")
    entries[0]["repo"][0]["status"]["message"] = "[CryptoError] unable to flush"
    assert parsed(entries).trouble == "other: [CryptoError] unable to flush"


def test_no_error_told_is_no_error() -> None:
    entries = information(FULL)
    del entries[0]["backup"][0]["error"]
    assert not parsed(entries).backups[0].has_errors


def test_other_stanzas_are_not_ours() -> None:
    other = information(FULL)[0] | {"name": "other"}
    assert parsed([other, *information(INCR)]).backups == (INCR,)
    with pytest.raises(UnknownError, match="see what pgbackrest info prints for muster"):
        parsed([other])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("label",), 7),
        (("type",), "half"),
        (("type",), None),
        (("error",), "yes"),
        (("timestamp", "stop"), -1),
        (("timestamp", "stop"), 253_402_300_800),
        (("timestamp", "start"), "now"),
        (("info", "size"), 1.5),
        (("info", "size"), True),
        (("info", "repository"), {}),
        (("info", "repository", "delta"), None),
        (("reference",), [1]),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(place: tuple[str, ...], value: object) -> None:
    entries = information(FULL)
    inner: dict[str, Any] = entries[0]["backup"][0]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(UnknownError, match="makes no sense"):
        parsed(entries)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "backup", "status"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(ANYTHING)
def test_other_json_is_refused(value: object) -> None:
    with pytest.raises(UnknownError, match="makes no sense"):
        parsed(value)


@given(st.data())
@settings(max_examples=200)
def test_damaged_text_is_refused_or_understood_and_never_stumbled_over(
    data: st.DataObject,
) -> None:
    text = json.dumps(information(FULL, INCR))
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:place] + data.draw(st.text(max_size=3)) + text[place + 1 :]
    try:
        found = parse(damaged, "muster")
    except UnknownError:
        return
    assert len(found.backups) == 2


@given(st.integers(0, 10_000))
def test_text_cut_short_is_refused(cut: int) -> None:
    text = json.dumps(information(FULL, INCR))
    with pytest.raises(UnknownError):
        parse(text[: cut % len(text)], "muster")
