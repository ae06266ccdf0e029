"""A service that trusts its own clock, and pages that correct none, must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import select
from fixtures import credentials
from scenarios import test_wrong_clock as scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]

TRUSTING = pytest.mark.settings(Settings(steered_clocks=True, checks_clocks=False))
CAREFUL = pytest.mark.settings(Settings(steered_clocks=True))
TO_BE_TOLD = "Every instance is ready"  # a trusting one has nothing to say of its clock
SHORT = timedelta(seconds=8)
WITHIN = timedelta(seconds=20)


@TRUSTING
def test_an_expired_token_that_a_trusting_service_lets_in_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "NOTICED_WITHIN", SHORT)
    sabotaged.leave_out("wrong-clock.md", TO_BE_TOLD)

    sabotaged.must_be_missed(
        scenario.test_the_clocks_of_all_instances_are_a_year_behind,
        "east-app-1 let in a token that had expired",
        "nobody was told",
    )


@TRUSTING
def test_a_trusting_instance_that_stays_in_rotation_and_refuses_customers_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "NOTICED_WITHIN", SHORT)
    sabotaged.leave_out("wrong-clock.md", TO_BE_TOLD)

    sabotaged.must_be_missed(
        scenario.test_the_clock_of_an_instance_is_wrong,
        "RTO missed",
        "nobody was told",
        by=scenario.A_YEAR,
    )


@pytest.fixture
def without_revoking(environment: Environment) -> Iterator[None]:
    """No database revokes what expires; an expired role is one by its date alone."""

    def tell(what: str) -> None:
        for node in select(environment, "db"):
            done = node.run(["supervisorctl", what, "revoke-expired"], within=WITHIN)
            assert done.exit_code == 0, done.stdout

    tell("stop")
    yield
    tell("start")


@CAREFUL
def test_a_page_that_corrects_no_clock_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", SHORT)
    sabotaged.leave_out("wrong-clock.md", "Step the clock of the first", then_stop=True)

    sabotaged.must_be_missed(
        scenario.test_the_clocks_of_all_instances_are_a_year_behind, "nobody mended Put the"
    )


@CAREFUL
@pytest.mark.usefixtures("without_revoking")
def test_an_expired_role_that_is_not_revoked_is_let_in_and_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drill waits for roles to be revoked, so that nobody has to rely on it doing so."""
    monkeypatch.setattr(credentials, "_IS_REVOKED", "echo t")

    sabotaged.must_be_missed(
        scenario.test_the_clock_of_the_primary_is_wrong,
        "the primary let in a role that had expired",
        clock=scenario.BEHIND,
    )
