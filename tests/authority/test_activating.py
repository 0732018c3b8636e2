"""Policy changes by the owner's signature alone, against what is active, once."""

from __future__ import annotations

import pytest

from licet.authority.activating import open_step
from licet.authority.callers import OWNER
from licet.errors import NotAllowed, PolicyTestsFailed, StaleParent
from licet.policy.bundle import Bundle
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import Outcome
from licet.receipt.jws import BUNDLE_TYP, RECEIPT_TYP, seal
from licet.receipt.keys import PrivateKey
from licet.receipt.read import read_receipt
from licet.receipt.statement import Activation, activation_statement
from support.world import World, payment, starter


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def relabelled(label: str = "two") -> dict[str, bytes]:
    bundle = starter()
    text = bundle["bundle.toml"].decode()
    lines = [f'version = "{label}"' if line.startswith("version") else line for line in text.splitlines()]
    return {**bundle, "bundle.toml": ("\n".join(lines) + "\n").encode()}


def statement(world, digest, *, parent, key=None, typ=BUNDLE_TYP, op="activate"):
    said = activation_statement(
        Activation(bundle="payments", version=2, digest=digest, parent=parent, reason=None),
        issued_s=1,
        nonce="00" * 16,
    )
    return seal(key or world.root, typ, canonical_bytes({**said, "op": op}))


def test_an_activation_is_a_leaf_and_the_next_decision_uses_it(world):
    parent = world.store.active().digest
    activated = world.settle(world.activation(relabelled(), parent=parent))

    receipt = read_receipt(activated.receipt)
    assert (activated.version, receipt.activation.version) == (2, 2)
    assert receipt.activation.parent == parent
    assert read_receipt(world.decide(payment()).receipt).policy.version == 2


def test_an_activation_signed_against_another_version_is_refused(world):
    first = world.store.active().digest
    world.settle(world.activation(relabelled("two"), parent=first))

    with pytest.raises(StaleParent):
        world.settle(world.activation(relabelled("three"), parent=first))
    assert world.store.active().version == 2


def test_going_back_needs_a_reason(world):
    first = world.store.active().digest
    world.settle(world.activation(relabelled(), parent=first))
    second = world.store.active().digest

    with pytest.raises(NotAllowed, match="rollback"):
        world.settle(world.activation(starter(), parent=second))
    back = world.settle(world.activation(starter(), parent=second, reason="two was wrong"))
    assert (back.version, back.digest) == (3, first)


def test_a_statement_is_used_once(world):
    first = world.store.active().digest
    step = world.activation(relabelled(), parent=first, reason="an improvement")
    world.settle(step)
    world.settle(world.activation(starter(), parent=step.checked.compiled.digest, reason="it was not"))

    with pytest.raises(StaleParent, match="used before"):
        world.settle(step)
    assert world.store.active().version == 3


def test_the_active_bundle_is_not_activated_again(world):
    with pytest.raises(StaleParent, match="already"):
        world.settle(world.activation(starter(), parent=world.store.active().digest))


def test_a_bundle_whose_tests_fail_never_becomes_active(world):
    bundle = starter()
    name = next(name for name in bundle if name.startswith("policies/permits"))
    broken = {**bundle, name: b""}

    with pytest.raises(PolicyTestsFailed):
        world.authority.stage(Bundle.from_files(broken).pack(), OWNER)
    assert world.decide(payment()).outcome is Outcome.PERMIT


def test_only_a_root_key_of_this_home_activates(world):
    digest = world.store.active().digest
    roots = {world.root.kid: world.root.public}
    stranger = PrivateKey.from_seed(b"\7" * 32)
    good = statement(world, digest, parent=None)
    head, payload, signature = good.split(".")

    for jws in (
        statement(world, digest, parent=None, key=stranger),
        statement(world, digest, parent=None, key=world.receipt_key),
        statement(world, digest, parent=None, typ=RECEIPT_TYP),
        statement(world, "sha256:" + "0" * 64, parent=None),
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{payload}.",
        "no statement",
    ):
        with pytest.raises(NotAllowed):
            open_step(jws, roots, digest)
    assert open_step(good, roots, digest).kid == world.root.kid
