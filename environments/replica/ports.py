"""Ports of 127.0.0.1 that are one run's alone, for as long as the run lasts.

They are chosen, rather than left to the engine, so that a node that was killed is found at
the same port when it is started again: the customers' entrance never moves.
"""

from __future__ import annotations

import random
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from environments.model import NotReadyError
from environments.replica.probes import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

# Below what Linux gives to outgoing connections (32768 and up): a port there could be taken
# by a customer's connection while its node is down, and never be had back.
PORTS = range(20_000, 32_000)
BLOCK = 64


@contextmanager
def own_ports() -> Iterator[Iterator[int]]:
    """Lend the free ports of a block whose first port we hold, so that no other run may.

    Raises:
        NotReadyError: every block is taken; or, once its ports are used up, this one is.
    """
    blocks = range(PORTS.start, PORTS.stop - BLOCK + 1, BLOCK)
    for first in random.sample(blocks, len(blocks)):
        with socket.socket() as held:
            if _takes(held, first):
                yield _free_ports(range(first + 1, first + BLOCK))
                return
    raise _none_left(PORTS)


def _free_ports(block: range) -> Iterator[int]:
    for port in block:
        with socket.socket() as probe:
            is_free = _takes(probe, port)
        if is_free:
            yield port
    raise _none_left(block)


def _takes(candidate: socket.socket, port: int) -> bool:
    try:
        candidate.bind((HOST, port))
    except OSError:
        return False
    return True


def _none_left(ports: range) -> NotReadyError:
    return NotReadyError(
        f"too few ports of {HOST} from {ports.start} to {ports.stop - 1} are free; "
        "end what holds them"
    )
