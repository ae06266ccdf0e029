"""Looks for values where they must not be: on this host, in images, in containers."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from environments.replica.world import NODE_LABEL, WORLD_LABEL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from environments.model import Environment, Node
    from environments.replica.containers import Engine

WITHIN = timedelta(seconds=120)
SHORTEST = 20  # characters: anything shorter is found everywhere
_MEMORY = "/run/vault"
_IDENTITY = "/etc/muster/identity"
# Everything but what the kernel shows and what is in memory: file systems of their own.
_IN_CONTAINER = r"""
printf '%s\n' $VALUES > "$LIST"
grep -rlaF --devices=skip -f "$LIST" $FOLDERS 2>/dev/null | sort || true
rm -f "$LIST"
"""
_LIST = "/dev/shm/values"  # noqa: S108 - in memory
_FOLDERS = "/etc /home /opt /root /run/muster /run/secrets /srv /tmp /usr/local /var"


@dataclass(frozen=True, slots=True)
class Values:
    """Secrets, of which a part is looked for that says nothing to who does not have them."""

    texts: frozenset[str] = field(repr=False)

    @classmethod
    def in_memory_of(cls, nodes: Iterable[Node]) -> Values:
        """Read everything that these nodes keep in memory, and the keys of who they are."""
        found: set[str] = set()
        for node in nodes:
            for folder in (_MEMORY, _IDENTITY):
                told = node.run(
                    ["sh", "-c", f"cat {folder}/* 2>/dev/null || true"], within=WITHIN
                ).stdout
                found |= {*_passwords(told), *_keys(told)}
        return cls(frozenset(found))

    def __or__(self, other: Values) -> Values:
        return Values(self.texts | other.texts)

    def count_in(self, stream: Iterable[bytes]) -> int:
        """Count the lines of a stream that have any of them."""
        with self._list() as file:
            grep = subprocess.Popen(
                ["grep", "--count", "--text", "--fixed-strings", f"--file=/dev/fd/{file}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[file],
            )
            assert grep.stdin
            for chunk in stream:
                grep.stdin.write(chunk)
            told, _ = grep.communicate()
        return int(told)

    def files_below(self, folder: Path, *, without: Collection[str] = ()) -> set[str]:
        """Name the files that have any of them."""
        excluded = [f"--exclude-dir={name}" for name in without]
        with self._list() as file:
            done = subprocess.run(
                ["grep", "-rlaF", *excluded, f"--file=/dev/fd/{file}", str(folder)],
                capture_output=True, text=True, check=False, pass_fds=[file],
            )  # fmt: skip
        return set(done.stdout.splitlines())

    def files_of(self, node: Node, folders: str = _FOLDERS) -> set[str]:
        """Name the files of a node, in memory or not, that have any of them."""
        variables = {
            "VALUES": " ".join(self.texts), "FOLDERS": folders, "LIST": _LIST,
        }  # fmt: skip
        done = node.run(["sh", "-c", _IN_CONTAINER], within=WITHIN, variables=variables)
        return set(done.stdout.split())

    @contextmanager
    def _list(self) -> Iterator[int]:
        """Give them as a file that is on no disk."""
        ours, theirs = os.pipe()

        def write() -> None:
            with os.fdopen(theirs, "w") as written:
                written.write("\n".join(self.texts))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            yield ours
        finally:
            os.close(ours)
            writer.join()


def _passwords(told: str) -> set[str]:
    """Find what is hexadecimal and long: passwords, and the key of tokens."""
    words = "".join(c if c in "0123456789abcdef" else " " for c in told).split()
    return {word for word in words if len(word) == 64}


def _keys(told: str) -> set[str]:
    """Find the line of each private key that no other key has."""
    parts = told.split("-----BEGIN ")
    return {
        line
        for part in parts
        if part.startswith(("PRIVATE KEY", "EC PRIVATE KEY"))
        for line in part.splitlines()[2:3]
        if len(line) >= SHORTEST
    }


def described(engine: Engine, world: Environment) -> Iterable[bytes]:
    """Give what ``docker inspect`` and ``docker logs`` say of every container of a world."""
    for one in _containers(engine, world):
        yield json.dumps(engine.inspect_container(one["Id"]), indent=1).encode() + b"\n"
        yield bytes(engine.logs(one["Id"])) + b"\n"


def images_of(engine: Engine, world: Environment, name: str = "") -> set[str]:
    """Name the images of a world's containers, or of the node of that name alone."""
    return {
        str(one["Image"])
        for one in _containers(engine, world)
        if name in {"", one["Labels"].get(NODE_LABEL)}
    }


def _containers(engine: Engine, world: Environment) -> list[dict[str, Any]]:
    label = f"{WORLD_LABEL}={world.id}"
    return list(engine.containers(all=True, filters={"label": label}))


def packed(engine: Engine, images: Iterable[str]) -> Iterator[bytes]:
    """Give the layers and the configurations of images, each layer once."""
    url = f"{engine.base_url}/images/get"  # the SDK packs one image at a time
    names = sorted({*images})
    with engine.get(url, params={"names": names}, stream=True) as answer:
        answer.raise_for_status()
        yield from answer.iter_content(1 << 20)
