"""What the API can refuse, in the words and with the status codes of Toxiproxy 2."""

from __future__ import annotations

from http import HTTPStatus


class ApiError(Exception):
    """A request that is answered with ``{"error": …, "status": …}``."""

    def __init__(self, message: str, status: HTTPStatus) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def bad_request_body(why: str) -> ApiError:
    return ApiError(f"bad request body: {why}", HTTPStatus.BAD_REQUEST)


def missing_field(field: str) -> ApiError:
    return ApiError(f"missing required field: {field}", HTTPStatus.BAD_REQUEST)


def proxy_not_found() -> ApiError:
    return ApiError("proxy not found", HTTPStatus.NOT_FOUND)


def proxy_already_exists() -> ApiError:
    return ApiError("proxy already exists", HTTPStatus.CONFLICT)


def invalid_stream() -> ApiError:
    return ApiError(
        "stream was invalid, can be either upstream or downstream", HTTPStatus.BAD_REQUEST
    )


def invalid_toxic_type() -> ApiError:
    return ApiError("invalid toxic type", HTTPStatus.BAD_REQUEST)


def toxic_not_found() -> ApiError:
    return ApiError("toxic not found", HTTPStatus.NOT_FOUND)


def toxic_already_exists() -> ApiError:
    return ApiError("toxic already exists", HTTPStatus.CONFLICT)


def internal(why: str) -> ApiError:
    return ApiError(why, HTTPStatus.INTERNAL_SERVER_ERROR)
