"""We believe that no policy or setting is used that would surprise whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments.replica.images.deployer.deploying.policy import (
    Policy,
    PolicyError,
    Stage,
    read_policy,
)
from environments.replica.images.deployer.deploying.settings import (
    SettingsError,
    read_settings,
)
from environments.replica.release_nodes import POLICIES

TEXT = (POLICIES / "drill.toml").read_text()
ENVIRON = {"BLUE": "a,b", "GREEN": "c,d", "EDGE": "edge", "POLICY": "drill"}


def policy_of(text: str) -> Policy:
    return read_policy(text.encode(), file="it.toml", places=3)


def test_the_stages_of_a_policy_are_read() -> None:
    policy = policy_of(TEXT)
    assert policy.stages == (Stage(0.1, 1, 9), Stage(0.5, 3, 8))
    assert (policy.name, policy.automatic_rollback, policy.limits.errors) == (
        "drill",
        True,
        0.01,
    )


@pytest.mark.parametrize("file", sorted(POLICIES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_policy_can_be_used_and_is_called_as_its_file(file: Path) -> None:
    assert read_policy(file.read_bytes(), file=file.name, places=3).name == file.stem


def test_policies_for_sabotage_differ_from_the_drills_in_what_they_lack_alone() -> None:
    drill = policy_of(TEXT)
    by_hand, blind = (
        policy_of((POLICIES / f"drill-{name}.toml").read_text())
        for name in ("by-hand", "blind")
    )
    assert not by_hand.automatic_rollback
    assert (by_hand.limits, by_hand.stages) == (drill.limits, drill.stages)
    assert blind.automatic_rollback
    assert (blind.limits.errors, blind.limits.slow, blind.trials) == (1.0, 1.0, False)
    assert blind.stages == drill.stages


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("share = 0.10", "share = 0", "share is 0: write a number from 0.001 to 1"),
        ("share = 0.10", "share = 0.9", "share of a stage is less than the one before"),
        ("instances = 3", "instances = 4", "instances is 4, and there are 3 places"),
        ("instances = 3", "instances = 2.5", "write a whole number"),
        ("seconds = 9 #", "secs = 9 #", "secs is no key here"),
        ("requests = 40", "requests = true", "requests is True"),
        ("trials = true", "trials = 1", "trials is 1: write true or false"),
        ('name = "drill"', "", "name is None"),
        ("errors = 0.01", "eror = 0.01", "eror is no limit"),
        ("[[stages]]", "[stages", "is no TOML"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(PolicyError, match=r"^it\.toml.*" + words.replace("[", r"\[")):
        policy_of(TEXT.replace(old, new, 1))


def test_a_policy_without_stages_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"stages is no list of tables"):
        policy_of(TEXT.partition("[[stages]]")[0])


def test_a_rollback_takes_all_back_unless_it_is_told_otherwise() -> None:
    policies = Path("/p")
    settings = read_settings(ENVIRON, policies)
    assert (settings.taken_back, settings.policy) == (("c", "d"), Path("/p/drill.toml"))
    assert read_settings({**ENVIRON, "TAKEN_BACK": "d"}, policies).taken_back == ("d",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"EDGE": ""}, "EDGE is not set"), ({"TAKEN_BACK": "d,e"}, "TAKEN_BACK has e")],
)
def test_a_setting_that_makes_no_sense_is_refused(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_settings({**ENVIRON, **changes})
