"""``python3 -m vault.main``: the vault itself."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path

from .authority import Authority
from .databases import Databases
from .memory import PASSWORDS, SUPERUSER, Memory
from .operators import Commands, serve
from .policy import Files, Policy
from .readers import Nodes
from .rotation import Rotation
from .trail import Trail
from .web import HEALTH_PORT, PORT, Desk, context_of, health, server

FOLDER = Path("/etc/muster/identity")
STATE = Path("/var/lib/vault/memory")


def main() -> None:
    os.umask(0o077)
    memory = Memory(STATE, (FOLDER / "seal").read_bytes())
    policy = Policy.read((FOLDER / "policy.json").read_text())
    nodes = Nodes(policy)
    trail = Trail(os.environ.get("AUDIT_TRAIL", ""))
    trail.start()
    roles = Databases(
        os.environ["DATABASE_ROUTER"], PASSWORDS[SUPERUSER], partial(_passwords, memory)
    )
    rotation = partial(Rotation, memory, roles, nodes, tell=partial(trail.tell, "vault"))
    serve(Commands(memory, policy, nodes, lambda say: rotation(say=say)))
    authority = Authority.read(
        (FOLDER / "issuer.pem").read_text(), (FOLDER / "issuer.key").read_text()
    )
    desk = Desk(memory, policy, Files(memory), authority, nodes, trail)
    everywhere = "0.0.0.0"  # noqa: S104 - nodes come over the network
    public = health((everywhere, HEALTH_PORT))
    threading.Thread(target=public.serve_forever, daemon=True, name="health").start()
    server(desk, context_of(FOLDER), (everywhere, PORT)).serve_forever()


def _passwords(memory: Memory) -> tuple[str, ...]:
    """Give the superuser's password, and the one that is perhaps its next one already."""
    secret = memory.secret(SUPERUSER)
    values = [secret.value, *([secret.candidate] if secret.candidate else [])]
    return tuple(str(value["password"]) for value in values)


if __name__ == "__main__":
    main()
