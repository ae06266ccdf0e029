"""We believe that a node gets what is its own, by its certificate, and nobody else does."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPSConnection
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.fernet import Fernet

from environments.replica.certificates import Authority as Root
from environments.replica.images.agent.agent.keeping import new_key
from environments.replica.images.vault.vault import web
from environments.replica.images.vault.vault.authority import Authority, NotCertifiedError
from environments.replica.images.vault.vault.memory import LOGIN, TOKEN_KEY, Memory
from environments.replica.images.vault.vault.policy import Files, Grants, Policy
from environments.replica.images.vault.vault.readers import Nodes
from environments.replica.images.vault.vault.trail import Trail
from environments.replica.images.vault.vault.web import Desk, context_of, server
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRANTS = {
    "east-app-1": Grants(("orders-login.json",), {"identity": ("east-app-1",)}),
    "east-db-1": Grants(
        ("superuser.json",),
        {"identity": ("east-db-1",), "server": ("east-db-1", "localhost", "127.0.0.1")},
    ),
}


@dataclass
class Vault:
    root: Root
    desk: Desk
    port: int
    folder: Path

    def identity(self, name: str) -> Path:
        issued = self.root.issue(name)
        file = self.folder / f"{name}.both"
        file.write_text(issued.pem + issued.key)
        return file

    def ask(
        self, shown: Path | None, method: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        connection = self.connection(shown)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said else None
        finally:
            connection.close()

    def connection(self, shown: Path | None) -> HTTPSConnection:
        context = ssl.create_default_context(cafile=self.folder / "authority.pem")
        if shown:
            context.load_cert_chain(shown)
        return HTTPSConnection("127.0.0.1", self.port, context=context, timeout=5)

    def renewed(self, shown: Path, kind: str, name: str) -> Path:
        names = self.desk.policy.grants[name].certificates[kind]
        key, request = new_key(names, self.folder)
        status, told = self.ask(
            shown, "POST", "/issue", {"certificate": kind, "request": request}
        )
        assert status == 200, told
        file = self.folder / f"{len(list(self.folder.iterdir()))}.both"
        file.write_text(told["chain"] + key)
        return file


@contextmanager
def serving(folder: Path) -> Iterator[Vault]:
    root = Root()
    issued, deputy = root.issue("127.0.0.1"), root.deputy()
    (folder / "authority.pem").write_text(root.pem)
    (folder / "identity.pem").write_text(issued.pem)
    (folder / "identity.key").write_text(issued.key)
    memory = Memory(folder / "memory", Fernet.generate_key())
    policy = Policy(GRANTS)
    authority = Authority.read(deputy.pem, deputy.key)
    desk = Desk(memory, policy, Files(memory), authority, Nodes(policy), Trail(""))
    made = server(desk, context_of(folder), ("127.0.0.1", 0))
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Vault(root, desk, made.server_port, folder)
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with serving(tmp_path) as served:
        yield served


def test_a_node_gets_its_own_files_and_hears_only_of_changes_to_them(vault: Vault) -> None:
    app = vault.identity("east-app-1")
    status, told = vault.ask(app, "GET", "/files?known=&wait=0")
    assert status == 200
    login = json.loads(told["files"]["orders-login.json"])
    assert login == vault.desk.memory.secret(LOGIN).value
    again = f"/files?known={told['mark']}&wait=0.05"
    assert vault.ask(app, "GET", again) == (204, None)
    vault.desk.memory.take(TOKEN_KEY, {"key": "not for an instance"})
    assert vault.ask(app, "GET", again) == (204, None)
    vault.desk.memory.take(LOGIN, {"user": "orders_b", "password": "next"})
    status, told = vault.ask(app, "GET", f"/files?known={told['mark']}&wait=5")
    assert json.loads(told["files"]["orders-login.json"])["user"] == "orders_b"
    assert vault.ask(app, "POST", "/applied", {"version": told["version"]})[0] == 200
    assert vault.desk.nodes.applied == {"east-app-1": vault.desk.memory.version}


def test_who_is_in_no_policy_or_shows_nothing_gets_nothing(
    vault: Vault, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = vault.identity("intruder-inside")
    assert vault.ask(stranger, "GET", "/files?known=&wait=0")[0] == 403
    assert '"actor": "intruder-inside", "action": "was refused"' in capsys.readouterr().out
    with pytest.raises((OSError, ssl.SSLError)):
        vault.ask(None, "GET", "/files?known=&wait=0")
    forged = Vault(Root(), vault.desk, vault.port, vault.folder).identity("east-app-1")
    with pytest.raises((OSError, ssl.SSLError)):
        vault.ask(forged, "GET", "/files?known=&wait=0")


def test_an_identity_that_was_renewed_is_good_for_nothing_any_more(vault: Vault) -> None:
    first = vault.renewed(vault.identity("east-app-1"), "identity", "east-app-1")
    assert vault.ask(first, "GET", "/files?known=&wait=0")[0] == 200
    second = vault.renewed(first, "identity", "east-app-1")
    assert vault.ask(first, "GET", "/files?known=&wait=0")[0] == 200, "until it is shown"
    assert vault.ask(second, "GET", "/files?known=&wait=0")[0] == 200
    assert vault.ask(first, "GET", "/files?known=&wait=0")[0] == 403


def test_what_a_node_begins_with_is_good_for_nothing_while_it_runs(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins_with = vault.identity("east-app-1")
    renewed = vault.renewed(begins_with, "identity", "east-app-1")
    assert vault.ask(begins_with, "GET", "/files?known=&wait=0")[0] == 200, "it is not up yet"
    status, told = vault.ask(renewed, "GET", "/files?known=&wait=0")
    assert status == 200
    assert vault.ask(begins_with, "GET", "/files?known=&wait=0")[0] == 403
    monkeypatch.setattr(web, "GONE_AFTER_SECONDS", 0.2)
    monkeypatch.setattr(web, "LOOK_EVERY_SECONDS", 0.05)
    listens = f"/files?known={told['mark']}&wait=0.5"
    listener = threading.Thread(target=vault.ask, args=(renewed, "GET", listens))
    listener.start()
    refused = [vault.ask(begins_with, "GET", "/files?known=&wait=0")[0] for _ in range(5)]
    listener.join()
    assert refused == [403] * 5, "for as long as it listens"
    wait_until(
        "a node that listens no more to be let in as it begins",
        lambda: vault.ask(begins_with, "GET", "/files?known=&wait=0")[0] == 200,
        at_most=timedelta(seconds=5),
    )


def test_who_hung_up_listens_no_more(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "GONE_AFTER_SECONDS", 0.2)
    monkeypatch.setattr(web, "LOOK_EVERY_SECONDS", 0.05)
    begins_with = vault.identity("east-app-1")
    renewed = vault.renewed(begins_with, "identity", "east-app-1")
    mark = vault.ask(renewed, "GET", "/files?known=&wait=0")[1]["mark"]
    connection = vault.connection(renewed)
    connection.request("GET", f"/files?known={mark}&wait=20")
    assert vault.ask(begins_with, "GET", "/files?known=&wait=0")[0] == 403
    connection.close()
    wait_until(
        "a node that died to be let in as it begins",
        lambda: vault.ask(begins_with, "GET", "/files?known=&wait=0")[0] == 200,
        at_most=timedelta(seconds=5),
    )


def test_what_a_server_shows_lets_nobody_in(vault: Vault) -> None:
    shown = vault.renewed(vault.identity("east-db-1"), "server", "east-db-1")
    with pytest.raises((OSError, ssl.SSLError)):
        vault.ask(shown, "GET", "/files?known=&wait=0")


def test_a_key_is_certified_for_its_owners_names_and_no_others(
    vault: Vault, tmp_path: Path
) -> None:
    database = vault.identity("east-db-1")
    vault.desk.memory.renew_of("east-db-1", "server", 60)
    shown = vault.renewed(database, "server", "east-db-1")
    certificate = x509.load_pem_x509_certificate(shown.read_bytes())
    left = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert left.total_seconds() == 60 + 300, "and five minutes of slack for clocks"
    _, request = new_key(("east-edge",), tmp_path)
    asked = {"certificate": "server", "request": request}
    assert vault.ask(database, "POST", "/issue", asked)[0] == 403
    _, request = new_key(GRANTS["east-app-1"].certificates["identity"], tmp_path)
    asked = {"certificate": "server", "request": request}
    assert vault.ask(vault.identity("east-app-1"), "POST", "/issue", asked)[0] == 403
    with pytest.raises(NotCertifiedError, match="no certificate request"):
        vault.desk.authority.certify("nonsense", "server", ("east-db-1",), 60)
