"""Nodes whose commands run on this host, each in a folder that stands for its file system.

The very scripts of a fault run there, on real files and with the host's tools. What the
host has not (a database, a supervisor, a backup tool) are small programs in the node's
``bin``, which keep their state in files beside it.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

from environments.model import DAMAGE_FOLDER, Completed, Trace, TraceKind
from tests.fakes.nodes import FakeNode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from tests.fakes.world import FakeEnvironment


class HostNode(FakeNode):
    """Every path that a script is given in a variable is one below the node's folder."""

    def __init__(self, world: FakeEnvironment, name: str, role: str, root: Path) -> None:
        super().__init__(world, name, role, "east")
        self.root = root
        (root / "bin").mkdir(parents=True)

    def run(
        self,
        command: Sequence[str],
        *,
        within: timedelta,
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        self._must_run("run a command")
        below = {
            name: f"{self.root}{value}" if value.startswith("/") else value
            for name, value in (variables or {}).items()
        }
        path = f"{self.root}/bin:{os.environ['PATH']}"
        began = time.monotonic()
        done = subprocess.run(
            list(command),
            env={**os.environ, **below, "PATH": path, "ROOT": str(self.root)},
            capture_output=True,
            text=True,
            timeout=within.total_seconds(),
            check=False,
        )
        took = time.monotonic() - began
        return Completed(done.returncode, done.stdout, done.stderr, took)

    def has(self, program: str, script: str) -> None:
        """Put a program of its own on the node's PATH; ``$ROOT`` is the node's folder."""
        file = self.root / "bin" / program
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def below(self, path: str) -> Path:
        """Where a path on the node is on this host."""
        return self.root / path.lstrip("/")

    @property
    def kept(self) -> list[Path]:
        """The folders that faults keep on the node."""
        folder = self.below(DAMAGE_FOLDER)
        return sorted(folder.iterdir()) if folder.exists() else []

    def damage(self) -> frozenset[Trace]:
        return frozenset(Trace(self.name, TraceKind.DAMAGE, kept.name) for kept in self.kept)


def put_on_hosts(world: FakeEnvironment, folder: Path, *names: str) -> list[HostNode]:
    """Let the commands of these nodes of the fake world run on this host."""
    hosts = [HostNode(world, name, world.node(name).role, folder / name) for name in names]
    by_name = {host.name: host for host in hosts}
    world.nodes = [by_name.get(node.name, node) for node in world.nodes]
    return hosts
