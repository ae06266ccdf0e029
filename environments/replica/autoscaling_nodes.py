"""What an autoscaled region has besides: spare places, who measures and who decides."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from environments.replica.topology import NodeSpec, Role, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACES = 10  # hosts that an instance can run on, those of the first ones included
SUPERVISOR_PORT, SCALER_PORT, PROMETHEUS_PORT = 9001, 9100, 9090
# What instances are measured against where they are made without limits of their own.
CPUS, MEMORY_MEGABYTES = 1.0, 256

POLICIES = Path(__file__).parent / "images" / "scaler" / "policies"


def policy_version(name: str) -> str:
    """Give the version that the scaler gives the policy of that name; "" where it has none."""
    if not name:
        return ""
    return hashlib.sha256((POLICIES / f"{name}.toml").read_bytes()).hexdigest()[:12]


def instance_cpus(settings: Settings) -> float:
    return settings.instance_cpus or CPUS


def instance_memory(settings: Settings) -> int:
    return settings.instance_memory or MEMORY_MEGABYTES


def measuring_nodes(
    region: str, places: tuple[str, ...], settings: Settings
) -> tuple[NodeSpec, ...]:
    """Describe Prometheus and the scaler of a region, for instances at these places."""
    prometheus = NodeSpec(
        name=f"{region}-{Role.PROMETHEUS}",
        role=Role.PROMETHEUS,
        region=region,
        image="prometheus",
        ports=(PROMETHEUS_PORT,),
    )
    scaler = NodeSpec(
        name=f"{region}-{Role.SCALER}",
        role=Role.SCALER,
        region=region,
        image="scaler",
        ports=(SCALER_PORT,),
        environment=_scaler_environment(region, places, settings),
    )
    return prometheus, scaler


def _scaler_environment(
    region: str, places: tuple[str, ...], settings: Settings
) -> Mapping[str, str]:
    return {
        "PLACES": ",".join(places),
        "EDGE": f"{region}-{Role.EDGE}",
        "PROMETHEUS": f"http://{region}-{Role.PROMETHEUS}:{PROMETHEUS_PORT}",
        "POLICY": settings.autoscaling,
        "INSTANCE_CPUS": str(instance_cpus(settings)),
        "INSTANCE_MEMORY_MEGABYTES": str(instance_memory(settings)),
        "CHECKS_NEW_INSTANCES": "on" if settings.checks_new_instances else "off",
    }
