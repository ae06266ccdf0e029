"""Doors that open too often, and pages that leave them open, must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures import wholeness
from scenarios import test_authentication_away as away
from scenarios import test_password_guessing as guessing
from scenarios import test_token_leaked as leaked

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]

SECURED = pytest.mark.settings(Settings(secured=True))
SHORT = timedelta(seconds=8)


@pytest.mark.settings(Settings(secured=True, limits=False))
def test_a_login_that_looks_at_every_password_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "NOTICED_WITHIN", timedelta(seconds=20))
    sabotaged.leave_out("password-guessing.md", "Find the address")
    sabotaged.leave_out("password-guessing.md", "fence: Keep the address out", then_stop=True)

    sabotaged.must_be_missed(
        guessing.test_somebody_guesses_passwords,
        "times with a password that it guessed",
        "nobody was told",
        "nobody mended Guess passwords",
    )


@SECURED
def test_a_page_that_keeps_nobody_out_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("password-guessing.md", "fence: Keep the address out", then_stop=True)

    sabotaged.must_be_missed(
        guessing.test_somebody_guesses_passwords, "nobody mended Guess passwords"
    )


@SECURED
def test_a_page_that_takes_no_token_back_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wholeness, "STEADY_AFTER_WITHIN", SHORT)  # it is used until it expires
    sabotaged.leave_out("token-leaked.md", "fence: Take the token back")
    sabotaged.leave_out("token-leaked.md", "Nothing is used from elsewhere")

    sabotaged.must_be_missed(
        leaked.test_an_intruder_orders_with_a_leaked_token,
        "the intruder is not out",
        "nobody mended Order with",
    )


@SECURED
def test_orders_that_an_intruder_made_and_nobody_took_back_are_found(
    sabotaged: Sabotaged,
) -> None:
    sabotaged.leave_out("token-leaked.md", "Take those orders back")
    sabotaged.leave_out("token-leaked.md", "None of those orders")

    sabotaged.must_be_missed(leaked.test_an_intruder_orders_with_a_leaked_token, "nobody wrote")


@SECURED
def test_a_page_that_starts_no_login_again_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(away, "LOGINS_AWAY", SHORT)
    monkeypatch.setattr(away, "WATCH", SHORT)
    sabotaged.leave_out("auth-away.md", "Start it again", then_stop=True)

    sabotaged.must_be_missed(
        away.test_the_service_that_customers_log_in_at_dies, "nobody mended Kill"
    )


@pytest.mark.settings(Settings(secured=True, health_needs_auth=True))
def test_instances_that_all_leave_with_their_login_are_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(away.test_the_service_that_customers_log_in_at_hangs, "RTO missed")
