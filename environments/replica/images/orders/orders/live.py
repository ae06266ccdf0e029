"""The configuration in force: followed while the service runs, and kept where nobody gives one.

Twice a second the configurator is asked what this instance ought to have, and the copy of the
last one that was good is read on the disk. Whichever of them is not trusted, is not valid or
is older changes nothing: it is said what is wrong with it, and it is left there, for whoever
looks into it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from configuration.document import Document, UntrustedError, Verifier, read_unverified
from configuration.schema import Configuration, ConfigurationError, read_configuration

from . import admission, breaker, cache, intake, payments, telemetry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

LOOK_EVERY_SECONDS = 0.5
ANSWER_SECONDS = 0.4
SILENT_SECONDS = 3.0  # one late answer under load is no trouble
CONFIGURATOR, DISK, KEEPING = "configurator", "disk", "keeping"

BUILT_IN = Configuration(
    admission=admission.BUILT_IN,
    orders=intake.BUILT_IN,
    payments=payments.BUILT_IN,
    breaker=breaker.BUILT_IN,
    cache=cache.BUILT_IN,
    flags=intake.FLAGS,
)


def built_in() -> Configuration:
    return BUILT_IN


class SilentError(Exception):
    """The configurator did not answer; the message says why."""


class Live:
    """``ask`` gives the configurator's document, ``file`` is where the last good one is kept.

    Where ``verifier`` is None, nobody's signature is looked at: a mistake that drills must
    find out.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[bytes]],
        file: Path,
        verifier: Verifier | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._file = file
        self._verifier = verifier
        self._clock = clock
        self._now = BUILT_IN
        self._raw = self._on_disk = b""
        self._document: Document | None = None
        self._heard_at = clock()
        self.troubles: dict[str, str] = {}

    def current(self) -> Configuration:
        return self._now

    @property
    def document(self) -> Document | None:
        """What is in force; None while that is what is built in."""
        return self._document

    @property
    def raw(self) -> bytes:
        """The same as it was signed."""
        return self._raw

    @property
    def trouble(self) -> str | None:
        return "; ".join(self.troubles[whence] for whence in sorted(self.troubles)) or None

    async def turn(self) -> None:
        """Take into use what is newer and good."""
        self._look_at_disk()
        try:
            raw = await self._ask()
        except SilentError as error:
            silent = self._clock() - self._heard_at
            if silent > SILENT_SECONDS:
                self._note(CONFIGURATOR, f"the configurator does not answer ({error})")
        else:
            self._heard_at = self._clock()
            self._consider(raw, CONFIGURATOR)
        self._keep()

    def _look_at_disk(self) -> None:
        self._on_disk = b""
        try:
            self._on_disk = self._file.read_bytes()
        except FileNotFoundError:
            self._note(DISK, "")
        except OSError as error:
            self._note(DISK, f"its copy cannot be read ({error.strerror})")
        else:
            self._consider(self._on_disk, DISK)

    def _consider(self, raw: bytes, whence: str) -> None:
        if raw == self._raw:
            self._note(whence, "")
            return
        try:
            document = self._opened(raw)
            self._must_be_newer(document)
            configuration = read_configuration(document.content, file=f"v{document.version}")
        except (UntrustedError, ConfigurationError) as error:
            telemetry.count_refused_configuration(whence)
            self._note(whence, f"refused what the {whence} has: {error}")
            return
        self._now, self._raw, self._document = configuration, raw, document
        telemetry.show_configuration(document.version)
        telemetry.say("configuration", version=document.version, content=document.short)
        self._note(whence, "")

    def _opened(self, raw: bytes) -> Document:
        if self._verifier is None:
            return read_unverified(raw)[0]
        return self._verifier.open(raw)

    def _must_be_newer(self, document: Document) -> None:
        """See that nobody serves again what was in force once.

        Raises:
            UntrustedError: somebody does.
        """
        if self._document is not None and document.version <= self._document.version:
            raise UntrustedError(
                f"its version {document.version} is not newer than {self._document.version}"
            )

    def _keep(self) -> None:
        """Write down what is in force, whole or not at all; never over what is in trouble."""
        if DISK in self.troubles or self._on_disk == self._raw:
            return
        new = self._file.with_name(f"{self._file.name}.new")
        try:
            with new.open("wb") as file:
                file.write(self._raw)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError as error:
            self._note(KEEPING, f"its copy cannot be written ({error.strerror})")
        else:
            self._note(KEEPING, "")

    def _note(self, whence: str, trouble: str) -> None:
        """Remember how things are; what is new about it is logged."""
        if trouble == self.troubles.get(whence, ""):
            return
        if trouble:
            self.troubles[whence] = trouble
            telemetry.warn("the configuration is in trouble", whence=whence, cause=trouble)
        else:
            del self.troubles[whence]
            telemetry.say("the configuration is well again", whence=whence)
