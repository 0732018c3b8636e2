"""The life of a permit: claim (first use, atomic), completion (what became of it), or revocation before both.

Every guard is the row count of one statement inside the receipt's transaction; the reads below only
find the words for a refusal (``trust.md`` 4).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from licet.authority.callers import Caller
from licet.errors import (
    AlreadyClaimed,
    AlreadyCompleted,
    EffectMismatch,
    Frozen,
    NotClaimed,
    NotFound,
    PermitExpired,
    PermitInvalid,
    PermitRevoked,
)
from licet.ledger.page import Page
from licet.protocol.parse import ClaimAsk, CompletionAsk
from licet.protocol.types import Digest, LeafIndex, ReceiptId
from licet.receipt.read import ClaimReceipt, CompletionReceipt, read_receipt
from licet.receipt.statement import Link, claim_document, completion_document
from licet.receipt.stops import revocation_document
from licet.store.port import PermitRow, ReceiptRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A receipt that a job wrote, or wrote earlier, and its place."""

    receipt: str
    receipt_id: ReceiptId
    index: LeafIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimJob:
    """Claim a permit for the effect about to run."""

    ask: ClaimAsk
    presented_id: ReceiptId
    caller: Caller

    def write(self, page: Page) -> Recorded:
        """Claim, or say why not.

        Raises:
            PermitInvalid: not a permit that this log recorded, byte for byte.
            WrongAudience, EffectMismatch, AlreadyClaimed, PermitExpired: it may not be used so.
            PermitRevoked, Frozen: somebody stopped it.
        """
        row = page.txn.permit(self.presented_id)
        receipt = None if row is None else page.receipt(row.index)
        if row is None or receipt is None or not self._genuine(row, receipt):
            raise PermitInvalid(
                "this is not a permit of this authority",
                mend="present the `receipt` of a PERMIT exactly as the authority answered it",
            )
        return claim(
            page,
            row,
            receipt,
            effect_digest=self.ask.effect.digest,
            caller=self.caller,
            claim_id=self.ask.claim_id,
        )

    def _genuine(self, row: PermitRow, receipt: ReceiptRow) -> bool:
        # Attack: a forged or altered permit that names a real id. The stored bytes are what was signed,
        # so equality with them is the strongest check there is.
        stored = receipt.jws
        return (
            row.tenant == self.caller.tenant
            and stored is not None
            and hmac.compare_digest(stored.encode("ascii"), self.ask.permit.encode("utf-8"))
        )


def claim(
    page: Page,
    row: PermitRow,
    receipt: ReceiptRow,
    *,
    effect_digest: Digest,
    caller: Caller,
    claim_id: str | None,
) -> Recorded:
    """Claim ``row`` by one guarded statement and seal the claim receipt.

    The same ``claim_id`` of the same caller again gets its own first answer, so that a lost answer is safe
    to ask for.
    """
    caller.demand_audience(row.audience)
    if effect_digest != row.effect_digest:
        # Attack: a permit for 40.00 used to pay 4,000.00.
        raise EffectMismatch(
            "the permit is for another effect than the one about to run",
            mend="run exactly the surface, action, target and parameters that were permitted",
        )
    won = page.txn.claim(
        row.receipt_id,
        tenant=caller.tenant,
        audience=row.audience,
        effect_digest=effect_digest,
        now_s=page.issued_s,
        claim_id=claim_id,
        claim_index=page.next_index,
    )
    if not won:
        return _not_won(page, row.receipt_id, caller, claim_id)
    document = claim_document(
        permit=_link(receipt),
        audience=row.audience,
        effect_digest=effect_digest,
        claim_id=claim_id,
        by=caller.actor,
        stamp=page.stamp(row.tenant),
    )
    sealed = page.seal(document)
    return Recorded(receipt=sealed.jws, receipt_id=sealed.receipt_id, index=sealed.index)


def _not_won(page: Page, receipt_id: ReceiptId, caller: Caller, claim_id: str | None) -> Recorded:
    """The claimant's own first answer, or the words for the guard that held."""
    row = page.txn.permit(receipt_id)
    if row is not None and row.claim_index is not None:
        if claim_id is not None and row.claim_id == claim_id:
            first = recorded_at(page, row.claim_index)
            claimed = read_receipt(first.receipt)
            # Attack: two executors of one audience that number their claims alike, and both run.
            if isinstance(claimed, ClaimReceipt) and claimed.by == caller.actor:
                return first
        raise _used_before(receipt_id)
    if row is not None and row.revoked_index is not None:
        raise PermitRevoked(
            f"the permit `{receipt_id}` was revoked at index {row.revoked_index}",
            mend="run nothing; a new decision takes a new idempotency key",
        )
    if row is not None and row.expires_s > page.issued_s:
        freeze = page.txn.frozen_by(tenant=row.tenant, surface=row.surface, actor=row.actor)
        if freeze is not None:
            raise Frozen(
                f"the permit `{receipt_id}` is stopped by the freeze `{freeze.freeze_id}`",
                mend="run nothing until it is lifted; a permit that expires meanwhile is asked for anew",
            )
    raise _expired(receipt_id)


