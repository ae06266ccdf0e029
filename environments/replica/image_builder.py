"""Builds the replica's images: ``python -m environments.replica.image_builder [NAME ...]``.

An image is built when there is none with its content's tag. What does not stand on each
other is built side by side; several runs at once take turns, image by image.
"""

from __future__ import annotations

import fcntl
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException
from urllib3.exceptions import HTTPError

from environments.model import WorldError
from environments.replica.base_image import make_base
from environments.replica.engine_address import docker_environment
from environments.replica.image_failures import ImageBuildError, last_lines, remedy
from environments.replica.image_folders import (
    BASE,
    BASE_TAG,
    ImageFolder,
    building_order,
    content_tags,
    context,
    read_folders,
)

Say = Callable[[str], None]

CHECKOUT = Path(__file__).parents[2]
IMAGES = Path(__file__).parent / "images"
LOCKS = CHECKOUT / ".cache" / "locks"
SIDE_BY_SIDE = 4
SILENCE_SECONDS = 600  # the longest that a step of a build may print nothing
PULL_SILENCE_SECONDS = 20
TURN_SECONDS = 1800.0  # the longest that another run is waited for
PROGRESS_SECONDS = 5.0
STEP_CHARACTERS = 100
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class _StoppedError(Exception):
    """Another image failed, or the person stopped us."""


def build_images(
    names: Iterable[str] | None, say: Say, *, root: Path = IMAGES, locks: Path = LOCKS
) -> Mapping[str, str]:
    """Build what is missing of these images (all when None) and of what they stand on.

    Returns each image's name with its full tag.

    Raises:
        ImageBuildError: an image cannot be built; a sentence with the remedy, then the
            last lines that the build printed.
        WorldError: no engine answers.
    """
    ordered = building_order(read_folders(root), names)
    tags = content_tags(ordered)
    with _engine(SILENCE_SECONDS) as engine:
        present = _present_tags(engine)
    missing = [folder for folder in ordered if tags[folder.name] not in present]
    if missing:
        if BASE_TAG not in present:
            _ensure_base(say, locks)
        _build_all([_Build(folder, tags, locks, say) for folder in missing], say)
    else:
        say(f"images: nothing to build, all {len(ordered)} are there")
    return {folder.name: tags[folder.name] for folder in ordered}


@contextmanager
def _engine(silence_seconds: int) -> Iterator[docker.APIClient]:
    try:
        client = docker.DockerClient.from_env(
            environment=docker_environment(), timeout=silence_seconds
        )
        try:
            yield client.api
        finally:
            client.close()
    except APIError as error:
        raise ImageBuildError(
            f"the engine refused ({error.explanation}); "
            f"{remedy(str(error.explanation), 'mend what it names')}"
        ) from error
    except (DockerException, HTTPError, OSError) as error:
        raise WorldError(
            f"the engine does not answer ({error}); {remedy(str(error), 'run `make engine`')}"
        ) from error


def _present_tags(engine: docker.APIClient) -> set[str]:
    images = engine.images(filters={"reference": "muster/*"})
    return {tag for image in images for tag in image["RepoTags"] or ()}


def _ensure_base(say: Say, locks: Path) -> None:
    with (
        _turn(locks, BASE, threading.Event(), say),
        _engine(PULL_SILENCE_SECONDS) as pulling,
        _engine(SILENCE_SECONDS) as importing,
    ):
        if BASE_TAG not in _present_tags(pulling):
            began = time.monotonic()
            make_base(pulling, importing, say)
            say(f"image base: ready after {time.monotonic() - began:.0f} s")


