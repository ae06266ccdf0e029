"""We believe that a replica with a next release is made and read as it must be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from environments.model import WorldError
from environments.replica.composing import compose
from environments.replica.deploying import (
    DeploymentStatus,
    deviations_of_deployment,
    read_changes,
    read_deployment,
)
from environments.replica.opening import release_of
from environments.replica.probes import NoAnswerError
from environments.replica.release_nodes import IMAGES
from environments.replica.topology import NodeSpec, Passwords, Role, Settings

PASSWORDS = Passwords()
RELEASED = Settings(release="errs")
AT_REST = DeploymentStatus(
    live="1.0.0", colour="blue", phase="idle", change="", share=0.0, verified=False, trouble="",
    serving={"east-app-1": "1.0.0", "east-app-2": "1.0.0"},
)  # fmt: skip


def nodes(settings: Settings) -> dict[str, NodeSpec]:
    return {node.name: node for node in compose(settings, PASSWORDS).nodes}


def deviations(status: DeploymentStatus) -> list[str]:
    return list(deviations_of_deployment({"east-deployer": status}))


def test_a_replica_with_a_next_release_has_three_places_for_it_and_who_deploys() -> None:
    added = nodes(RELEASED).keys() - nodes(Settings()).keys()
    assert Counter(nodes(RELEASED)[name].role for name in added) == {
        Role.GREEN: 3, Role.DEPLOYER: 1,
    }  # fmt: skip
    assert all(
        (IMAGES / node.image / "Dockerfile").is_file() for node in nodes(RELEASED).values()
    )


def test_a_place_of_the_next_release_is_known_to_the_edge_but_idle_and_bounded() -> None:
    made = nodes(RELEASED)
    green, app = made["east-green-1"], made["east-app-1"]
    assert green.environment == {**app.environment, "ORDERS_AUTOSTART": "off"}
    assert (green.image, green.aliases) == ("orders_errs", app.aliases)
    assert (green.bounds.memory_megabytes, app.bounds.memory_megabytes) == (256, None)


def test_the_edge_takes_the_word_of_who_deploys_and_of_nobody_otherwise() -> None:
    assert nodes(RELEASED)["east-edge"].environment["AUTOSCALED"] == "on"
    assert "AUTOSCALED" not in nodes(Settings())["east-edge"].environment


def test_a_rollback_forgets_an_instance_where_it_is_to() -> None:
    told = nodes(RELEASED)["east-deployer"].environment
    assert told["TAKEN_BACK"] == told["GREEN"] == "east-green-1,east-green-2,east-green-3"
    forgets = nodes(replace(RELEASED, takes_all_back=False))["east-deployer"].environment
    assert forgets["TAKEN_BACK"] == "east-green-2,east-green-3"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(release="err"), "no release is called 'err': name one of corrupts, dead"),
        (Settings(release="errs", release_policy="x"), "no policy of releases is called 'x'"),
        (Settings(release="errs", second_region=True), "one region and no autoscaler"),
        (Settings(release="errs", secured=True), "trials do not log in"),
        (Settings(release="errs", autoscaling="drill"), "one region and no autoscaler"),
    ],
)
def test_a_replica_that_there_is_not_is_refused(settings: Settings, sentence: str) -> None:
    with pytest.raises(WorldError, match=sentence):
        compose(settings, PASSWORDS)


def test_whoever_attaches_finds_the_release_in_what_is_left() -> None:
    green = {"Config": {"Image": "muster/orders_errs:0123456789ab"}}
    assert release_of({"east-app-1": {}, "east-green-2": green}) == "errs"
    assert release_of({"east-app-1": {}, "east-deployer": {}}) == "next"
    assert release_of({"east-app-1": {}, "east-edge": {}}) == ""


def test_at_rest_nothing_is_amiss_whichever_release_is_live() -> None:
    assert not deviations(AT_REST)
    other = replace(AT_REST, live="1.1.0", colour="green", serving={"east-green-1": "1.1.0"})
    assert not deviations(other)


def test_who_serves_another_release_than_the_one_that_is_live_is_named() -> None:
    serving = {**AT_REST.serving, "east-green-1": "1.2.0"}
    assert deviations(replace(AT_REST, serving=serving)) == [
        "east-green-1 serves customers with 1.2.0, and 1.0.0 is live"
    ]


def test_a_deployment_that_is_on_its_way_is_said() -> None:
    on_its_way = replace(AT_REST, phase="serving", change="release-1")
    assert deviations(on_its_way) == ["east-deployer is at work: release-1 is serving"]


def test_what_lacks_something_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="/status has no 'live'"):
        read_deployment({})
    with pytest.raises(NoAnswerError, match="/changes has no 'number'"):
        read_changes([{}])
