"""A drill's figures, as text and as HTML that needs nothing but itself: pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from reports.wording import beside, moment_text, seconds_text, share_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.phases import Breakdown, Phase
    from reports.restorations import Comparison
    from reports.verdict import Objectives, Recovery, Service, Verdict


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured, and what was asked for ("" where nothing)."""

    name: str
    measured: str
    objective: str = ""

    @property
    def text(self) -> str:
        return f"{self.measured} of {self.objective}" if self.objective else self.measured


def _rto(recovery: Recovery | None, objectives: Objectives | None) -> Figure:
    asked = objectives.rto_seconds if objectives else None
    if recovery is None:
        return _not_measured("RTO", asked)
    return _seconds("RTO", recovery.rto_seconds, asked, bound=recovery.rto_is_lower_bound)


def _rpo(recovery: Recovery | None, objectives: Objectives | None) -> Figure:
    asked = objectives.rpo_seconds if objectives else None
    if recovery is None or recovery.lost is None:
        return _not_measured("RPO", asked)
    bound = bool(recovery.rpo_is_lower_bound)
    return _seconds("RPO", recovery.rpo_seconds, asked, bound=bound)


def _not_measured(name: str, asked: float | None) -> Figure:
    return Figure(name, "not measured", "" if asked is None else seconds_text(asked))


def _seconds(name: str, seconds: float, asked: float | None, *, bound: bool = False) -> Figure:
    least = "at least " if bound else ""
    if asked is None:
        return Figure(name, f"{least}{seconds_text(seconds)}")
    measured, objective = beside(seconds, asked)
    return Figure(name, f"{least}{measured}", objective)


def figures(
    recovery: Recovery | None,
    objectives: Objectives | None,
    comparisons: Sequence[Comparison] = (),
    *,
    broken: bool = True,
) -> list[Figure]:
    """List what was measured beside what was asked for, the judged figures first.

    A drill that was not to break anything (``broken``) has nothing to recover from.
    """
    restored = list(_restored(comparisons, objectives))
    if recovery is None and restored:
        return restored
    judged = [_rto(recovery, objectives), _rpo(recovery, objectives)]
    if recovery is None:
        return judged
    return [
        *(judged if broken else ()), *restored, *_customers(recovery, objectives),
        *(_service(recovery.service, objectives) if recovery.service else ()),
        *_missing(recovery, broken=broken), *_data(recovery, objectives),
    ]  # fmt: skip


def notes(recovery: Recovery | None, comparisons: Sequence[Comparison]) -> list[str]:
    """What a line of figures cannot say: what was given up, and what was restored."""
    found = []
    if recovery is not None and recovery.service is not None and recovery.service.reads:
        found.append(_served(recovery.service))
    if recovery is not None and recovery.taken_back_to is not None:
        found.append(
            f"restored to {moment_text(recovery.taken_back_to)}: {_given_up(recovery)}"
        )
    if comparisons:
        found.append(
            f"{_whole(comparisons)} restored whole, slowest"
            f" {seconds_text(slowest_seconds(comparisons))}"
        )
    return found


def _served(service: Service) -> str:
    """How customers fared over the whole drill, in a line."""
    least = "at least " if service.read_outage_is_lower_bound else ""
    stale = f"{_stale(service):,}" if _stale_is_known(service) else "not known how many"
    return (
        f"{_share(service.availability)} of the writes and"
        f" {_share(service.read_availability)} of the reads answered, reads away for"
        f" {least}{seconds_text(service.read_outage_seconds)} at the longest,"
        f" {stale} stale,"
        f" {service.wrong_reads:,} wrong"
    )


def _stale(service: Service) -> int:
    return service.stale_reads + service.unordered_reads


def _stale_is_known(service: Service) -> bool:
    """That none was stale is known only where reads showed something after the fault."""
    looked = service.reads_shown > 0 and service.reads_shown_since_fault != 0
    return looked or _stale(service) > 0


def slowest_seconds(comparisons: Sequence[Comparison]) -> float:
    return max(one.restoration.seconds for one in comparisons)


def lost_in_restoring(comparisons: Sequence[Comparison]) -> int:
    return sum(one.lost for one in comparisons)


def _whole(comparisons: Sequence[Comparison]) -> str:
    return f"{sum(one.whole for one in comparisons):,} of {len(comparisons):,}"


