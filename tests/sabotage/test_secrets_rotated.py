"""A page that ends a secret before anybody moved over, or leaves one, must be found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import test_secrets_rotated as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.settings(Settings(secured=True))]
PAGE = "rotate-secrets.md"


def test_a_login_that_ends_before_the_instances_moved_over_is_found(
    sabotaged: Sabotaged,
) -> None:
    sabotaged.change(PAGE, "vault rotate orders-login", "vault revoke orders-login")
    sabotaged.change(PAGE, "orders-login was rotated", "orders-login was revoked")

    sabotaged.must_be_missed(
        scenario.test_every_secret_is_rotated_while_customers_order, "availability missed"
    )


@pytest.mark.nightly
def test_a_secret_that_is_left_as_it_was_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out(PAGE, "Change what the audit trail logs in with")

    sabotaged.must_be_missed(
        scenario.test_every_secret_is_rotated_while_customers_order,
        "nobody mended Copy every secret to intruder-inside",
    )
