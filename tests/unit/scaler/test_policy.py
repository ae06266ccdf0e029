"""We believe that a policy is used when all of it makes sense, or refused in a sentence."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from environments.replica.autoscaling_nodes import policy_version
from environments.replica.images.scaler.scaling.policy import PolicyError, read_policy
from tests.unit.scaler.policies import DRILL, IMAGE, PLACES, line_of, policy_with, text_with

AT = '[[schedule]]\nminimum = 6\nat = "2026-11-26T09:00:00+00:00/2026-11-26T10:00:00+01:00"\n'
VARIANTS: dict[str, dict[str, object]] = {
    "drill-small": {"maximum": 4},
    "drill-abrupt": {"drains": False},
    "drill-hasty": {"cool_down_seconds": 0},
}
NIGHT = '[[schedule]]\ndays = ["Fri"]\nfrom = "22:00"\nuntil = "02:00"\nminimum = 7\n'


def refusal(text: str) -> str:
    with pytest.raises(PolicyError) as refused:
        read_policy(text.encode(), file="drill.toml", places=PLACES)
    return str(refused.value)


@pytest.mark.parametrize("name", ["standard", "drill", *VARIANTS])
def test_the_policies_that_we_bring_can_be_used(name: str) -> None:
    content = (IMAGE / "policies" / f"{name}.toml").read_bytes()
    policy = read_policy(content, file=name, places=PLACES)
    assert policy.name == name
    assert policy.version == hashlib.sha256(content).hexdigest()[:12] == policy_version(name)
    assert policy.minimum == 3
    assert (policy.cpu, policy.memory) == (0.70, 0.80)


@pytest.mark.parametrize(("name", "change"), VARIANTS.items())
def test_a_variant_differs_from_the_policy_of_drills_in_one_thing(
    name: str, change: dict[str, object]
) -> None:
    content = (IMAGE / "policies" / f"{name}.toml").read_bytes()
    policy = read_policy(content, file=name, places=PLACES)
    assert policy == replace(policy_with(), name=name, version=policy.version, **change)  # type: ignore[arg-type] # each of its type


def test_production_is_as_the_requirements_have_it() -> None:
    content = (IMAGE / "policies/standard.toml").read_bytes()
    policy = read_policy(content, file="standard", places=PLACES)
    assert policy.requests_per_second == 100
    assert (policy.maximum, policy.drains) == (10, True)
    assert (policy.cool_down_seconds, policy.scale_out_stabilisation_seconds) == (300, 0)
    assert (policy.scale_out.percent, policy.scale_out.instances) == (100, 4)
    assert (policy.sync_seconds, policy.scale_out.period_seconds) == (15, 15)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (text_with(cpu="1.7"), f"drill.toml:{line_of('cpu')}: cpu is 1.7: write a"),
        (text_with(cpu="true"), "cpu is True: write a number from 0.05 to 1"),
        (text_with(cpu="nan"), "cpu is nan: write a number"),
        (text_with(cpu=""), "drill.toml: cpu is missing: write a number from 0.05 to 1"),
        (text_with(minimum="2.5"), "minimum is 2.5: write a whole number from 1 to 100"),
        (text_with(minimum="11"), "minimum is 11, more than the maximum of 10: lower it"),
        (text_with(maximum="11"), "maximum is 11, and there are 10 places: write no more"),
        (text_with(name='"A policy"'), "name 'A policy' is no name: write one such as"),
        (text_with(drains='"yes"'), "drains 'yes' is neither true nor false"),
        (text_with(percent="-1"), "percent is -1 in [scale_out]: write a number from 0"),
        (DRILL.replace("[scale_in]", "[scalein]"), "scalein is no key of a policy: write one"),
        (DRILL.replace("percent = 100\nperiod", "period"), "percent is missing in [scale_in]"),
        (f"cooldown = 3\n{DRILL}", "drill.toml:1: cooldown is no key of a policy: write"),
        (f"{DRILL}minimum = 1\n", "minimum is no key of a policy in [scale_in]"),
        (f"schedule = 3\n{DRILL}", "schedule is no list of tables: write [[schedule]]"),
        ("minimum = \n", "drill.toml is no TOML: Invalid value (at line 1"),
        (DRILL + AT.replace("6", "11", 1), "minimum is 11 in [[schedule]]: write a whole"),
        (DRILL + AT.replace("+00:00", ""), "write two moments, such as"),
        (DRILL + AT.replace("T09", "T19"), "write two moments, such as"),
        (DRILL + AT + 'from = "09:00"\n', "at stands beside from: keep one or the other"),
        (DRILL + NIGHT.replace("Fri", "Friday"), "days is ['Friday']: write a list of Mon"),
        (DRILL + NIGHT.replace("22:00", "24:00"), "from is '24:00': write a time of UTC"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    refused = refusal(text)
    assert sentence in refused
    assert refused.startswith("drill.toml")
    assert "\n" not in refused


def test_a_limit_that_lets_nothing_change_is_refused() -> None:
    frozen = DRILL.replace("percent = 100\ninstances = 4", "percent = 0\ninstances = 0")
    assert "scale_out lets nothing change: write a percent above 0" in refusal(frozen)


@pytest.mark.parametrize(
    ("moment", "fewest"),
    [
        (datetime(2026, 11, 26, 8, 59, 59, tzinfo=UTC), 3),
        (datetime(2026, 11, 26, 9, 0, tzinfo=UTC), 3),  # ends at 09:00 UTC: never
        (datetime(2026, 11, 27, 21, 59, tzinfo=UTC), 3),
        (datetime(2026, 11, 27, 22, 0, tzinfo=UTC), 7),
        (datetime(2026, 11, 28, 1, 59, tzinfo=UTC), 7),
        (datetime(2026, 11, 28, 2, 0, tzinfo=UTC), 3),
        (datetime(2026, 11, 28, 22, 30, tzinfo=UTC), 3),
        (datetime(2026, 12, 1, 10, 0, tzinfo=UTC), 6),
    ],
)
def test_a_peak_that_is_on_raises_the_minimum(moment: datetime, fewest: int) -> None:
    at = "2026-12-01T10:00:00+00:00/2026-12-01T12:00:00+01:00"
    once = f'[[schedule]]\nminimum = 6\nat = "{at}"\n'
    text = DRILL + NIGHT + once
    policy = read_policy(text.encode(), file="drill.toml", places=PLACES)
    assert policy.floor(moment) == fewest


def test_a_peak_never_lowers_the_minimum() -> None:
    at = "2026-01-01T00:00:00+00:00/2027-01-01T00:00:00+00:00"
    low = f'[[schedule]]\nminimum = 1\nat = "{at}"\n'
    policy = read_policy((DRILL + low).encode(), file="drill.toml", places=PLACES)
    assert policy.floor(datetime(2026, 6, 1, tzinfo=UTC)) == 3


def test_a_changed_policy_has_another_version() -> None:
    assert policy_with().version != policy_with(cool_down_seconds="19").version
