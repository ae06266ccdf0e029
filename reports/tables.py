"""A table that is shown in a page, in a text and in a spreadsheet: pure."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from reports.summary import html_table

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Table:
    """Rows beneath headings, with a title that says what they are of."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def as_html(self) -> str:
        return f"<h4>{escape(self.title)}</h4>{html_table(self.headings, self.rows)}"

    def as_markdown(self) -> str:
        lines = [
            f"## {self.title}",
            "",
            _markdown(self.headings),
            "|---" * len(self.headings) + "|",
            *map(_markdown, self.rows),
        ]
        return "\n".join(lines) + "\n"

    def as_csv(self) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows((self.headings, *self.rows))
        return out.getvalue()

    def as_text(self) -> str:
        """Columns for a terminal, the first aligned to the left and the others to the right."""
        cells = (self.headings, *self.rows)
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = []
        for first, *others in cells:
            right = (one.rjust(width) for one, width in zip(others, widths[1:], strict=True))
            lines.append("  ".join((first.ljust(widths[0]), *right)).rstrip())
        lines.insert(1, "-" * max(map(len, lines)))
        return "\n".join(lines)


def _markdown(cells: Sequence[str]) -> str:
    shown = (" ".join(cell.replace("|", r"\|").split()) for cell in cells)
    return f"| {' | '.join(shown)} |"
