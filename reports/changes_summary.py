"""What changes did to customers, as lines, as figures and as tables: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.changes_log import Step
from reports.summary import Figure
from reports.tables import Table
from reports.wording import beside, requests_text, seconds_text, share_text, shares_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.changes_log import ChangeEvent, ChangesLog
    from reports.harm import Change, Harm
    from reports.verdict import ChangeObjectives

_NOT_SEEN = "not seen"
_SAID_SHOWN = 100  # a log that says more than this is read in the log itself
_CHANGES = (
    "Change", "Kind", "Ended", "By", "Requests", "Harmed", "Share", "Harm lasted",
    "First harm → rolled back", "Start → rolled back", "Failed after that", "Slow after that",
)  # fmt: skip
_SAID = ("Seconds from its start", "Change", "Step", "Requests that meet it", "By", "Why")


def changes_notes(harm: Harm | None) -> list[str]:
    """A line for each change; none where nobody wrote them down."""
    if harm is None:
        return []
    return [_note(one, harm.slow_seconds) for one in harm.changes]


def changes_figures(harm: Harm | None, objectives: ChangeObjectives | None) -> list[Figure]:
    """List what was measured of each change beside what was asked for."""
    if harm is None:
        return []
    asked = [] if objectives is None else harm.of_kind(objectives.kind)
    return [
        figure
        for one in harm.changes
        for figure in _figures(one, harm.slow_seconds, objectives if one in asked else None)
    ]


def changes_tables(harm: Harm, log: ChangesLog) -> list[Table]:
    rows = [
        (
            one.change, one.kind.value, ended_text(one), one.by or "", f"{one.requests:,}",
            f"{one.harmed:,}", _share_text(one.harmed_share), seconds_text(one.harm_seconds),
            _seconds(rolled_back_seconds(one)), _seconds(_from_start_seconds(one)),
            f"{one.failed_after:,}", f"{one.slow_after:,}",
        )
        for one in harm.changes
    ]  # fmt: skip
    return [
        Table("Changes, and what customers got of them", _CHANGES, rows),
        Table("What was said of the changes", _SAID, list(_said(harm, log))[:_SAID_SHOWN]),
    ]


def rolled_back_seconds(one: Change) -> float | None:
    """From the first harmed request until it was rolled back; None where either is not."""
    if one.ended is not Step.ROLLED_BACK:
        return None
    return one.until_rolled_back(one.first_harmed_at, one.began_at)


def ended_text(one: Change) -> str:
    return _NOT_SEEN if one.ended is None else one.ended.value


def _from_start_seconds(one: Change) -> float | None:
    if one.ended is not Step.ROLLED_BACK:
        return None
    return one.until_rolled_back(one.began_at, one.began_at)


def _note(one: Change, slow_seconds: float | None) -> str:
    by = f" by {one.by}" if one.by else ""
    after = rolled_back_seconds(one)
    since = f" {seconds_text(after)} after its first harmed request" if after else ""
    lasted = f" within {seconds_text(one.harm_seconds)}" if one.harmed else ""
    later = ""
    if one.ended is Step.ROLLED_BACK:
        slow = "" if slow_seconds is None else f" and {one.slow_after:,} were slow"
        later = f"; {one.failed_after:,} failed{slow} after that"
    ended = "not seen to end" if one.ended is None else f"{one.ended}{by}{since}"
    return (
        f"{one.name} {ended}; {one.harmed:,} of {requests_text(one.requests)} harmed"
        f"{lasted}{later}"
    )


def change_mark(one: Change) -> str:
    """It in a few words, for a picture."""
    return f"{one.change}: {ended_text(one)}, {one.harmed:,} of {one.requests:,} harmed"


def _figures(
    one: Change, slow_seconds: float | None, asked: ChangeObjectives | None
) -> Iterator[Figure]:
    how = "failed" if slow_seconds is None else f"failed, or over {seconds_text(slow_seconds)}"
    harmed = _shares(one, asked.harmed if asked else None)
    yield Figure(f"Harmed by {one.name} ({how})", *harmed)
    failed = asked.failed if asked else None
    yield Figure(
        "… of which failed", f"{one.failed:,}", "" if failed is None else share_text(failed)
    )
    yield _time("… from first to last", one.harm_seconds, asked.harm_seconds if asked else None)
    ended = f"{ended_text(one)} by {one.by}" if one.by else ended_text(one)
    by = f" by {asked.by}" if asked and asked.by else ""
    yield Figure("… ended", ended, f"{asked.ends}{by}" if asked else "")
    if one.ended is Step.ROLLED_BACK:
        first, start = rolled_back_seconds(one), _from_start_seconds(one)
        yield _time("… from first harm to rolled back", first,
                    asked.rollback_seconds if asked else None)  # fmt: skip
        yield _time("… from start to rolled back", start,
                    asked.rollback_from_start_seconds if asked else None)  # fmt: skip
        yield Figure(
            "… failed after that", f"{one.failed_after:,}",
            f"{asked.harmed_after:,}" if asked else "",
        )  # fmt: skip
        slow = asked.slow_after if asked else None
        yield Figure(
            "… slow after that", f"{one.slow_after:,}", "" if slow is None else f"{slow:,}"
        )


def _shares(one: Change, asked: float | None) -> tuple[str, str]:
    share = one.harmed_share
    counted = f"{one.harmed:,} of {requests_text(one.requests)}"
    if share is None:
        return counted, "" if asked is None else share_text(asked)
    if asked is None:
        return f"{counted}, {share_text(share)}", ""
    measured, objective = (
        shares_apart(share, asked) if share > asked else (share_text(share), share_text(asked))
    )
    return f"{counted}, {measured}", objective


def _time(name: str, seconds: float | None, asked: float | None) -> Figure:
    if seconds is None:
        return Figure(name, _NOT_SEEN, "" if asked is None else seconds_text(asked))
    if asked is None:
        return Figure(name, seconds_text(seconds))
    return Figure(name, *beside(seconds, asked))


def _said(harm: Harm, log: ChangesLog) -> Iterator[Sequence[str]]:
    began = {(one.kind, one.change): one.began_at for one in harm.changes}
    for event in log.events:
        start = began.get((event.kind, event.change))
        if start is not None:
            yield _said_of(event, event.at - start)


def _said_of(event: ChangeEvent, after: float) -> Sequence[str]:
    share = "" if event.share is None else share_text(event.share)
    return (f"{after:+.1f}", event.change, event.event.value, share, event.by.value, event.why)


def _share_text(share: float | None) -> str:
    return _NOT_SEEN if share is None else share_text(share)


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else seconds_text(seconds)
