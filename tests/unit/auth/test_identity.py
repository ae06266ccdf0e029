"""We believe that what was taken back lets nobody in, and that a change of keys fails nobody.

Instances of the orders service judge here with their own code what is issued here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from environments.replica.images.auth.auth.identity import LockedOutError, Token, signed
from environments.replica.images.auth.auth.keys import Key
from environments.replica.images.auth.auth.state import Elsewhere
from environments.replica.images.orders.orders.identity import Issued as Judged
from environments.replica.images.orders.orders.identity import Word
from environments.replica.images.orders.orders.tokens import BadTokenError, Bearer
from tests.unit.auth.doors import ABROAD, HOME, LIFE_SECONDS, Door

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "state.json")


class Instance:
    """One that judges tokens by what it heard last."""

    def __init__(self, door: Door, name: str = "east-app-1") -> None:
        self._door = door
        self._name = name
        self.judged = Judged(self, steady=door.clock)
        self.poll()

    def now(self) -> float:
        return self._door.clock.now

    def poll(self) -> None:
        identity, word = self._door.identity, self.judged.word
        identity.checkers.hear(self._name, word.version if word else "")
        identity.note_elsewhere(
            Elsewhere(one.token, one.customer, one.source) for one in self.judged.take_seen()
        )
        self.judged.hear(Word.read(json.dumps(identity.verification())))

    def lets_in(self, token: Token, source: str = HOME) -> bool:
        try:
            bearer = self.judged.bearer_of(token.text, source)
        except BadTokenError:
            return False
        assert bearer == Bearer(token.issued.customer, token.issued.id)
        return True


def log_in(door: Door, source: str = HOME) -> Token:
    return door.identity.succeeded(door.identity.attempt("ada", source))


def test_a_token_lets_in_until_it_expires(door: Door) -> None:
    instance, token = Instance(door), log_in(door)
    assert instance.lets_in(token)
    door.clock.now += LIFE_SECONDS - 1
    assert instance.lets_in(token)
    door.clock.now += 1
    assert not instance.lets_in(token)


def test_one_token_is_taken_back_and_the_others_stay(door: Door) -> None:
    instance, stolen, own = Instance(door), log_in(door), log_in(door)
    assert door.identity.revoke_token(stolen.issued.id)
    assert instance.lets_in(stolen)  # it has not heard of it
    instance.poll()
    assert not instance.lets_in(stolen)
    assert instance.lets_in(own)
    assert [good for _, good in door.identity.tokens(customer="ada")] == [False, True]


def test_all_of_a_customer_are_taken_back_and_the_next_login_is_good(door: Door) -> None:
    instance, before = Instance(door), log_in(door)
    assert door.identity.revoke_customer("ada")
    door.start()
    door.clock.now += 0.001
    after = log_in(door)
    instance.poll()
    assert not instance.lets_in(before)
    assert instance.lets_in(after)


def test_what_was_revoked_stays_so_when_the_service_starts_again(door: Door) -> None:
    one, other = log_in(door), log_in(door)
    door.identity.revoke_token(one.issued.id)
    door.identity.add_account("bob", "his")
    door.start()
    instance = Instance(door)
    assert not instance.lets_in(one)
    assert instance.lets_in(other)
    account = door.identity.state.accounts["ada"]
    assert account.knows(HOME)
    assert door.identity.hasher.is_right("right", account.password)
    assert not door.identity.hasher.is_right("wrong", account.password)
    assert not door.identity.hasher.is_right("right", None)


def test_a_new_password_ends_what_the_old_one_opened(door: Door) -> None:
    instance, before = Instance(door), log_in(door)
    door.identity.add_account("ada", "new")
    instance.poll()
    assert not instance.lets_in(before)
    assert not door.identity.state.accounts["ada"].knows(HOME)


def test_a_new_key_signs_once_every_instance_has_it_and_fails_nobody(door: Door) -> None:
    first, second = Instance(door, "one"), Instance(door, "two")
    before = log_in(door)
    door.identity.announce(Key.of("the second"))
    first.poll()
    first.poll()
    assert not door.identity.turn()  # one of them knows nothing of it yet
    meanwhile = log_in(door)
    second.poll()
    second.poll()
    assert door.identity.turn()
    after = log_in(door)
    for instance in (first, second):
        assert all(instance.lets_in(token) for token in (before, meanwhile, after))
        instance.poll()
        assert all(instance.lets_in(token) for token in (before, meanwhile, after))
    assert door.identity.keys.signing.id == Key.of("the second").id


def test_an_instance_that_is_gone_holds_no_key_up(door: Door) -> None:
    Instance(door, "gone")
    door.clock.now += 10
    door.identity.announce(Key.of("the second"))
    assert door.identity.turn()


def test_the_key_before_is_believed_until_its_last_token_expires(door: Door) -> None:
    door.identity.announce(Key.of("the second"))
    assert door.identity.turn()
    door.clock.now += LIFE_SECONDS - 1
    door.identity.turn()
    assert Key.of("the first").id in door.identity.keys.believed()
    door.clock.now += 1
    door.identity.turn()
    assert set(door.identity.keys.believed()) == {Key.of("the second").id}


def test_the_key_before_is_remembered_by_the_next_process(door: Door) -> None:
    token = log_in(door)
    door.identity.announce(Key.of("the second"))
    door.identity.turn()
    door.signed_with = "the second"
    door.start()
    assert Instance(door).lets_in(token)


def test_a_copy_of_the_key_before_issues_nothing(door: Door) -> None:
    instance, before = Instance(door), log_in(door)
    copy = door.identity.keys.signing
    door.identity.announce(Key.of("the second"))
    instance.poll()
    instance.poll()
    forged = replace(before.issued, id="forged", issued=before.issued.issued - 1)
    token = Token(signed(forged, copy), forged)
    assert instance.lets_in(token)  # as long as it signs, nobody can tell
    assert door.identity.turn()
    instance.poll()
    assert not instance.lets_in(token)
    assert instance.lets_in(before)


def test_a_key_that_changed_while_the_service_was_away_fails_nobody(door: Door) -> None:
    token = log_in(door)
    door.signed_with = "the second"
    door.start()
    instance = Instance(door)
    assert instance.lets_in(token)
    assert instance.lets_in(log_in(door))


def test_what_a_dropped_key_signed_lets_nobody_in(door: Door) -> None:
    instance, before = Instance(door), log_in(door)
    leaked = door.identity.keys.signing.id
    assert not door.identity.drop_key(leaked)  # nobody could log in
    door.identity.announce(Key.of("the second"))
    instance.poll()
    instance.poll()
    door.identity.turn()
    assert door.identity.drop_key(leaked)
    instance.poll()
    assert not instance.lets_in(before)
    assert instance.lets_in(log_in(door))


def test_a_token_used_elsewhere_is_told_of_until_it_is_taken_back(door: Door) -> None:
    instance, token = Instance(door), log_in(door)
    assert instance.lets_in(token, ABROAD)  # customers do travel
    assert instance.lets_in(token, ABROAD)
    assert door.identity.findings() == []
    instance.poll()
    (finding,) = door.identity.findings()
    assert finding.says == (
        f"token {token.issued.id} of ada, issued to {HOME}, is used from {ABROAD}"
    )
    door.start()
    assert door.identity.findings() == [finding]
    door.identity.revoke_token(token.issued.id)
    assert door.identity.findings() == []


def test_a_place_that_fails_too_often_is_locked_out_and_others_are_not(door: Door) -> None:
    log_in(door, HOME)
    for number in range(100):
        door.identity.attempt(f"customer {number}", ABROAD)
    with pytest.raises(LockedOutError):
        door.identity.attempt("ada", ABROAD)
    log_in(door, HOME)
    (finding,) = door.identity.findings()
    assert finding.says == f"{ABROAD} is locked out for too many failed logins"


def test_an_account_under_attack_stays_open_to_where_its_customer_comes_from(
    door: Door,
) -> None:
    log_in(door, HOME)
    for number in range(101):
        try:
            door.identity.attempt("ada", f"10.1.0.{number}")
        except LockedOutError:
            assert number == 100
    with pytest.raises(LockedOutError):
        log_in(door, ABROAD)
    log_in(door, HOME)
    door.clock.now += 61
    log_in(door, ABROAD)


def test_what_has_expired_is_forgotten(door: Door) -> None:
    token = log_in(door)
    door.identity.revoke_token(token.issued.id)
    door.identity.revoke_customer("ada")
    door.clock.now += LIFE_SECONDS + 1
    door.identity.turn()
    told = door.identity.verification()
    assert told["revoked_tokens"] == []
    assert told["revoked_customers"] == {}
    assert door.identity.tokens(customer="ada") == []
    assert not door.identity.revoke_token(token.issued.id)


def test_tokens_are_found_by_whose_they_are_and_by_where_they_were_issued(door: Door) -> None:
    door.identity.add_account("bob", "his")
    home, abroad = log_in(door), log_in(door, ABROAD)
    assert [one.id for one, _ in door.identity.tokens(source=ABROAD)] == [abroad.issued.id]
    assert len(door.identity.tokens(customer="ada")) == 2
    assert door.identity.tokens(customer="bob") == []
    assert home.issued.id != abroad.issued.id