def _used_before(receipt_id: ReceiptId) -> AlreadyClaimed:
    return AlreadyClaimed(
        f"the permit `{receipt_id}` was used before",
        mend="ask for a new decision with a new idempotency key; a permit works once",
    )


def _expired(receipt_id: ReceiptId) -> PermitExpired:
    return PermitExpired(
        f"the permit `{receipt_id}` has expired unclaimed",
        mend="ask for a new decision with a new idempotency key, and claim it within its lifetime",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeJob:
    """Take one unclaimed permit back."""

    receipt_id: ReceiptId
    reason: str
    caller: Caller

    def write(self, page: Page) -> Recorded:
        """Revoke, or say why not; a second time gets the first answer.

        Raises:
            NotFound: no such permit in the caller's tenant.
            AlreadyClaimed, PermitExpired: there is nothing left to take back.
        """
        row = page.txn.permit(self.receipt_id)
        receipt = None if row is None else page.receipt(row.index)
        if row is None or receipt is None or row.tenant != self.caller.tenant:
            raise NotFound(
                f"there is no permit `{self.receipt_id}`",
                mend="send the `receipt_id` of a PERMIT; `licet receipt list --outcome PERMIT` shows them",
            )
        if row.revoked_index is not None:
            return recorded_at(page, row.revoked_index)
        won = page.txn.revoke(
            row.receipt_id, tenant=row.tenant, now_s=page.issued_s, revoked_index=page.next_index
        )
        if not won:
            raise _expired(row.receipt_id) if row.claim_index is None else _used_before(row.receipt_id)
        document = revocation_document(
            permit=_link(receipt), reason=self.reason, by=self.caller.actor, stamp=page.stamp(row.tenant)
        )
        sealed = page.seal(document)
        return Recorded(receipt=sealed.jws, receipt_id=sealed.receipt_id, index=sealed.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionJob:
    """Report what became of a claimed permit."""

    ask: CompletionAsk
    caller: Caller

    def write(self, page: Page) -> Recorded:
        """Record the completion, or say why not; the same report again gets its first answer.

        Raises:
            NotFound: no such permit for this caller.
            WrongAudience, NotClaimed, AlreadyCompleted: it may not be reported so.
        """
        row = page.txn.permit(self.ask.receipt_id)
        receipt = None if row is None else page.receipt(row.index)
        if row is None or receipt is None or row.tenant != self.caller.tenant:
            raise NotFound(
                f"there is no permit `{self.ask.receipt_id}`",
                mend="send the `receipt_id` of the PERMIT that was claimed",
            )
        self.caller.demand_audience(row.audience)
        if row.claim_index is None:
            raise NotClaimed(
                f"the permit `{row.receipt_id}` was never claimed",
                mend="claim before the effect, complete after it",
            )
        if row.completion_index is not None:
            earlier = self._same_report(page, row.completion_index)
            if earlier is not None:
                return earlier
        won = page.txn.complete(
            row.receipt_id,
            tenant=row.tenant,
            status=self.ask.status,
            completion_index=page.next_index,
        )
        if not won:
            raise AlreadyCompleted(
                f"the permit `{row.receipt_id}` was reported as `{row.completion_status}`",
                mend="only `unknown` can be settled, once; otherwise the first report stands",
            )
        document = completion_document(
            permit=_link(receipt),
            audience=row.audience,
            status=self.ask.status,
            result_digest=self.ask.result_digest,
            actual=self.ask.actual,
            executor=None,
            stamp=page.stamp(row.tenant),
        )
        sealed = page.seal(document)
        return Recorded(receipt=sealed.jws, receipt_id=sealed.receipt_id, index=sealed.index)

    def _same_report(self, page: Page, index: LeafIndex) -> Recorded | None:
        recorded = recorded_at(page, index)
        earlier = read_receipt(recorded.receipt)
        if not isinstance(earlier, CompletionReceipt):
            return None
        same = (
            earlier.status == self.ask.status
            and earlier.result_digest == self.ask.result_digest
            and earlier.actual == self.ask.actual
        )
        return recorded if same else None


def recorded_at(page: Page, index: LeafIndex) -> Recorded:
    """The receipt at ``index``, as the job that wrote it answered.

    Raises:
        NotFound: it was erased.
    """
    row = page.receipt(index)
    if row is None or row.jws is None:
        raise NotFound(f"the receipt at index {index} was erased", mend="its leaf and the log's proofs stand")
    return Recorded(receipt=row.jws, receipt_id=row.receipt_id, index=row.index)


def _link(receipt: ReceiptRow) -> Link:
    return Link(
        receipt_id=receipt.receipt_id,
        index=receipt.index,
        digest=Digest(f"sha256:{receipt.jws_digest.hex()}"),
    )
