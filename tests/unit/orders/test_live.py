"""We believe that only what is signed, valid and newer ever comes into force.

And that what came into force stays there whoever is away, and is there after a restart.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from configuration.document import Document, Signer

from environments.replica.images.orders.orders.live import (
    BUILT_IN,
    SILENT_SECONDS,
    Live,
    SilentError,
)
from tests.unit.configuration.configurations import SEED, text_with
from tests.unit.orders.test_routes import Shop

if TYPE_CHECKING:
    from pathlib import Path

SIGNER = Signer.of(SEED)


def document(version: int, most_in_work: object, signer: Signer = SIGNER) -> bytes:
    content = text_with(most_in_work=f"{most_in_work}").encode()
    return signer.sign(Document(version, content))


@dataclass
class Instance:
    """``store`` is what the configurator has; None: it is away."""

    file: Path
    checks: bool = True
    store: bytes | None = None
    now: float = 0.0
    live: Live = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        verifier = SIGNER.verifier if self.checks else None
        self.live = Live(self._ask, self.file, verifier, lambda: self.now)

    async def _ask(self) -> bytes:
        if self.store is None:
            raise SilentError("refused")
        return self.store

    def turn(self) -> int:
        """Give the limit in force afterwards; each test has another one for each version."""
        asyncio.run(self.live.turn())
        return self.live.current().admission.most_in_work


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path / "configuration")


def test_what_is_newer_comes_into_force_and_is_kept(instance: Instance) -> None:
    instance.store = document(1, 101)
    assert instance.turn() == 101
    instance.store = document(2, 102)
    assert instance.turn() == 102
    assert instance.file.read_bytes() == instance.store == instance.live.raw
    assert instance.live.trouble is None


def test_without_a_configurator_it_is_what_was_in_force_last(instance: Instance) -> None:
    assert instance.turn() == BUILT_IN.admission.most_in_work
    instance.store = document(1, 101)
    instance.turn()
    instance.store = None
    assert instance.turn() == 101
    instance.restart()
    assert instance.turn() == 101


def test_a_configurator_that_is_silent_for_long_is_a_trouble_until_it_answers(
    instance: Instance,
) -> None:
    instance.now = SILENT_SECONDS
    instance.turn()
    assert instance.live.trouble is None
    instance.now += 0.1
    instance.turn()
    assert instance.live.trouble == "the configurator does not answer (refused)"
    instance.store = document(1, 101)
    instance.turn()
    assert instance.live.trouble is None


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (document(3, 513), "v3:5: [admission] most_in_work is 513"),
        (document(3, 103, Signer.of("ab" * 32)), "signature is not the configurator's"),
        (document(3, 103).replace(b"103", b"104"), "not what its hash says"),
        (document(1, 101), "version 1 is not newer than 2"),
        (document(2, 103), "version 2 is not newer than 2"),
        (b"<html>", "cannot be read"),
    ],
)
def test_what_is_no_good_changes_nothing_wherever_it_comes_from(
    instance: Instance, bad: bytes, why: str
) -> None:
    good = document(2, 102)
    instance.store = good
    instance.turn()
    instance.store = bad
    assert instance.turn() == 102
    trouble = instance.live.trouble or ""
    assert trouble.startswith("refused what the configurator has: ")
    assert why in trouble
    instance.store = good
    instance.turn()
    assert instance.live.trouble is None

    instance.file.write_bytes(bad)
    assert instance.turn() == 102
    assert "refused what the disk has" in (instance.live.trouble or "")


def test_a_copy_that_was_tampered_with_is_left_for_who_looks_and_made_anew_without(
    instance: Instance,
) -> None:
    good = instance.store = document(2, 102)
    instance.turn()
    tampered = good.replace(b"102", b"1")
    instance.file.write_bytes(tampered)
    instance.store = document(3, 103)
    assert instance.turn() == 103
    assert instance.file.read_bytes() == tampered
    instance.file.unlink()
    instance.turn()
    assert instance.file.read_bytes() == instance.store
    assert instance.live.trouble is None


def test_a_tampered_copy_is_not_used_at_a_start(instance: Instance) -> None:
    instance.file.write_bytes(document(9, 109, Signer.of("ab" * 32)))
    assert instance.turn() == BUILT_IN.admission.most_in_work
    instance.store = document(2, 102)
    assert instance.turn() == 102


def test_an_instance_that_checks_no_signature_is_taken_in(tmp_path: Path) -> None:
    """The mistake that drills must find out."""
    instance = Instance(tmp_path / "configuration", checks=False)
    instance.store = document(9, 109, Signer.of("ab" * 32))
    assert instance.turn() == 109


def test_a_disk_that_takes_nothing_is_said_and_keeps_nothing_from_its_effect(
    tmp_path: Path,
) -> None:
    instance = Instance(tmp_path / "away" / "configuration")
    instance.store = document(1, 101)
    assert instance.turn() == 101
    assert instance.live.trouble == "its copy cannot be written (No such file or directory)"
    instance.file.parent.mkdir()
    instance.turn()
    assert instance.live.trouble is None


def test_it_tells_what_is_in_force_and_what_is_wrong(instance: Instance) -> None:
    shop = Shop(live=instance.live)
    assert shop.ask("GET", "/configuration").json() == {
        "version": 0,
        "sha256": "",
        "troubles": {},
    }
    instance.store = document(2, 102)
    instance.turn()
    instance.store = b""
    instance.turn()
    told = shop.ask("GET", "/configuration").json()
    assert instance.live.document
    assert (told["version"], told["sha256"]) == (2, instance.live.document.sha256)
    assert "configurator" in told["troubles"]
    assert shop.ask("GET", "/configuration/document").content == document(2, 102)
    assert Shop().ask("GET", "/configuration").status_code == 404
