"""The operator's command line: ``auth COMMAND``; it asks the service on this node."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SOCKET = "/run/auth/control"
WITHIN_SECONDS = 20


class FailedError(Exception):
    """It was not done, or nobody knows; the message says why."""


def main(arguments: Sequence[str]) -> None:
    asked = vars(_parser().parse_args(arguments))
    asked = {name: value for name, value in asked.items() if value is not None}
    if asked["command"] == "revoke":
        what = "token" if "token" in asked else "customer"
        asked = {"command": f"revoke_{what}", what: asked[what]}
    if asked["command"] == "add":
        asked["password"] = os.environ.get("PASSWORD", "") or sys.stdin.readline().rstrip("\n")
    try:
        print(json.dumps(_ask(asked)))  # noqa: T201 - its work
    except FailedError as error:
        sys.exit(f"auth: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="auth", description="Who may come in.")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="open an account, or set a new password for one")
    add.add_argument("customer")
    add.epilog = "The password is in PASSWORD, or else a line of the input."
    revoke = commands.add_parser("revoke", help="take tokens back; wait until all know")
    what = revoke.add_mutually_exclusive_group(required=True)
    what.add_argument("--token", help="the id of one")
    what.add_argument("--customer", help="all that were issued to one until now")
    tokens = commands.add_parser("tokens", help="list tokens that have not expired")
    whose = tokens.add_mutually_exclusive_group(required=True)
    whose.add_argument("--customer", help="those of one")
    whose.add_argument("--source", help="those that were issued to an address")
    commands.add_parser("failures", help="count failed logins of the last minute")
    unlock = commands.add_parser("unlock", help="let a source or an account try again")
    unlock.add_argument("subject", help="an address, or a customer")
    commands.add_parser("keys", help="name the keys that sign, follow and are believed")
    drop = commands.add_parser("drop_key", help="believe a retired key no more")
    drop.add_argument("key")
    return parser


def _ask(asked: Mapping[str, Any]) -> object:
    path = os.environ.get("AUTH_SOCKET", SOCKET)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WITHIN_SECONDS)
            connection.connect(path)
            connection.sendall(json.dumps(asked).encode() + b"\n")
            line = connection.makefile().readline()
    except OSError as error:
        raise FailedError(
            f"the service does not answer ({error}): `supervisorctl start auth` starts it"
        ) from error
    if not line:
        raise FailedError("the service broke off: see its log")
    told = json.loads(line)
    if "refused" in told:
        raise FailedError(told["refused"])
    return told["told"]


if __name__ == "__main__":
    main(sys.argv[1:])
