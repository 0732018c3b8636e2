"""Rows that contradict themselves: every driver refuses the same ones, and nothing of them stays."""

from __future__ import annotations

import pytest

from licet.errors import StoreRefused
from licet.protocol.types import ScopeKind
from store.samples import (
    activation,
    append,
    bundle,
    claim_receipt,
    digest_of,
    freeze,
    key,
    permit,
    receipt,
    tile,
    token,
)

LEAVES = [
    receipt(0, receipt_id=""),
    receipt(0, receipt_id="0000"),
    receipt(0, kind=""),
    receipt(0, tenant=""),
    receipt(0, issued_s=-1),
    receipt(0, outcome="ALLOW"),
    receipt(0, outcome="permit"),
    receipt(0, outcome=None),
    receipt(0, reason=None),
    receipt(0, outcome=None, reason=None),
    claim_receipt(0, outcome="PERMIT", reason="permitted"),
    claim_receipt(0, reason="permitted"),
    receipt(0, bundle="sha256:short"),
    receipt(0, bundle=digest_of("x").upper()),
    receipt(0, bundle=digest_of("x")[:-1] + "G"),
    receipt(0, leaf_hash=b""),
    receipt(0, leaf_hash=b"x" * 31),
    receipt(0, jws_digest=b"x" * 33),
    receipt(0, jws=""),
    receipt(0, jws="j" * 32_769),
]
OTHERS = [
    ("insert_key", key(key=b"short")),
    ("insert_key", key(index=-1)),
    ("insert_key", key(request_digest="sha256:00")),
    ("insert_key", key(request_digest="00" * 32)),
    ("insert_permit", permit(receipt_id="x")),
    ("insert_permit", permit(tenant="")),
    ("insert_permit", permit(audience="")),
    ("insert_permit", permit(effect_digest="effect")),
    ("insert_permit", permit(expires_s=-1)),
    ("insert_permit", permit(claimed_s=1, claim_index=1)),
    ("insert_permit", permit(claim_id="c")),
    ("insert_permit", permit(completion_status="executed")),
    ("insert_permit", permit(surface="")),
    ("insert_permit", permit(actor="")),
    ("insert_permit", permit(revoked_index=1)),
    ("insert_freeze", freeze(freeze_id="x")),
    ("insert_freeze", freeze(index=-1)),
    ("insert_freeze", freeze(tenant="")),
    ("insert_freeze", freeze(name="")),
    ("insert_freeze", freeze(kind=ScopeKind.TENANT)),
    ("insert_freeze", freeze(kind=ScopeKind.ACTOR, name="")),
    ("insert_freeze", freeze(kind=ScopeKind.ALL, name="", tenant="other")),
    ("insert_freeze", freeze(lifted_index=1)),
    ("insert_bundle", bundle(digest="sha256:")),
    ("insert_bundle", bundle(name="", digest=digest_of("y"))),
    ("insert_bundle", bundle(stored_ms=-1)),
    ("insert_activation", activation(bundle="")),
    ("insert_activation", activation(index=-1)),
    ("insert_token", token(secret_sha256=b"")),
    ("insert_token", token(token_id="")),
    ("insert_token", token(tenant="")),
    ("insert_token", token(actor_id="")),
    ("insert_token", token(actor_type="")),
    ("insert_token", token(expires_s=-1)),
    ("insert_token", token(roles=("b", "a"))),
    ("insert_token", token(roles=("a", "a"))),
    ("insert_token", token(roles=("",))),
    ("insert_token", token(roles=("a b",))),
    ("insert_tiles", [tile(level=8)]),
    ("insert_tiles", [tile(level=-1)]),
    ("insert_tiles", [tile(number=-1)]),
    ("insert_tiles", [tile(root=b"x")]),
    ("insert_tiles", [tile(hashes=b"x" * 8191)]),
]


@pytest.mark.parametrize("lie", LEAVES, ids=range(len(LEAVES)))
def test_a_receipt_that_lies_is_refused(store, lie):
    txn = store.begin()

    with pytest.raises(StoreRefused):
        txn.insert_leaves([lie], [])
    txn.rollback()
    assert append(store) == 0


@pytest.mark.parametrize(("verb", "lie"), OTHERS, ids=[f"{verb}-{n}" for n, (verb, _) in enumerate(OTHERS)])
def test_a_row_that_lies_is_refused(store, verb, lie):
    txn = store.begin()

    with pytest.raises(StoreRefused):
        getattr(txn, verb)(lie)
    txn.rollback()
    assert append(store) == 0


def test_a_permit_is_recorded_once(store):
    append(store, 2, also=lambda txn, _: txn.insert_permit(permit()))

    for again in (
        permit(),
        permit(0, receipt_id=permit(1).receipt_id),
        permit(1, receipt_id=permit().receipt_id),
    ):
        txn = store.begin()
        with pytest.raises(StoreRefused):
            txn.insert_permit(again)
        txn.rollback()
