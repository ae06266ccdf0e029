"""The HTTP interface: what customers, whoever checks tokens, and those who watch may ask."""

from __future__ import annotations

import asyncio
import math
import re
import uuid
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from .identity import LockedOutError, WrongPasswordError
from .state import Elsewhere
from .telemetry import LOGINS

if TYPE_CHECKING:
    from .identity import Identity, Token
    from .proxies import Proxies
    from .trail import Trail

AT_ONCE = 2  # passwords that are looked at: each takes a processor for a while
PATIENCE_SECONDS = 2.0  # that a login waits for its turn
MOST_SEEN = 1000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

Text = Annotated[str, Field(min_length=1, max_length=200)]


class Login(BaseModel):
    customer: Text
    password: Text


class Seen(BaseModel):
    token: Text
    customer: Text
    source: Text


class Checker(BaseModel):
    name: Text
    version: Annotated[str, Field(max_length=64)]
    elsewhere: Annotated[list[Seen], Field(max_length=MOST_SEEN)] = []


class Door:
    """Looks at passwords, a few at one time."""

    def __init__(self, identity: Identity, trail: Trail) -> None:
        self._identity = identity
        self._trail = trail
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def log_in(self, asked: Login, source: str, request_id: str) -> Token:
        """Let a customer in.

        Raises:
            LockedOutError, WrongPasswordError: not this one.
            TimeoutError: too many others want to log in.
        """
        attempt = self._identity.attempt(asked.customer, source)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._turns.acquire()
        try:
            is_right = await asyncio.to_thread(
                self._identity.hasher.is_right, asked.password, attempt.hashed
            )
        finally:
            self._turns.release()
        if not is_right:
            self._trail.tell(source, "login refused", asked.customer, request_id)
            raise WrongPasswordError
        token = self._identity.succeeded(attempt)
        self._trail.tell(
            asked.customer, "logged in", token.issued.id, request_id, source=source
        )
        return token


def make_app(identity: Identity, trail: Trail, proxies: Proxies) -> FastAPI:
    app = FastAPI(title="auth", openapi_url=None)
    door = Door(identity, trail)

    @app.post("/login")
    async def log_in(
        asked: Login,
        request: Request,
        x_client_address: Annotated[str, Header()] = "",
        x_request_id: Annotated[str, Header()] = "",
    ) -> Response:
        request_id = x_request_id if _REQUEST_ID.fullmatch(x_request_id) else uuid.uuid4().hex
        peer = request.client.host if request.client else ""
        source = await proxies.source(peer, x_client_address)
        try:
            token = await door.log_in(asked, source, request_id)
        except LockedOutError as error:
            LOGINS.labels("locked").inc()
            return _refusal(429, str(error), request_id, error.seconds)
        except WrongPasswordError:
            LOGINS.labels("refused").inc()
            return _refusal(401, "the customer or the password is wrong", request_id)
        except TimeoutError:
            LOGINS.labels("busy").inc()
            return _refusal(503, "too busy: nobody was logged in", request_id, 1)
        LOGINS.labels("let in").inc()
        seconds = token.issued.expires - token.issued.issued
        return JSONResponse({"token": token.text, "expires_in": seconds})

    @app.post("/verification")
    async def verification(asked: Checker) -> Response:
        """Tell whoever checks tokens what it must know, and hear what it saw."""
        identity.checkers.hear(asked.name, asked.version)
        seen = [Elsewhere(one.token, one.customer, one.source) for one in asked.elsewhere]
        identity.note_elsewhere(seen)
        return JSONResponse(identity.verification())

    @app.get("/health")
    async def health() -> Response:
        findings = [one.says for one in identity.findings()]
        status = "findings" if findings else "ok"
        return JSONResponse({"status": status, "findings": findings})

    @app.get("/metrics")
    async def metrics() -> Response:
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def _refusal(status: int, error: str, request_id: str, wait: float | None = None) -> Response:
    headers = {} if wait is None else {"Retry-After": str(max(1, math.ceil(wait)))}
    body = {"error": error, "request_id": request_id, "done": False}
    return JSONResponse(body, status, headers)
