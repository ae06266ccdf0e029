"""What outlives the process, in files: the policy in force, a hold, and the last numbers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .history import Numbers
from .policy import Policy, PolicyError, read_policy

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class State:
    """Read by the scaler at every turn and written by the command ``scaling``."""

    folder: Path
    policies: Path  # those that the image brings
    policy: str  # the name of the one in force until people put another one there
    places: int

    def policy_file(self) -> Path:
        chosen = self.folder / "policy.toml"
        return chosen if chosen.exists() else self.policies / f"{self.policy}.toml"

    def seen(self) -> object:
        """Give what changes when the policy's file does; None while there is no file."""
        file = self.policy_file()
        try:
            stat = file.stat()
        except OSError:
            return None
        return file, stat.st_mtime_ns, stat.st_ino

    def read_policy(self) -> Policy:
        """Read the policy in force.

        Raises:
            PolicyError: it cannot be read or used.
        """
        file = self.policy_file()
        try:
            content = file.read_bytes()
        except OSError as error:
            raise PolicyError(
                f"{file} cannot be read ({error.strerror}): put one there"
            ) from error
        return read_policy(content, file=str(file), places=self.places)

    def use(self, content: bytes, file: str) -> Policy:
        """Put another policy in force.

        Raises:
            PolicyError: it cannot be used; the old one stays in force.
        """
        policy = read_policy(content, file=file, places=self.places)
        self._replace("policy.toml", content)
        return policy

    def held(self) -> int | None:
        try:
            text = (self.folder / "held").read_text().strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isascii() and text.isdigit() else None

    def hold(self, instances: int) -> None:
        self._replace("held", f"{instances}\n".encode())

    def release(self) -> None:
        (self.folder / "held").unlink(missing_ok=True)

    def numbers(self) -> Numbers:
        """Give the last numbers of decisions and stages that were given."""
        try:
            decision, stage = (self.folder / "numbers").read_text().split()
        except FileNotFoundError:
            return Numbers()
        return Numbers(int(decision), int(stage))

    def keep_numbers(self, last: Numbers) -> None:
        self._replace("numbers", f"{last.decision} {last.stage}\n".encode())

    def _replace(self, name: str, content: bytes) -> None:
        """Replace a file at once: a reader finds the old one or the new one, whole."""
        new = self.folder / f"{name}.new"
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / name)
