"""``python3 -m configuring.main``: the configurator itself."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from configuration.document import Signer
from configuration.schema import ConfigurationError
from rollout import telemetry
from rollout.history import History
from rollout.watching import Watcher
from rollout.web import Web

from .controller import TURN_SECONDS, Controller, Means
from .instances import Instances
from .policy import PolicyError, read_policy
from .settings import FOLDER, STATE, Settings, SettingsError, read_settings
from .store import Store, StoreError
from .trail import Trail
from .trials import Trials
from .web import PORT, Pages


def controller_of(settings: Settings, threads: ThreadPoolExecutor) -> Controller:
    """Put the configurator together; its state goes on where it ended."""
    clock = time.monotonic
    policy_file = FOLDER / "policies" / f"{settings.policy}.toml"
    policy = read_policy(policy_file.read_bytes(), file=policy_file.name)
    policy = replace(policy, trials=policy.trials and settings.trials)
    means = Means(
        store=Store(STATE, Signer.of(settings.signing_key)),
        instances=Instances(settings.instances, threads, clock),
        watcher=Watcher(threads, clock),
        history=History(STATE / "history.jsonl", clock),
        policy=policy,
        orders=Trials(threads),
        clock=clock,
    )
    if settings.audit:
        means = replace(means, told=Trail(settings.audit, threads))
    controller = Controller(means)
    controller.begin(
        (FOLDER / "configurations" / f"{settings.configuration}.toml").read_bytes()
    )
    return controller


def run() -> None:
    """Turn for ever, at a steady pace.

    Raises:
        SettingsError: a variable is missing or makes no sense.
        PolicyError: there is no policy.
        ConfigurationError: there is no configuration to begin with.
        StoreError: the one that was in force was tampered with.
    """
    settings = read_settings(os.environ)
    threads = ThreadPoolExecutor(2 * len(settings.instances) + 2, thread_name_prefix="ask")
    controller = controller_of(settings, threads)
    pages = Pages(controller, time.monotonic)
    telemetry.say("starting", settings=settings)
    Web(pages.answer, pages.do, ("", PORT)).serve()
    pause = threading.Event()
    while True:
        began = time.monotonic()
        controller.turn()
        pages.turned_at = time.monotonic()
        pause.wait(max(0.0, began + TURN_SECONDS - time.monotonic()))


def main() -> None:
    telemetry.log_json_lines()
    try:
        run()
    except (SettingsError, ConfigurationError, PolicyError, StoreError, OSError) as error:
        sys.exit(f"the configurator cannot start: {error}")


if __name__ == "__main__":
    main()
