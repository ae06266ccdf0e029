"""We believe that an instance that is ready with a wrong clock is not taken for well."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509

from environments.replica import checks
from environments.replica.checks import (
    check_auth,
    check_certificate,
    check_edge,
    check_instance,
)
from environments.replica.probes import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping


def says(monkeypatch: pytest.MonkeyPatch, dependencies: Mapping[str, str]) -> None:
    told = json.dumps({"status": "degraded", "dependencies": dependencies})
    monkeypatch.setattr(checks, "http_ok", lambda _, path: told if "ready" in path else "")


@pytest.mark.parametrize(
    "dependencies",
    [{"database": "ok"}, {"database": "ok", "clock": "ok"}, {"cache": "degraded: gone"}],
)
def test_one_that_is_ready_is_well_whatever_helper_it_lacks(
    monkeypatch: pytest.MonkeyPatch, dependencies: Mapping[str, str]
) -> None:
    says(monkeypatch, dependencies)
    check_instance({8000: 1})


NOW = datetime(2026, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (DAY, None),
        (DAY / 3, None),  # agents renew theirs now
        (DAY / 5, "its certificate expires in 17280 s, and nobody renewed it"),
        (timedelta(seconds=-3), "its certificate expired 3 s ago"),
    ],
)
def test_a_certificate_that_should_have_been_renewed_is_said(
    left: timedelta, said: str | None
) -> None:
    issued = trustme.CA().issue_cert("edge", not_before=NOW + left - DAY, not_after=NOW + left)
    shown = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    with pytest.raises(NoAnswerError, match=said) if said else nullcontext():
        check_certificate(shown, NOW)


def test_one_whose_clock_differs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, {"clock": "degraded: clock is 9 s behind the database's"})
    with pytest.raises(NoAnswerError, match="9 s behind the database's"):
        check_instance({8000: 1})


def test_where_customers_log_in_what_people_should_look_at_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[str] = []
    monkeypatch.setattr(checks, "http_ok", lambda *_: json.dumps({"findings": found}))
    check_auth({8081: 1})
    found.append("10.0.0.9 is locked out: 101 failed logins in a minute")
    with pytest.raises(NoAnswerError, match="is locked out"):
        check_auth({8081: 1})


@pytest.mark.parametrize(
    ("rows", "works"),
    [("app,app1,UP", True), ("auth,auth,UP", True), ("auth,auth,DOWN", False)],
)
def test_an_entrance_that_leads_to_a_login_must_reach_it(
    monkeypatch: pytest.MonkeyPatch, rows: str, *, works: bool
) -> None:
    monkeypatch.setattr(checks, "http_ok", lambda *_: f"# pxname,svname,status\n{rows}\n")
    if works:
        check_edge({8404: 1})
    else:
        with pytest.raises(NoAnswerError, match="nobody can log in"):
            check_edge({8404: 1})