def _given_up(recovery: Recovery) -> str:
    if recovery.discarded is None:
        return "not known how many writes were given up"
    if recovery.discarded == 0:
        return "no write given up"
    writes = f"{recovery.discarded:,} write{'' if recovery.discarded == 1 else 's'}"
    return f"{writes} given up, the oldest {seconds_text(recovery.discarded_seconds)} old"


def _restored(
    comparisons: Sequence[Comparison], objectives: Objectives | None
) -> Iterator[Figure]:
    if comparisons:
        asked = objectives.rto_seconds if objectives else None
        yield Figure("Restored whole", _whole(comparisons))
        yield _seconds("Slowest restore", slowest_seconds(comparisons), asked)
        yield Figure("Missing from what was restored", f"{lost_in_restoring(comparisons):,}")


def _customers(recovery: Recovery, objectives: Objectives | None) -> list[Figure]:
    asked = objectives.p95_seconds if objectives else None
    p95 = recovery.p95_seconds
    return [
        Figure("Resolution", f"{recovery.resolution_seconds * 1000:.1f} ms"),
        Figure("Outages", f"{len(recovery.outages):,}"),
        Figure(
            "P95, failures included",
            "not measured" if p95 is None else f"{p95 * 1000:.0f} ms",
            "" if asked is None else f"{asked * 1000:g} ms",
        ),
        Figure("Orders attempted", f"{recovery.attempts:,}"),
        Figure("Acknowledged", f"{recovery.acknowledged:,}"),
        Figure("Refused", f"{recovery.refused:,}"),
        Figure(
            "Unknown to the customer",
            f"{recovery.unknown:,} ({recovery.unknown_present:,} of them were done)",
        ),
    ]


def _service(service: Service, objectives: Objectives | None) -> list[Figure]:
    writes, reads, stale = _asked_of_service(objectives)
    away = objectives.read_outage_seconds if objectives else None
    contradicting = (
        f"{_stale(service):,} ({service.stale_reads:,} of own writes,"
        f" {service.unordered_reads:,} out of order)"
        if _stale_is_known(service)
        else "not known"
    )
    return [
        Figure("Availability of writes", _share(service.availability), writes),
        Figure("Availability of reads", _share(service.read_availability), reads),
        _seconds(
            "Longest outage of reads",
            service.read_outage_seconds,
            away,
            bound=service.read_outage_is_lower_bound,
        ),
        Figure("Reads tried", f"{service.reads:,} ({service.reads_answered:,} answered)"),
        Figure("Stale reads", contradicting, stale),
        Figure("Wrong reads", f"{service.wrong_reads:,}"),
    ]


def _asked_of_service(objectives: Objectives | None) -> tuple[str, str, str]:
    if objectives is None:
        return "", "", ""
    writes, reads = objectives.availability, objectives.read_availability
    stale = objectives.stale_reads
    return (
        "" if writes is None else share_text(writes),
        "" if reads is None else share_text(reads),
        "" if stale is None else f"{stale:,}",
    )


def _share(share: float | None) -> str:
    return "not measured" if share is None else share_text(share)


def _data(recovery: Recovery, objectives: Objectives | None) -> list[Figure]:
    asked = objectives.unsettled if objectives else None
    return [
        Figure("Changed by nobody's order", _count(recovery.corrupted)),
        Figure("Never ordered by anybody", _count(recovery.unwritten)),
        Figure("Present twice", _count(recovery.duplicated)),
        Figure("Refused and yet present", _count(recovery.refused_present)),
        Figure(
            "Still pending at the end",
            _count(recovery.unsettled),
            "" if asked is None else f"{asked:,}",
        ),
    ]


def _missing(recovery: Recovery, *, broken: bool) -> list[Figure]:
    if recovery.taken_back_to is not None:
        return _losses_by_going_back(recovery)
    if broken:
        return _losses(recovery)
    return [Figure("Lost, though nothing was broken", _count(recovery.lost))]


def _losses(recovery: Recovery) -> list[Figure]:
    return [
        Figure("Lost, acknowledged before the fault bit", _count(recovery.lost)),
        Figure("Lost, acknowledged after it (split brain)", _count(recovery.lost_after_effect)),
    ]


