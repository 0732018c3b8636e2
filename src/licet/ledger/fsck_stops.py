"""Freezes and revocations of a full check: rows against receipts, and what they must have stopped.

The second half needs no row at all. Receipts stream by in the order of the log, so the freezes that stop at
each leaf are known: a PERMIT or a claim in between is one that the authority must not have given, whoever
lifted a row in the meantime and put it back.
"""

from __future__ import annotations

from collections.abc import Callable

from licet.ledger.fsck_report import Findings
from licet.protocol.types import LeafIndex, Reason, ReceiptId, ScopeKind, Tenant
from licet.receipt.read import ClaimReceipt, DecisionReceipt, Receipt
from licet.receipt.stops import FreezeReceipt, RevocationReceipt
from licet.store.port import FreezeRow, PermitRow, Store


class StopCheck:
    """Freezes and revocations, as the receipts stream by. What is kept grows with the freezes that stop."""

    def __init__(self, store: Store, found: Findings, at: Callable[[LeafIndex], Receipt | None]) -> None:
        """Nothing is frozen before the first leaf; ``at`` reads another receipt of the log."""
        self._store = store
        self._found = found
        self._at = at
        self._stopping: dict[ReceiptId, FreezeReceipt] = {}
        self.freezes = 0

    def freeze(self, index: LeafIndex, receipt: FreezeReceipt) -> None:
        """Compare a freeze that is set, or lifted, with its row."""
        if receipt.of is None:
            self._set(index, receipt)
        else:
            self._lifted(index, receipt, receipt.of)

    def revocation(self, index: LeafIndex, receipt: RevocationReceipt) -> None:
        """Compare a revocation with the permit's row."""
        row = self._store.permit(receipt.permit.receipt_id)
        if row is None or row.revoked_index != index:
            # Attack: the mark taken off a revoked permit, so that it works again.
            self._found.add(
                index, "revocation", "the permit of this revocation is not marked as revoked by it"
            )

    def permit(self, index: LeafIndex, row: PermitRow) -> None:
        """Compare the mark of a revoked permit with the receipt that it names."""
        if row.revoked_index is None:
            return
        receipt = self._at(row.revoked_index)
        link = receipt.permit if isinstance(receipt, RevocationReceipt) else None
        if link is None or (link.receipt_id, link.index) != (row.receipt_id, row.index):
            self._found.add(index, "revocation", "the permit is marked as revoked, and no revocation says so")

    def decision(self, index: LeafIndex, receipt: DecisionReceipt) -> None:
        """Demand SILENCE ``frozen`` of what was frozen, and of nothing else."""
        frozen = self._stopped(receipt.stamp.tenant, receipt)
        if frozen is not (receipt.reason is Reason.FROZEN):
            said = f"{receipt.outcome.value} `{receipt.reason.value}`"
            told = f"a freeze stops this, yet the answer is {said}" if frozen else f"no freeze, yet {said}"
            self._found.add(index, "frozen", told)

    def claim(self, index: LeafIndex, receipt: ClaimReceipt) -> None:
        """Demand that nothing frozen was claimed."""
        permit = self._at(receipt.permit.index)
        if isinstance(permit, DecisionReceipt) and self._stopped(permit.stamp.tenant, permit):
            # Attack: a freeze lifted in the database for one claim, and set again.
            self._found.add(index, "frozen", "a freeze stops this permit, yet it was claimed")

    def _set(self, index: LeafIndex, receipt: FreezeReceipt) -> None:
        stamp, scope = receipt.stamp, receipt.scope
        self._stopping[stamp.receipt_id] = receipt
        row = self._store.freeze(stamp.receipt_id)
        lifted = None if row is None else row.lifted_index
        expected = FreezeRow(
            index=index,
            freeze_id=stamp.receipt_id,
            tenant=stamp.tenant,
            kind=scope.kind,
            name=scope.name,
            lifted_index=lifted,
        )
        if row != expected:
            # Attack: a freeze taken out of the database, or aimed at somebody else.
            self._found.add(index, "freeze", "no freeze is kept as this receipt says")
            return
        self.freezes += 1
        if lifted is None:
            return
        lift = self._at(lifted)
        if not isinstance(lift, FreezeReceipt) or lift.of != stamp.receipt_id:
            self._found.add(index, "freeze", "the freeze is marked as lifted, and no receipt says so")

    def _lifted(self, index: LeafIndex, receipt: FreezeReceipt, freeze_id: ReceiptId) -> None:
        lifted = self._stopping.pop(freeze_id, None)
        if lifted is None or (lifted.scope, lifted.stamp.tenant) != (receipt.scope, receipt.stamp.tenant):
            self._found.add(index, "freeze", "no freeze of this scope stands to be lifted")
        row = self._store.freeze(freeze_id)
        if row is None or row.lifted_index != index:
            self._found.add(index, "freeze", "the freeze of this receipt is not marked as lifted by it")

    def _stopped(self, tenant: Tenant, receipt: DecisionReceipt) -> bool:
        request = receipt.request
        actor = f"{request.actor.type}/{request.actor.id}"
        return any(
            (freeze.scope.kind is ScopeKind.ALL or freeze.stamp.tenant == tenant)
            and freeze.scope.covers(request.surface, actor)
            for freeze in self._stopping.values()
        )
