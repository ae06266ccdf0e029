"""The replica's repository hosts, as the tests of their promises ask them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from environments.selectors import select

if TYPE_CHECKING:
    from environments.model import Completed, Environment

HOSTS = {"east-backup": "1", "west-backup": "2"}  # and the number of its repository
WITHIN = timedelta(seconds=20)
DONE_WITHIN = timedelta(seconds=120)


def on(replica: Environment, selector: str, script: str, **variables: str) -> Completed:
    (node,) = select(replica, selector)
    return node.run(["sh", "-euc", script], within=DONE_WITHIN, variables=variables)


def told(replica: Environment, selector: str, script: str, **variables: str) -> str:
    done = on(replica, selector, script, **variables)
    assert done.exit_code == 0, done
    return done.stdout


def backups_of(replica: Environment, host: str) -> list[dict[str, Any]]:
    listed = json.loads(told(replica, host, "pgbackrest --stanza=muster --output=json info"))
    backups: list[dict[str, Any]] = listed[0]["backup"]
    return backups
