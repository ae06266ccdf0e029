"""We believe that a bug is there exactly while its file is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from environments.replica.images.orders.orders.bugs import LOOK_EVERY_SECONDS, crash

if TYPE_CHECKING:
    from pathlib import Path


class EndedError(Exception):
    """Stands for the end of the process."""


def end(code: int) -> None:
    assert code == 1
    raise EndedError


def lives(folder: Path, *, seconds: float) -> bool:
    """Whether a service with the bugs of this folder is there after so long."""

    async def live() -> None:
        async with asyncio.timeout(seconds):
            await crash(folder, end)

    try:
        asyncio.run(live())
    except TimeoutError:
        return True
    except EndedError:
        return False
    raise AssertionError("nobody looks for the bug any more")


@pytest.mark.parametrize("said", [None, "", "100"], ids=["no file", "half a file", "later"])
def test_a_service_lives_on_without_the_bug_or_before_its_time(
    tmp_path: Path, said: str | None
) -> None:
    if said is not None:
        (tmp_path / "crash").write_text(said)
    assert lives(tmp_path, seconds=LOOK_EVERY_SECONDS + 0.1)


def test_it_ends_once_it_is_that_old(tmp_path: Path) -> None:
    (tmp_path / "crash").write_text("0.4\n")
    assert lives(tmp_path, seconds=0.3)
    assert not lives(tmp_path, seconds=5)
