"""``scaling``: people's handle on the autoscaler.

scaling               how things are
scaling hold 5        5 instances from now on, whatever the metrics say
scaling release       the metrics decide again
scaling use FILE      put another policy in force; - reads it from the standard input
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .policy import Policy, PolicyError
from .settings import POLICIES, STATE, SettingsError, read_settings
from .state import State
from .web import PORT

ANSWER_SECONDS = 2.0
IN_FORCE_SECONDS = 8.0  # some turns of the scaler, each of which may wait for somebody
POLL_SECONDS = 0.1

Status = Mapping[str, Any]


class RefusedError(Exception):
    """Nothing was done; the message is one sentence that says why, with a remedy."""


def run(words: Sequence[str], state: State) -> str:
    """Do what the words say, and give what people are told.

    Raises:
        RefusedError: it was not done.
        PolicyError: the policy cannot be used; the old one stays in force.
    """
    match words:
        case []:
            return describe(ask("/status"), ask("/decisions"))
        case ["hold", number]:
            return _hold(number, state)
        case ["release"]:
            state.release()
            _wait_until(lambda status: status["held"] is None)
            return "released: the metrics decide again"
        case ["use", name]:
            policy = _use(name, state)
            _wait_until(lambda status: status["policy"]["version"] == policy.version)
            return f"the policy {policy.name} ({policy.version}) is in force"
    raise RefusedError("write scaling, scaling hold N, scaling release, or scaling use FILE")


def _hold(number: str, state: State) -> str:
    policy = state.read_policy()
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= policy.maximum):
        raise RefusedError(
            f"{number!r} is no whole number from 1 to {policy.maximum}, the maximum of the "
            f"policy {policy.name}: write one"
        )
    state.hold(int(number))
    _wait_until(lambda status: status["held"] == int(number) == status["wanted"])
    return f"held at {int(number)}, until `scaling release`"


def _use(name: str, state: State) -> Policy:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise RefusedError(f"{name} cannot be read ({error.strerror}): name a file") from error
    return state.use(content, "the policy given" if name == "-" else name)


def ask(path: str) -> Any:  # noqa: ANN401 - whatever the page says
    """Ask the scaler on this host.

    Raises:
        RefusedError: it does not answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status == http.client.OK:
            return json.loads(answer.read())
        why = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        why = str(error)
    finally:
        connection.close()
    raise RefusedError(f"the scaler does not say how things are ({why}): see its log")


def _wait_until(is_so: Callable[[Status], bool]) -> None:
    """Wait until the scaler has seen it.

    Raises:
        RefusedError: it has not, in time; what was asked for is written down nevertheless.
    """
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while not is_so(ask("/status")):
        if time.monotonic() > deadline:
            raise RefusedError(
                "it is written down, but the scaler does not follow: see its log"
            )
        time.sleep(POLL_SECONDS)


def describe(status: Status, decisions: Sequence[Status]) -> str:
    policy = status["policy"]
    held = "" if status["held"] is None else f", held at {status['held']} by people"
    bounds = f"{status['minimum']} to {status['maximum']} instances"
    cpu, memory = _share(status["cpu"]), _share(status["memory"])
    rate = _number(status["rate"])
    lines = [
        f"{status['serving']} serve, {status['wanted']} are wanted{held}",
        f"policy {policy['name']} ({policy['version']}): {bounds}",
        f"on average: cpu {cpu}, memory {memory}, requests a second {rate}",
        *(f"{place} {phase}" for place, phase in status["places"].items()),
    ]
    if decisions:
        last = decisions[-1]
        lines.append(
            f"{last['age_seconds']:.0f} s ago, {last['from']} to {last['to']}: {last['why']}"
        )
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.0f} %"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f}"


def main() -> None:
    try:
        settings = read_settings(os.environ)
        state = State(STATE, POLICIES, settings.policy, len(settings.places))
        told = run(sys.argv[1:], state)
    except (RefusedError, PolicyError, SettingsError) as error:
        sys.exit(f"scaling: {error}")
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
