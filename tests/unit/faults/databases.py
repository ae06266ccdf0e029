"""A database node whose psql knows one relation, and loses its buffers as PostgreSQL does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.faults.hosts import HostNode

PAGE = 8192
DATA = "/var/lib/muster/postgres/data"
RELATION = f"{DATA}/base/5/16384"

# It reads a page by comparing it with what it ought to be, and writes back what is dirty
# when its buffers are evicted.
_PSQL = r"""
asked=$(cat)
[ ! -e "$ROOT/down" ] || { echo "connection refused" >&2; exit 2; }
file=$(cat "$ROOT/filepath")
case "$*" in *relation=orders*) known=yes ;; *) known= ;; esac
case $asked in
  *pg_buffercache_evict*)
    [ ! -e "$ROOT/dirty" ] || { cp "$ROOT/dirty" "$file"; rm "$ROOT/dirty"; }
    [ ! -e "$ROOT/dirty-soon" ] || mv "$ROOT/dirty-soon" "$ROOT/dirty"
    [ ! -e "$ROOT/always-dirty" ] || cp "$ROOT/always-dirty" "$file" ;;
  *pg_prewarm*)
    [ -e "$file" ] ||
      { echo 'ERROR: fork "main" does not exist for this relation' >&2; exit 3; }
    [ -e "$ROOT/no-checksums" ] || cmp -s "$file" "$ROOT/ought" ||
      { echo "ERROR: invalid page in block 0" >&2; exit 3; } ;;
  *pg_relation_filepath*) [ -z "$known" ] || echo "$file" ;;
  *'SHOW data_directory'*) echo "$ROOT/var/lib/muster/postgres/data" ;;
  *) echo "psql was asked: $asked" >&2; exit 3 ;;
esac
"""


def bring_up(host: HostNode, content: bytes) -> Path:
    """Give the node a cluster with this content in ``orders``, and return its file."""
    file = host.below(RELATION)
    file.parent.mkdir(parents=True)
    control = host.below(f"{DATA}/global/pg_control")
    control.parent.mkdir()
    control.write_bytes(b"cluster1 and more")
    file.write_bytes(content)
    (host.root / "ought").write_bytes(content)
    (host.root / "filepath").write_text(str(file))
    host.has("psql", _PSQL)
    return file
