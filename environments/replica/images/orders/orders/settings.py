"""What the service is told by its environment variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


_PUBLIC_KEY = re.compile("[0-9a-f]{64}")


class SettingsError(Exception):
    """A variable is missing or makes no sense; the message names it and what it may be."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    database: Address
    replica: Address | None  # to read from while the primary is away; None: nothing is read
    database_name: str
    database_user: str
    database_password: str = field(repr=False)
    login_file: Path | None  # user and password, as they change; None: they do not
    database_authority: Path | None  # who signs its certificate; None: it has none, nor TLS
    pool_size: int
    redis_host: str
    redis_port: int
    payments_url: str
    payments_breaker: bool
    health_needs_cache: bool
    dates_copies: bool
    protections: bool
    log_file: Path | None  # where log lines go besides stdout; None: nowhere
    log_needed: bool  # what no log line could be written of is not done
    token_key: str = field(repr=False)  # "": orders are taken without a token
    checks_clock: bool
    auth_url: str  # who issues customers' tokens; "": nobody, or an instance itself
    auth_needed: bool  # while it is silent, customers are left to other instances
    auth_file: Path  # where its last word is kept
    audit_url: str  # "": nobody is told who did what
    configurator: str  # whom to ask for what may change while it runs; "": nobody
    configuration_key: str  # public: what the configurator signs with is another one
    configuration_file: Path  # where the last one that was good is kept
    checks_signature: bool


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting.

    Raises:
        SettingsError: the first variable that is missing or invalid.
    """
    login_file = _file(environ, "DATABASE_LOGIN_FILE")
    return Settings(
        database=Address(
            _text(environ, "DATABASE_HOST"),
            _number(environ, "DATABASE_PORT", default=5432, most=65535),
        ),
        replica=_replica(environ),
        database_name=environ.get("DATABASE_NAME", "orders"),
        database_user=environ.get("DATABASE_USER", "orders"),
        database_password=("" if login_file else _text(environ, "DATABASE_PASSWORD")),
        database_authority=_file(environ, "DATABASE_AUTHORITY"),
        login_file=login_file,
        pool_size=_number(environ, "DATABASE_POOL_SIZE", default=8, most=100),
        redis_host=_text(environ, "REDIS_HOST"),
        redis_port=_number(environ, "REDIS_PORT", default=6379, most=65535),
        payments_url=_url(environ, "PAYMENTS_URL"),
        payments_breaker=_switch(environ, "PAYMENTS_BREAKER", default=True),
        health_needs_cache=_switch(environ, "HEALTH_NEEDS_CACHE", default=False),
        dates_copies=_switch(environ, "DATES_COPIES", default=True),
        protections=_switch(environ, "PROTECTIONS", default=True),
        log_file=_file(environ, "LOG_FILE"),
        log_needed=_switch(environ, "LOG_NEEDED", default=False),
        token_key=environ.get("TOKEN_KEY", ""),
        checks_clock=_switch(environ, "CHECKS_CLOCK", default=True),
        auth_url=_url(environ, "AUTH_URL") if environ.get("AUTH_URL") else "",
        auth_needed=_switch(environ, "AUTH_NEEDED", default=False),
        auth_file=Path(environ.get("AUTH_FILE", "/run/orders/auth.json")),
        audit_url=environ.get("AUDIT_URL", ""),
        configurator=_url(environ, "CONFIGURATOR") if environ.get("CONFIGURATOR") else "",
        configuration_key=_public_key(environ, "CONFIGURATION_KEY"),
        configuration_file=Path("/var/lib/orders/configuration"),
        checks_signature=_switch(environ, "CHECKS_SIGNATURE", default=True),
    )


def _replica(environ: Mapping[str, str]) -> Address | None:
    port = _number(environ, "DATABASE_READ_PORT", default=5432, most=65535)
    host = environ.get("DATABASE_READ_HOST", "")
    return Address(host, port) if host else None


def _text(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: give it a value")
    return value


def _number(environ: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    text = environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise SettingsError(f"{name}={text!r} is not a whole number from 1 to {most}")
    return int(text)


def _file(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name, "")
    return Path(text) if text else None


def _url(environ: Mapping[str, str], name: str) -> str:
    text = _text(environ, name)
    parts = urlsplit(text)
    if parts.scheme != "http" or not parts.hostname:
        raise SettingsError(f"{name}={text!r} is not a URL such as http://payments:8080")
    return text.rstrip("/")


def _public_key(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "")
    if environ.get("CONFIGURATOR") and not _PUBLIC_KEY.fullmatch(text):
        raise SettingsError(f"{name}={text!r} is not 32 bytes in hexadecimal")
    return text


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "on" if default else "off")
    if text not in {"on", "off"}:
        raise SettingsError(f"{name}={text!r} is neither on nor off")
    return text == "on"
