"""The row half of a full check: every row that a receipt accounts for, against that receipt, both ways.

A receipt is covered by the signed root; columns, keys, permits, freezes, bodies, activations and bundles
are not. Each is compared with what the receipt says, and counted, so that a row which no receipt accounts
for shows too. Nothing grows with the log. ``fsck_stops.py`` holds the log itself against its freezes.
"""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace

from licet.errors import Malformed, PolicyInvalid, UnknownValue
from licet.ledger.fsck_report import Findings
from licet.ledger.fsck_stops import StopCheck
from licet.ledger.page import receipt_row
from licet.ledger.scope import key_digest
from licet.policy.bundle import Bundle
from licet.protocol.digest import FACTS_TAG, REQUEST_TAG, tagged_digest
from licet.protocol.types import LeafIndex, Origin, Outcome
from licet.receipt.jws import RECEIPT_TYP, read_kid, split
from licet.receipt.read import (
    BundleReceipt,
    ClaimReceipt,
    CompletionReceipt,
    DecisionReceipt,
    KeyReceipt,
    Receipt,
    parse_payload,
    read_receipt,
    receipt_of,
)
from licet.receipt.statement import Link
from licet.receipt.stops import FreezeReceipt, RevocationReceipt
from licet.store.port import ActivationRow, KeyRow, PermitRow, ReceiptRow, Store


