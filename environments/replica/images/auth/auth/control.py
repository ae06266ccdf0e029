"""What operators may do, over a socket that only this node has: one JSON line each way."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path
    from typing import Any

    from .identity import Identity
    from .trail import Trail

HEARD_WITHIN_SECONDS = 5.0
_LOOK_EVERY_SECONDS = 0.05
_LONGEST_LINE = 1 << 16


class RefusedError(Exception):
    """It was not done; the message is a sentence with a remedy."""


@dataclass(frozen=True, slots=True)
class Control:
    identity: Identity
    trail: Trail

    async def do(self, asked: Mapping[str, Any]) -> object:
        """Do what an operator asks.

        Raises:
            RefusedError: it cannot be done.
        """
        commands: Mapping[str, Callable[..., Awaitable[object]]] = {
            "add": self.add,
            "revoke_token": self.revoke_token,
            "revoke_customer": self.revoke_customer,
            "tokens": self.tokens,
            "failures": self.failures,
            "unlock": self.unlock,
            "keys": self.keys,
            "drop_key": self.drop_key,
        }
        details = dict(asked)
        return await commands[details.pop("command")](**details)

    async def add(self, customer: str, password: str) -> object:
        await asyncio.to_thread(self.identity.add_account, customer, password)
        self.trail.tell("operator", "password set", customer)
        return {"customer": customer}

    async def revoke_token(self, token: str) -> object:
        if not self.identity.revoke_token(token):
            raise RefusedError(
                f"there is no token {token} that has not expired: `auth tokens` lists them"
            )
        self.trail.tell("operator", "token revoked", token)
        return await self._heard()

    async def revoke_customer(self, customer: str) -> object:
        if not self.identity.revoke_customer(customer):
            raise RefusedError(f"there is no customer {customer}: look at the spelling")
        self.trail.tell("operator", "customer's tokens revoked", customer)
        return await self._heard()

    async def tokens(self, **of: str) -> object:
        return [{**asdict(issued), "good": good} for issued, good in self.identity.tokens(**of)]

    async def failures(self) -> object:
        sources, accounts = self.identity.sources, self.identity.accounts
        return {
            "sources": sources.failures(),
            "accounts": accounts.failures(),
            "locked": [*sources.locked(), *accounts.locked()],
        }

    async def unlock(self, subject: str) -> object:
        was_locked = [
            lock.unlock(subject) for lock in (self.identity.sources, self.identity.accounts)
        ]
        if not any(was_locked):
            raise RefusedError(f"{subject} is not locked: `auth failures` says who is")
        self.trail.tell("operator", "unlocked", subject)
        return {"unlocked": subject}

    async def keys(self) -> object:
        keys = self.identity.keys
        return {
            "signing": keys.signing.id,
            "following": keys.following.id if keys.following else None,
            "retired": sorted(keys.retired),
        }

    async def drop_key(self, key: str) -> object:
        if not self.identity.drop_key(key):
            raise RefusedError(f"{key} is no retired key: `auth keys` lists them")
        self.trail.tell("operator", "key dropped", key)
        return await self._heard()

    async def _heard(self) -> object:
        """Wait until everybody who checks tokens knows.

        Raises:
            RefusedError: somebody was not seen to; it is done all the same.
        """
        version = self.identity.version
        try:
            async with asyncio.timeout(HEARD_WITHIN_SECONDS):
                while not all(self.identity.checkers.have(version).values()):
                    await asyncio.sleep(_LOOK_EVERY_SECONDS)
                    version = self.identity.version
        except TimeoutError:
            have = self.identity.checkers.have(version)
            late = ", ".join(sorted(name for name, has in have.items() if not has))
            raise RefusedError(
                f"it is done, and {late} did not hear of it within"
                f" {HEARD_WITHIN_SECONDS:.0f} s: take them out of rotation"
            ) from None
        return {"heard_by": sorted(self.identity.checkers.have(version))}


async def listen(control: Control, path: Path) -> asyncio.Server:
    """Answer operators at this socket until the process ends."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = json.loads(await reader.readline())
            try:
                told = {"told": await control.do(asked)}
            except RefusedError as error:
                told = {"refused": str(error)}
            writer.write(json.dumps(told).encode() + b"\n")
            await writer.drain()
        finally:
            writer.close()

    return await asyncio.start_unix_server(answer, path, limit=_LONGEST_LINE)
