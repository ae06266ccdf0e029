"""Who can reach whom: every pair that was tried, beside what the design says of it. Pure.

A drill's folder holds it as ``networks.jsonl``, one JSON object a line: ``source`` and
``target`` (roles or nodes), ``port``, and what was ``designed`` and what was ``seen`` there:
``allowed``, ``refused``, or, of what was seen, ``unknown``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Any

from reports.fields import count, read_entries, text
from reports.lines import Appended
from reports.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_CLOSED, _UNTRIED, _WRONG = "refused", "", "NOT AS DESIGNED"


class Way(StrEnum):
    """Whether a connection is made."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One ordered pair and port; the design knows of every one."""

    source: str
    target: str
    port: int
    designed: Way
    seen: Way

    @property
    def is_as_designed(self) -> bool:
        return self.seen is self.designed


class MatrixWriter(Appended):
    """Appends to one matrix; a pair is on disk before the call returns."""

    what = "matrix of networks"

    def write(self, pair: Pair) -> None:
        """Add a pair that was tried.

        Raises:
            NotRecordedError: the disk is full or gone; nothing that follows would be known.
        """
        self.append(asdict(pair))


def read_matrix(path: Path) -> Sequence[Pair]:
    """Read a matrix; a torn last line is left out.

    Raises:
        RecordError: a line that was finished cannot be read; the sentence names it.
    """
    return tuple(read_entries(path, _pair, "a matrix of networks"))


def differences(pairs: Iterable[Pair]) -> Iterator[str]:
    """A sentence for each pair that was certainly not as designed: each is a breach."""
    for one in pairs:
        if not one.is_as_designed and one.seen is not Way.UNKNOWN:
            how = "can connect" if one.seen is Way.ALLOWED else "cannot connect"
            ought = "must not" if one.designed is Way.REFUSED else "must"
            yield f"networks: {one.source} {how} to {one.target}:{one.port}, and {ought}"


def not_known(pairs: Iterable[Pair]) -> Iterator[str]:
    """A sentence for each pair of which nobody knows: each keeps a drill from being MET."""
    for one in pairs:
        if one.seen is Way.UNKNOWN:
            yield (
                f"networks: whether {one.source} can connect to {one.target}:{one.port} is not"
                " known"
            )


def matrix_note(pairs: Sequence[Pair]) -> str:
    """All of it in a line."""
    allowed = sum(one.seen is Way.ALLOWED for one in pairs)
    refused = sum(one.seen is Way.REFUSED for one in pairs)
    wrong = sum(not one.is_as_designed for one in pairs)
    return (
        f"{len(pairs):,} pairs tried: {allowed:,} allowed, {refused:,} refused,"
        f" {wrong:,} not as designed"
    )


def matrix_list(pairs: Sequence[Pair]) -> Table:
    """A row for each pair: whole, for a spreadsheet."""
    rows = [
        (
            one.source, one.target, f"{one.port}", one.designed.value, one.seen.value,
            "yes" if one.is_as_designed else "NO",
        )
        for one in pairs
    ]  # fmt: skip
    headings = ("Source", "Target", "Port", "Designed", "Seen", "As designed")
    return Table("Who can reach whom, pair by pair", headings, rows)


def matrix_grid(pairs: Sequence[Pair]) -> Table:
    """A row for each source and a column for each target, for people.

    A cell has the ports that are open, and those that are not as designed with what they are.
    """
    sources = sorted({one.source for one in pairs})
    targets = sorted({one.target for one in pairs})
    cells = _by_place(pairs)
    rows = [
        (source, *(_cell(cells.get((source, target), ())) for target in targets))
        for source in sources
    ]
    return Table("Who can reach whom", ("From \\ to", *targets), rows)


def matrix_html(pairs: Sequence[Pair]) -> str:
    """The grid as a part of a page; what is not as designed stands out, in words too."""
    grid = matrix_grid(pairs)
    head = "".join(f"<th>{escape(one)}</th>" for one in grid.headings)
    body = "".join(
        f"<tr><th>{escape(first)}</th>{''.join(map(_html_cell, others))}</tr>"
        for first, *others in grid.rows
    )
    return (
        f"<h4>{escape(grid.title)}</h4><p>{escape(matrix_note(pairs))}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _by_place(pairs: Sequence[Pair]) -> Mapping[tuple[str, str], Sequence[Pair]]:
    found: dict[tuple[str, str], list[Pair]] = {}
    for one in pairs:
        found.setdefault((one.source, one.target), []).append(one)
    return found


def _cell(tried: Sequence[Pair]) -> str:
    """The ports that are open, ``refused`` where none is, and nothing where none was tried."""
    if not tried:
        return _UNTRIED
    ports = sorted(tried, key=lambda one: one.port)
    shown = [_port(one) for one in ports if one.seen is Way.ALLOWED or not one.is_as_designed]
    return ", ".join(shown) or _CLOSED


def _port(one: Pair) -> str:
    return f"{one.port}" if one.is_as_designed else f"{one.port} {one.seen}, {_WRONG}"


def _html_cell(cell: str) -> str:
    if _WRONG in cell:
        color = "#F4B183"
    else:
        color = "#FFFFFF" if cell in {_CLOSED, _UNTRIED} else "#CDE7D8"
    return f'<td style="background:{color};color:black">{escape(cell)}</td>'


def _pair(fields: Mapping[str, Any]) -> Pair:
    designed = Way(fields["designed"])
    if designed is Way.UNKNOWN:
        raise ValueError("its 'designed' is unknown: the design knows of every pair")
    return Pair(
        source=text(fields, "source"),
        target=text(fields, "target"),
        port=count(fields, "port"),
        designed=designed,
        seen=Way(fields["seen"]),
    )
