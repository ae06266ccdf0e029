"""We believe that two regions are what the pages for them take for granted."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Killable, Pausable
from environments.selectors import find_node, select
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Completed, Environment

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings(second_region=True))]

WITHIN = timedelta(seconds=10)
WHOLE_WITHIN = timedelta(seconds=60)


@pytest.fixture
def regions(environment: Environment) -> Iterator[Environment]:
    """Lend both regions; a test leaves them as whole as it found them."""
    yield environment
    run(environment, "entrance", "region", "fence", "west")
    run(environment, "entrance", "region", "open", "east")
    run(environment, "entrance", "region", "entitle", "east")
    wait_until(
        "both regions to be whole after the test",
        lambda: not environment.deviations(),
        at_most=WHOLE_WITHIN,
        why_not=lambda _: "; ".join(environment.deviations()),
    )


def run(environment: Environment, node: str, *command: str) -> Completed:
    return find_node(environment, node).run(command, within=WITHIN)


@contextmanager
def killed(environment: Environment, name: str) -> Iterator[None]:
    node = find_node(environment, name)
    assert isinstance(node, Killable)
    node.kill()
    try:
        yield
    finally:
        node.start()


def said_of(environment: Environment, region: str) -> set[str]:
    lines = run(environment, "entrance", "region", "show").stdout.splitlines()
    return {line.partition(" ")[2] for line in lines if line.startswith(f"{region} ")}


def test_the_second_region_follows_and_has_no_primary(regions: Environment) -> None:
    states = regions.states("db")
    of_west = [states[node.name] for node in select(regions, "db@west")]
    assert sorted(of_west) == ["replica", "standby-leader"]
    assert [node.region for node in select(regions, "db:primary")] == ["east"]


def test_the_entrance_begins_as_people_left_it(regions: Environment) -> None:
    run(regions, "entrance", "region", "fence", "east")
    assert said_of(regions, "east") == {"customers: no", "primary: no"}
    assert {
        "entrance leads customers to no region, not to east alone",
        "entrance lets no region have a primary, not east alone",
    } <= set(regions.deviations())
    with killed(regions, "entrance"):
        pass
    wait_until(
        "the entrance to say what is open",
        lambda: said_of(regions, "east") == {"customers: no", "primary: no"},
        at_most=WITHIN,
    )


def test_a_database_asks_whether_its_region_may_have_the_primary(regions: Environment) -> None:
    def may_lead(node: str) -> bool:
        return run(regions, node, "may-lead").exit_code == 0

    assert may_lead("east-db-1")
    assert not may_lead("west-db-1")
    run(regions, "entrance", "region", "fence", "east")
    run(regions, "entrance", "region", "entitle", "west")
    assert not may_lead("east-db-1")
    assert may_lead("west-db-1")
    run(regions, "entrance", "region", "fence", "west")
    with killed(regions, "entrance"):
        assert may_lead("east-db-1"), "a failover within a region must not need another place"


def test_what_is_mistyped_at_the_entrance_changes_nothing(regions: Environment) -> None:
    before = said_of(regions, "east") | said_of(regions, "west")
    answer = run(regions, "entrance", "region", "fence", "north")
    assert answer.exit_code == 2
    assert "usage: region show" in answer.stderr
    assert said_of(regions, "east") | said_of(regions, "west") == before


@pytest.mark.nightly
def test_a_region_that_does_not_follow_is_missed(regions: Environment) -> None:
    links = find_node(regions, "links")
    assert isinstance(links, Pausable)
    links.pause()
    try:
        wait_until(
            "the west to be missed as a copy",
            lambda: any(
                "west-db" in one and "not streaming" in one for one in regions.deviations()
            ),
            at_most=timedelta(seconds=20),
            why_not=lambda _: "; ".join(regions.deviations()),
        )
    finally:
        links.resume()


@pytest.mark.nightly
@pytest.mark.settings(Settings(second_region=True, backups=True))
class TestWithBackups:
    @pytest.mark.parametrize("repository", ["1", "2"])
    def test_backups_are_within_reach_of_the_second_region(
        self, regions: Environment, repository: str
    ) -> None:
        told = run(
            regions,
            "west-db-1",
            "pgbackrest",
            "--stanza=muster",
            f"--repo={repository}",
            "info",
        )
        assert told.exit_code == 0, told.stderr
        assert "full backup:" in told.stdout
