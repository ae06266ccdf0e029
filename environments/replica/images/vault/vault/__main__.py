"""People's handle on the vault.

vault [list]              every secret, its version and age, and for whom it is
vault rotate NAME         the next value, moved over to, then the one of before ended
vault revoke NAME         ended at once, whatever that costs who uses it; then as above
vault issue NODE SECONDS  have a node's server certificate renewed, good for so long
"""

from __future__ import annotations

import sys

from .operators import ask


def main() -> None:
    words = sys.argv[1:]
    if words in (["help"], ["--help"]):
        sys.exit(__doc__)
    try:
        sys.exit(ask(words, lambda line: print(line, flush=True)))  # noqa: T201 - its work
    except OSError as error:
        sys.exit(f"vault: {error}: see whether the vault runs on this node")


if __name__ == "__main__":
    main()
