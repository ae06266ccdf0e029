"""We believe that the tool of TakeConnections takes all there is, again and again, and ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.faults.take_connections import TOOL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A database that takes a caller in by a byte, or hangs up.
PSYCOPG2 = """
import os, socket

class OperationalError(Exception):
    pass

def connect(**asked):
    assert (asked["user"], asked["password"]) == ("monitor", "not a secret")
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.environ["DATABASE"])
    if not connection.recv(1):
        raise OperationalError("sorry, too many clients already")
    return connection
"""
SECONDS = 10


@pytest.fixture
def database(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "db"))
        listening.listen(64)
        listening.settimeout(SECONDS)
        yield listening


@pytest.fixture
def tool(tmp_path: Path, database: socket.socket) -> Iterator[subprocess.Popen[bytes]]:
    (tmp_path / "psycopg2.py").write_text(PSYCOPG2)
    (tmp_path / "tool.py").write_text(TOOL)
    (tmp_path / "greedy").touch()
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "tool.py"), str(tmp_path / "greedy")],
        env={
            **os.environ,
            "DATABASE": database.getsockname(),
            "MONITOR_PASSWORD": "not a secret",
        },
    ) as process:
        yield process
        process.kill()


def test_it_holds_what_it_gets_comes_back_for_more_and_ends_with_its_file(
    tmp_path: Path, database: socket.socket, tool: subprocess.Popen[bytes]
) -> None:
    held = [taken_in(database) for _ in range(20)]
    assert not any(hung_up(one) for one in held)
    for one in held:
        one.close()
    again = [taken_in(database) for _ in range(20)]
    refused, _ = database.accept()
    refused.close()
    later = taken_in(database)
    (tmp_path / "tool.py").unlink()
    for one in (*again, later):
        one.close()
    database.close()
    assert tool.wait(timeout=SECONDS) == 0


def taken_in(database: socket.socket) -> socket.socket:
    connection, _ = database.accept()
    connection.sendall(b"y")
    return connection


def hung_up(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
