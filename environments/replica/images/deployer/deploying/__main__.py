"""``deploy``: people's handle on the deployer. Each word may be said again: it does no harm.

deploy status      how things are, and what happened last
deploy start       the next release gets to customers, stage by stage
deploy promote     the next stage begins now, without waiting
deploy rollback    customers go back to the release before; returns once that was seen
deploy switch      blue-green: all customers at once, and all at once back again
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .pages import ASK, PORT

ANSWER_SECONDS = 5.0
BACK_WITHIN_SECONDS = 30.0
POLL_SECONDS = 0.1
LAST_ENTRIES = 5

Status = Mapping[str, Any]


class RefusedError(Exception):
    """Nothing was done; the message is one sentence that says why, with a remedy."""


def run(words: Sequence[str], port: int = PORT) -> str:
    """Do what the words say, and give what people are told.

    Raises:
        RefusedError: it was not done, or not seen to be done.
    """
    match words:
        case [] | ["status"]:
            status = ask("GET", "/status", port)
            return describe(status, ask("GET", "/changes", port)[-LAST_ENTRIES:])
        case ["start" | "promote" | "rollback" | "switch" as what]:
            done: str = ask("POST", f"{ASK}{what}", port)["done"]
            if what in {"rollback", "switch"}:
                return f"{done}\n{_wait_until_back(port)}"
            return done
    raise RefusedError("write deploy status, start, promote, rollback or switch")


def ask(method: str, path: str, port: int) -> Any:  # noqa: ANN401 - whatever the page says
    """Ask the deployer on this host.

    Raises:
        RefusedError: it does not answer, or refuses.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, b"" if method == "POST" else None)
        answer = connection.getresponse()
        told = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RefusedError(f"the deployer does not answer ({error}): see its log") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise RefusedError(told["error"])
    return told


def _wait_until_back(port: int) -> str:
    """Wait until it was seen at the edge whom customers are led to.

    Raises:
        RefusedError: it was not seen in time; the deployer goes on trying.
    """
    deadline = time.monotonic() + BACK_WITHIN_SECONDS
    while True:
        status = ask("GET", "/status", port)
        if status["phase"] != "rolling back" or status["verified"]:
            serving = ", ".join(status["serving"]) or "nobody"
            return f"{status['live']} is live: customers are led to {serving}"
        if time.monotonic() > deadline:
            raise RefusedError("it is not done yet, and is tried on: see the deployer's log")
        time.sleep(POLL_SECONDS)


def describe(status: Status, entries: Sequence[Status]) -> str:
    policy = status["policy"]
    lines = [
        f"{status['live']} is live ({status['colour']}); {status['phase']}",
        f"policy {policy['name']} ({policy['version']})",
        *(f"{place} serves customers: {which}" for place, which in status["serving"].items()),
    ]
    if status["share"]:
        lines.append(f"{100 * status['share']:.0f} % of customers meet {status['change']}")
    if status["trouble"]:
        lines.append(f"amiss: {status['trouble']}")
    for entry in entries:
        age, why = entry["age_seconds"], f": {entry['why']}" if entry["why"] else ""
        lines.append(f"{age:.0f} s ago, {entry['change']} {entry['event']}{why}")
    return "\n".join(lines)


def main() -> None:
    try:
        told = run(sys.argv[1:])
    except RefusedError as error:
        sys.exit(f"deploy: {error}")
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
