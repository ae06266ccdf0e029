"""We believe that each thing that can be amiss with watched caches is named, and only that."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.replica.caches import (
    CacheGroup,
    CacheView,
    SentinelView,
    read_cache,
    read_sentinel,
)
from environments.replica.probes import HOST, NoAnswerError, redis_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("cache-1", "cache-2", "cache-3")
PRIMARY = CacheView(is_primary=True)
FOLLOWS_1 = CacheView(is_primary=False, follows="cache-1")
FOLLOWS_2 = CacheView(is_primary=False, follows="cache-2")
SAYS_1, SAYS_2 = (
    SentinelView("cache-1", "master", 3, 2),
    SentinelView("cache-2", "master", 3, 2),
)
DOUBTS_1 = SentinelView("cache-1", "s_down,o_down,master", 3, 2)
WELL = CacheGroup(
    names=NAMES,
    caches={"cache-1": PRIMARY, "cache-2": FOLLOWS_1, "cache-3": FOLLOWS_1},
    sentinels=dict.fromkeys(NAMES, SAYS_1),
    routed={"router": ("cache-1",)},
)
# The primary is dead, and nobody has said so yet.
BEREFT = replace(
    WELL,
    caches={"cache-2": FOLLOWS_1, "cache-3": FOLLOWS_1},
    sentinels={"cache-2": SAYS_1, "cache-3": SAYS_1},
    routed={"router": ()},
)


def with_cache(name: str, view: CacheView) -> CacheGroup:
    return replace(WELL, caches={**WELL.caches, name: view})


def with_sentinel(name: str, view: SentinelView) -> CacheGroup:
    return replace(WELL, sentinels={**WELL.sentinels, name: view})


def test_a_group_that_is_well_deviates_in_nothing() -> None:
    assert list(WELL.deviations()) == []


def test_where_there_is_no_group_nothing_is_amiss_and_nobody_has_a_state() -> None:
    assert list(CacheGroup().deviations()) == []
    assert CacheGroup().states() == {}


@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        (BEREFT, "no cache is the primary"),
        (
            with_cache("cache-3", PRIMARY),
            "cache-1 and cache-3 both act as the primary of the caches",
        ),
        (
            with_cache("cache-3", FOLLOWS_2),
            "cache-3 follows cache-2, the primary of the caches is cache-1",
        ),
        (
            with_cache("cache-3", replace(FOLLOWS_1, in_step=False)),
            "cache-3 has not all that cache-1 has",
        ),
        (with_sentinel("cache-3", SAYS_2), "the sentinel of cache-3 follows cache-2, not"),
        (
            with_sentinel("cache-3", DOUBTS_1),
            "the sentinel of cache-3 says of cache-1: s_down,o_down,master",
        ),
        (
            with_sentinel("cache-3", replace(SAYS_1, sentinels=2)),
            "the sentinel of cache-3 knows 2 sentinels, not 3",
        ),
        (
            with_sentinel("cache-3", replace(SAYS_1, quorum=4)),
            "cache-3 replaces no primary before 4 agree, it should be 2",
        ),
        (replace(WELL, routed={"router": ()}), "router leads to nobody, not cache-1"),
        (
            replace(WELL, routed={"router": ("cache-1", "cache-2")}),
            "router leads to cache-1, cache-2, not cache-1",
        ),
    ],
)
def test_what_is_amiss_is_named(group: CacheGroup, sentence: str) -> None:
    (found,) = group.deviations()
    assert sentence in found


def test_states_are_what_most_sentinels_say() -> None:
    assert WELL.states() == {
        "cache-1": "primary", "cache-2": "replica", "cache-3": "replica",
    }  # fmt: skip
    failed_over = replace(
        WELL,
        caches={"cache-1": PRIMARY, "cache-2": PRIMARY},
        sentinels={"cache-1": SAYS_1, "cache-2": SAYS_2, "cache-3": SAYS_2},
    )
    # The old primary came back as one, and the third does not answer.
    assert failed_over.states() == {
        "cache-1": "absent", "cache-2": "primary", "cache-3": "absent",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sentinels", "why"),
    [
        ({}, "all are silent"),
        ({"cache-1": SAYS_1}, "cache-1 says cache-1: master"),
        ({"cache-1": SAYS_1, "cache-2": SAYS_2}, "cache-2 says cache-2: master"),
        ({"cache-2": DOUBTS_1, "cache-3": DOUBTS_1}, "cache-3 says cache-1: s_down"),
    ],
)
def test_without_a_majority_nobody_claims_to_know_the_primary(
    sentinels: dict[str, SentinelView], why: str
) -> None:
    with pytest.raises(NoAnswerError, match=why):
        replace(WELL, sentinels=sentinels).states()


VIEWS = st.sampled_from([PRIMARY, FOLLOWS_1, FOLLOWS_2])
OPINIONS = st.sampled_from([SAYS_1, SAYS_2, DOUBTS_1])
NAME = st.sampled_from(NAMES)


@given(st.dictionaries(NAME, VIEWS), st.dictionaries(NAME, OPINIONS))
def test_there_is_never_more_than_one_primary(
    caches: dict[str, CacheView], sentinels: dict[str, SentinelView]
) -> None:
    group = CacheGroup(names=NAMES, caches=caches, sentinels=sentinels)
    try:
        states = group.states()
    except NoAnswerError:
        return
    (primary,) = [name for name, state in states.items() if state == "primary"]
    assert sum(view.primary == primary for view in sentinels.values()) >= 2


PRIMARY_SAYS = "# Replication\r\nrole:master\r\nconnected_slaves:2"
REPLICA_SAYS = (
    "role:slave\r\nmaster_host:cache-1\r\nmaster_link_status:up\r\nmaster_sync_in_progress:0"
)


@pytest.mark.parametrize(
    ("said", "view"),
    [
        (PRIMARY_SAYS, PRIMARY),
        (REPLICA_SAYS, FOLLOWS_1),
        (REPLICA_SAYS.replace("status:up", "status:down"), replace(FOLLOWS_1, in_step=False)),
        (REPLICA_SAYS.replace("progress:0", "progress:1"), replace(FOLLOWS_1, in_step=False)),
    ],
)
def test_a_cache_is_read_from_its_own_words(said: str, view: CacheView) -> None:
    assert read_cache(said) == view


SENTINEL_SAYS = [
    "name", "muster", "ip", "cache-1", "port", "6379", "flags", "master",
    "num-slaves", "2", "num-other-sentinels", "2", "quorum", "2",
]  # fmt: skip


def test_a_sentinel_is_read_from_its_own_words() -> None:
    assert read_sentinel(SENTINEL_SAYS) == SAYS_1


def test_words_that_tell_nothing_are_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="role as None"):
        read_cache("")
    with pytest.raises(NoAnswerError, match="not say it all: 'quorum'"):
        read_sentinel(SENTINEL_SAYS[:-2])
    with pytest.raises(NoAnswerError, match=r"not say it all: .*'many'"):
        read_sentinel([*SENTINEL_SAYS[:-1], "many"])


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Lend the port of somebody who gives every question this answer."""

    def answer_once(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(64)
            connection.sendall(answer)

    with socket.create_server((HOST, 0)) as server:
        thread = Thread(target=answer_once, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        (b"$11\r\nrole:master\r\n", ["role:master"]),
        (b"*2\r\n$2\r\nip\r\n$0\r\n\r\n", ["ip", ""]),
        (b"*0\r\n", []),
    ],
)
def test_the_answer_of_a_redis_is_its_texts(answer: bytes, texts: list[str]) -> None:
    with answering(answer) as port:
        assert redis_answer(port, "INFO") == texts


@pytest.mark.parametrize(
    "answer", [b"", b"-ERR No such master with that name\r\n", b"$-1\r\n", b"*1\r\n:1\r\n"]
)
def test_any_other_answer_is_none(answer: bytes) -> None:
    with answering(answer) as port, pytest.raises(NoAnswerError, match="INFO: the answer was"):
        redis_answer(port, "INFO")
