"""Pages that shut an intruder out half-way, or trust a trail that was edited, must be found."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import find_node
from scenarios import test_breach_database as scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.settings(Settings(secured=True))]

PAGE = "breach-database.md"
WITHIN = timedelta(seconds=20)
CAN_LOG_IN = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'orders%' AND rolcanlogin"


@pytest.fixture
def _login_comes_back(environment: Environment) -> Iterator[None]:
    """Let the service's login in again, which a broken page shut out and did not replace."""
    login = _shell(environment, "bastion", f'psql -A -t --command "{CAN_LOG_IN}"').strip()
    yield
    _shell(environment, "bastion", f'psql --command "ALTER ROLE {login} LOGIN"')


@pytest.fixture
def _edited_trail(environment: Environment) -> Iterator[None]:
    """Have somebody else be who did what the trail's third line says."""
    file = "/var/lib/audit/trail.jsonl"
    _shell(environment, "east-audit", f'sed -i \'3s/"actor":"/&nobody /\' {file}')
    yield
    _shell(environment, "east-audit", f'sed -i \'3s/"actor":"nobody /"actor":"/\' {file}')


@pytest.mark.usefixtures("_login_comes_back")
def test_a_revoked_credential_whose_sessions_live_on_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out(PAGE, "See that the login that leaked", then_stop=True)
    sabotaged.change(
        PAGE,
        'on=east-vault within=2m expect="orders-login was rotated"',
        "on=bastion within=20s",
    )
    sabotaged.change(
        PAGE, "vault rotate orders-login", 'psql --command "ALTER ROLE $LOGIN NOLOGIN"'
    )

    sabotaged.must_be_missed(
        scenario.test_an_intruder_uses_the_database_credential,
        "the intruder is not out",
        "nobody mended Use the database credential",
    )


@pytest.mark.nightly
@pytest.mark.usefixtures("_edited_trail")
def test_an_edited_line_of_the_trail_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(
        scenario.test_an_intruder_uses_the_database_credential,
        "the trail was tampered with: entry 3 was changed",
    )


@pytest.mark.nightly
def test_a_page_that_puts_no_order_back_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out(PAGE, "Put every order back")
    sabotaged.leave_out(PAGE, "Every order that was touched")

    sabotaged.must_be_missed(
        scenario.test_an_intruder_uses_the_database_credential,
        "RPO missed",
        "that nobody wrote",
    )


def _shell(environment: Environment, node: str, script: str) -> str:
    done = find_node(environment, node).run(["sh", "-euc", script], within=WITHIN)
    assert done.exit_code == 0, done.stderr
    return done.stdout
