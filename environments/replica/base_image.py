"""The image that all others stand on: Debian 13, with or without a container registry."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError, DockerException
from urllib3.exceptions import HTTPError

from environments.replica.engine import ensure_debootstrap
from environments.replica.engine_address import EngineError
from environments.replica.image_failures import ImageBuildError, last_lines, remedy
from environments.replica.image_folders import BASE_TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker.api import APIClient

    from environments.replica.machine import Say

UPSTREAM = ("debian", "trixie-slim")
PULL_SECONDS = 120.0
DEBOOTSTRAP_SECONDS = 900.0
CHUNK_BYTES = 1 << 18
CONFIGURATION = ['CMD ["bash"]', "LABEL muster.image=base"]
# what Debian's own image has: nothing starts while a package is installed, and dpkg does
# not wait for the disk after each file
TUNING = {
    "usr/sbin/policy-rc.d": ("#!/bin/sh\nexit 101\n", 0o755),
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": ("force-unsafe-io\n", 0o644),
}


def make_base(
    pulling: APIClient,
    importing: APIClient,
    say: Say,
    bootstrap: Callable[[Path, Say], None] | None = None,
) -> None:
    """Make ``muster/base:trixie``: tag Debian's image if it is here, pull it, or make it.

    ``pulling`` should have a short time limit: where no registry answers it is waited for
    in vain.

    Raises:
        ImageBuildError: it could be neither pulled nor made.
    """
    upstream = ":".join(UPSTREAM)
    if not pulling.images(upstream):
        try:
            _pull(pulling)
        except (DockerException, HTTPError, OSError, TimeoutError) as error:
            say(f"image base: {upstream} cannot be pulled ({_short(error)}); making it instead")
            _make(importing, say, bootstrap or _debootstrap)
            return
    repository, tag = BASE_TAG.split(":")
    pulling.tag(upstream, repository, tag)


def _pull(engine: APIClient) -> None:
    repository, tag = UPSTREAM
    deadline = time.monotonic() + PULL_SECONDS
    for event in engine.pull(repository, tag, stream=True, decode=True):
        if "error" in event:
            raise DockerException(event["error"])
        if time.monotonic() > deadline:
            raise TimeoutError(f"not done after {PULL_SECONDS:g} s")


def _short(error: Exception) -> str:
    text = (error.explanation if isinstance(error, APIError) else None) or str(error)
    return " ".join(str(text).split())[-160:]


def _make(
    engine: APIClient,
    say: Say,
    bootstrap: Callable[[Path, Say], None],
) -> None:
    with tempfile.TemporaryDirectory(prefix="muster-base-") as folder:
        root = Path(folder) / "root"
        bootstrap(root, say)
        for name, (content, mode) in TUNING.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
            file.chmod(mode)
        say("image base: importing it")
        _import(engine, root)


def _debootstrap(root: Path, say: Say) -> None:
    try:
        ensure_debootstrap(say)
    except EngineError as error:
        raise ImageBuildError(
            f"the base image cannot be made here ({error}); bring {':'.join(UPSTREAM)} into "
            "the engine, or run this as root on Debian or Ubuntu"
        ) from error
    say("image base: debootstrap makes a Debian trixie, which takes about half a minute")
    command = ["debootstrap", "--variant=minbase", "trixie", str(root)]  # its own mirror
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    variables = {**os.environ, "PATH": path}
    with tempfile.TemporaryFile() as output:
        try:
            subprocess.run(
                command,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=DEBOOTSTRAP_SECONDS,
                check=True,
            )
        except subprocess.SubprocessError as error:
            output.seek(0)
            printed = output.read().decode(errors="replace")
            what_to_do = remedy(printed, "mend what its last lines name and try again")
            raise ImageBuildError(
                f"the base image could not be made ({error}); "
                f"{what_to_do}:{last_lines(printed)}"
            ) from error
    for leftovers in ("var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*"):
        for leftover in root.glob(leftovers):
            leftover.unlink()


def _import(engine: APIClient, root: Path) -> None:
    repository, tag = BASE_TAG.split(":")
    command = ["tar", "--create", "--numeric-owner", "--one-file-system", "-C", str(root), "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        chunks = iter(partial(tar.stdout.read, CHUNK_BYTES), b"") if tar.stdout else ()
        answer = str(engine.import_image(chunks, changes=CONFIGURATION))
    events = [json.loads(line) for line in answer.splitlines()]
    if tar.returncode != 0 or not events or "status" not in events[-1]:
        what_to_do = remedy(answer, "see that the engine works (`make engine`) and try again")
        raise ImageBuildError(
            f"the base image could not be imported; {what_to_do}:{last_lines(answer)}"
        )
    engine.tag(events[-1]["status"], repository, tag)
