"""What an intruder did and how it ended, as lines, as figures and as tables: pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reports.reasons_of_intrusion import attempts_text
from reports.summary import Figure
from reports.tables import Table
from reports.wording import beside, seconds_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.intruder_log import IntruderAttempt, IntruderLog
    from reports.intrusion import Intrusion
    from reports.verdict import BreachObjectives

_NEVER = "never"
_RUNS_SHOWN = 100  # what the log says beyond this is read in the log itself
_USES = (
    "Intruder", "Credential", "Got in", "Refused", "Not known", "In from", "until",
    "Got in after it was said to be out", "Refused after that",
)  # fmt: skip
_RUNS = (
    "From",
    "until",
    "Intruder",
    "Credential",
    "Tried",
    "Outcome",
    "Times",
    "Subject",
    "It said",
)


def breach_notes(intrusion: Intrusion | None) -> list[str]:
    """A line that says when it was noticed and out; none where nobody wrote that down."""
    if intrusion is None:
        return []
    tried = attempts_text(intrusion.attempts)
    if intrusion.first_in_at is None:
        return [f"the intruder never got in ({tried}); {_noticed(intrusion)}"]
    out = intrusion.shut_out_seconds
    said = "never said" if out is None else f"said {seconds_text(out)} after it"
    note = (
        f"the intruder was {_noticed(intrusion)}, and {said} to be out; {_got_in(intrusion):,}"
        f" of {tried} got in, {intrusion.in_after:,} of them after that, when"
        f" {_refused_after(intrusion):,} were refused"
    )
    return [note]


def breach_figures(
    intrusion: Intrusion | None, objectives: BreachObjectives | None
) -> list[Figure]:
    """List what was measured beside what was asked for."""
    if intrusion is None:
        return []
    signals = ", ".join(one.signal for one in intrusion.signals) or "none"
    return [
        _time("Intruder noticed after", intrusion.detect_seconds,
              objectives.detect_seconds if objectives else None),
        Figure("… by these signals", signals),
        _time("Intruder said to be out after", intrusion.shut_out_seconds,
              objectives.shut_out_seconds if objectives else None),
        Figure("… got in after that", f"{intrusion.in_after:,}", "0" if objectives else ""),
        Figure(
            "… refused after that",
            f"{_refused_after(intrusion):,}",
            f"at least {objectives.refused_after:,}" if objectives else "",
        ),
        Figure(
            "Attempts of the intruder",
            f"{intrusion.attempts:,} ({_got_in(intrusion):,} got in)",
        ),
    ]  # fmt: skip


def breach_tables(intrusion: Intrusion, log: IntruderLog) -> list[Table]:
    """What became of each credential, and of every attempt; seconds from the first success."""
    zero = intrusion.first_in_at
    if zero is None:
        zero = log.attempts[0].at if log.attempts else 0.0
    uses = [
        (
            one.intruder, one.credential, f"{one.got_in:,}", f"{one.refused:,}",
            f"{one.unknown:,}", _at(one.first_in_at, zero), _at(one.last_in_at, zero),
            f"{one.in_after:,}", f"{one.refused_after:,}",
        )
        for one in intrusion.uses
    ]  # fmt: skip
    return [
        Table("What the intruder got of each credential", _USES, uses),
        Table(
            "What the intruder tried, and what people did",
            _RUNS,
            list(_deeds(log, zero))[:_RUNS_SHOWN],
        ),
    ]


def _deeds(log: IntruderLog, zero: float) -> Iterator[Sequence[str]]:
    """Attempts of a kind and an outcome that follow one another, and what people did."""
    rows = [
        *((run[0].at, _run_row(run, zero)) for run in _runs(log)),
        *((one.at, _act(one.at, zero, "noticed", one.signal)) for one in log.detections),
        *((one.at, _act(one.at, zero, "said to be out", "")) for one in log.shut_outs),
    ]
    return (cells for _, cells in sorted(rows, key=lambda row: row[0]))


def _runs(log: IntruderLog) -> Iterator[Sequence[IntruderAttempt]]:
    def alike(one: IntruderAttempt) -> tuple[str, ...]:
        return one.intruder, one.credential, one.what, one.outcome

    by_kind = sorted(log.attempts, key=lambda one: (one.intruder, one.credential, one.what))
    return (tuple(attempts) for _, attempts in groupby(by_kind, key=alike))


def _run_row(run: Sequence[IntruderAttempt], zero: float) -> Sequence[str]:
    first, last = run[0], run[-1]
    return (
        _at(first.at, zero), _at(last.at, zero), first.intruder, first.credential,
        first.what.value, first.outcome.value, f"{len(run):,}", last.subject, last.said,
    )  # fmt: skip


def _act(at: float, zero: float, what: str, said: str) -> Sequence[str]:
    return (_at(at, zero), "", "", "", what, "", "", "", said)


def _refused_after(intrusion: Intrusion) -> int:
    return sum(one.refused_after for one in intrusion.uses)


def _got_in(intrusion: Intrusion) -> int:
    return sum(one.got_in for one in intrusion.uses)


def breach_mark(intrusion: Intrusion) -> str:
    """It in a few words, for a picture."""
    noticed, out = (
        _NEVER if seconds is None else f"after {seconds_text(seconds)}"
        for seconds in (intrusion.detect_seconds, intrusion.shut_out_seconds)
    )
    return f"in: noticed {noticed}, out {out}"


def _noticed(intrusion: Intrusion) -> str:
    """How long after its first success, or its first attempt where it had none."""
    seconds, since = intrusion.detect_seconds, "first success"
    if intrusion.first_in_at is None:
        seconds, since = intrusion.noticed_seconds, "first attempt"
    if seconds is None:
        return "noticed by nobody"
    return f"noticed {seconds_text(seconds)} after its {since} ({intrusion.signals[0].signal})"


def _time(name: str, seconds: float | None, asked: float | None) -> Figure:
    if seconds is None:
        return Figure(name, _NEVER, "" if asked is None else seconds_text(asked))
    if asked is None:
        return Figure(name, seconds_text(seconds))
    return Figure(name, *beside(seconds, asked))


def _at(moment: float | None, zero: float) -> str:
    return "" if moment is None else f"{moment - zero:+.1f} s"
