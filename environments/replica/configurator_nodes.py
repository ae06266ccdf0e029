"""Who gives instances their settings while they run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if TYPE_CHECKING:
    from environments.replica.topology import NodeSpec, Passwords, Settings

CONFIGURATOR_PORT = 9200
STANDARD = (
    Path(__file__).parent / "images" / "configurator" / "configurations" / "standard.toml"
)


def public_key(seed: str) -> str:
    """Give what instances check signatures with, in hexadecimal; ``seed`` signs."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    return key.public_key().public_bytes_raw().hex()


def configurator_nodes(settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    return ()
