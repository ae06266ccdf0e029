"""Every version there ever was, as it was signed, and which of them is in force.

What instances are given is what lies on the disk: they trust a signature, and no store.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from configuration.document import Document, Signer, UntrustedError, Verifier
from configuration.schema import read_configuration, with_flag
from rollout.history import Kind

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from configuration.schema import Configuration

NONE = 0  # the version of what there is none of


@dataclass(frozen=True, slots=True)
class Put:
    """A version that came into force for everybody, with the change that brought it."""

    version: int
    change: str
    kind: Kind
    replaced: int  # what a way back from it leads to; NONE: there is none


class StoreError(Exception):
    """What is needed cannot be had from the store; a sentence with a remedy."""


class Store:
    """Written by one thread at a time: who calls sees to that."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self._folder = folder
        self._signer = signer
        self._verifier: Verifier = signer.verifier
        self._last, self._puts = self._read_state()

    @property
    def is_empty(self) -> bool:
        return not self._puts

    @property
    def last(self) -> int:
        """The number that was given last, to whatever came of it."""
        return self._last

    @property
    def in_force(self) -> Put:
        return self._puts[-1]

    def add(self, content: bytes) -> Document:
        """Sign this content as the next version; it is in force nowhere yet."""
        document = Document(self._last + 1, content)
        self._replace(f"{document.version}", self._signer.sign(document))
        self._last = document.version
        self._write_state()
        return document

    def put(self, put: Put) -> None:
        """Have a version be in force for everybody from now on."""
        self._puts.append(put)
        self._write_state()

    def changes(self) -> Collection[str]:
        """Name the changes that came into force for everybody."""
        return {one.change for one in self._puts}

    def to_undo(self) -> Put | None:
        """Give the last change of the configuration that has a way back; flags are let be."""
        last = next((one for one in reversed(self._puts) if one.kind is not Kind.FLAG), None)
        return last if last and last.replaced != NONE else None

    def way_back_beyond(self, version: int) -> int:
        """Give where a way back leads from what an undone change had replaced."""
        found = (one.replaced for one in self._puts if one.version == version)
        return next(found, NONE)

    def raw(self, version: int) -> bytes:
        """Give what lies on the disk, whoever wrote it.

        Raises:
            OSError: nothing does.
        """
        return (self._folder / f"{version}").read_bytes()

    def open(self, version: int) -> Document:
        """Give a version, which is certainly ours.

        Raises:
            StoreError: it is not there, or was tampered with.
        """
        try:
            document = self._verifier.open(self.raw(version))
        except OSError as error:
            why = str(error.strerror)
        except UntrustedError as error:
            why = str(error)
        else:
            if document.version == version:
                return document
            why = f"it says that it is version {document.version}"
        raise StoreError(
            f"version {version} in the store is not what was signed ({why}): "
            "give `config restore` a copy that an instance has of it"
        )

    def trouble(self, version: int) -> str:
        """Say what is wrong with a version; "" where nothing is."""
        try:
            self.open(version)
        except StoreError as error:
            return str(error)
        return ""

    def restore(self, raw: bytes) -> Document:
        """Put a version back as it was signed.

        Raises:
            StoreError: it was not, or never was one of ours.
        """
        try:
            document = self._verifier.open(raw)
        except UntrustedError as error:
            raise StoreError(
                f"this copy is no good ({error}): take one of another instance"
            ) from error
        if document.version > self._last:
            raise StoreError(f"there never was a version {document.version}: take another copy")
        self._replace(f"{document.version}", raw)
        return document

    def with_flags_of(self, content: bytes, now: Configuration) -> bytes:
        """Give this content with the flags as they are now: going back switches none."""
        for name, on in asdict(now.flags).items():
            flags = read_configuration(content, file="an earlier version").flags
            if getattr(flags, name) != on:
                content = with_flag(content, name, on=on, file="an earlier version")
        return content

    def _read_state(self) -> tuple[int, list[Put]]:
        try:
            told = json.loads((self._folder / "state.json").read_text())
        except FileNotFoundError:
            return NONE, []
        puts = [Put(**{**one, "kind": Kind(one["kind"])}) for one in told["puts"]]
        return told["last"], puts

    def _write_state(self) -> None:
        state = {"last": self._last, "puts": [asdict(one) for one in self._puts]}
        self._replace("state.json", json.dumps(state).encode())

    def _replace(self, name: str, content: bytes) -> None:
        """Replace a file at once: a reader finds the old one or the new one, whole."""
        new = self._folder / f"{name}.new"
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / name)
