"""What a migration may not say while customers are served: by its SQL alone.

A lock that is held while all rows are read or written keeps customers waiting for as long as
that takes, and a dry run on a small table does not show it.
"""

from __future__ import annotations

import re

_RULES = (
    (
        r"CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)",
        "nobody can order while the index is built: create it CONCURRENTLY",
    ),
    (
        r"DROP\s+INDEX\s+(?!CONCURRENTLY)",
        "nobody can order until the lock is had: drop it CONCURRENTLY",
    ),
    (
        r"ADD\s+(CONSTRAINT\s+\w+\s+)?(CHECK|FOREIGN\s+KEY)(?!.*NOT\s+VALID)",
        "all rows are read under the lock: add it NOT VALID, and validate it by itself",
    ),
    (
        r"ALTER\s+(COLUMN\s+)?\w+\s+SET\s+NOT\s+NULL",
        "all rows are read under the lock: validate a CHECK by itself first",
    ),
    (
        r"ALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\s",
        "all rows may be written anew under the lock: add a column and fill it bit by bit",
    ),
)
_COMMENT = re.compile(r"--[^\n]*")


def findings(sql: str) -> list[str]:
    """Say what is wrong with which statement; nothing where all may be done under load.

    A table that the same migration creates is nobody's yet.
    """
    statements = [" ".join(one.split()) for one in _COMMENT.sub("", sql).split(";")]
    created = {
        match[1]
        for one in statements
        if (match := re.match(r"CREATE\s+TABLE\s+([\w.]+)", one, re.IGNORECASE))
    }
    return [
        f"{statement}: {why}"
        for statement in statements
        for pattern, why in _RULES
        if re.search(pattern, statement, re.IGNORECASE) and not _is_about(statement, created)
    ]


def _is_about(statement: str, tables: set[str]) -> bool:
    return any(re.search(rf"(ON|TABLE)\s+{re.escape(one)}\b", statement) for one in tables)
