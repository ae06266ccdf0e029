"""Toxiproxy 2's HTTP API: which request does what, and how it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import unquote

from . import body
from .collection import Collection, wanted
from .errors import ApiError, bad_request_body
from .toxic import changed, new_toxic
from .web import Request, Response

# The release whose behaviour this server follows; the part after "+" tells it apart.
VERSION = "2.12.0+muster"

_PLAIN_TEXT = "text/plain; charset=utf-8"

Action = Callable[..., Response]


class Api:
    def __init__(self) -> None:
        self.collection = Collection()
        self._routes: Mapping[tuple[str, ...], Mapping[str, Action]] = {
            ("version",): {"GET": self._version},
            ("reset",): {"POST": self._reset},
            ("populate",): {"POST": self._populate},
            ("proxies",): {"GET": self._proxies, "POST": self._create_proxy},
            ("proxies", "*"): {
                "GET": self._proxy,
                "POST": self._update_proxy,
                "PATCH": self._update_proxy,
                "DELETE": self._delete_proxy,
            },
            ("proxies", "*", "toxics"): {"GET": self._toxics, "POST": self._create_toxic},
            ("proxies", "*", "toxics", "*"): {
                "GET": self._toxic,
                "POST": self._update_toxic,
                "PATCH": self._update_toxic,
                "DELETE": self._delete_toxic,
            },
        }

    def answer(self, request: Request) -> Response:
        parts = tuple(unquote(request.path).split("/")[1:])
        pattern = tuple(part if place % 2 == 0 else "*" for place, part in enumerate(parts))
        actions = self._routes.get(pattern)
        if actions is None or "" in parts:
            return _plain(HTTPStatus.NOT_FOUND, "404 page not found")
        action = actions.get(request.method)
        if action is None:
            return Response(HTTPStatus.METHOD_NOT_ALLOWED)
        if request.headers.get("user-agent", "").startswith("Mozilla/"):
            return _plain(HTTPStatus.FORBIDDEN, "User agent not allowed")
        try:
            return action(request, *parts[1::2])
        except ApiError as error:
            return _refusal(error)

    def _version(self, _: Request) -> Response:
        return _json({"version": VERSION})

    def _reset(self, _: Request) -> Response:
        self.collection.reset()
        return Response(HTTPStatus.NO_CONTENT)

    def _populate(self, request: Request) -> Response:
        """Add or replace all; on an error those before it stay, and are shown beside it."""
        done: list[dict[str, object]] = []
        try:
            sent = body.parse(request.body)
            if not isinstance(sent, list):
                raise bad_request_body("the body must be a list")
            all_wanted = [
                wanted(body.as_object(item, "a proxy"), f" at proxy {place}")
                for place, item in enumerate(sent, start=1)
            ]
            for one in all_wanted:
                done.append(self.collection.add_or_replace(one).as_json())  # noqa: PERF401 - an error keeps what is done
        except ApiError as error:
            answer = {"error": error.message, "status": error.status.value, "proxies": done}
            return _json(answer, error.status)
        return _json({"proxies": done}, HTTPStatus.CREATED)

    def _proxies(self, _: Request) -> Response:
        return _json({proxy.name: proxy.as_json() for proxy in self.collection.proxies})

    def _create_proxy(self, request: Request) -> Response:
        proxy = self.collection.add(wanted(body.parse_object(request.body)))
        return _json(proxy.as_json(), HTTPStatus.CREATED)

    def _proxy(self, _: Request, name: str) -> Response:
        return _json(self.collection.get(name).as_json())

    def _update_proxy(self, request: Request, name: str) -> Response:
        proxy = self.collection.get(name)
        sent = body.parse_object(request.body)
        proxy.update(
            body.text(sent, "listen", proxy.listen),
            body.text(sent, "upstream", proxy.upstream),
            enabled=body.flag(sent, "enabled", default=proxy.enabled),
        )
        return _json(proxy.as_json())

    def _delete_proxy(self, _: Request, name: str) -> Response:
        self.collection.remove(name)
        return Response(HTTPStatus.NO_CONTENT)

    def _toxics(self, _: Request, name: str) -> Response:
        return _json([toxic.as_json() for toxic in self.collection.get(name).toxics])

    def _create_toxic(self, request: Request, name: str) -> Response:
        proxy = self.collection.get(name)
        toxic = new_toxic(body.parse_object(request.body))
        proxy.add_toxic(toxic)
        return _json(toxic.as_json())

    def _toxic(self, _: Request, name: str, toxic: str) -> Response:
        return _json(self.collection.get(name).toxic(toxic).as_json())

    def _update_toxic(self, request: Request, name: str, toxic: str) -> Response:
        proxy = self.collection.get(name)
        updated = changed(proxy.toxic(toxic), body.parse_object(request.body))
        proxy.update_toxic(updated)
        return _json(updated.as_json())

    def _delete_toxic(self, _: Request, name: str, toxic: str) -> Response:
        self.collection.get(name).remove_toxic(toxic)
        return Response(HTTPStatus.NO_CONTENT)


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(status, json.dumps(value).encode())


def _plain(status: HTTPStatus, text: str) -> Response:
    return Response(status, text.encode() + b"\n", _PLAIN_TEXT)


def _refusal(error: ApiError) -> Response:
    """Label errors as text although they are JSON, as the official server does."""
    answer = {"error": error.message, "status": error.status.value}
    return _plain(error.status, json.dumps(answer))
