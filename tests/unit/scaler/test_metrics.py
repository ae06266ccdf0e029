"""We believe that a metric is known only of instances that Prometheus just heard of."""

from __future__ import annotations

import json

import pytest

from environments.replica.images.scaler.scaling.metrics import (
    Metrics,
    MetricsError,
    Prometheus,
    read_answer,
)
from environments.replica.images.scaler.scaling.settings import Settings
from tests.unit.scaler.policies import policy_with

SETTINGS = Settings(
    places=("app-1", "app-2"),
    edge="edge",
    prometheus="http://127.0.0.1:1",
    policy="drill",
    instance_cpus=0.06,
    instance_memory_bytes=200.0,
    checks_new_instances=True,
)
NAMES = {"10.0.0.1": "app-1", "10.0.0.2": "app-2"}


def test_what_is_used_is_a_share_of_the_quota_of_each_instance_by_name() -> None:
    asked = []

    def answer(expression: str) -> list[tuple[str, float]]:
        asked.append(expression)
        return [("10.0.0.1", 0.03), ("10.0.0.2", float("nan")), ("10.0.0.9", 1.0)]

    policy = policy_with(window_seconds="7")
    cpu, memory, requests = Metrics(SETTINGS, answer).read(policy, NAMES)
    assert cpu.used == {"app-1": 0.5}
    assert memory.used == {"app-1": 0.03 / 200}
    assert requests.used == {"app-1": 0.03}
    assert [metric.target for metric in (cpu, memory, requests)] == [0.7, 0.8, 25]
    assert "[7s]" in asked[0]


def test_an_instant_vector_is_read() -> None:
    result = [{"metric": {"instance": "10.0.0.1:8000"}, "value": [1764.5, "0.25"]}]
    body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})
    assert read_answer(body.encode()) == [("10.0.0.1", 0.25)]
    assert read_answer(b'{"data": {"result": []}}') == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"status": "error"}', b'{"data": 1}']
)
def test_anything_else_is_an_error(body: bytes) -> None:
    with pytest.raises(MetricsError, match="Prometheus said"):
        read_answer(body)


def test_nobody_there_is_an_error() -> None:
    with pytest.raises(MetricsError, match="does not answer"):
        Prometheus(SETTINGS.prometheus)("up")
