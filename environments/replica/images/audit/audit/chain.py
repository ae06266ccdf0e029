"""The chain: each line has the hash of what is before it, and its own.

The hash of an entry is SHA-256 over the previous hash and the entry in its one canonical form.
So nobody can edit, insert, remove or reorder lines without every later hash being another one.
Who replaces all of them makes a chain that is sound in itself: that, and a cut tail, are
noticed by anchors, numbers with hashes that are kept where the trail is not.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GENESIS = "0" * 64  # what the first entry follows


class TamperedError(Exception):
    """The trail is not what was written; the message says where and how that shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who did what to what, for which request; ``at`` is who appended it said that it was."""

    number: int  # from 1 on
    received: str  # when it was appended: ISO 8601, UTC
    source: str  # the address that it came from
    at: str
    actor: str
    action: str
    subject: str
    request_id: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The hash of the entry with that number, and so of all before it."""

    number: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Read ``NUMBER:HASH``.

        Raises:
            ValueError: it is none.
        """
        number, colon, digest = text.partition(":")
        if not (colon and number.isdigit() and len(digest) == len(GENESIS)):
            raise ValueError(f"{text!r} is no anchor: give NUMBER:HASH, as the head says it")
        return cls(int(number), digest)

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


START = Anchor(0, GENESIS)


def link(entry: Entry, head: Anchor) -> tuple[Anchor, bytes]:
    """Chain an entry to the head; give the new head and the line that says so."""
    said = asdict(entry)
    digest = _hash(head.hash, said)
    line = _canonical({"entry": said, "hash": digest, "previous": head.hash})
    return Anchor(entry.number, digest), line + b"\n"


def read_line(line: bytes) -> tuple[Entry, Anchor]:
    """Read what ``link`` wrote, without asking whether it belongs there.

    Raises:
        ValueError: it is no line of a trail.
    """
    document = json.loads(line)
    try:
        entry = Entry(**document["entry"])
        return entry, Anchor(entry.number, document["hash"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"this is no line of a trail: {line[:100]!r}") from error


def verify(lines: Iterable[bytes], anchors: Sequence[Anchor] = ()) -> Anchor:
    """Follow the chain from its first line to its last; give its head.

    Raises:
        TamperedError: a line is not what was written there, or an anchor says otherwise.
    """
    wanted = {anchor.number: anchor for anchor in anchors}
    if any(wanted[anchor.number] != anchor for anchor in anchors):
        raise TamperedError(
            "the anchors contradict each other: one of their places was changed"
        )
    head = START
    for line in lines:
        head = _follow(line, head)
        anchor = wanted.pop(head.number, head)
        if anchor != head:
            raise TamperedError(
                f"entry {head.number} or one before it was replaced: its hash is not the one "
                "that was kept elsewhere"
            )
    if wanted:
        raise TamperedError(
            f"the trail ends at entry {head.number}, but entry {max(wanted)} was appended: "
            "its end was cut off"
        )
    return head


def _follow(line: bytes, head: Anchor) -> Anchor:
    """Give the head after this line.

    Raises:
        TamperedError: it is not what can follow that head.
    """
    number = head.number + 1
    try:
        document = json.loads(line)
        entry, digest, previous = (document[name] for name in ("entry", "hash", "previous"))
        is_as_written = _canonical(document) + b"\n" == line
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TamperedError(f"entry {number} was changed: it cannot be read") from error
    if not (is_as_written and isinstance(entry, dict) and digest == _hash(previous, entry)):
        raise TamperedError(f"entry {number} was changed: its hash is another one")
    if previous != head.hash or entry.get("number") != number:
        raise TamperedError(
            f"entry {number} does not follow the one before it: lines were inserted, removed "
            "or put in another order"
        )
    return Anchor(number, digest)


def _hash(previous: str, entry: Mapping[str, object]) -> str:
    return hashlib.sha256(f"{previous}\n".encode() + _canonical(entry)).hexdigest()


def _canonical(document: object) -> bytes:
    """Write it in the one way there is: sorted, without spaces, in ASCII.

    Raises:
        ValueError: JSON has no word for it (not a number, infinity).
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")
