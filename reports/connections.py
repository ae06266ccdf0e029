"""Who connected to whom, against who may: read, judged and shown. Pure.

``connections.jsonl`` has a line for each source, target and port that were tried.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING

from reports.summary import html_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

CONNECTIONS_NAME = "connections.jsonl"
OPEN, CLOSED, SILENT = "open", "closed", "silent"
_PORTS_NAMED = 4


@dataclass(frozen=True, slots=True)
class Tried:
    """One node's attempts at one port of another; ``allowed`` is what the policy says."""

    source: str
    source_role: str
    target: str
    target_role: str
    port: int
    reach: str
    allowed: bool

    @property
    def is_as_designed(self) -> bool:
        """Whether who may was connected, and who must not did not even reach the host.

        A refusal by the other host has reached it. Silence between those who may meet is no
        refusal by design: something is broken.
        """
        return self.reach == (OPEN if self.allowed else SILENT)


def write_connections(path: Path, tried: Iterable[Tried]) -> None:
    """Write them down; the file appears whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text("".join(f"{json.dumps(asdict(one))}\n" for one in tried))
    unfinished.replace(path)


def read_connections(path: Path) -> list[Tried]:
    """Read what was tried; nothing where nobody wrote it down."""
    if not path.is_file():
        return []
    return [Tried(**json.loads(line)) for line in path.read_text().splitlines()]


def differences(tried: Sequence[Tried]) -> list[str]:
    """Say in sentences what is not as designed, one for each pair of nodes.

    A port that nobody reached, though somebody may, shows as such; one that nobody may reach
    would prove nothing of who must not, and is said, too.
    """
    pairs: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for one in tried:
        if not one.is_as_designed:
            pairs[one.source, one.target, _what(one)].append(one.port)
    return [
        *(
            f"{source} {what} {target} at {_listed(ports)}"
            for (source, target, what), ports in pairs.items()
        ),
        *_unproven(tried),
    ]


def _what(one: Tried) -> str:
    if one.allowed:
        return "may connect and does not to"
    return "must not reach and reaches" if one.reach == OPEN else "must not reach the host of"


def _unproven(tried: Sequence[Tried]) -> Iterator[str]:
    ports = dict.fromkeys((one.target, one.port) for one in tried)
    reached = {(one.target, one.port) for one in tried if one.reach == OPEN}
    for target, port in ports:
        if (target, port) not in reached:
            yield f"nobody connected to {target}:{port}, so that nobody else could says nothing"


def _listed(ports: Sequence[int]) -> str:
    named = ", ".join(map(str, ports[:_PORTS_NAMED]))
    more = len(ports) - _PORTS_NAMED
    return f"{named} and {more} more" if more > 0 else named


def finding(tried: Sequence[Tried]) -> str:
    """Sum up what was tried, and what came of it."""
    allowed = sum(one.allowed for one in tried)
    kept_out = sum(not one.allowed and one.reach == SILENT for one in tried)
    connected = sum(one.allowed and one.reach == OPEN for one in tried)
    nodes = len({one.source for one in tried})
    return (
        f"{len(tried):,} attempts of {nodes} nodes to connect: {connected:,} of {allowed:,} "
        f"that are allowed succeeded, {kept_out:,} of {len(tried) - allowed:,} that are not "
        "got nowhere"
    )


def matrix(tried: Sequence[Tried]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Give the table of roles: its headings, and a row for each who tried.

    A cell has all pairs of the two roles, at all ports: whether they are allowed, and where
    what was seen differs from that, how often.
    """
    cells: dict[tuple[str, str], list[Tried]] = defaultdict(list)
    for one in tried:
        cells[one.source_role, one.target_role].append(one)
    sources = list(dict.fromkeys(one.source_role for one in tried))
    targets = list(dict.fromkeys(one.target_role for one in tried))
    rows = [
        (source, *(_cell(cells[source, target]) for target in targets)) for source in sources
    ]
    return ["from \\ to", *targets], rows


def _cell(tried: Sequence[Tried]) -> str:
    if not tried:
        return ""
    designed = "/".join(sorted({"allowed" if one.allowed else "refused" for one in tried}))
    different = sum(not one.is_as_designed for one in tried)
    ports = " ".join(map(str, sorted({one.port for one in tried})))
    if different:
        return f"✗ {designed}, but not in {different} of {len(tried)} ({ports})"
    return f"{designed} ({ports})"


def as_markdown(tried: Sequence[Tried]) -> str:
    """Write the table, and beneath it what is not as designed."""
    headings, rows = matrix(tried)
    lines = [
        _row(headings),
        _row(["---"] * len(headings)),
        *map(_row, rows),
        "",
        f"{finding(tried)}.",
        *(f"- {sentence}" for sentence in differences(tried)),
    ]
    return "\n".join(lines) + "\n"


def as_html(tried: Sequence[Tried]) -> str:
    """Write the table as a part of a page."""
    said = "".join(f"<p>{escape(one)}</p>" for one in (finding(tried), *differences(tried)))
    return f"<h4>Who connects to whom</h4>{said}{html_table(*matrix(tried))}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
