"""Keeps a node's secrets as the vault has them, in memory.

    secrets fetch    waits until they are there, once: a service is started after it
    secrets keep     keeps them up to date for as long as the node runs

    SECRETS_FROM     the vault, for example https://east-vault:8200
    SECRETS_OWNER    whose the files are (root)
    SECRETS_CHANGED  a command that is run with the names of what changed (none)

The node says who it is by a certificate of its own. Keys are made here and never leave: the
vault is asked to certify them. While the vault cannot be asked, everything stays as it was.
"""

from __future__ import annotations

import http.client
import json
import os
import pwd
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FOLDER = Path("/run/vault")  # in memory
IDENTITY = Path("/etc/muster/identity")  # who the node is when it starts, and whom it trusts
IDENTITY_NAME = "identity"
ANSWER_SECONDS = 5.0
LISTEN_SECONDS = 20.0  # for news, in one request
RETRY_SECONDS = 0.25
FETCH_SECONDS = 80.0
CHANGED_SECONDS = 30.0
RENEWED_AFTER = 2 / 3  # of a certificate's time
TROUBLE = (
    OSError,
    http.client.HTTPException,
    ValueError,
    KeyError,
    subprocess.SubprocessError,
)


class VaultAnswerError(ValueError):
    """The vault said no; the message is what it said."""


class Vault:
    """Asks the vault over one connection that is kept."""

    def __init__(self, url: str, folder: Path = FOLDER, identity: Path = IDENTITY) -> None:
        self._address = urlsplit(url)
        self._folder = folder
        self._identity = identity
        self._connection: http.client.HTTPSConnection | None = None

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Give what it answers, None where it has nothing to say.

        Raises:
            VaultAnswerError: it refused.
            OSError: it cannot be reached; so does http.client.HTTPException say.
        """
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request(method, path, None if body is None else json.dumps(body))
        answer = self._connection.getresponse()
        said = answer.read().decode()
        if answer.status == http.client.NO_CONTENT:
            return None
        if answer.status != http.client.OK:
            raise VaultAnswerError(f"the vault answered {answer.status}: {said.strip()[:200]}")
        return json.loads(said)

    def hang_up(self) -> None:
        """Begin the next question with a connection, and an identity, of then."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=self._identity / "authority.pem")
        renewed = (self._folder / "identity.both").exists()
        folder = self._folder if renewed else self._identity
        context.load_cert_chain(folder / "identity.pem", folder / "identity.key")
        return http.client.HTTPSConnection(
            str(self._address.hostname),
            self._address.port,
            context=context,
            timeout=LISTEN_SECONDS + ANSWER_SECONDS,
        )


