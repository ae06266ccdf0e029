"""What each instance uses, asked of Prometheus. What is missing or old is unknown, never 0."""

from __future__ import annotations

import http.client
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from .rule import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .policy import Policy
    from .settings import Settings

ANSWER_SECONDS = 1.0
LONGEST_ANSWER_BYTES = 1_000_000
CPU, MEMORY, REQUESTS = "cpu", "memory", "requests"
Sample = tuple[str, float]  # an instance's address, and what it uses


class MetricsError(Exception):
    """Prometheus did not say; the message says why."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """``ask`` evaluates an expression now, and gives address and value of each instance."""

    settings: Settings
    ask: Callable[[str], Sequence[Sample]]

    def read(self, policy: Policy, names: Mapping[str, str]) -> Sequence[Metric]:
        """Read all metrics; ``names`` has the instance's name by its address.

        Raises:
            MetricsError: Prometheus did not say.
        """
        window = f"{policy.window_seconds:g}s"
        cpu = f'rate(process_cpu_seconds_total{{job="orders"}}[{window}])'
        memory = 'process_resident_memory_bytes{job="orders"}'
        # One that answers Prometheus and has no such series yet was asked nothing: that is 0.
        requests = (
            "sum by (instance) (rate(orders_request_seconds_count"
            f'{{job="orders",route=~"/orders.*"}}[{window}]))'
            ' or sum by (instance) (0 * (up{job="orders"} == 1))'
        )
        settings = self.settings
        return (
            Metric(CPU, policy.cpu, self._used(cpu, names, settings.instance_cpus)),
            Metric(
                MEMORY, policy.memory, self._used(memory, names, settings.instance_memory_bytes)
            ),
            Metric(
                REQUESTS,
                policy.requests_per_second,
                self._used(requests, names, 1),
                is_share=False,
            ),
        )

    def unknown(self, policy: Policy) -> Sequence[Metric]:
        """Give all metrics with nothing in them: Prometheus did not say."""
        return (
            Metric(CPU, policy.cpu, {}),
            Metric(MEMORY, policy.memory, {}),
            Metric(REQUESTS, policy.requests_per_second, {}, is_share=False),
        )

    def _used(
        self, expression: str, names: Mapping[str, str], whole: float
    ) -> Mapping[str, float]:
        return {
            names[address]: value / whole
            for address, value in self.ask(expression)
            if address in names and math.isfinite(value)
        }


@dataclass(frozen=True, slots=True)
class Prometheus:
    """https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries."""

    url: str

    def __call__(self, expression: str) -> Sequence[Sample]:
        host = urlsplit(self.url).netloc
        connection = http.client.HTTPConnection(host, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", f"/api/v1/query?{urlencode({'query': expression})}")
            answer = connection.getresponse()
            return read_answer(answer.read(LONGEST_ANSWER_BYTES))
        except (OSError, http.client.HTTPException) as error:
            raise MetricsError(f"{host} does not answer: {error}") from error
        finally:
            connection.close()


def read_answer(body: bytes) -> Sequence[Sample]:
    """Read an instant vector.

    Raises:
        MetricsError: it is none.
    """
    try:
        told = json.loads(body)
        return [
            (one["metric"]["instance"].partition(":")[0], float(one["value"][1]))
            for one in told["data"]["result"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise MetricsError(f"Prometheus said {body[:200]!r}") from error
