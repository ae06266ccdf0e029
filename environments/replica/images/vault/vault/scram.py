"""What PostgreSQL keeps of a password, made here so that it never hears the password itself.

RFC 5802 and RFC 7677; the format is that of ``pg_authid.rolpassword``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 4096  # PostgreSQL's own
SALT_BYTES = 16


def verifier(password: str, salt: bytes | None = None) -> str:
    """Give the verifier of a password; passwords of ours are plain ASCII (no SASLprep)."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_base64(salt)}${_base64(stored)}:{_base64(server)}"


def _base64(some: bytes) -> str:
    return base64.b64encode(some).decode()
