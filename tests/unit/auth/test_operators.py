"""We believe that who revokes is told once it holds everywhere, and what to do where not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from environments.replica.images.auth.auth import control
from environments.replica.images.auth.auth.control import Control, RefusedError, listen
from environments.replica.images.auth.auth.trail import Trail
from tests.unit.auth.doors import HOME, Door

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = Path(__file__).parents[3] / "environments/replica/images/auth"


@pytest.fixture
def door() -> Iterator[Door]:
    # A socket's path may be 107 bytes long, which pytest's own folders exceed.
    with TemporaryDirectory() as folder:
        yield Door(Path(folder) / "state.json")


def do(door: Door, **asked: object) -> object:
    return asyncio.run(Control(door.identity, Trail(None)).do(asked))


def token_of(door: Door) -> str:
    return door.identity.succeeded(door.identity.attempt("ada", HOME)).issued.id


def test_revoking_waits_until_every_instance_heard_of_it(door: Door) -> None:
    token = token_of(door)
    checkers = door.identity.checkers
    checkers.hear("one", "")

    async def revoke() -> object:
        operator = Control(door.identity, Trail(None))
        done = asyncio.create_task(operator.do({"command": "revoke_token", "token": token}))
        await asyncio.sleep(0.2)
        assert not done.done()
        checkers.hear("one", door.identity.version)
        return await done

    assert asyncio.run(revoke()) == {"heard_by": ["one"]}


def test_an_instance_that_hears_nothing_is_named(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "HEARD_WITHIN_SECONDS", 0.2)
    token = token_of(door)
    door.identity.checkers.hear("east-app-2", "")
    with pytest.raises(RefusedError, match="it is done, and east-app-2 did not hear"):
        do(door, command="revoke_token", token=token)
    assert door.identity.tokens(customer="ada")[0][1] is False


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ({"command": "revoke_token", "token": "x"}, "auth tokens"),
        ({"command": "revoke_customer", "customer": "nobody"}, "spelling"),
        ({"command": "unlock", "subject": "nobody"}, "auth failures"),
        ({"command": "drop_key", "key": "x"}, "auth keys"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(
    door: Door, asked: Mapping[str, str], remedy: str
) -> None:
    with pytest.raises(RefusedError, match=remedy):
        do(door, **asked)


def test_the_command_line_reaches_the_service(door: Door) -> None:
    path = door.path.with_name("control")

    async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        server = await listen(Control(door.identity, Trail(None)), path)
        async with server:
            return await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "auth", *arguments],
                cwd=PACKAGE,
                env={**os.environ, "AUTH_SOCKET": str(path), "PASSWORD": "his own"},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

    added = asyncio.run(run("add", "bob"))
    assert (added.returncode, added.stderr) == (0, "")
    hashed = door.identity.state.accounts["bob"].password
    assert door.identity.hasher.is_right("his own", hashed)
    refused = asyncio.run(run("revoke", "--token", "nobody's"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("auth: there is no token nobody's")


def test_a_service_that_is_away_is_said_to_be() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "auth", "keys"],
        cwd=PACKAGE,
        env={**os.environ, "AUTH_SOCKET": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "supervisorctl start auth" in done.stderr
