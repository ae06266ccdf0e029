"""The HTTP interface: what customers, probes and Prometheus may ask."""

from __future__ import annotations

import http.client
import json
import re
import uuid
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import APIRouter, FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from . import release, telemetry
from .admission import Admission
from .bugs import Bugs
from .database import DatabaseUnavailableError, NotSentError
from .intake import KeyReusedError
from .live import built_in
from .naive import LogsFirst
from .receipts import Receipts
from .store import NewOrder
from .tokens import BadTokenError, NoTimeYetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from configuration.schema import Configuration
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .health import Dependency, Health, Report
    from .live import Live
    from .reading import Read
    from .store import Order
    from .tokens import Bearer, Doorkeeper

KEY_LENGTH = 200
TEXT_LENGTH = 200
LARGEST = 2**63 - 1
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def _storable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


Text = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH), AfterValidator(_storable)]
Amount = Annotated[int, Field(ge=0, le=LARGEST, strict=True)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    customer: Text
    item: Text
    amount_cents: Amount


class Intake(Protocol):
    async def take(self, new: NewOrder) -> tuple[Order, bool]: ...


class Reader(Protocol):
    async def find(self, order_id: int) -> Read[Order | None]: ...
    async def page(
        self, customer: str, *, after: int, limit: int
    ) -> Read[list[dict[str, object]]]: ...


class Trail(Protocol):
    def note(
        self, action: str, subject: str, *, actor: str, request_id: str, **details: object
    ) -> None: ...


class Cache(Protocol):
    async def get(self, order_id: int) -> bytes | None: ...
    async def put(self, order_id: int, order: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Services:
    intake: Intake
    reader: Reader
    cache: Cache
    health: Health
    tokens: Doorkeeper | None = None  # None: anybody may order
    trail: Trail | None = None  # None: nobody is told who did what
    current: Callable[[], Configuration] = built_in
    live: Live | None = None  # None: nobody configures it while it runs
    receipts: Receipts = field(default_factory=Receipts)


class RefusedError(Exception):
    """The request was certainly not done; the message tells the customer why."""


def make_app(
    services: Services,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    *,
    sheds_load: bool = True,
    needed_log: Dependency | None = None,
) -> FastAPI:
    app = FastAPI(title="orders", lifespan=lifespan, openapi_url=None)
    app.include_router(_orders(services))
    app.include_router(_probes(services.health))
    if services.live:
        app.include_router(_configuration(services.live))
    app.add_exception_handler(DatabaseUnavailableError, _unavailable)
    app.add_exception_handler(NotSentError, _not_sent)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(KeyReusedError, _key_reused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, partial(_http_error, services.trail))
    app.add_exception_handler(Exception, _broken)
    for around in release.AROUND:
        app.add_middleware(around)
    if needed_log is not None:
        app.add_middleware(LogsFirst, log=needed_log)
    if sheds_load:
        limits = lambda: services.current().admission  # noqa: E731 - read at each request
        app.add_middleware(Admission, refusal=_too_many, limits=limits)
    app.add_middleware(telemetry.RequestRecorder)
    app.add_middleware(RequestId)
    app.add_middleware(Bugs)
    return app


class RequestId:
    """Gives every request an id: the edge's where it sent a usable one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", ())).get(b"x-request-id", b"").decode("latin-1")
        usable = _REQUEST_ID.fullmatch(given)
        scope.setdefault("state", {})["request_id"] = given if usable else uuid.uuid4().hex
        await self._app(scope, receive, send)


def _orders(services: Services) -> APIRouter:
    router = APIRouter()

    @router.post("/orders")
    async def create(
        request: Request,
        body: Body,
        idempotency_key: Annotated[str | None, Header()] = None,
        authorization: Annotated[str | None, Header()] = None,
        x_client_address: Annotated[str, Header()] = "",
    ) -> Response:
        request.scope["state"]["customer"] = body.customer  # so they say
        shown = _admit(request, body.customer, authorization, x_client_address, services.tokens)
        key = _checked_key(idempotency_key)
        if services.health.is_read_only:
            raise RefusedError("orders can only be read for now: this one was not made")
        new = NewOrder(key=key, **body.model_dump())
        order, created = await services.intake.take(new)
        if services.trail is not None and created:
            services.trail.note(
                "order made", f"order {order.id}",
                actor=order.customer, request_id=request.scope["state"]["request_id"],
                key=order.key, amount_cents=order.amount_cents, **shown,
            )  # fmt: skip
        has_receipt = services.current().flags.receipts
        receipt = {"Receipt": services.receipts.of(key)} if has_receipt else {}
        status = 201 if created else 200
        return JSONResponse(asdict(order), status_code=status, headers=receipt)

    @router.get("/orders/{order_id}")
    async def read(order_id: Annotated[int, Path(ge=1, le=LARGEST)]) -> Response:
        cached = await services.cache.get(order_id)
        if cached is not None:
            return Response(cached, media_type="application/json")
        found = await services.reader.find(order_id)
        order = found.value
        if order is None:
            raise _missing(order_id, found)
        answer = json.dumps(asdict(order)).encode()
        # A pending one is about to change; a copy is told as one, which the cache cannot.
        if order.status == "paid" and found.age_seconds is None:
            await services.cache.put(order_id, answer)
        return Response(answer, headers=_age(found), media_type="application/json")

    @router.get("/orders")
    async def page(
        customer: Annotated[Text, Query()],
        after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> Response:
        if not services.current().flags.customer_pages:
            raise RefusedError("orders cannot be listed for now")
        found = await services.reader.page(customer, after=after, limit=limit)
        orders = found.value
        following = orders[-1]["id"] if len(orders) == limit else None
        return JSONResponse({"orders": orders, "next": following}, headers=_age(found))

    return router


def _probes(health: Health) -> APIRouter:
    router = APIRouter()

    @router.get("/health/startup")
    async def startup() -> Response:
        return _report(health.startup())

    @router.get("/health/live")
    async def live() -> Response:
        """Say that the event loop turns, and of which release; nothing else is asked."""
        return JSONResponse({"status": "ok", "release": release.VERSION, "dependencies": {}})

    @router.get("/health/ready")
    async def ready() -> Response:
        return _report(health.readiness())

    @router.get("/metrics")
    async def metrics() -> Response:
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _configuration(live: Live) -> APIRouter:
    router = APIRouter(prefix="/configuration")

    @router.get("")
    async def in_force() -> Response:
        """Say what is in force, and what is wrong with anything that was to be."""
        document = live.document
        version, content = (document.version, document.sha256) if document else (0, "")
        return JSONResponse(
            {"version": version, "sha256": content, "troubles": dict(live.troubles)}
        )

    @router.get("/document")
    async def document() -> Response:
        """Give what is in force as it was signed, for whoever lost it."""
        return Response(live.raw, media_type="text/plain")

    return router


def _age(found: Read[Any]) -> dict[str, str]:
    """Say how old a copy is, by RFC 9111's header for just that, in seconds."""
    return {} if found.age_seconds is None else {"Age": str(found.age_seconds)}


def _missing(order_id: int, found: Read[Any]) -> Exception:
    if found.age_seconds is None:
        return HTTPException(404, f"there is no order {order_id}")
    return RefusedError(
        f"order {order_id} is not in a copy that may be {found.age_seconds} s old: ask again"
    )


def _admit(
    request: Request,
    customer: str,
    authorization: str | None,
    address: str,
    tokens: Doorkeeper | None,
) -> Mapping[str, str]:
    """Let in whoever may order for this customer; give what was shown, for the trail."""
    if tokens is None:
        return {}
    source = address or (request.client.host if request.client else "")
    bearer = _bearer(customer, authorization, source, tokens)
    request.scope["state"]["bearer"] = bearer
    return {"token": bearer.token, "source": source}


def _bearer(
    customer: str, authorization: str | None, source: str, tokens: Doorkeeper
) -> Bearer:
    """See that whoever orders for this customer is that customer.

    Raises:
        HTTPException: they showed no token of theirs that is still good.
        RefusedError: nobody can say yet whether it is.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorised("the header Authorization has no Bearer token")
    try:
        bearer = tokens.bearer_of(token.strip(), source)
    except BadTokenError as error:
        raise _unauthorised(str(error)) from error
    except NoTimeYetError as error:
        raise RefusedError("tokens cannot be judged yet: this order was not made") from error
    if bearer.customer != customer:
        raise _unauthorised("this token is another customer's")
    return bearer


def _unauthorised(why: str) -> HTTPException:
    return HTTPException(401, why, {"WWW-Authenticate": "Bearer"})


def _checked_key(key: str | None) -> str:
    if not key:
        raise HTTPException(400, "the header Idempotency-Key is missing")
    if len(key) > KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise HTTPException(
            422, f"Idempotency-Key is not up to {KEY_LENGTH} printable ASCII characters"
        )
    return key


def _report(report: Report) -> Response:
    body = {"status": report.status, "dependencies": report.dependencies}
    return JSONResponse(body, status_code=200 if report.ready else 503)


def _error(
    request: Request, status: int, error: str, headers: Mapping[str, str] | None = None
) -> Response:
    body = {"error": error, "request_id": request.scope["state"]["request_id"]}
    return JSONResponse(body, status_code=status, headers=headers)


def _come_back(request: Request, error: str, **more: object) -> Response:
    body = {"error": error, "request_id": request.scope["state"]["request_id"], **more}
    return JSONResponse(body, status_code=503, headers={"Retry-After": "1"})


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    request.scope["state"]["cause"] = "too many requests are in work"
    refusal = _come_back(request, "too busy: this was not done", done=False)
    await refusal(scope, receive, send)


def _refused(request: Request, error: Exception) -> Response:
    return _come_back(request, str(error), done=False)


def _not_sent(request: Request, error: Exception) -> Response:
    request.scope["state"]["cause"] = str(error)
    return _come_back(request, "the database could not be asked: this was not done", done=False)


def _unavailable(request: Request, error: Exception) -> Response:
    request.scope["state"]["cause"] = str(error)
    sentence = "the database did not answer in time: nobody knows whether this was done"
    return _come_back(request, sentence)


def _key_reused(request: Request, error: Exception) -> Response:
    return _error(request, 422, str(error))


def _invalid(request: Request, error: Exception) -> Response:
    """Say what is wrong without echoing the input, which may not be representable."""
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    reasons = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in errors)
    return _error(request, 422, "; ".join(reasons))


def _http_error(trail: Trail | None, request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    state = request.scope["state"]
    if trail is not None and error.status_code == http.client.UNAUTHORIZED:
        trail.note(
            "token refused", request.url.path,
            actor=state.get("customer", "somebody"), request_id=state["request_id"],
            why=str(error.detail),
        )  # fmt: skip
    return _error(request, error.status_code, str(error.detail), error.headers)


def _broken(request: Request, error: Exception) -> Response:
    request.scope["state"]["cause"] = f"{type(error).__name__}: {error}"
    return _error(request, 500, "something here is broken: look for the request id in the log")
