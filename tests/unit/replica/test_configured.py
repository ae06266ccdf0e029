"""We believe that instances know whom to follow, and that what is amiss is said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from configuration.document import Document, Signer, Verifier
from rollout.web import Question

from environments.model import WorldError
from environments.replica.composing import compose
from environments.replica.configurator_nodes import SIGNING_KEY_FILE, standard_sha256
from environments.replica.configured import (
    ConfiguredView,
    deviations_of_configuration,
    read_configured,
)
from environments.replica.images.configurator.configuring.web import Pages
from environments.replica.images.orders.orders.settings import read_settings
from environments.replica.probes import NoAnswerError
from environments.replica.topology import Passwords, Role, Settings
from tests.unit.configuration.configurations import STANDARD
from tests.unit.configurator.worlds import BAD, GOOD, World

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURED = Settings(configured=True)
SHA256 = standard_sha256(CONFIGURED)
WELL = ConfiguredView(version=7, sha256=SHA256, under_way="", flags={"a": True}, troubles=())


def test_where_nobody_configures_nothing_is_told_and_nobody_is_there() -> None:
    nodes = compose(Settings(), Passwords()).nodes
    assert not [node for node in nodes if node.role is Role.CONFIGURATOR]
    names = {name for node in nodes for name in node.environment}
    assert not names & {"CONFIGURATOR", "CONFIGURATION_KEY", "CHECKS_SIGNATURE"}
    assert standard_sha256(Settings()) == ""


@pytest.mark.parametrize("secured", [False, True])
def test_instances_can_check_what_the_configurator_alone_can_sign(*, secured: bool) -> None:
    passwords = Passwords()
    settings = replace(CONFIGURED, secured=secured)
    nodes = {node.name: node for node in compose(settings, passwords).nodes}
    configurator = nodes.pop("east-configurator")
    signed = Signer.of(configurator.files[SIGNING_KEY_FILE].strip()).sign(Document(1, b"a"))
    for name in configurator.environment["INSTANCES"].split(","):
        told = read_settings({"DATABASE_PASSWORD": "hush", **nodes.pop(name).environment})
        assert told.configurator == "http://east-configurator:9200"
        assert told.checks_signature
        assert Verifier.of(told.configuration_key).open(signed).content == b"a"
    values = {
        value for node in (*nodes.values(), configurator) for value in node.environment.values()
    }
    assert passwords.configuration not in values
    assert passwords.configuration not in repr(configurator) + repr(passwords)


def test_what_cannot_be_configured_so_is_refused() -> None:
    for settings in (
        replace(CONFIGURED, autoscaling="drill"),
        replace(CONFIGURED, second_region=True),
        replace(CONFIGURED, configuration_policy="hasty"),
    ):
        with pytest.raises(WorldError, match=r"configurator alone|name one of drill, drill-"):
            compose(settings, Passwords())


def test_what_is_well_is_no_deviation() -> None:
    assert list(deviations_of_configuration({"c": WELL}, SHA256)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"troubles": ("app-1 is odd",)}, "c: app-1 is odd"),
        ({"under_way": "configuration-1 is tried on app-1"}, "c: configuration-1 is tried"),
        (
            {"sha256": "ab"},
            "c has version 7 in force, which is not the standard configuration: ",
        ),
        ({"sha256": "ab", "flags": {"a": False}}, "configuration (a is switched off): `config"),
    ],
)
def test_what_is_not_standard_is_a_deviation(changes: dict[str, object], said: str) -> None:
    view = replace(WELL, **changes)  # type: ignore[arg-type] # the case
    (sentence,) = deviations_of_configuration({"c": view}, SHA256)
    assert said in sentence


def test_the_configurators_own_word_is_understood(tmp_path: Path) -> None:
    world = World(tmp_path)
    pages = Pages(world.controller, lambda: world.now)

    def said() -> list[str]:
        status = json.loads(pages.answer(Question("/status", 0)).body)
        return list(deviations_of_configuration({"c": read_configured(status)}, SHA256))

    world.turn()
    assert said() == []
    world.controller.propose(GOOD.encode(), "new.toml")
    world.turn(1)
    assert said() == ["c: configuration-1 is tried on app-1"]
    world.turn(15)
    assert len(said()) == 1
    world.controller.roll_back()
    world.turn(1)
    world.controller.flag("receipts", on=False)
    world.turn(1)
    assert "(receipts is switched off)" in said()[0]
    world.controller.flag("receipts", on=True)
    world.turn(1)
    assert said() == []
    stored = tmp_path / str(world.controller.means.store.last)
    stored.write_bytes(stored.read_bytes().replace(STANDARD.encode(), BAD.encode()))
    assert "is not what was signed" in said()[0]
    assert len(said()) == 1


def test_what_is_no_status_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="/status has no 'version'"):
        read_configured({})
