"""We believe that a selector means exactly the nodes it says, or is refused in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.model import UnknownNameError, WorldError
from environments.selectors import find_link, find_node, select
from tests.fakes.nodes import BareNode, FakeNode
from tests.fakes.world import FakeEnvironment

WORLD = FakeEnvironment()
NAMES = [node.name for node in WORLD.nodes]
ROLES = sorted({node.role for node in WORLD.nodes})


def names(selector: str, world: FakeEnvironment = WORLD) -> list[str]:
    return [node.name for node in select(world, selector)]


def two_regions() -> FakeEnvironment:
    world = FakeEnvironment()
    west: list[BareNode] = [
        FakeNode(world, "west-app-1", "app", "west", "west-a"),
        FakeNode(world, "west-edge", "edge", "west", "west-a"),
    ]
    world.nodes += west
    return world


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ("east-db-2", ["east-db-2"]),
        ("app", ["east-app-1", "east-app-2", "east-app-3"]),
        ("app@east", ["east-app-1", "east-app-2", "east-app-3"]),
        ("db:primary", ["east-db-1"]),
        ("db:replica@east", ["east-db-2", "east-db-3"]),
        ("db-router,east-edge", ["east-edge", "east-db-router"]),
        ("east-db-3,db,east-db-3", ["east-db-1", "east-db-2", "east-db-3"]),
        ("app@east-b", ["east-app-2"]),
        ("db:replica@east-c", ["east-db-3"]),
        ("*", NAMES),
        ("*,app", NAMES),
        ("*@east", [name for name in NAMES if name.startswith("east-")]),
        ("*@shared", ["payments", "links", "bastion"]),
        ("*@east-b", ["east-app-2", "east-db-2", "east-etcd-2"]),
        ("*@east-b,east-db-1", ["east-app-2", "east-db-1", "east-db-2", "east-etcd-2"]),
    ],
)
def test_a_selector_means_these_nodes(selector: str, meant: list[str]) -> None:
    assert names(selector) == meant


def test_a_region_leaves_out_the_other_region() -> None:
    assert names("app@west", two_regions()) == ["west-app-1"]
    assert "west-app-1" in names("app", two_regions())
    assert names("*@west", two_regions()) == ["west-app-1", "west-edge"]
    assert names("*@west-a,*@east-b", two_regions()) == [
        "east-app-2", "east-db-2", "east-etcd-2", "west-app-1", "west-edge",
    ]  # fmt: skip


def test_a_state_is_asked_of_the_world_at_that_moment() -> None:
    world = FakeEnvironment()
    world.primary = "east-db-3"
    assert names("db:primary", world) == ["east-db-3"]


def test_a_node_goes_before_a_role_of_the_same_name() -> None:
    world = FakeEnvironment()
    world.nodes.append(FakeNode(world, "app", "odd", "east"))
    assert names("app", world) == ["app"]
    assert names("app@east", world) == ["east-app-1", "east-app-2", "east-app-3"]


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        (
            "east-db-9",
            r"'east-db-9' is no node or role: known are .*; did you mean 'east-db-\d'",
        ),
        ("dbb", r"'dbb' is no node or role: .*; did you mean 'db'\?"),
        ("zzz", r"'zzz' is no node or role: known are app, bastion, .*payments$"),
        ("dbb:primary", r"'dbb' is no role: known are app, .*; did you mean 'db'\?"),
        ("east-db-1:primary", r"'east-db-1' is no role: known are app,"),
        ("db:primry", r"'primry' is no state of db now: known are primary, replica; did you"),
        ("app:primary", r"'primary' is no state of app now: known are none"),
        (
            "app@eats",
            r"'eats' is no region or zone: known are east, east-a, .*; did you mean 'east'",
        ),
        (
            "db@west",
            r"'west' is no region or zone: known are east, east-a, east-b, east-c, sha",
        ),
        ("*@east-d", r"'east-d' is no region or zone: known are east, .*; did you mean 'east-"),
    ],
)
def test_a_name_that_nobody_knows_is_named_with_those_known(
    selector: str, sentence: str
) -> None:
    with pytest.raises(UnknownNameError, match=sentence):
        select(WORLD, selector)


@pytest.mark.parametrize(
    "selector",
    ["", ",", "app,", " app", "app east", "app:", "app@", ":primary", "db@east:primary",
     "db:primary:x", "app\n", "**", "*@", "*:primary", "*@east@east-b", "@east", "*east",
     "apöp", "app;db", "-app"],
)  # fmt: skip
def test_stray_characters_are_refused(selector: str) -> None:
    with pytest.raises(UnknownNameError, match="is no selector: write"):
        select(WORLD, selector)


def test_a_role_that_has_no_node_in_a_region_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="no node matches 'db@west': no db is in west"):
        select(two_regions(), "db@west")


def test_a_zone_without_a_node_of_the_role_is_refused() -> None:
    with pytest.raises(
        UnknownNameError, match="no node matches 'cache@east-b': no cache is in"
    ):
        select(WORLD, "cache@east-b")


def test_a_state_that_no_node_of_the_region_has_is_refused() -> None:
    world = two_regions()
    world.nodes.append(FakeNode(world, "west-db-1", "db", "west"))
    with pytest.raises(UnknownNameError, match="is 'primary' now: west-db-1 is replica"):
        select(world, "db:primary@west")


def test_a_state_that_nobody_can_tell_is_the_worlds_error() -> None:
    world = FakeEnvironment()
    for node in select(world, "db"):
        assert isinstance(node, FakeNode)
        node.kill()
    with pytest.raises(WorldError, match="no database says what it is"):
        select(world, "db:primary")


def test_a_node_is_found_by_its_name_alone() -> None:
    assert find_node(WORLD, "east-db-2").name == "east-db-2"
    with pytest.raises(UnknownNameError, match="'db' is no node of fake: known are bastion"):
        find_node(WORLD, "db")


def test_a_link_is_found_by_its_name() -> None:
    assert find_link(WORLD, "app-to-db").name == "app-to-db"
    with pytest.raises(
        UnknownNameError, match=r"'app-to-dbs' is no link .*did you mean 'app-t"
    ):
        find_link(WORLD, "app-to-dbs")


terms = st.sampled_from(
    [*NAMES, *ROLES, "*", "db:primary", "db:replica", "app@east", "*@east-b", "db@east-a"]
)


@given(st.lists(terms, min_size=1))
def test_a_list_means_the_union_of_its_terms_in_the_worlds_order(chosen: list[str]) -> None:
    union = {name for term in chosen for name in names(term)}
    assert names(",".join(chosen)) == [name for name in NAMES if name in union]


@given(st.lists(terms, min_size=1))
def test_what_was_resolved_resolves_to_itself(chosen: list[str]) -> None:
    resolved = names(",".join(chosen))
    assert names(",".join(resolved)) == resolved


@given(st.text(alphabet="adb:@,*-1 \n", max_size=12) | st.text(max_size=12))
def test_any_text_is_either_understood_or_refused_in_one_sentence(selector: str) -> None:
    try:
        outcome: object = select(WORLD, selector)
    except UnknownNameError as error:
        outcome = len(str(error).splitlines()) == 1
    assert outcome
