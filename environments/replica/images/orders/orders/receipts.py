"""Receipts: what customers can show for an order. New, so a flag switches them off."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

from . import telemetry
from .bugs import FOLDER, how_bad

if TYPE_CHECKING:
    from pathlib import Path

LENGTH = 16


class Receipts:
    """A bug, ``receipts``, makes as large a share of them fail as its file says (0 to 1)."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._bug = folder / "receipts"

    def of(self, key: str) -> str:
        """Give the receipt for the order under this key; there is one for ever.

        Raises:
            RuntimeError: the bug is there.
        """
        if random.random() < (how_bad(self._bug) or 0):  # noqa: S311 - a share, no secret
            telemetry.count_receipt("failed")
            raise RuntimeError("no receipt could be made")
        telemetry.count_receipt("made")
        return hashlib.sha256(f"receipt {key}".encode()).hexdigest()[:LENGTH]
