"""The entrance's certificate expires: nobody renewed it.

We believe that the stack says so before customers do, for a certificate is renewed after two
thirds of its time and one that was not is a deviation; that whoever is on call, with
certificate-expired.md in hand, has the entrance show a good one within a minute and has it
renewed by itself again; and that no order is lost by it, since none is sent by whoever does not
trust the entrance.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import ExpireCertificate
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-18", "SEC-1"),
    pytest.mark.settings(Settings(secured=True)),
]

OBJECTIVES = Objectives(rto_seconds=60, rpo_seconds=0)
NOTICED_WITHIN = timedelta(seconds=5)
HOLD = timedelta(seconds=20)  # longer than any connection from before it expired is kept
WATCH = timedelta(minutes=1)


def test_the_certificate_of_the_entrance_expires(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The certificate that the entrance shows expires, and its agent hangs."""
    with (
        load.orders(users=20),
        inject(ExpireCertificate("edge@east"), hold=HOLD, mended_by_people=True),
    ):
        recovery.must_be_noticed("its certificate", within=NOTICED_WITHIN)
        follow("certificate-expired.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