@contextmanager
def _turn(locks: Path, name: str, stop: threading.Event, say: Say) -> Iterator[None]:
    """Hold an image's lock, so that of several runs one builds it and the others find it."""
    locks.mkdir(parents=True, exist_ok=True)
    path = locks / f"image-{name}.lock"
    deadline = time.monotonic() + TURN_SECONDS
    with path.open("w") as lock:
        is_first = True
        while not _try_lock(lock.fileno()):
            if is_first:
                say(f"image {name}: another run is building it; waiting for that one")
            is_first = False
            if stop.wait(0.2):
                raise _StoppedError
            if time.monotonic() > deadline:
                raise ImageBuildError(
                    f"another run has been building image {name} for {TURN_SECONDS:g} s; "
                    f"end it (it holds {path}) and try again"
                )
        yield


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass
class _Build:
    """One image being built, in a thread of its own."""

    folder: ImageFolder
    tags: Mapping[str, str]
    locks: Path
    say: Say
    began: float = 0.0
    step: str = "waiting"
    reason: str = ""  # why the engine gave it up
    output: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.folder.name

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def run(self, stop: threading.Event) -> str:
        """Build it, unless another run has, and return the sentence that tells so."""
        with (
            _turn(self.locks, self.name, stop, self.say),
            _engine(SILENCE_SECONDS) as engine,
        ):
            if self.tags[self.name] in _present_tags(engine):
                return f"image {self.name}: built by another run"
            self._build(engine, stop)
            size = engine.images(self.tags[self.name])[0]["Size"]
            return f"image {self.name}: built in {self.seconds():.0f} s, {size / 1e6:.0f} MB"

    def _build(self, engine: docker.APIClient, stop: threading.Event) -> None:
        arguments = {parent: self.tags[parent] for parent in self.folder.parents}
        proxies = {name: os.environ[name] for name in PROXIES if name in os.environ}
        try:
            events = engine.build(
                fileobj=io.BytesIO(context(self.folder.path)),
                custom_context=True,
                tag=self.tags[self.name],
                buildargs=proxies | arguments,
                labels={"muster.image": self.name},
                rm=True,
                forcerm=True,
                decode=True,
            )
            for event in events:
                self._take(event)
                if stop.is_set():
                    raise _StoppedError
        except APIError as error:
            raise self._failed(str(error.explanation)) from error
        if self.reason:  # raised after the last event: then the connection is closed
            raise self._failed(self.reason)

    def _take(self, event: Mapping[str, Any]) -> None:
        text = str(event.get("stream") or event.get("status") or "")
        self.output.append(text)
        if text.startswith("Step "):
            self.step = text.strip()
        self.reason = str(event.get("error", self.reason))

    def _failed(self, reason: str) -> ImageBuildError:
        printed = "".join(self.output) + f"\n{reason}"
        what_to_do = remedy(printed, f"mend {self.folder.dockerfile} and try again")
        return ImageBuildError(
            f"image {self.name} failed to build from {self.folder.dockerfile} "
            f"({self.step}); {what_to_do}:{last_lines(printed)}"
        )


def _build_all(builds: list[_Build], say: Say) -> None:
    stop = threading.Event()
    waiting = list(builds)
    running: dict[Future[str], _Build] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        try:
            while waiting or running:
                _start_ready(waiting, running, pool, stop, say)
                ended, _ = wait(running, PROGRESS_SECONDS, FIRST_COMPLETED)
                for future in ended:
                    del running[future]
                    say(future.result())
                if not ended:
                    for build in running.values():
                        say(_progress(build))
        finally:
            stop.set()


def _start_ready(
    waiting: list[_Build],
    running: dict[Future[str], _Build],
    pool: ThreadPoolExecutor,
    stop: threading.Event,
    say: Say,
) -> None:
    unfinished = {build.name for build in (*waiting, *running.values())}
    for build in list(waiting):
        if len(running) < SIDE_BY_SIDE and unfinished.isdisjoint(build.folder.parents):
            say(f"image {build.name}: building {build.tags[build.name]}")
            build.began = time.monotonic()
            waiting.remove(build)
            running[pool.submit(build.run, stop)] = build


def _progress(build: _Build) -> str:
    return f"image {build.name}: {build.seconds():.0f} s, {build.step[:STEP_CHARACTERS]}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(names: list[str]) -> int:
    try:
        build_images(names or None, _say)
    except WorldError as error:
        sys.stderr.write(f"images: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
