"""We believe that a process is never taken for another one, nor a dead one for a living."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fixtures.identity import Identity, Life, life_of, own_identity


def test_this_process_lives_and_its_identity_survives_being_written_down() -> None:
    own = own_identity()

    assert own.pid == os.getpid()
    assert Identity.parse(str(own)) == own
    assert life_of(own) is Life.ALIVE


def test_a_process_that_ended_is_dead() -> None:
    script = "from fixtures.identity import own_identity; print(own_identity())"
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    identity = Identity.parse(ended.stdout.strip())

    assert identity is not None
    assert life_of(identity) is Life.DEAD


def test_a_zombie_is_dead() -> None:
    script = "from fixtures.identity import own_identity; print(own_identity(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        identity = Identity.parse(child.stdout.readline().strip())
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet reaped

        assert identity is not None
        assert life_of(identity) is Life.DEAD


def test_another_process_with_the_same_number_is_not_the_same() -> None:
    own = own_identity()

    assert life_of(replace(own, started_ticks=own.started_ticks - 1)) is Life.DEAD


def test_what_ran_before_this_host_was_booted_is_dead() -> None:
    assert life_of(replace(own_identity(), boot="another")) is Life.DEAD


def test_of_other_hosts_and_other_containers_nothing_is_known() -> None:
    own = own_identity()

    assert life_of(replace(own, boot="another", host="elsewhere")) is Life.UNKNOWN
    assert life_of(replace(own, pid_namespace="1")) is Life.UNKNOWN


@given(st.text())
def test_other_texts_are_nobodys_identity(text: str) -> None:
    parsed = Identity.parse(text)

    assert parsed is None or str(parsed) == text or text.count("/") == 4