def _losses_by_going_back(recovery: Recovery) -> list[Figure]:
    moment = moment_text(recovery.taken_back_to or "")
    return [
        Figure(f"Lost, acknowledged before {moment}", _count(recovery.lost)),
        Figure("Lost, ordered after the restore", _count(recovery.lost_after_effect)),
        Figure(f"Given up by restoring to {moment}", _given_up(recovery)),
        Figure("Restored beyond that moment", _count(recovery.beyond)),
    ]


def _count(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"


def as_text(
    verdict: Verdict,
    table: Sequence[Figure],
    comparisons: Sequence[Comparison] = (),
    breakdown: Breakdown | None = None,
) -> str:
    """Write the verdict, its reasons and the tables as plain text."""
    widest = max(len(one.name) for one in table)
    lines = [str(verdict.outcome), *(f"  - {reason}" for reason in verdict.reasons), ""]
    for one in table:
        of = f"  of {one.objective}" if one.objective else ""
        lines.append(f"{one.name:<{widest}}  {one.measured}{of}")
    if comparisons:
        lines += ["", *_aligned([_RESTORATION, *map(_restoration, comparisons)])]
    if breakdown is not None:
        lines += ["", *_aligned([_PART, *_parts(breakdown)]), *_apart(breakdown)]
    return "\n".join(lines) + "\n"


def as_html(  # noqa: PLR0913 - each is a part of the page, and the optional are named
    belief: str,
    verdict: Verdict,
    table: Sequence[Figure],
    picture: bytes,
    *,
    comparisons: Sequence[Comparison] = (),
    breakdown: Breakdown | None = None,
) -> str:
    """Write all that a person must see first, the picture included, as a part of a page."""
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in belief.split("\n\n") if part)
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    rows = [(one.name, one.measured, one.objective) for one in table]
    return (
        f"{paragraphs}<h3>{verdict.outcome}</h3>"
        + (f"<ul>{reasons}</ul>" if reasons else "")
        + html_image(picture, "What customers saw over time")
        + html_table(("Figure", "Measured", "Objective"), rows)
        + (html_table(_RESTORATION, map(_restoration, comparisons)) if comparisons else "")
        + (_html_parts(breakdown) if breakdown else "")
    )


def part_texts(breakdown: Breakdown, phase: Phase) -> tuple[str, str, str]:
    """A part of the longest outage in words: its name, its seconds, its share."""
    return (
        phase.name,
        seconds_text(phase.seconds),
        f"{100 * breakdown.share(phase):.0f} %",
    )


def allowed_beside(breakdown: Breakdown) -> str:
    """What people may take to decide, "" where that is nothing: stated and not measured."""
    if not breakdown.allowance_seconds:
        return ""
    allowed = seconds_text(breakdown.allowance_seconds)
    return f"people may take {allowed} to decide, which is no part of it"


_PART = ("RTO by part", "Took", "Share")


def _parts(breakdown: Breakdown) -> Iterator[Sequence[str]]:
    return (part_texts(breakdown, phase) for phase in breakdown.phases)


def _apart(breakdown: Breakdown) -> list[str]:
    apart = allowed_beside(breakdown)
    return [f"({apart})"] if apart else []


def _html_parts(breakdown: Breakdown) -> str:
    apart = "".join(f"<p>{escape(line)}</p>" for line in _apart(breakdown))
    return html_table(_PART, _parts(breakdown)) + apart


_RESTORATION = (
    "Backup", "Repository", "Asked for", "Seconds", "Rows", "Lacking", "Beyond", "Wrong",
    "Checks failed",
)  # fmt: skip


def _restoration(one: Comparison) -> Sequence[str]:
    restoration = one.restoration
    return (
        f"{restoration.kind} {restoration.label}",
        restoration.repository,
        restoration.asked,
        seconds_text(restoration.seconds).removesuffix(" s"),
        f"{restoration.rows:,}",
        f"{one.lost:,}",
        f"{one.beyond:,}",
        f"{one.corrupted + one.unwritten + one.duplicated:,}",
        f"{len(restoration.checks):,}",
    )


def _aligned(table: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def html_image(svg: bytes, shows: str) -> str:
    """Write a picture into the page itself; on white, for that is what it was drawn for."""
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    return (
        f'<p><img src="{source}" alt="{escape(shows)}"'
        ' style="max-width:100%;background:white"></p>'
    )


def html_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in headings)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
