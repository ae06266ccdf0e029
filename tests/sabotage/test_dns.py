"""A runbook that restarts what cannot find its peers again must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from scenarios import test_dns_fails as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]

TOUCHES_NOTHING = "Nothing: the service lives on what it knows."
RESTARTS = """\
```sh on=bastion within=30s
# Restart every instance
for instance in east-app-1 east-app-2 east-app-3; do
  supervisorctl --serverurl "http://$instance:9001" restart orders
done
```
"""


def test_a_page_that_restarts_everything_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "HOLD", timedelta(seconds=12))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=12))
    sabotaged.change("dns-fails.md", TOUCHES_NOTHING, RESTARTS)

    sabotaged.must_be_missed(scenario.test_dns_fails_and_an_instance_crashes, "RTO missed")
