"""We believe that what is wrong with a configuration is seen, and undone where it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from configuration.document import Document, Signer, UntrustedError, read_unverified

from fixtures.faults import (
    BadConfiguration,
    BrokenFeature,
    TamperedConfiguration,
    describe,
    rebuild,
)
from tests.fakes.world import FakeEnvironment
from tests.unit.configuration.configurations import SEED, STANDARD
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.faults import Fault

SIGNER = Signer.of(SEED)
NODE = "east-app-1"
WRONG = BadConfiguration(NODE, "most_in_work", "1")
MALFORMED = BadConfiguration(NODE, "most_in_work", '"many"')
TAMPERED = TamperedConfiguration(NODE, "most_in_work", "1")
BROKEN = BrokenFeature(NODE, 50)
STORE, COPY = "/var/lib/configurator", "/var/lib/orders/configuration"
BUG = "/run/orders/bugs/receipts"
CONFIG = """
cd "$ROOT"
case "$*" in
  "") [ ! -e tried ] || echo "configuration-1 is tried on app-1" ;;
  show) cat in-force ;;
  history) cat history ;;
  propose*)
    if grep -q '"many"' "$2"; then
      echo "2026 configuration-1 refused by itself" >> history
      echo "config: no (configuration-1 is refused)" >&2
      exit 1
    fi
    touch tried
    echo "configuration-1 is tried: wait" ;;
  rollback) rm tried ; echo rollback >> commands ;;
esac
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    (host,) = put_on_hosts(world, tmp_path, NODE)
    host.has("config", CONFIG)
    host.below("in-force").write_text(STANDARD)
    host.below("history").touch()
    return host


def anybody(fault: Fault) -> Fault:
    return rebuild(json.loads(json.dumps(describe(fault))))


def test_they_read_well() -> None:
    assert str(WRONG) == "Propose most_in_work = 1 to east-app-1"
    assert str(TAMPERED) == "Tamper with the configuration on east-app-1: most_in_work = 1"
    assert str(BROKEN) == "Fail 50 % of the receipts that east-app-1 makes"
    with pytest.raises(ValueError, match="give 10 to 99"):
        BrokenFeature(NODE, 9)


def test_a_wrong_one_is_seen_on_its_way_and_taken_back_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    assert WRONG.unavailable(world) is None
    WRONG.inject(world)
    WRONG.inject(world)
    assert not WRONG.has_taken_effect(world), "nobody has met it yet"
    host.below("history").write_text("2026 configuration-1 stage 33 % by itself: app-1\n")
    assert WRONG.has_taken_effect(world)
    assert WRONG.stands(world)
    assert not WRONG.has_gone(world)
    assert "is trying another" in str(MALFORMED.unavailable(world))
    anybody(WRONG).revert(world)
    anybody(WRONG).revert(world)
    assert WRONG.has_gone(world)
    assert host.below("commands").read_text() == "rollback\n"


def test_one_that_all_have_is_taken_back_and_one_that_nobody_has_is_let_be(
    world: FakeEnvironment, host: HostNode
) -> None:
    WRONG.inject(world)
    proposed = (host.kept[0] / "new.toml").read_text()
    assert proposed == STANDARD.replace("most_in_work = 32", "most_in_work = 1")
    host.below("tried").unlink()
    assert not WRONG.stands(world)
    WRONG.revert(world)
    assert not host.below("commands").exists()
    host.below("in-force").write_text(proposed)
    assert "has most_in_work = 1 in force already" in str(WRONG.unavailable(world))


def test_a_malformed_one_is_seen_to_be_refused_and_leaves_nothing(
    world: FakeEnvironment, host: HostNode
) -> None:
    MALFORMED.inject(world)
    assert MALFORMED.has_taken_effect(world)
    assert not MALFORMED.stands(world)
    anybody(MALFORMED).revert(world)
    assert MALFORMED.has_gone(world)
    assert not host.below("commands").exists()


@pytest.mark.parametrize("where", [COPY, f"{STORE}/12"])
def test_tampering_leaves_all_right_but_the_signature_and_is_put_back(
    world: FakeEnvironment, host: HostNode, where: str
) -> None:
    file = host.below(where)
    file.parent.mkdir(parents=True)
    signed = SIGNER.sign(Document(12, STANDARD.encode()))
    file.write_bytes(signed)
    file.with_name("9").write_bytes(b"an older one")
    assert TAMPERED.unavailable(world) is None
    TAMPERED.inject(world)
    TAMPERED.inject(world)
    assert TAMPERED.has_taken_effect(world)
    document, _ = read_unverified(file.read_bytes())
    assert document.version == 999999
    assert document.content.decode() == STANDARD.replace("k = 32", "k = 1")
    with pytest.raises(UntrustedError, match="signature is not"):
        SIGNER.verifier.open(file.read_bytes())
    anybody(TAMPERED).revert(world)
    assert file.read_bytes() == signed
    assert TAMPERED.has_gone(world)


def test_what_people_mended_is_not_tampered_with_again_by_reverting(
    world: FakeEnvironment, host: HostNode
) -> None:
    file = host.below(COPY)
    file.parent.mkdir(parents=True)
    assert "has no configuration to tamper with" in str(TAMPERED.unavailable(world))
    file.write_bytes(SIGNER.sign(Document(12, STANDARD.encode())))
    TAMPERED.inject(world)
    newer = SIGNER.sign(Document(13, STANDARD.encode()))
    file.write_bytes(newer)
    assert not TAMPERED.has_taken_effect(world)
    TAMPERED.revert(world)
    assert file.read_bytes() == newer


def test_a_feature_fails_once_a_receipt_was_seen_to_fail(
    world: FakeEnvironment, host: HostNode
) -> None:
    host.has("python3", 'cat "$ROOT/metrics"')
    metrics = host.below("metrics")
    metrics.write_text('orders_receipts_total{outcome="made"} 9.0\n')
    assert BROKEN.unavailable(world) is None
    BROKEN.inject(world)
    assert host.below(BUG).read_text() == "0.50\n"
    assert not BROKEN.has_taken_effect(world), "nobody asked for a receipt yet"
    metrics.write_text('orders_receipts_total{outcome="failed"} 1.0\n')
    assert BROKEN.has_taken_effect(world)
    assert BROKEN.stands(world)
    anybody(BROKEN).revert(world)
    assert BROKEN.has_gone(world)
    assert not host.below(BUG).exists()
