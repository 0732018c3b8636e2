"""Rows for store tests: true ones by default, a lie by naming a member."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from licet.protocol.types import ScopeKind
from licet.store.port import (
    ActivationRow,
    BodyRow,
    BundleRow,
    FreezeRow,
    KeyRow,
    PermitRow,
    ReceiptRow,
    TileRow,
    TokenRow,
)

ORIGIN = "example.com/licet/main"
NOW_MS = 1_795_372_800_000
NOW_S = NOW_MS // 1000


def digest_of(text):
    return "sha256:" + sha256(text.encode()).hexdigest()


def bytes_of(text):
    return sha256(text.encode()).digest()


def id_of(index):
    return f"{index:08x}-0000-7000-8000-000000000000"


def jws_of(index):
    return f"header.payload-{index}.signature"


def receipt(index=0, **lies):
    row = ReceiptRow(
        index=index,
        receipt_id=id_of(index),
        kind="decision",
        tenant="main",
        issued_s=NOW_S + index,
        outcome="PERMIT",
        reason="permitted",
        surface="payments.transfer",
        actor="finance-bot",
        bundle=digest_of("bundle"),
        leaf_hash=bytes_of(f"leaf {index}"),
        jws_digest=bytes_of(jws_of(index)),
        jws=jws_of(index),
    )
    return replace(row, **lies)


def claim_receipt(index, **lies):
    return receipt(index, **{"kind": "claim", "outcome": None, "reason": None, **lies})


def body(index=0, **lies):
    row = BodyRow(index=index, request=b'{"a":1}', facts=b"{}", explanation=b"[]", correlation=None)
    return replace(row, **lies)


def key(name="k", index=0, **lies):
    return replace(KeyRow(key=bytes_of(name), index=index, request_digest=digest_of("request")), **lies)


def permit(index=0, **lies):
    row = PermitRow(
        index=index,
        receipt_id=id_of(index),
        tenant="main",
        surface="payments.transfer",
        actor="agent/finance-bot",
        audience="payments-executor",
        effect_digest=digest_of("effect"),
        expires_s=NOW_S + 60,
    )
    return replace(row, **lies)


def freeze(index=0, kind=ScopeKind.SURFACE, name="payments.transfer", **lies):
    row = FreezeRow(index=index, freeze_id=id_of(index), tenant="main", kind=kind, name=name)
    return replace(row, **lies)


def bundle(name="payments", **lies):
    row = BundleRow(
        digest=digest_of(name), name=name, label="v1", packed=name.encode() * 100, stored_ms=NOW_MS
    )
    return replace(row, **lies)


def activation(version=1, index=0, name="payments", **lies):
    row = ActivationRow(version=version, bundle=name, digest=digest_of(name), index=index)
    return replace(row, **lies)


def token(**lies):
    row = TokenRow(
        token_id="owner",  # noqa: S106 -- its name, not its secret
        secret_sha256=bytes_of("secret"),
        tenant="main",
        actor_type="user",
        actor_id="owner",
        roles=("caller", "executor"),
        audience="payments-executor",
        expires_s=None,
    )
    return replace(row, **lies)


def tile(level=0, number=0, **lies):
    root = bytes_of(f"tile {level} {number}")
    return replace(TileRow(level=level, number=number, root=root, hashes=root * 256), **lies)


def grown(head, leaves=1, **lies):
    size = head.size + leaves
    new = replace(
        head,
        size=size,
        root=bytes_of(f"root {size}"),
        frontier=tuple(bytes_of(f"peak {size} {bit}") for bit in range(size.bit_count())),
        checkpoint=f"{head.origin}\n{size}\n",
        updated_ms=head.updated_ms + 1,
    )
    return replace(new, **lies)


def _nothing_more(txn, first):
    pass


def append(store, count=1, *, rows=None, bodies=(), also=_nothing_more):
    """Commit leaves, and what ``also(txn, first_index)`` does beside them; returns the first index."""
    txn = store.begin()
    head = txn.head()
    also(txn, head.size)
    leaves = rows(head.size) if rows else [receipt(head.size + n) for n in range(count)]
    txn.insert_leaves(leaves, bodies)
    assert txn.advance_head(head, grown(head, len(leaves)))
    txn.commit()
    return head.size


def claim(txn, index=0, **changed):
    """Claim the sample permit of ``index`` rightly, but for what is changed."""
    right = {
        "tenant": "main",
        "audience": "payments-executor",
        "effect_digest": digest_of("effect"),
        "now_s": NOW_S,
        "claim_id": None,
        "claim_index": index + 1,
    }
    return txn.claim(id_of(index), **{**right, **changed})
