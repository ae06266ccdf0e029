"""We believe that what a node listens on, and what came of attempts, is read as it was said."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from environments.model import Reach
from environments.replica.chains import BETWEEN
from environments.replica.image_builder import IMAGES
from environments.replica.matrix import best, read_listening, read_tried, script_try

HOST = "127.0.0.1"
# A real listing: an address of its own, two of everybody's, and two that only it can reach.
LISTING = f"""\
LISTEN 0      4096   127.0.0.11:34675 0.0.0.0:*
LISTEN 0      4096            *:2380        *:*
LISTEN 0      200       0.0.0.0:5432  0.0.0.0:*
LISTEN 0      5      172.29.0.3:8008  0.0.0.0:*
LISTEN 0      5       127.0.0.1:9999  0.0.0.0:*
LISTEN 0      5           [::1]:9998     [::]:*
{BETWEEN}
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
7508: eth0    inet 172.29.0.3/16 brd 172.29.255.255 scope global eth0\\       valid_lft forever
7510: eth1    inet 172.30.0.6/16 brd 172.30.255.255 scope global eth1\\       valid_lft forever
"""


def test_what_others_could_reach_is_listed_and_nothing_else() -> None:
    listening = read_listening(LISTING)
    assert listening.addresses == {"172.29.0.3", "172.30.0.6"}
    assert listening.ports == {2380, 5432, 8008}
    assert len(list(listening.ends())) == 6


def test_what_came_of_each_attempt_is_known_by_its_end() -> None:
    assert read_tried("10.0.0.1:80 open\n10.0.0.1:81 closed\n10.1.0.1:80 silent\n") == {
        ("10.0.0.1", 80): Reach.OPEN,
        ("10.0.0.1", 81): Reach.CLOSED,
        ("10.1.0.1", 80): Reach.SILENT,
    }
    with pytest.raises(ValueError, match="broken"):
        read_tried("10.0.0.1:80 broken")


def test_one_address_that_is_reached_is_enough() -> None:
    assert best([Reach.SILENT, Reach.OPEN, Reach.CLOSED]) is Reach.OPEN
    assert best([Reach.SILENT, Reach.CLOSED]) is Reach.CLOSED
    assert best([Reach.SILENT]) is Reach.SILENT


def test_a_connection_a_refusal_and_silence_are_told_apart() -> None:
    with ExitStack() as stack:
        takes = stack.enter_context(socket.create_server((HOST, 0)))
        refuses = stack.enter_context(socket.socket())
        refuses.bind((HOST, 0))  # and listens not
        silent = stack.enter_context(socket.create_server((HOST, 0), backlog=0))
        for _ in range(3):  # its queue is full: what else comes is dropped
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(silent.getsockname())
        ends = [one.getsockname() for one in (takes, refuses, silent)]
        said = subprocess.run(
            [sys.executable, str(IMAGES / "tools" / "try-connections")],
            input=script_try(ends).partition("echo ")[2].partition(" |")[0],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert [read_tried(said)[end] for end in ends] == [Reach.OPEN, Reach.CLOSED, Reach.SILENT]
