"""The manifest: what there is to restore from, for people (Markdown) and programs (JSON)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .catalogue import Backup, Catalogue
from .findings import describe_seconds
from .schedule import PROMISES
from .unknown import Unknown

if TYPE_CHECKING:
    from .archiver import Archiver
    from .survey import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Any moment from ``begins`` to ``ends`` can be restored; seconds since 1970."""

    begins: float
    ends: float


def window(
    catalogue: Catalogue | Unknown, archiver: Archiver | Unknown, now: float
) -> Window | None:
    """Give the window, None where nothing can be restored or nobody knows what can.

    It ends when the primary last archived WAL. Where that is not known it ends with the
    newest backup, which is certain.
    """
    if isinstance(catalogue, Unknown):
        return None
    fulls = catalogue.of_kind("full")
    if not fulls:
        return None
    ends = float(max(backup.stopped for backup in catalogue.backups))
    if not isinstance(archiver, Unknown) and archiver.seconds_since_archived is not None:
        ends = max(ends, now - archiver.seconds_since_archived)
    return Window(begins=fulls[0].stopped, ends=ends)


def as_json(view: View) -> bytes:
    """Write what the page says; what is not known is null."""
    restorable = window(view.catalogue, view.archiver, view.now)
    document = {
        "at": _moment(view.now),
        "stanza": view.stanza,
        "repository": int(view.repository),
        "schedule": view.schedule,
        "retention": _known_or_none(view.retention),
        "pgbackrest": _known_or_none(view.version),
        "window": restorable and {key: _moment(at) for key, at in asdict(restorable).items()},
        **_holdings(view.catalogue),
        "findings": view.findings,
    }
    return json.dumps(document, indent=2).encode()


def _holdings(catalogue: Catalogue | Unknown) -> dict[str, object]:
    if isinstance(catalogue, Unknown):
        return dict.fromkeys(("postgresql", "cipher", "newest_segment", "backups"))
    return {
        "postgresql": catalogue.database_version,
        "cipher": catalogue.cipher,
        "newest_segment": catalogue.newest_segment,
        "backups": [asdict(backup) for backup in catalogue.backups],
    }


def as_markdown(view: View) -> bytes:
    """Write the page, which says of itself when it was made."""
    lines = [
        f"# Backups of {view.stanza}, repository {view.repository}",
        "",
        f"Written {_moment(view.now)}.",
        "",
        *_summary(view),
        "",
        "## Findings",
        "",
        *([f"- {finding}" for finding in view.findings] or ["Nothing is wrong."]),
        "",
        "## Backups",
        "",
        *_table(view.catalogue),
        "",
    ]
    return "\n".join(lines).encode()


def _summary(view: View) -> list[str]:
    catalogue = view.catalogue
    lines = [
        f"- **Any moment can be restored** {_describe_window(view)}",
        f"- **Schedule**: {PROMISES[view.schedule].words}",
        f"- **Kept**: {_or_why(view.retention)}",
        f"- **Version**: {_or_why(view.version)}",
    ]
    if isinstance(catalogue, Catalogue):
        lines += [
            f"- **Database**: PostgreSQL {catalogue.database_version or 'not known'}",
            f"- **Encryption**: {catalogue.cipher}",
            f"- **Newest WAL in the repository**: {catalogue.newest_segment or 'none'}",
        ]
    return lines


def _describe_window(view: View) -> str:
    restorable = window(view.catalogue, view.archiver, view.now)
    if restorable is None:
        return "from no moment on that is known: see the findings"
    return f"from {_moment(restorable.begins)} to {_moment(restorable.ends)}"


def _table(catalogue: Catalogue | Unknown) -> list[str]:
    if isinstance(catalogue, Unknown):
        return [f"Not known: {catalogue.why}"]
    if not catalogue.backups:
        return ["There are none."]
    return [
        "| label | kind | depends on | began | took | database | in the repository | errors |",
        "|---|---|---|---|---:|---:|---:|---|",
        *map(_row, catalogue.backups),
    ]


def _row(backup: Backup) -> str:
    cells = (
        backup.label,
        backup.kind,
        _dependence(backup),
        _moment(backup.started),
        describe_seconds(backup.stopped - backup.started),
        _size(backup.database_bytes),
        _size(backup.repository_bytes),
        "invalid pages" if backup.has_errors else "none",
    )
    return f"| {' | '.join(cells)} |"


def _dependence(backup: Backup) -> str:
    if not backup.references:
        return "nothing"
    first, *others = backup.references
    return f"{first} and {len(others)} more" if others else first


def _size(count: int) -> str:
    for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")


def _or_why(value: str | Unknown) -> str:
    return f"not known: {value.why}" if isinstance(value, Unknown) else value


def _known_or_none(value: str | Unknown) -> str | None:
    return None if isinstance(value, Unknown) else value
