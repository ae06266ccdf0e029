"""How many writes in a second a container may make on the engine's disk, by its cgroup.

The kernel holds back what processes of that cgroup write, nobody else. In version 1 of
cgroups that is what they write by themselves, as a database does with its log (fsync), not
what the kernel writes back later on its own.
https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html#throttling-upper-limit-policy-files
https://docs.kernel.org/admin-guide/cgroup-v2.html#io-interface-files
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from environments.model import WorldError

VERSION_1, VERSION_2 = "blkio.throttle.write_iops_device", "io.max"
ENGINES = "etc/hosts"  # a file on the engine's disk that the engine lends each container


@dataclass(frozen=True, slots=True)
class Throttle:
    """One container's file of limits, and the disk that the engine keeps it on."""

    file: Path
    device: str  # "254:0"

    @property
    def is_version_1(self) -> bool:
        return self.file.name == VERSION_1

    def limit(self, writes_per_second: int) -> None:
        """Let so many pass.

        Raises:
            WorldError: the kernel did not take it.
        """
        self._write(
            str(writes_per_second) if self.is_version_1 else f"wiops={writes_per_second}"
        )

    def unlimit(self) -> None:
        self._write("0" if self.is_version_1 else "wiops=max")

    def line(self, writes_per_second: int) -> str:
        """Give the line that the kernel shows for that limit."""
        if self.is_version_1:
            return f"{self.device} {writes_per_second}"
        return f"{self.device} rbps=max wbps=max riops=max wiops={writes_per_second}"

    def lines(self) -> list[str]:
        """Give the limits that are in force, anybody's.

        Raises:
            WorldError: the container went away meanwhile.
        """
        try:
            return self.file.read_text().splitlines()
        except OSError as error:
            raise WorldError(f"{self.file} could not be read: {error.strerror}") from error

    def mark(self, line: str) -> str:
        return f"{self.file.name} {line}"

    def _write(self, limit: str) -> None:
        try:
            self.file.write_text(f"{self.device} {limit}\n")
        except OSError as error:
            raise WorldError(
                f"{self.file} did not take a limit of {self.device}: {error.strerror}; run the "
                "drill as root, or leave it out"
            ) from error


def find_throttle(container: str, pid: int, root: Path = Path("/")) -> Throttle | None:
    """Find the throttle of a container whose first process this is; None where there is none.

    There is none where the engine runs elsewhere (the process is not ours to see, or is
    another one), where the kernel cannot throttle, or where the engine's disk is no block
    device. ``root`` is where the host's own files are.
    """
    try:
        file = _limits_file(container, (root / f"proc/{pid}/cgroup").read_text(), root)
        device = _disk((root / f"proc/{pid}/root" / ENGINES).stat().st_dev, root)
    except OSError:
        return None
    return Throttle(file, device) if file and device else None


def _limits_file(container: str, memberships: str, root: Path) -> Path | None:
    """Find it by ``/proc/PID/cgroup``: lines of ``number:controllers:path``."""
    for line in memberships.splitlines():
        number, controllers, path = line.split(":", 2)
        if container not in path:
            continue
        if "blkio" in controllers.split(","):
            candidate = root / "sys/fs/cgroup/blkio" / path.lstrip("/") / VERSION_1
        elif number == "0":
            candidate = root / "sys/fs/cgroup" / path.lstrip("/") / VERSION_2
        else:
            continue
        if os.access(candidate, os.W_OK):
            return candidate
    return None


def _disk(device: int, root: Path) -> str:
    """Name the whole disk of a file system's device: partitions cannot be throttled."""
    known = (root / f"sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    if (known / "partition").exists():
        known = known.parent
    name = known / "dev"
    return name.read_text().strip() if name.exists() else ""
