"""A drill's figures, as text and as HTML that needs nothing but itself: pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from reports.reasons import seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.verdict import Objectives, Recovery, Verdict


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured, and what was asked for ("" where nothing)."""

    name: str
    measured: str
    objective: str = ""


def rto(recovery: Recovery | None) -> str:
    if recovery is None:
        return "not measured"
    least = "at least " if recovery.rto_is_lower_bound else ""
    return f"{least}{seconds_text(recovery.rto_seconds)}"


def rpo(recovery: Recovery | None) -> str:
    unknown = recovery is None or recovery.lost is None
    return "not measured" if recovery is None or unknown else seconds_text(recovery.rpo_seconds)


def figures(recovery: Recovery | None, objectives: Objectives | None) -> list[Figure]:
    """List what was measured beside what was asked for, the judged figures first."""
    rto_asked = seconds_text(objectives.rto_seconds) if objectives else ""
    rpo_asked = seconds_text(objectives.rpo_seconds) if objectives else ""
    judged = [Figure("RTO", rto(recovery), rto_asked), Figure("RPO", rpo(recovery), rpo_asked)]
    if recovery is None:
        return judged
    return [*judged, *_customers(recovery, objectives), *_data(recovery, objectives)]


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


def _data(recovery: Recovery, objectives: Objectives | None) -> list[Figure]:
    asked = objectives.unsettled if objectives else None
    return [
        Figure("Lost, acknowledged before the fault bit", _count(recovery.lost)),
        Figure("Lost, acknowledged after it (split brain)", _count(recovery.lost_after_effect)),
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


def _count(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"


def as_text(verdict: Verdict, table: Sequence[Figure]) -> str:
    """Write the verdict, its reasons and the table as plain text."""
    widest = max(len(one.name) for one in table)
    lines = [str(verdict.outcome), *(f"  - {reason}" for reason in verdict.reasons), ""]
    for one in table:
        of = f"  of {one.objective}" if one.objective else ""
        lines.append(f"{one.name:<{widest}}  {one.measured}{of}")
    return "\n".join(lines) + "\n"


def as_html(belief: str, verdict: Verdict, table: Sequence[Figure], picture: bytes) -> str:
    """Write all that a person must see first, the picture included, as a part of a page."""
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in belief.split("\n\n") if part)
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    rows = "".join(
        f"<tr><td>{escape(one.name)}</td><td>{escape(one.measured)}</td>"
        f"<td>{escape(one.objective)}</td></tr>"
        for one in table
    )
    source = f"data:image/svg+xml;base64,{base64.b64encode(picture).decode()}"
    return (
        f"{paragraphs}<h3>{verdict.outcome}</h3>"
        + (f"<ul>{reasons}</ul>" if reasons else "")
        + f'<p><img src="{source}" alt="What customers saw over time" '
        'style="max-width:100%;background:white"></p>'
        "<table><thead><tr><th>Figure</th><th>Measured</th><th>Objective</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
