"""We believe that an entry is on disk whole, or not at all and nobody is told that it is."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from environments.replica.images.audit.audit.__main__ import main
from environments.replica.images.audit.audit.chain import (
    Anchor,
    TamperedError,
    read_line,
    verify,
)
from environments.replica.images.audit.audit.trail import Trail

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = {"actor": "ada", "action": "order made", "subject": "order 1", "details": {"key": "k1"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trail.jsonl"


def trail_of(path: Path) -> Trail:
    return Trail(path, lambda: datetime(2026, 11, 26, tzinfo=UTC))


def test_entries_are_numbered_and_each_head_is_the_anchor_of_the_last(path: Path) -> None:
    trail = trail_of(path)
    first = trail.append([ENTRY], "10.0.0.1")
    third = trail.append([{**ENTRY, "request_id": "r"}, ENTRY], "10.0.0.2")

    assert (first.number, third.number) == (1, 3)
    assert verify(trail.lines(), [first, third]) == third
    second = read_line(list(trail.lines())[1])[0]
    assert (second.request_id, second.source) == ("r", "10.0.0.2")
    assert second.received == "2026-11-26T00:00:00+00:00"


def test_a_trail_goes_on_where_it_ended(path: Path) -> None:
    head = trail_of(path).append([ENTRY], "")
    assert trail_of(path).head == head
    assert trail_of(path).append([ENTRY], "").number == 2
    assert verify(trail_of(path).lines()).number == 2


def test_what_the_disk_did_not_take_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = trail_of(path)
    head = trail.append([ENTRY], "")
    before = path.read_bytes()

    def no_room(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(OSError, match="no space left"):
        trail.append([ENTRY, ENTRY], "")

    assert path.read_bytes() == before
    assert trail.head == head


@pytest.mark.parametrize("details", [{"much": float("inf")}, [1], "text"])
def test_what_no_line_can_have_appends_nothing(path: Path, details: object) -> None:
    trail = trail_of(path)
    with pytest.raises(ValueError, match=r"JSON compliant|not an object"):
        trail.append([ENTRY, {**ENTRY, "details": details}], "")
    assert trail.head.number == 0
    assert not path.exists()


def test_people_are_told_that_it_is_whole_and_where_it_is_not(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = trail_of(path).append([ENTRY, ENTRY, ENTRY], "")
    assert main(["verify", str(head)], path) == 0
    assert "the trail is whole: 3 entries, 1 anchors agree" in capsys.readouterr().out

    path.write_bytes(path.read_bytes().replace(b"ada", b"eve", 1))
    assert main(["verify"], path) == 1
    assert "tampered with: entry 1 was changed" in capsys.readouterr().err


def test_a_trail_that_was_chained_anew_is_told_by_its_anchors_alone(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = trail_of(path).append([ENTRY, ENTRY], "")
    forged = tmp_path / "forged.jsonl"
    trail_of(forged).append([{**ENTRY, "actor": "eve"}, ENTRY], "")

    assert main(["verify"], forged) == 0
    assert main(["verify", str(head)], forged) == 1
    assert "kept elsewhere" in capsys.readouterr().err
    with pytest.raises(TamperedError, match="contradict"):
        verify([], [head, Anchor(head.number, "f" * 64)])


def test_a_copy_is_told_with_its_hash_and_never_overwritten(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trail_of(path).append([ENTRY], "")
    copy = tmp_path / "copy.jsonl"
    main(["export", str(copy)], path)
    told, name = capsys.readouterr().out.split()

    assert copy.read_bytes() == path.read_bytes()
    assert (told, name) == (hashlib.sha256(path.read_bytes()).hexdigest(), str(copy))
    with pytest.raises(FileExistsError):
        main(["export", str(copy)], path)
