"""People's handle on the trail, on its own node.

audit verify [NUMBER:HASH…]   is it what was written? anchors are from where it is not kept
audit touched [LOGIN]         what somebody did to orders in the service's name
audit export FILE             a copy as it is now, with its SHA-256
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

from .chain import Anchor, TamperedError, verify
from .events import touched
from .settings import SERVICE, TRAIL, read_instances
from .trail import Trail


def main(arguments: list[str], path: Path = TRAIL) -> int:
    """Do what was asked; give 1 where the trail is not what was written."""
    parser = argparse.ArgumentParser(
        prog="audit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    verifying = commands.add_parser("verify")
    verifying.add_argument("anchors", nargs="*", type=Anchor.parse, metavar="NUMBER:HASH")
    touching = commands.add_parser("touched")
    touching.add_argument("login", nargs="?", default=SERVICE)
    exporting = commands.add_parser("export")
    exporting.add_argument("file", type=Path)
    asked = parser.parse_args(arguments)
    trail = Trail(path)
    match asked.command:
        case "verify":
            return _verify(trail, asked.anchors)
        case "touched":
            entries = (json.loads(line)["entry"] for line in trail.lines())
            for one in touched(entries, asked.login, read_instances(os.environ)):
                _say(json.dumps(one))
        case "export":
            _export(trail, asked.file)
    return 0


def _verify(trail: Trail, anchors: list[Anchor]) -> int:
    try:
        head = verify(trail.lines(), anchors)
    except TamperedError as error:
        sys.stderr.write(f"the trail was tampered with: {error}\n")
        return 1
    _say(
        f"the trail is whole: {head.number} entries, {len(anchors)} anchors agree, head {head}"
    )
    return 0


def _export(trail: Trail, file: Path) -> None:
    digest = hashlib.sha256()
    with file.open("xb") as copy:
        for line in trail.lines():
            copy.write(line)
            digest.update(line)
        os.fsync(copy.fileno())
    file.chmod(0o440)
    _say(f"{digest.hexdigest()}  {file}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