class RowCheck:
    """Rows against receipts, as the receipts stream by."""

    def __init__(self, store: Store, origin: Origin, found: Findings) -> None:
        """Nothing has been counted yet."""
        self._store = store
        self._origin = origin
        self._found = found
        self._keys = self._permits = self._bundles = 0
        self._stops = StopCheck(store, found, self._at)
        self._activations = {row.index: row for row in store.activations()}

    def check(self, row: ReceiptRow) -> None:
        """Compare one leaf's rows with its receipt."""
        if row.jws is None:
            # Erasing is recorded by a receipt of its own; no such receipt exists in this version.
            self._found.add(row.index, "erased", "the receipt is gone, and no erasure is recorded")
            return
        try:
            receipt = self._read(row, row.jws)
        except Malformed as error:
            self._found.add(row.index, "unreadable", f"the stored receipt cannot be read: {error.message}")
            return
        except UnknownValue as error:
            self._found.add(row.index, "unknown", f"a later version wrote this receipt: {error.message}")
            return
        match receipt:
            case DecisionReceipt():
                self._decision(row.index, receipt)
            case ClaimReceipt():
                self._claim(row.index, receipt)
            case CompletionReceipt():
                self._completion(row.index, receipt)
            case BundleReceipt():
                self._activation(row.index, receipt)
            case FreezeReceipt():
                self._stops.freeze(row.index, receipt)
            case RevocationReceipt():
                self._stops.revocation(row.index, receipt)
            case KeyReceipt():
                if row.index != 0:
                    self._found.add(row.index, "genesis", "a log has one genesis, at index 0")
        if not isinstance(receipt, DecisionReceipt) and self._store.body(row.index) is not None:
            self._found.add(row.index, "body", f"a {row.kind} has no request, yet one is kept for it")

    def finish(self, size: int) -> None:
        """Count: every row was met from its receipt, so any more of them has none."""
        tally = self._store.tally(size)
        for name, counted, met in (
            ("keys", tally.keys, self._keys),
            ("permits", tally.permits, self._permits),
            ("freezes", tally.freezes, self._stops.freezes),
            ("activations", sum(index < size for index in self._activations), self._bundles),
        ):
            if counted != met:
                self._found.add(None, name, f"{counted} {name} are kept for {met} receipts")
        if tally.stray:
            self._found.add(None, "stray", f"{tally.stray} rows name what lies beyond the log")
        if tally.unused_bundles:
            self._found.add(None, "bundles", f"{tally.unused_bundles} bundles are kept that nobody activated")

    def _read(self, row: ReceiptRow, jws: str) -> Receipt:
        compact = split(jws)
        read_kid(compact.header, RECEIPT_TYP)
        document = parse_payload(compact.payload)
        receipt = receipt_of(document)
        if receipt.stamp.origin != self._origin:
            self._found.add(row.index, "origin", f"the receipt is of the log `{receipt.stamp.origin}`")
        if isinstance(document, dict):
            expected = receipt_row(row.index, document, jws)
            # The leaf's hashes are the tree's business.
            expected = replace(expected, leaf_hash=row.leaf_hash, jws_digest=row.jws_digest)
            names = [one.name for one in fields(row) if getattr(row, one.name) != getattr(expected, one.name)]
            for name in names:
                self._found.add(row.index, "column", f"`{name}` is not what the receipt says")
        return receipt

    def _decision(self, index: LeafIndex, receipt: DecisionReceipt) -> None:
        request, stamp = receipt.request, receipt.stamp
        self._keys += 1
        key = key_digest(stamp.tenant, request.actor, request.surface, request.idempotency_key)
        if self._store.find_key(key) != KeyRow(key=key, index=index, request_digest=request.digest):
            # Attack: a key taken away earns a second PERMIT for one request.
            self._found.add(index, "key", "the idempotency key does not lead to this decision")
        self._body(index, receipt)
        self._stops.decision(index, receipt)
        permit = self._store.permit(stamp.receipt_id)
        if receipt.outcome is not Outcome.PERMIT:
            if permit is not None:
                self._found.add(index, "permit", f"a permit is kept for a {receipt.outcome.value}")
        elif permit is None:
            self._found.add(index, "permit", "the permit's row is gone")
        else:
            self._permits += 1
            self._permit(index, receipt, permit)

    def _permit(self, index: LeafIndex, receipt: DecisionReceipt, row: PermitRow) -> None:
        stamp, request = receipt.stamp, receipt.request
        actor = f"{request.actor.type}/{request.actor.id}"
        said = (stamp.tenant, request.surface, actor, receipt.audience, request.effect_digest)
        kept = (row.tenant, row.surface, row.actor, row.audience, row.effect_digest)
        if (row.index, row.receipt_id, row.expires_s) != (index, stamp.receipt_id, receipt.expires_s):
            self._found.add(index, "permit", "the permit's place or lifetime is not what the receipt says")
        if kept != said:
            # Attack: the surface of a permit changed, so that the freeze of its own no longer finds it.
            self._found.add(index, "permit", "whom or what the permit is for is not what the receipt says")
        self._stops.permit(index, row)
        if row.claim_index is not None:
            claim = self._at(row.claim_index)
            genuine = isinstance(claim, ClaimReceipt) and _about(claim.permit, row)
            if not isinstance(claim, ClaimReceipt) or not genuine:
                self._found.add(index, "claim", "the permit is marked as used, and no claim says so")
            elif (claim.claim_id, claim.stamp.issued_s) != (row.claim_id, row.claimed_s):
                self._found.add(index, "claim", "the permit's use is not what its claim says")
        if row.completion_index is not None:
            done = self._at(row.completion_index)
            genuine = isinstance(done, CompletionReceipt) and _about(done.permit, row)
            if not isinstance(done, CompletionReceipt) or not genuine or done.status != row.completion_status:
                self._found.add(index, "completion", "the permit's end is not what a completion says")

    def _claim(self, index: LeafIndex, receipt: ClaimReceipt) -> None:
        self._stops.claim(index, receipt)
        row = self._store.permit(receipt.permit.receipt_id)
        if row is None or row.claim_index != index:
            # Attack: the mark of use taken off a permit, so that it works twice.
            self._found.add(index, "claim", "the permit of this claim is not marked as used by it")

    def _completion(self, index: LeafIndex, receipt: CompletionReceipt) -> None:
        row = self._store.permit(receipt.permit.receipt_id)
        place = None if row is None else row.completion_index
        settled = place is not None and place > index and receipt.status == "unknown"
        if place != index and not settled:
            self._found.add(index, "completion", "the permit of this completion does not name it")

    def _activation(self, index: LeafIndex, receipt: BundleReceipt) -> None:
        said = receipt.activation
        expected = ActivationRow(version=said.version, bundle=said.bundle, digest=said.digest, index=index)
        if self._activations.get(index) != expected:
            self._found.add(index, "activation", "no activation is kept as this receipt says")
        else:
            self._bundles += 1
        kept = self._store.bundle(said.digest)
        try:
            bundle = None if kept is None else Bundle.unpack(kept.packed)
        except PolicyInvalid:
            bundle = None
        if kept is None or bundle is None or bundle.digest != said.digest:
            self._found.add(index, "bundle", f"the bytes of `{said.digest}` are gone or changed")
        elif (kept.name, kept.label) != _head(bundle):
            self._found.add(index, "bundle", f"the name or label of `{said.digest}` is not its own")

    def _body(self, index: LeafIndex, receipt: DecisionReceipt) -> None:
        body = self._store.body(index)
        if body is None:
            return  # bodies may be deleted; the receipt stands without
        if tagged_digest(REQUEST_TAG, body.request) != receipt.request.digest:
            self._found.add(index, "body", "the kept request is not the one that was decided")
        if tagged_digest(FACTS_TAG, body.facts) != receipt.facts:
            self._found.add(index, "body", "the kept facts are not the ones that were decided on")

    def _at(self, index: LeafIndex) -> Receipt | None:
        row = self._store.receipt(index)
        try:
            return None if row is None or row.jws is None else read_receipt(row.jws)
        except (Malformed, UnknownValue):
            return None  # reported where that leaf is checked


def _about(link: Link, row: PermitRow) -> bool:
    return (link.receipt_id, link.index) == (row.receipt_id, row.index)


def _head(bundle: Bundle) -> tuple[object, object]:
    document = tomllib.loads(bundle.files["bundle.toml"].decode("utf-8"))
    return document.get("name"), document.get("version")
