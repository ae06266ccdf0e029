"""A page that renews no certificate, or one that renews it once, must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from reports.verdict import Objectives
from scenarios import test_certificate_expired as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(secured=True)),
]

RENEWAL = "Have another agent renew it"
BY_HAND = """\
```sh on=east-edge within=15s
# Renew it by hand, and leave the agent as it is
secrets fetch
certificate install /run/vault/server.both
```
"""
RECOVERY = "## Recovery\n"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario, "HOLD", timedelta(seconds=5))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=20))


def test_a_page_that_renews_nothing_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "OBJECTIVES", Objectives(rto_seconds=15, rpo_seconds=0))
    sabotaged.leave_out("certificate-expired.md", RENEWAL, then_stop=True)
    sabotaged.must_be_missed(
        scenario.test_the_certificate_of_the_entrance_expires, "RTO missed", "nobody mended"
    )


def test_a_page_that_leaves_the_agent_hanging_is_found(sabotaged: Sabotaged) -> None:
    """The certificate that it fetches by hand is good for seconds, as the one before it was."""
    sabotaged.leave_out("certificate-expired.md", RENEWAL, then_stop=True)
    sabotaged.change("certificate-expired.md", RECOVERY, f"{RECOVERY}\n{BY_HAND}")
    sabotaged.must_be_missed(
        scenario.test_the_certificate_of_the_entrance_expires, "nobody mended"
    )
