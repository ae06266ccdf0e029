"""We believe that secrets are in the memory of who uses them, and nowhere else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Killable
from environments.replica.containers import connect
from fixtures.faults import CopySecrets, describe, rebuild
from fixtures.faults.copy_secrets import SHUT
from fixtures.run import ROOT
from fixtures.waiting import wait_until
from scenarios import test_secrets_rotated as scenario
from tests.contract.secret_scan import Values, described, images_of, packed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment, Node
    from environments.replica.containers import Engine
    from fixtures.drill import Drill
    from fixtures.run import Run
    from fixtures.steps import Follower, Injector, Loads, RecoveryWatch

pytestmark = [
    pytest.mark.contract,
    pytest.mark.dr,
    pytest.mark.nightly,
    pytest.mark.requirement("SEC-1", "FLT-4"),
    pytest.mark.settings(Settings(secured=True)),
]
KEEPERS = ("bastion", "east-app-1", "east-app-3", "east-audit", "east-auth", "east-db-1")
SOON = timedelta(seconds=60)
TOOLS = {".git", ".venv", "node_modules"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with connect() as opened:
        yield opened


def test_after_every_secret_was_rotated_none_of_before_or_now_is_anywhere_but_in_memory(
    replica: Environment,
    engine: Engine,
    drill: Drill,
    run: Run,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """Secrets of before and of now are looked for in everything that is kept."""
    keepers = [node for node in replica.nodes if node.name in KEEPERS]
    before = Values.in_memory_of(keepers)
    scenario.test_every_secret_is_rotated_while_customers_order(load, inject, follow, recovery)
    values = before | Values.in_memory_of(keepers)
    assert len(before.texts) >= 12
    assert len(values.texts) >= 20, "they are others now"

    images = images_of(engine, replica)
    assert not values.count_in(packed(engine, images)), "in an image"
    assert not values.count_in(described(engine, replica)), "in what the engine says of a node"
    assert not values.files_below(ROOT, without=TOOLS), "in the repository"
    assert (drill.folder / "timeline.jsonl").exists()
    assert not values.files_below(run.folder), "in what is kept of the drill"
    for node in replica.nodes:
        kept = {file for file in values.files_of(node) if not _is_of_identity(file)}
        assert not kept, f"on the disk of {node.name}"


def test_what_is_looked_for_would_be_found(
    replica: Environment, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each way to look finds a value that is there."""
    (app,) = [node for node in replica.nodes if node.name == "east-app-1"]
    values = Values.in_memory_of([app])
    assert "/run/vault/orders-login.json" in values.files_of(app, "/run/vault")
    assert "/etc/muster/identity/identity.key" in values.files_of(app)
    folder = tmp_path_factory.mktemp("kept")
    (folder / "some.log").write_text(f"it said {min(values.texts)} to me")
    assert values.files_below(folder) == {str(folder / "some.log")}
    assert Values(frozenset({'"SECRETS_FROM=https://east-vault:8200"'})).count_in(
        described(engine, replica)
    )
    assert Values(frozenset({"from .settings import Settings, SettingsError"})).count_in(
        packed(engine, images_of(engine, replica, app.name))
    )


def test_copies_open_what_they_are_for_and_are_thrown_away_by_anybody(
    replica: Environment,
) -> None:
    """Each copy opens something, and a rotated one nothing."""
    fault = CopySecrets().plan(replica)
    anybody = rebuild(json.loads(json.dumps(describe(fault))))
    assert fault.unavailable(replica) is None
    assert not fault.has_taken_effect(replica)
    try:
        fault.inject(replica)
        assert fault.has_taken_effect(replica)
        (vault,) = [node for node in replica.nodes if node.name == "east-vault"]
        done = vault.run(["vault", "rotate", "identity"], within=timedelta(seconds=60))
        assert done.exit_code == 0, done.stdout
        found = fault.found(replica)
        assert {name for name, what in found.items() if what == SHUT} == {"identity"}
        assert fault.stands(replica)
    finally:
        anybody.revert(replica)
    assert fault.has_gone(replica)


def test_a_vault_that_was_away_has_forgotten_nothing_and_nodes_come_back_to_it(
    replica: Environment,
) -> None:
    """The vault dies and comes back; a node that was restarted fetches what it needs."""
    by_name = {node.name: node for node in replica.nodes}
    vault, app = by_name["east-vault"], by_name["east-app-2"]
    assert isinstance(vault, Killable)
    assert isinstance(app, Killable)
    before = _versions(vault)
    login = app.run(["cat", "/run/vault/orders-login.json"], within=SOON).stdout
    vault.kill()
    vault.start()
    wait_until("the vault to answer", lambda: _versions(vault) == before, at_most=SOON)
    app.kill()
    app.start()
    wait_until("all to be well", lambda: not replica.deviations(), at_most=SOON)
    assert app.run(["cat", "/run/vault/orders-login.json"], within=SOON).stdout == login
    done = vault.run(["vault", "rotate", "identity"], within=SOON)
    assert done.exit_code == 0, done.stdout


def _versions(vault: Node) -> list[list[str]]:
    listed = vault.run(["vault", "list"], within=SOON)
    return [line.split()[:2] for line in listed.stdout.splitlines()[1:]]


def _is_of_identity(file: str) -> bool:
    """Who a node is when it starts: its own key must be on its disk."""
    return file.startswith("/etc/muster/identity/")
