"""``python3 -m scaling.main``: the scaler itself."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from rollout import telemetry
from rollout.rotation import Rotation, RuntimeApi
from rollout.supervisors import Supervisor

from .controller import TURN_SECONDS, Controller
from .metrics import Metrics, Prometheus
from .policy import PolicyError
from .settings import POLICIES, STATE, SettingsError, read_settings
from .state import State
from .web import Pages, Web
from .world import World


def run() -> None:
    """Turn for ever, at a steady pace.

    Raises:
        SettingsError: a variable is missing or makes no sense.
        PolicyError: there is no policy to begin with.
    """
    settings = read_settings(os.environ)
    threads = ThreadPoolExecutor(2 * len(settings.places), thread_name_prefix="ask")
    controller = Controller(
        State(STATE, POLICIES, settings.policy, len(settings.places)),
        World(
            [Supervisor(place) for place in settings.places],
            Rotation(RuntimeApi(settings.edge)),
            time.monotonic,
            threads,
        ),
        Metrics(settings, Prometheus(settings.prometheus)),
        time.monotonic,
        checks_new_instances=settings.checks_new_instances,
    )
    telemetry.say("starting", settings=settings)
    Web(Pages(controller, settings, time.monotonic)).serve()
    pause = threading.Event()
    while True:
        began = time.monotonic()
        controller.turn()
        pause.wait(max(0.0, began + TURN_SECONDS - time.monotonic()))


def main() -> None:
    telemetry.log_json_lines()
    try:
        run()
    except (SettingsError, PolicyError) as error:
        sys.exit(f"the scaler cannot start: {error}")


if __name__ == "__main__":
    main()
