"""Who gives instances their settings while they run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from environments.model import WorldError
from environments.replica.audit_nodes import AUDIT_URL
from environments.replica.topology import EAST, NodeSpec, Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from environments.replica.topology import Passwords, Settings

CONFIGURATOR_PORT = 9200
SIGNING_KEY_FILE = "/etc/configurator/signing-key"
NAME = f"{EAST}-{Role.CONFIGURATOR}"
FOLDER = Path(__file__).parent / "images" / "configurator"
STANDARD = FOLDER / "configurations" / "standard.toml"


def must_be_configurable(settings: Settings) -> None:
    """See that instances can be configured so.

    Raises:
        WorldError: they cannot.
    """
    if not settings.configured:
        return
    if settings.autoscaling or settings.second_region:
        raise WorldError(
            "instances are configured where there is one region and no autoscaler: make the "
            "replica with a configurator alone"
        )
    policies = sorted(file.stem for file in (FOLDER / "policies").glob("*.toml"))
    if settings.configuration_policy not in policies:
        raise WorldError(
            f"no policy of configurations is called {settings.configuration_policy!r}: name "
            f"one of {', '.join(policies)}"
        )


def public_key(seed: str) -> str:
    """Give what instances check signatures with, in hexadecimal; ``seed`` signs."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    return key.public_key().public_bytes_raw().hex()


def standard_sha256(settings: Settings) -> str:
    """Give the hash of what is in force while nobody changes it; "" where nothing is."""
    return hashlib.sha256(STANDARD.read_bytes()).hexdigest() if settings.configured else ""


def configured(settings: Settings, passwords: Passwords) -> Mapping[str, str]:
    """Give an instance's variables that tell whom to follow; none where it follows nobody."""
    if not settings.configured:
        return {}
    return {
        "CONFIGURATOR": f"http://{NAME}:{CONFIGURATOR_PORT}",
        "CONFIGURATION_KEY": public_key(passwords.configuration),
        "CHECKS_SIGNATURE": "on" if settings.checks_signature else "off",
    }


def configurator_nodes(
    settings: Settings, passwords: Passwords, instances: Sequence[str]
) -> tuple[NodeSpec, ...]:
    """Describe who configures these instances; or nobody."""
    if not settings.configured:
        return ()
    node = NodeSpec(
        name=NAME,
        role=Role.CONFIGURATOR,
        region=EAST,
        image="configurator",
        ports=(CONFIGURATOR_PORT,),
        environment={
            "INSTANCES": ",".join(instances),
            "SIGNING_KEY_FILE": SIGNING_KEY_FILE,
            "POLICY": settings.configuration_policy,
            "AUDIT": AUDIT_URL if settings.secured else "",
            # Where customers log in, nobody orders who is none.
            "TRIALS": "off" if settings.secured else "on",
        },
        files={SIGNING_KEY_FILE: f"{passwords.configuration}\n"},
    )
    return (node,)
