"""We believe that a wrong setting stops the service with one sentence that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from environments.replica.images.orders.orders.settings import (
    Address,
    SettingsError,
    read_settings,
)

GOOD = {
    "DATABASE_HOST": "links",
    "DATABASE_PASSWORD": "hush",
    "REDIS_HOST": "links",
    "PAYMENTS_URL": "http://links:8080/",
}
PACKAGE = Path(__file__).parents[3] / "environments/replica/images/orders"


def test_good_settings_are_read_with_their_defaults() -> None:
    settings = read_settings(GOOD)
    assert settings.database == Address("links", 5432)
    assert settings.replica is None
    assert (settings.redis_port, settings.pool_size) == (6379, 8)
    assert settings.protections
    assert settings.payments_breaker
    assert not settings.health_needs_cache
    assert settings.dates_copies
    assert settings.payments_url == "http://links:8080"


def test_the_breaker_can_be_taken_out() -> None:
    assert not read_settings(GOOD | {"PAYMENTS_BREAKER": "off"}).payments_breaker


def test_a_replica_to_read_from_can_be_named() -> None:
    named = GOOD | {"DATABASE_READ_HOST": "router", "DATABASE_READ_PORT": "5433"}
    assert read_settings(named).replica == Address("router", 5433)
    assert read_settings(named | {"DATABASE_READ_HOST": ""}).replica is None


def test_a_file_for_its_log_can_be_named_and_needed() -> None:
    assert (read_settings(GOOD).log_file, read_settings(GOOD).log_needed) == (None, False)
    told = read_settings(GOOD | {"LOG_FILE": "/a/log", "LOG_NEEDED": "on"})
    assert (told.log_file, told.log_needed) == (Path("/a/log"), True)


def test_the_protections_can_be_taken_out() -> None:
    assert not read_settings(GOOD | {"PROTECTIONS": "off"}).protections
    assert not read_settings(GOOD | {"DATES_COPIES": "off"}).dates_copies


def test_tokens_are_asked_for_where_there_is_a_key_and_clocks_are_checked() -> None:
    assert read_settings(GOOD).token_key == ""
    assert read_settings(GOOD | {"TOKEN_KEY": "hush"}).token_key == GOOD["DATABASE_PASSWORD"]
    assert read_settings(GOOD).checks_clock
    assert not read_settings(GOOD | {"CHECKS_CLOCK": "off"}).checks_clock


def test_a_configurator_is_followed_with_the_key_that_it_signs_with() -> None:
    assert read_settings(GOOD).configurator == ""
    with pytest.raises(SettingsError, match="CONFIGURATION_KEY='' is not 32 bytes"):
        read_settings(GOOD | {"CONFIGURATOR": "http://configurator:9200"})
    named = GOOD | {"CONFIGURATOR": "http://configurator:9200", "CONFIGURATION_KEY": "5e" * 32}
    assert read_settings(named).configurator == "http://configurator:9200"
    assert read_settings(named).checks_signature
    assert not read_settings(named | {"CHECKS_SIGNATURE": "off"}).checks_signature


def test_the_password_and_the_key_are_never_shown() -> None:
    assert "hush" not in repr(read_settings(GOOD | {"TOKEN_KEY": "hush hush"}))


@pytest.mark.parametrize("name", GOOD)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        read_settings({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_PORT", "0"),
        ("DATABASE_PORT", "65536"),
        ("DATABASE_PORT", "5432x"),
        ("DATABASE_PORT", "٣"),
        ("DATABASE_POOL_SIZE", "-1"),
        ("REDIS_PORT", ""),
        ("PAYMENTS_URL", "payments:8080"),
        ("PAYMENTS_URL", "http://"),
        ("PAYMENTS_BREAKER", "true"),
        ("HEALTH_NEEDS_CACHE", "yes"),
        ("DATES_COPIES", "no"),
        ("PROTECTIONS", "1"),
        ("CHECKS_CLOCK", "no"),
        ("DATABASE_READ_PORT", "none"),
        ("CHECKS_SIGNATURE", "no"),
        ("CONFIGURATOR", "configurator:9200"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}' is"):
        read_settings(GOOD | {name: value})


def test_the_service_ends_with_that_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import orders.app"],
        cwd=PACKAGE,
        env={
            **os.environ,
            **GOOD,
            "PAYMENTS_BREAKER": "perhaps",
            "PYTHONPATH": str(PACKAGE.parent / "configuration"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert (
        done.stderr == "orders cannot start: PAYMENTS_BREAKER='perhaps' is neither on nor off\n"
    )