class Agent:
    """``tell`` is told the names of what changed, once it is written."""

    def __init__(
        self,
        ask: Callable[[str, str, object], Any],
        tell: Callable[[Sequence[str]], None],
        folder: Path = FOLDER,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ask = ask
        self._tell = tell
        self._folder = folder
        self._clock = clock
        self._untold: list[str] = []  # what is written, and nobody was told of yet
        self._known = ""  # the mark of what was taken last
        self._document: Mapping[str, Any] = {
            "version": 0,
            "mark": "",
            "files": {},
            "certificates": {},
        }

    def turn(self, *, listen: float) -> Sequence[str]:
        """Take what the vault has that is not here; wait for news for so many seconds.

        Raises:
            Exception: one of ``TROUBLE``; the next turn goes on from there.
        """
        wait = min(listen, self._seconds_to_renewal())
        news = self._ask("GET", f"/files?known={self._known}&wait={wait:.3f}", None)
        if news is not None:
            self._document = news
        self._untold += [*self._write_files(), *self._certify()]
        changed = list(dict.fromkeys(self._untold))
        if changed:
            self._tell(changed)
        self._untold = []
        if news is not None or changed:
            self._ask("POST", "/applied", {"version": self._document["version"]})
            self._known = self._document["mark"]
        return changed

    def _write_files(self) -> Sequence[str]:
        """Write what differs; name it."""
        changed = []
        for name, content in self._document["files"].items():
            file = self._folder / name
            if not file.exists() or file.read_text() != content:
                write_whole(file, content)
                changed.append(name)
        return changed

    def _certify(self) -> Sequence[str]:
        """Have keys certified where there is no certificate, or one that is old; name them."""
        changed = []
        for name, wanted in self._document["certificates"].items():
            held = self._held().get(name, {})
            is_of_now = held.get("generation") == wanted["generation"]
            if is_of_now and self._clock() < held["renew_at"]:
                continue
            self._renew(name, wanted)
            changed.append(name)
        return changed

    def _renew(self, name: str, wanted: Mapping[str, Any]) -> None:
        key, request = new_key(wanted["names"], self._folder)
        issued = self._ask("POST", "/issue", {"certificate": name, "request": request})
        write_whole(self._folder / f"{name}.key", key)
        write_whole(self._folder / f"{name}.pem", issued["chain"])
        write_whole(self._folder / f"{name}.both", issued["chain"] + key)  # for HAProxy
        held = {
            **self._held(),
            name: {
                "generation": wanted["generation"],
                "renew_at": self._clock() + issued["seconds"] * RENEWED_AFTER,
            },
        }
        write_whole(self._certificates, json.dumps(held))

    @property
    def _certificates(self) -> Path:
        """Say which there are, of which generation, and when each is renewed."""
        return self._folder / ".certificates.json"

    def _held(self) -> dict[str, Any]:
        if not self._certificates.exists():
            return {}
        return dict(json.loads(self._certificates.read_text()))

    def _seconds_to_renewal(self) -> float:
        soonest = min((one["renew_at"] for one in self._held().values()), default=float("inf"))
        return max(0.0, soonest - self._clock())


def write_whole(file: Path, content: str) -> None:
    """Write it whole or not at all, for the eyes of the folder's owner alone."""
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w") as written:
        written.write(content)
    if os.geteuid() == 0 and file.parent == FOLDER:
        owner = pwd.getpwnam(os.environ.get("SECRETS_OWNER", "root"))
        os.chown(new, owner.pw_uid, owner.pw_gid)
    new.replace(file)


def new_key(names: Sequence[str], folder: Path) -> tuple[str, str]:
    """Make a key; give it and a request to certify it, the first name being its owner's."""
    also = ",".join(f"{'IP' if name[0].isdigit() else 'DNS'}:{name}" for name in names)
    key, request = folder / ".key", folder / ".request"
    command = [
        *("openssl", "req", "-new", "-nodes"),
        *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={also}"),
        *("-keyout", str(key), "-out", str(request)),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=ANSWER_SECONDS)
        return key.read_text(), request.read_text()
    finally:
        key.unlink(missing_ok=True)
        request.unlink(missing_ok=True)


def _say(event: str, **fields: object) -> None:
    print(json.dumps({"at": time.time(), "event": event, **fields}), flush=True)  # noqa: T201 - its log


def _fetch(vault: Vault, agent: Agent) -> None:
    """Wait until everything is there."""
    pause = threading.Event()
    until = time.monotonic() + FETCH_SECONDS
    while True:
        try:
            agent.turn(listen=0.0)
        except TROUBLE as error:
            vault.hang_up()
            if time.monotonic() >= until:
                sys.exit(f"secrets: none could be had within {FETCH_SECONDS:g} s: {error}")
            pause.wait(RETRY_SECONDS)
        else:
            return


def _keep(vault: Vault, agent: Agent) -> None:
    """Take news for ever; trouble is said once."""
    pause = threading.Event()
    trouble = ""
    while True:
        try:
            changed = agent.turn(listen=LISTEN_SECONDS)
            trouble = ""
        except TROUBLE as error:
            vault.hang_up()
            if str(error) != trouble:
                _say("secrets stay as they were", cause=str(error))
            trouble = str(error)
            pause.wait(RETRY_SECONDS)
            continue
        if changed:
            _say("secrets changed", names=changed)
        if IDENTITY_NAME in changed:
            vault.hang_up()  # it is another one from here on


def main() -> None:
    """Do what the command line says."""
    commands = {"fetch": _fetch, "keep": _keep}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:  # noqa: PLR2004 - the one word
        sys.exit("usage: secrets fetch|keep")
    os.umask(0o077)
    command = os.environ.get("SECRETS_CHANGED", "")

    def tell(changed: Sequence[str]) -> None:
        if command and sys.argv[1] == "keep":  # what is only being started reads them by itself
            subprocess.run([command, *changed], check=True, timeout=CHANGED_SECONDS)

    vault = Vault(os.environ["SECRETS_FROM"])
    commands[sys.argv[1]](vault, Agent(vault.ask, tell))


if __name__ == "__main__":
    main()
