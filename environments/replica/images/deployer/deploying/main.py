"""``python3 -m deploying.main``: the deployer itself."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rollout import telemetry
from rollout.history import History
from rollout.rotation import Rotation, RuntimeApi
from rollout.supervisors import Supervisor
from rollout.watching import Watcher
from rollout.web import Web

from .controller import Controller
from .pages import PORT, Pages
from .policy import Policy, PolicyError, read_policy
from .settings import STATE, Settings, SettingsError, read_settings
from .state import StateFile
from .trials import Trials
from .world import World

if TYPE_CHECKING:
    from pathlib import Path

_THREADS = 32  # questions at once: a place may keep several of them waiting


def run() -> None:
    """Turn for ever; sooner where people ask for something.

    Raises:
        SettingsError: a variable is missing or makes no sense.
        PolicyError: the policy cannot be used.
    """
    settings = read_settings(os.environ)
    policy = _read(settings.policy, settings)
    controller = _controller(settings, policy)
    telemetry.say("starting", settings=settings, policy=policy)
    pages = Pages(controller, time.monotonic)
    Web(pages.answer, pages.do, ("", PORT)).serve()
    while True:
        began = time.monotonic()
        controller.asked.clear()
        controller.turn()
        controller.asked.wait(max(0.0, began + controller.pause_seconds - time.monotonic()))


def _read(file: Path, settings: Settings) -> Policy:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PolicyError(f"{file} cannot be read ({error.strerror}): put one there") from error
    return read_policy(content, file=str(file), places=len(settings.green))


def _controller(settings: Settings, policy: Policy) -> Controller:
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ask")
    return Controller(
        settings,
        policy,
        StateFile(STATE / "state.json"),
        History(STATE / "changes.jsonl", time.monotonic),
        World(
            settings.blue,
            [Supervisor(place) for place in settings.green],
            Rotation(RuntimeApi(settings.edge)),
            time.monotonic,
            threads,
        ),
        Watcher(threads, time.monotonic),
        Trials(threads),
        time.monotonic,
    )


def main() -> None:
    telemetry.log_json_lines()
    try:
        run()
    except (SettingsError, PolicyError) as error:
        sys.exit(f"the deployer cannot start: {error}")


if __name__ == "__main__":
    main()
