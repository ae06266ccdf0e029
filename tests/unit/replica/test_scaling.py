"""We believe that an autoscaled replica is whole while the fewest instances serve as made."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from environments.model import ScalingStatus, WorldError
from environments.replica.autoscaling_nodes import policy_version
from environments.replica.checks import servers_up
from environments.replica.composing import compose
from environments.replica.image_builder import IMAGES
from environments.replica.opening import policy_of
from environments.replica.probes import NoAnswerError
from environments.replica.scaling import (
    ScalingView,
    deviations_of_scaling,
    read_decisions,
    read_stages,
    read_status,
)
from environments.replica.steady import Expected, Observed, instances_out
from environments.replica.topology import Bounds, NodeSpec, Passwords, Role, Settings

PASSWORDS = Passwords()
VERSION = policy_version("drill")
PLACES = {f"east-app-{number}": "serving" if number <= 3 else "idle" for number in range(1, 11)}
WELL = ScalingStatus(
    wanted=3,
    serving=3,
    minimum=3,
    maximum=10,
    tolerance=0.1,
    ratio=0.2,
    cpu=0.14,
    memory=0.3,
    rate=2.0,
    held=None,
    policy="drill",
    policy_version=VERSION,
    places=PLACES,
)


def deviations(status: ScalingStatus = WELL, *, measured: int = 3) -> list[str]:
    view = ScalingView(scalers={"scaler": status}, measured={"prometheus": measured})
    return list(deviations_of_scaling(view, VERSION))


def test_at_rest_nothing_is_amiss() -> None:
    assert deviations() == []
    assert list(deviations_of_scaling(ScalingView(), "")) == []


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (replace(WELL, held=3), "scaler holds 3 instances (`scaling release` ends that)"),
        (replace(WELL, policy_version="0" * 12), "not the one that it was made with"),
        (replace(WELL, wanted=4), "scaler wants 4 instances, not the fewest (3)"),
        (
            replace(WELL, places={**PLACES, "east-app-2": "failed"}),
            "east-app-2 is failed, not serving",
        ),
        (
            replace(WELL, places={**PLACES, "east-app-4": "draining"}),
            "east-app-4 is draining, not idle",
        ),
        (replace(WELL, cpu=None, rate=None), "does not know the instances' cpu, rate"),
    ],
)
def test_what_is_amiss_is_said(status: ScalingStatus, sentence: str) -> None:
    (said,) = deviations(status)
    assert sentence in said


def test_instances_without_fresh_metrics_are_missed() -> None:
    assert deviations(measured=2) == [
        "prometheus has fresh metrics of 2 instances, and 3 ought to run"
    ]


def test_during_a_peak_more_instances_belong_to_the_steady_state() -> None:
    places = {**PLACES, "east-app-4": "serving"}
    peak = replace(WELL, minimum=4, wanted=4, serving=4, places=places)
    assert deviations(peak, measured=4) == []
    observed = Observed(
        conditions={}, no_answer={}, cluster=None, primaries=frozenset(), replication={},
        routed_primaries={}, routed_replicas={}, apps_in_rotation={"edge": 3},
        impaired_links={}, pending_seconds={}, scaling=ScalingView(scalers={"scaler": peak}),
    )  # fmt: skip
    expected = Expected(apps=("1", "2", "3"), databases=(), synchronous=True)
    assert list(instances_out(expected, observed)) == [
        "3 of 4 instances are in rotation at edge"
    ]


def test_an_instance_that_nobody_checks_is_in_rotation_unless_it_was_taken_out() -> None:
    statistics = "# pxname,svname,status\napp,app1,no check\napp,app2,MAINT\napp,app3,DRAIN\n"
    assert servers_up(statistics, "app") == ("app1",)


@pytest.mark.parametrize("read", [read_status, lambda said: read_decisions([said])])
def test_what_lacks_something_is_no_answer(read: object) -> None:
    assert callable(read)
    with pytest.raises(NoAnswerError, match="has no"):
        read({"policy": {"name": "drill", "version": "1"}})
    with pytest.raises(NoAnswerError, match="/stages has no 'number'"):
        read_stages([{}])


# What it is made of


def nodes(settings: Settings) -> dict[str, NodeSpec]:
    return {node.name: node for node in compose(settings, PASSWORDS).nodes}


AUTOSCALED = Settings(autoscaling="drill", instance_cpus=0.06, instance_memory=256)


def test_an_autoscaled_replica_has_seven_places_more_and_who_measures_and_decides() -> None:
    added = nodes(AUTOSCALED).keys() - nodes(Settings()).keys()
    assert Counter(nodes(AUTOSCALED)[name].role for name in added) == {
        Role.SPARE: 7, Role.SCALER: 1, Role.PROMETHEUS: 1,
    }  # fmt: skip
    assert all(
        (IMAGES / node.image / "Dockerfile").is_file() for node in nodes(AUTOSCALED).values()
    )


def test_a_spare_place_is_like_the_others_but_idle() -> None:
    made = nodes(AUTOSCALED)
    spare, app = made["east-app-10"], made["east-app-1"]
    assert spare.environment == {**app.environment, "ORDERS_AUTOSTART": "off"}
    assert (spare.image, spare.aliases) == (app.image, app.aliases)
    assert spare.bounds == app.bounds == Bounds(cpus=0.06, memory_megabytes=256)


def test_all_instances_that_there_may_be_find_their_places_in_the_database() -> None:
    pool = int(nodes(AUTOSCALED)["east-app-1"].environment["DATABASE_POOL_SIZE"])
    instances = [node for node in nodes(AUTOSCALED).values() if node.image == "orders"]
    places_for_orders = 85  # max_connections without those that are reserved
    assert len(instances) * (pool + 1) <= places_for_orders


def test_the_scaler_is_told_what_an_instance_may_use() -> None:
    told = nodes(AUTOSCALED)["east-scaler"].environment
    assert told["INSTANCE_CPUS"] == "0.06"
    assert told["INSTANCE_MEMORY_MEGABYTES"] == "256"
    assert told["PLACES"].split(",") == list(PLACES)
    assert told["CHECKS_NEW_INSTANCES"] == "on"


def test_checks_of_new_instances_are_switched_off_at_both_who_check() -> None:
    made = nodes(replace(AUTOSCALED, checks_new_instances=False))
    assert made["east-scaler"].environment["CHECKS_NEW_INSTANCES"] == "off"
    assert made["east-edge"].environment["CHECKS"] == "off"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(autoscaling="drill", second_region=True), "two regions has no autoscaler"),
        (Settings(autoscaling="dril"), "no policy is called 'dril': name one of"),
    ],
)
def test_a_replica_that_there_is_not_is_refused(settings: Settings, sentence: str) -> None:
    with pytest.raises(WorldError, match=sentence):
        compose(settings, PASSWORDS)


def test_whoever_attaches_finds_the_policy_in_what_is_left() -> None:
    scaler = {"Config": {"Env": ["PATH=/bin", "POLICY=drill"]}}
    assert policy_of({"east-app-1": {}, "east-scaler": scaler}) == "drill"
    assert policy_of({"east-app-1": {}, "east-app-7": {}}) == "standard"
    assert policy_of({"east-app-1": {}, "east-prometheus": {}}) == "standard"
    assert policy_of({"east-app-1": {}, "west-app-2": {}}) == ""
