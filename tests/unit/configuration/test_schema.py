"""We believe that a configuration is used when it makes sense, or refused in a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from configuration.schema import (
    ConfigurationError,
    flag_names,
    read_configuration,
    with_flag,
)

from tests.unit.configuration.configurations import STANDARD, line_of, text_with


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read_configuration(text.encode(), file="new.toml")
    return str(refused.value)


def test_every_value_is_read() -> None:
    changed = text_with(
        most_in_work="7",
        insert_seconds="0.9",
        limit_seconds="0.5",
        slow_seconds="0.2",
        calls_at_once="3",
        failures_to_open="4",
        open_seconds="2",
        enabled="false",
        keep_seconds="9",
        charge_at_once="false",
        customer_pages="false",
        receipts="false",
    )
    read = read_configuration(changed.encode(), file="new.toml")
    assert read.admission.most_in_work == 7
    assert read.orders.insert_seconds == 0.9
    assert (read.payments.limit_seconds, read.payments.slow_seconds) == (0.5, 0.2)
    assert read.payments.calls_at_once == 3
    assert (read.breaker.failures_to_open, read.breaker.open_seconds) == (4, 2)
    assert (read.cache.enabled, read.cache.keep_seconds) == (False, 9)
    assert not any(getattr(read.flags, name) for name in flag_names())


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("most_in_work", "-1", "write a whole number from 0 to 512"),
        ("most_in_work", "8.5", "write a whole number from 0 to 512"),
        ("most_in_work", "true", "write a whole number from 0 to 512"),
        ("insert_seconds", "1.4", "write a number from 0.05 to 1.3"),
        ("insert_seconds", "nan", "write a number from 0.05 to 1.3"),
        ("limit_seconds", '"0.8 s"', "write a number from 0.05 to 0.8"),
        ("open_seconds", "", "is missing: write a number from 0.1 to 60"),
        ("slow_seconds", "0.81", "write a number from 0.01 to 0.8"),
        ("receipts", '"on"', "write true or false"),
        ("enabled", "1", "write true or false"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_line_and_a_remedy(
    key: str, value: str, remedy: str
) -> None:
    said = refusal(text_with(**{key: value}))
    assert remedy in said
    assert f"] {key} " in said
    if value:
        assert said.startswith(f"new.toml:{line_of(key)}: ")


def test_a_key_that_is_missing_is_missed_where_its_table_begins() -> None:
    said = refusal(text_with(calls_at_once=""))
    assert said.startswith(
        f"new.toml:{line_of('[payments]')}: [payments] calls_at_once is missing"
    )


def test_a_key_that_is_nobodys_is_refused_in_its_own_table() -> None:
    """``keep_seconds`` is the cache's; the first line that has it is not the one to blame."""
    said = refusal(STANDARD + "keep_seconds = 3\n")
    last = len(STANDARD.splitlines()) + 1
    assert said.startswith(
        f"new.toml:{last}: [flags] keep_seconds is no key of it: write one of"
    )


def test_a_table_that_is_unknown_or_missing_is_named() -> None:
    assert "[extra] is no table: write one of admission" in refusal(STANDARD + "[extra]\n")
    without = STANDARD.replace("[cache]\nenabled = true\nkeep_seconds = 60\n", "")
    assert refusal(without) == "new.toml: [cache] is missing: write a table [cache]"
    assert "[flags] is missing" in refusal(STANDARD.split("[flags]")[0] + "[[flags]]\n")


def test_what_is_slow_must_come_before_a_call_ends() -> None:
    said = refusal(text_with(limit_seconds="0.2"))
    assert said == (
        f"new.toml:{line_of('slow_seconds')}: [payments] slow_seconds is 0.25, and a call ends"
        " after 0.2: write no more than that"
    )


@pytest.mark.parametrize("text", ["most_in_work = = 3", "\x00", "[a", "a = " + "[" * 5000])
def test_what_is_no_toml_is_refused(text: str) -> None:
    assert "new.toml is no TOML" in refusal(text)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is no TOML"):
        read_configuration(b"\xff\xfe", file="new.toml")


@pytest.mark.parametrize("name", flag_names())
def test_a_flag_is_switched_and_nothing_else(name: str) -> None:
    off = with_flag(STANDARD.encode(), name, on=False, file="now")
    before = read_configuration(STANDARD.encode(), file="now")
    after = read_configuration(off, file="now")
    assert after == replace(before, flags=replace(before.flags, **{name: False}))
    assert with_flag(off, name, on=True, file="now").decode() == STANDARD


def test_a_flag_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="charge_at_once, customer_pages, receipts"):
        with_flag(STANDARD.encode(), "enabled", on=False, file="now")


def test_flags_on_one_line_are_not_guessed_at() -> None:
    flags = ", ".join(f"{name} = true" for name in flag_names())
    text = f"flags = {{{flags}}}\n" + STANDARD.split("# Each")[0]
    with pytest.raises(ConfigurationError, match="write it on a line of its own"):
        with_flag(text.encode(), "receipts", on=False, file="now")
