"""We believe that what HAProxy says of its servers is read right, and refusals are seen."""

from __future__ import annotations

import pytest
from rollout.rotation import (
    Admission,
    Order,
    Rotation,
    RotationError,
    Server,
    read_servers,
)

STATE = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight
4 app 1 app1 172.18.0.11 2 64 1 1 9 6 3 7 6 0 0 0 east-app 8000 - 0 0 - - 0
4 app 2 app2 172.18.0.12 0 0 1 1 9 6 3 0 6 0 0 0 east-app 8000 - 0 0 - - 0
4 app 3 app3 172.18.0.13 3 8 1 1 9 6 3 7 6 0 0 0 east-app 8000 - 0 0 - - 0
4 app 4 app4 172.18.0.14 0 1 1 1 9 6 3 0 6 0 0 0 east-app 8000 - 0 0 - - 0
4 app 5 app5 - 0 32 1 1 9 6 3 0 6 0 0 0 east-app 8000 - 0 0 - - 0

"""
STATISTICS = """# pxname,svname,qcur,qmax,scur,smax,
app,app1,1,2,3,9,
app,app2,,0,0,9,
app,app3,0,0,1,9,
app,app4,0,0,0,9,
app,app5,0,0,0,9,

"""


def test_every_server_with_an_address_is_read() -> None:
    assert read_servers(STATE + STATISTICS) == {
        address: Server(slot, address, admission, is_up=is_up, sessions=sessions)
        for slot, address, admission, is_up, sessions in (
            ("app1", "172.18.0.11", Admission.IN, True, 4),
            ("app2", "172.18.0.12", Admission.IN, False, 0),
            ("app3", "172.18.0.13", Admission.DRAINING, True, 1),
            ("app4", "172.18.0.14", Admission.OUT, False, 0),
        )
    }


@pytest.mark.parametrize("answer", ["", "\n", STATE, STATISTICS, "Permission denied\n"])
def test_anything_else_is_an_error(answer: str) -> None:
    with pytest.raises(RotationError, match="no state"):
        read_servers(answer)


def test_what_the_edge_does_not_take_is_an_error() -> None:
    told = []

    def refuse(command: str) -> str:
        told.append(command)
        return "No such server.\n" if len(told) > 1 else "\n"

    rotation = Rotation(refuse)
    server = Server("app3", "172.18.0.13", Admission.IN, is_up=True, sessions=0)
    rotation.tell(server, Admission.DRAINING)
    assert told == ["set server app/app3 state drain"]
    with pytest.raises(RotationError, match="did not take app3 maint: No such server"):
        rotation.tell(server, Admission.OUT)


def test_several_servers_are_told_at_once_the_weight_first() -> None:
    told = []

    def take(command: str) -> str:
        told.append(command)
        return "\n\n"

    blue, green = (
        Server(slot, "", Admission.IN, is_up=True, sessions=0) for slot in ("a", "b")
    )
    Rotation(take).tell_all([Order(blue, Admission.IN, 250), Order(green, Admission.OUT)])
    assert told == [
        "set server app/a weight 250;set server app/a state ready;set server app/b state maint"
    ]
