"""Runs other programs, each with a limit of time that holds for all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING

from .unknown import UnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CANNOT_BE_STARTED = 127  # as a shell says it
GRACE_SECONDS = 10.0  # from being asked to end to being ended


@dataclass(frozen=True, slots=True)
class Output:
    """``exit_code`` is negative where a signal ended the program, as in subprocess."""

    exit_code: int
    lines: tuple[str, ...]


def stream(
    command: Sequence[str],
    *,
    within: float,
    say: Callable[[str], None],
    grace: float = GRACE_SECONDS,
) -> Output:
    """Run to its end and say each line as it comes; errors' lines are among them.

    After ``within`` seconds it is asked to end, ``grace`` seconds later it is ended.
    """
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        say(line)

    try:
        with (
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
                start_new_session=True,
            ) as process,
            _ended_after(process, within, grace, hear),
        ):  # fmt: skip
            for line in process.stdout or ():
                hear(line.rstrip("\n"))
            exit_code = process.wait()
    except OSError as error:
        hear(f"{command[0]} cannot be started: {error.strerror}")
        exit_code = CANNOT_BE_STARTED
    return Output(exit_code, tuple(lines))


def ask(
    command: Sequence[str], *, within: float, environ: Mapping[str, str] | None = None
) -> str:
    """Run to its end and give what it printed; ``environ`` is added to our own variables.

    Raises:
        UnknownError: it cannot be started, failed, or took more than so many seconds.
    """
    name = command[0]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
            start_new_session=True, env={**os.environ, **(environ or {})},
        )  # fmt: skip
    except OSError as error:
        raise UnknownError(f"{name} cannot be started: {error.strerror}") from error
    with process:
        try:
            printed, complaint = process.communicate(timeout=within)
        except subprocess.TimeoutExpired as error:
            _signal_all(process, signal.SIGKILL)
            raise UnknownError(f"{name} gave no answer within {within:g} s") from error
    if process.returncode:
        reason = " ".join((complaint or printed).split()) or f"it ended {process.returncode}"
        raise UnknownError(f"{name} failed: {reason}")
    return printed


@contextmanager
def _ended_after(
    process: subprocess.Popen[str], within: float, grace: float, say: Callable[[str], None]
) -> Iterator[None]:
    def ask_to_end() -> None:
        say(f"this took longer than {within:g} s and is ended")
        _signal_all(process, signal.SIGTERM)

    timers = [
        Timer(within, ask_to_end),
        Timer(within + grace, _signal_all, (process, signal.SIGKILL)),
    ]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


def _signal_all(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Also what it started: a child that lives on would hold our end of its output."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
