"""Makes sure that a Docker engine answers: ``python3 environments/replica/engine.py``.

It runs before anything is installed, so it and what it imports need nothing but the
standard library.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # run as a file: imports start at the checkout, not at this folder
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from environments.replica.engine_address import (
    Address,
    EngineError,
    NoAnswerError,
    engine_address,
)
from environments.replica.machine import Machine, Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OLDEST_API = (1, 41)  # Docker Engine 20.10
START_SECONDS = 60.0
UPDATE_SECONDS = 300.0
INSTALL_SECONDS = 900.0
LAST_LINES = 15


def ensure_engine(
    say: Say, variables: Mapping[str, str] | None = None, machine: Machine | None = None
) -> Address:
    """Return the address of an engine that answers, installing and starting one if need be.

    Raises:
        EngineError: none answers and none may or can be started, or it is too old.
    """
    machine = machine or Machine()
    address = engine_address(os.environ if variables is None else variables)
    try:
        version = machine.ping(address)
    except NoAnswerError as failure:
        _must_be_ours_to_start(machine, address, failure)
        version = _bring_up(machine, address, say)
    if tuple(int(part) for part in version.split(".")) < OLDEST_API:
        raise EngineError(
            f"the engine at {address.url} speaks API {version}, and Muster needs "
            f"{'.'.join(map(str, OLDEST_API))}: install Docker Engine 20.10 or newer"
        )
    say(f"engine: {address.url} answers (API {version})")
    return address


def _must_be_ours_to_start(machine: Machine, address: Address, failure: NoAnswerError) -> None:
    if address.said_by:
        raise EngineError(
            f"no engine answers at {address.url}, which {address.said_by} names ({failure}); "
            "start that one, or unset it to use this machine's own"
        ) from failure
    if isinstance(failure.__cause__, PermissionError):
        raise EngineError(
            f"this user may not use {address.url}; join the group docker "
            "(usermod -aG docker USER, then log in again) or run this as root"
        ) from failure
    if not (machine.has_apt() and machine.is_root()):
        raise EngineError(
            f"no engine answers at {address.url} ({failure}), and only root on Debian or "
            "Ubuntu can have one installed here; start Docker yourself, point DOCKER_HOST "
            "at an engine that runs, or run this as root"
        ) from failure


def _bring_up(machine: Machine, address: Address, say: Say) -> str:
    with machine.alone(say):
        try:
            return machine.ping(address)
        except NoAnswerError:
            install(_missing_packages(machine), say, machine)
        if machine.has_systemd():
            return _start_service(machine, address, say)
        return _start_daemon(machine, address, say)


def _missing_packages(machine: Machine) -> list[str]:
    missing = {
        "docker.io": not machine.has("dockerd"),
        "iptables": not machine.has("iptables"),
        "ca-certificates": machine.lacks_certificates(),
        # where the kernel enforces AppArmor, no container starts without its parser
        "apparmor": machine.enforces_apparmor() and not machine.has("apparmor_parser"),
    }
    return [package for package, is_missing in missing.items() if is_missing]


def install(packages: Sequence[str], say: Say, machine: Machine) -> None:
    """Install Debian packages, saying so.

    Raises:
        EngineError: apt-get failed; its last lines follow the sentence.
    """
    if not packages:
        return
    _run(["apt-get", "update"], UPDATE_SECONDS, say, machine)
    options = ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
    _run(["apt-get", *options, *packages], INSTALL_SECONDS, say, machine)


def ensure_debootstrap(say: Say, machine: Machine | None = None) -> None:
    """Install debootstrap where it is missing.

    Raises:
        EngineError: it is missing and cannot be installed.
    """
    machine = machine or Machine()
    if not machine.is_root():
        raise EngineError("debootstrap works for root alone")
    if not _missing_to_bootstrap(machine):
        return
    if not machine.has_apt():
        raise EngineError("debootstrap can be installed on Debian or Ubuntu alone")
    with machine.alone(say):
        install(_missing_to_bootstrap(machine), say, machine)


def _missing_to_bootstrap(machine: Machine) -> list[str]:
    missing = {
        "debootstrap": not machine.has("debootstrap"),
        # Ubuntu has its own keys only
        "debian-archive-keyring": machine.lacks_debian_keys(),
    }
    return [package for package, is_missing in missing.items() if is_missing]


def _run(command: Sequence[str], seconds: float, say: Say, machine: Machine) -> None:
    say(f"engine: {' '.join(command)}")
    code, output = machine.run(command, seconds)
    if code != 0:
        how = f"took longer than {seconds:g} s" if code < 0 else f"failed with exit code {code}"
        raise EngineError(
            f"`{' '.join(command)}` {how}; mend what its last lines name and try again:"
            f"{_last_lines(output)}"
        )


def _start_service(machine: Machine, address: Address, say: Say) -> str:
    _run(["systemctl", "start", "docker"], START_SECONDS, say, machine)
    try:  # the unit tells systemd when it is ready, and its socket keeps us until then
        return machine.ping(address, START_SECONDS)
    except NoAnswerError as error:
        raise EngineError(
            f"systemd started docker but nothing answers at {address.url} ({error}); "
            "`journalctl -u docker` says why"
        ) from error


def _start_daemon(machine: Machine, address: Address, say: Say) -> str:
    pid = machine.running_daemon()
    ours = pid is None
    if pid is None:
        say(f"engine: starting dockerd, which logs to {machine.daemon_log}")
        pid = machine.start_daemon()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            return machine.ping(address)
        except NoAnswerError:
            if machine.daemon_ends_within(pid, 0.2):
                raise EngineError(
                    f"dockerd ended while it started; {machine.daemon_log} says why:"
                    f"{_last_lines(machine.log())}"
                ) from None
    if ours:
        machine.stop_daemon(pid)
    raise EngineError(
        f"dockerd did not answer within {START_SECONDS:g} s; {machine.daemon_log} says why:"
        f"{_last_lines(machine.log())}"
    )


def _last_lines(text: str) -> str:
    return "".join(f"\n    {line}" for line in text.splitlines()[-LAST_LINES:])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    try:
        ensure_engine(_say)
    except EngineError as error:
        sys.stderr.write(f"engine: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
