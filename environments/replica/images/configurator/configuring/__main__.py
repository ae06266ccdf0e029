"""``config``: people's handle on the orders service's configuration.

config                   how things are
config show              what is in force, to change a copy of it
config validate FILE     say whether it could be used; - reads it from the standard input
config propose FILE      try it on one instance, then on all; one that harms comes back
config wait              until nothing is under way; fails where the last change was taken back
config rollback          take the last change of the configuration back
config flag NAME on|off  switch a feature on every instance at once
config restore FILE      put a version back into the store, from a copy that was signed
config history           what became of each change
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from configuration.schema import ConfigurationError, read_configuration
from rollout.history import Happened

from .web import PORT

ANSWER_SECONDS = 10.0
DONE_SECONDS = 10.0  # instances ask twice a second
TRIED_SECONDS = 60.0
POLL_SECONDS = 0.1
STANDARD_INPUT = "-"
TAKEN_BACK = {Happened.ROLLED_BACK, Happened.REFUSED, Happened.FAILED}

Told = Mapping[str, Any]


class RefusedError(Exception):
    """Nothing was done, or not all; the message is one sentence that says why."""


def run(words: Sequence[str]) -> str:
    """Do what the words say, and give what people are told.

    Raises:
        RefusedError: it was not done.
        ConfigurationError: what was given cannot be used.
    """
    match words:
        case []:
            told = describe(ask("GET", "/status"))
        case ["show"]:
            told = text_of("GET", "/show").rstrip("\n")
        case ["history"]:
            told = "\n".join(map(_line, ask("GET", "/changes")))
        case ["validate", name]:
            read_configuration(_read(name), file=name)
            told = f"{name} can be used"
        case ["propose", name]:
            change = _do(f"/propose/{quote(name, safe='')}", _read(name))
            told = f"{change} is tried: `config wait` says what came of it"
        case ["wait"]:
            told = _wait_for_the_end()
        case ["rollback"]:
            told = f"{_do_everywhere('/rollback')} is taken back on every instance"
        case ["flag", name, ("on" | "off") as state]:
            change = _do_everywhere(f"/flag/{quote(name, safe='')}/{state}")
            told = f"{name} is {state} on every instance ({change})"
        case ["restore", name]:
            told = f"{_do('/restore', _read(name))} is what was signed again"
        case _:
            raise RefusedError(f"there is no such command; write one of these:\n{__doc__}")
    return told


def describe(status: Told) -> str:
    flags = ", ".join(f"{name} {'on' if on else 'off'}" for name, on in status["flags"].items())
    return "\n".join(
        (
            f"version {status['version']} ({status['sha256'][:12]}) is in force",
            *([f"{status['under_way']}"] if status["under_way"] else []),
            f"flags: {flags}",
            *(f"{name} has version {has}" for name, has in status["instances"].items()),
            *(f"trouble: {sentence}" for sentence in status["troubles"]),
        )
    )


def _line(entry: Told) -> str:
    share = "" if entry["share"] is None else f" {100 * entry['share']:.0f} %"
    why = f": {entry['why']}" if entry["why"] else ""
    return f"{entry['wall']} {entry['change']} {entry['event']}{share} by {entry['by']}{why}"


def _wait_for_the_end() -> str:
    _wait_until_idle(TRIED_SECONDS)
    changes = ask("GET", "/changes")
    if not changes:
        raise RefusedError("there was no change yet: propose one")
    if changes[-1]["event"] in TAKEN_BACK:
        raise RefusedError(_line(changes[-1]))
    return _line(changes[-1])


def _wait_until_idle(within_seconds: float) -> None:
    """Wait until nothing is under way.

    Raises:
        RefusedError: something still is; it goes on.
    """
    deadline = time.monotonic() + within_seconds
    while doing := ask("GET", "/status")["under_way"]:
        if time.monotonic() > deadline:
            raise RefusedError(
                f"after {within_seconds:.0f} s {doing}: `config` says what is amiss"
            )
        time.sleep(POLL_SECONDS)


def _read(name: str) -> bytes:
    try:
        if name == STANDARD_INPUT:
            return sys.stdin.buffer.read()
        return Path(name).read_bytes()
    except OSError as error:
        raise RefusedError(f"{name} cannot be read ({error.strerror}): name a file") from error


def _do_everywhere(path: str) -> str:
    """Have something done, and wait until every instance that answers has it."""
    change = _do(path)
    _wait_until_idle(DONE_SECONDS)
    return change


def _do(path: str, body: bytes = b"") -> str:
    return str(ask("POST", path, body)["done"])


def ask(method: str, path: str, body: bytes = b"") -> Any:  # noqa: ANN401 - whatever it says
    return json.loads(text_of(method, path, body))


def text_of(method: str, path: str, body: bytes = b"") -> str:
    """Ask the configurator on this host.

    Raises:
        RefusedError: it does not answer, or says no.
    """
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, body or None)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise RefusedError(
            f"the configurator does not answer ({error}): see its log"
        ) from error
    finally:
        connection.close()
    if answer.status == http.client.OK:
        return text
    raise RefusedError(_reason(text))


def _reason(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text[:200]


def main() -> None:
    try:
        told = run(sys.argv[1:])
    except (RefusedError, ConfigurationError) as error:
        sys.exit(f"config: {error}")
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
