"""A certificate for the shop on this host, and who signed it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from environments.replica.certificates import Authority

if TYPE_CHECKING:
    from pathlib import Path

AUTHORITY = Authority()


def shown(folder: Path) -> ssl.SSLContext:
    """Give what a server shows whose certificate AUTHORITY signed; ``folder`` keeps its key."""
    certificate = AUTHORITY.issue("shop", "127.0.0.1")
    file = folder / "shop.pem"
    file.write_text(certificate.pem + certificate.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context
