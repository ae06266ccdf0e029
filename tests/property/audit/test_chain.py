"""We believe that whatever anybody does to the lines of a trail is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from environments.replica.images.audit.audit.chain import (
    START,
    Anchor,
    Entry,
    TamperedError,
    link,
    read_line,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

texts = st.text(max_size=20)
details = st.dictionaries(texts, st.one_of(st.none(), st.integers(), st.floats(allow_nan=False,
    allow_infinity=False), texts, st.lists(texts, max_size=2)), max_size=3)  # fmt: skip
entries = st.builds(
    Entry,
    number=st.just(0),
    received=texts,
    source=texts,
    at=texts,
    actor=texts,
    action=texts,
    subject=texts,
    request_id=texts,
    details=details,
)
SOME = Entry(
    number=0, received="", source="", at="", actor="ada", action="", subject="",
    request_id="", details={},
)  # fmt: skip
several = st.lists(entries, min_size=1, max_size=6)


def chained(told: Sequence[Entry], head: Anchor = START) -> tuple[list[bytes], list[Anchor]]:
    lines, heads = [], []
    for entry in told:
        head, line = link(replace(entry, number=head.number + 1), head)
        lines.append(line)
        heads.append(head)
    return lines, heads


@given(several)
def test_what_was_written_is_whole_by_every_anchor(told: list[Entry]) -> None:
    lines, heads = chained(told)
    assert verify(lines, heads) == heads[-1]
    assert [read_line(line)[1] for line in lines] == heads
    assert [read_line(line)[0].details for line in lines] == [one.details for one in told]


@given(several, st.data())
def test_any_changed_byte_is_noticed(told: list[Entry], data: st.DataObject) -> None:
    lines, heads = chained(told)
    which = data.draw(st.integers(0, len(lines) - 1))
    where = data.draw(st.integers(0, len(lines[which]) - 1))
    byte = data.draw(st.integers(0, 255))
    assume(lines[which][where] != byte)
    edited = bytearray(b"".join(lines))
    edited[sum(map(len, lines[:which])) + where] = byte
    with pytest.raises(TamperedError):
        verify(bytes(edited).splitlines(keepends=True), heads[-1:])


def _rewrite(lines: list[bytes], data: st.DataObject) -> list[bytes]:
    """Say the same in other words: not even that may be done unnoticed."""
    which = data.draw(st.integers(0, len(lines) - 1))
    spaced = json.dumps(json.loads(lines[which])).encode() + b"\n"
    return [*lines[:which], spaced, *lines[which + 1 :]]


def _remove(lines: list[bytes], data: st.DataObject) -> list[bytes]:
    which = data.draw(st.integers(0, len(lines) - 1))
    return lines[:which] + lines[which + 1 :]


def _reorder(lines: list[bytes], data: st.DataObject) -> list[bytes]:
    return data.draw(st.permutations(lines))


def _repeat(lines: list[bytes], data: st.DataObject) -> list[bytes]:
    at = data.draw(st.integers(0, len(lines)))
    return [*lines[:at], data.draw(st.sampled_from(lines)), *lines[at:]]


def _insert(lines: list[bytes], data: st.DataObject) -> list[bytes]:
    """Put in one that is sound in itself, and follows the line before."""
    at = data.draw(st.integers(0, len(lines)))
    head = read_line(lines[at - 1])[1] if at else START
    (inserted,), _ = chained([data.draw(entries)], head)
    return [*lines[:at], inserted, *lines[at:]]


def _replace(lines: list[bytes], data: st.DataObject) -> list[bytes]:
    """Put another one in its place, sound in itself: what comes after follows the old one."""
    at = data.draw(st.integers(0, len(lines) - 1))
    head = read_line(lines[at - 1])[1] if at else START
    (replaced,), _ = chained([data.draw(entries)], head)
    return [*lines[:at], replaced, *lines[at + 1 :]]


@pytest.mark.parametrize("tamper", [_rewrite, _replace, _remove, _reorder, _repeat, _insert])
@given(told=several, data=st.data())
def test_lines_that_come_go_or_change_are_noticed(
    tamper: Callable[[list[bytes], st.DataObject], list[bytes]],
    told: list[Entry],
    data: st.DataObject,
) -> None:
    lines, heads = chained(told)
    tampered = tamper(lines, data)
    assume(tampered != lines)
    # What was merely put at the end is an entry like any other: appending is what all may.
    assume(tampered[: len(lines)] != lines)
    with pytest.raises(TamperedError):
        verify(tampered, heads[-1:])


def test_a_number_that_was_left_out_is_noticed() -> None:
    """Whoever held back an entry could say later that there never was one."""
    head, first = link(replace(SOME, number=1), START)
    _, third = link(replace(SOME, number=3), head)
    with pytest.raises(TamperedError, match="entry 2 does not follow"):
        verify([first, third])


@given(several, st.data())
def test_who_chains_everything_anew_is_noticed_by_any_later_anchor(
    told: list[Entry], data: st.DataObject
) -> None:
    lines, heads = chained(told)
    which = data.draw(st.integers(0, len(told) - 1))
    changed = replace(data.draw(entries), number=0)
    assume(changed != told[which])
    forged, _ = chained([*told[:which], changed, *told[which + 1 :]])
    assume(forged != lines)
    assert verify(forged).number == len(told)  # nothing about the lines themselves shows it
    with pytest.raises(TamperedError, match="kept elsewhere"):
        verify(forged, [data.draw(st.sampled_from(heads[which:]))])


@given(several, st.data())
def test_a_cut_end_is_noticed_by_an_anchor_of_it(
    told: list[Entry], data: st.DataObject
) -> None:
    lines, heads = chained(told)
    left = data.draw(st.integers(0, len(lines) - 1))
    with pytest.raises(TamperedError, match="cut off"):
        verify(lines[:left], heads[left:])
