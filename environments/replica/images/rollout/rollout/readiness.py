"""Asks an instance itself whether it is ready for customers."""

from __future__ import annotations

import http.client

PORT = 8000
ANSWER_SECONDS = 1.0


def is_ready(place: str, port: int = PORT) -> bool:
    connection = http.client.HTTPConnection(place, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
