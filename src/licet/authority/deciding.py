"""Stops 3 to 7 of one request: look, decide, state, seal, log.

``Deciding`` holds what every decision shares. ``DecideJob`` is one decision on its way into the log: it
is decided before it is queued, and decided again inside the transaction if the active bundle changed
in between, so that a decision never carries a version that was already superseded. Whether a freeze stops
it is asked there alone: a look before would decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from licet.authority.answers import first_answer
from licet.authority.callers import Caller
from licet.authority.disk import DiskWatch
from licet.authority.permits import Recorded, claim
from licet.authority.shelf import PolicyShelf
from licet.decision.decide import decide
from licet.decision.facts import look
from licet.decision.snapshot import Snapshot
from licet.errors import AlreadyClaimed, IdempotencyConflict, NotAllowed
from licet.ledger import scope
from licet.ledger.page import Body, Page
from licet.ledger.ports import Clock, Entropy
from licet.protocol import fast, limits
from licet.protocol.answer import Answer, Claimed
from licet.protocol.types import (
    Decision,
    ExecutionRequest,
    JsonObject,
    JsonValue,
    LeafIndex,
    Outcome,
    Reason,
    Tenant,
)
from licet.receipt.statement import compact_size, decision_document
from licet.store.port import ActivationRow, KeyRow, PermitRow, ReceiptRow, Store

SALT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """What every decision of one authority shares."""

    store: Store
    shelf: PolicyShelf
    clock: Clock
    entropy: Entropy
    disk: DiskWatch

    def snapshot(self, request: ExecutionRequest, tenant: Tenant, row: ActivationRow | None) -> Snapshot:
        """Look (stop 3): the active bundle, the declared facts, the time; read once."""
        active = self.shelf.active(row)
        now_ms = self.clock.wall_ms()
        return look(
            request,
            active=active,
            tenant=tenant,
            now_ms=now_ms,
            salt=self.entropy.draw(SALT_BYTES),
        )

    def job(
        self,
        request: ExecutionRequest,
        caller: Caller,
        *,
        deadline_ms: int,
        claim_id: str | None,
        correlation: str | None,
    ) -> DecideJob:
        """Look and decide (stops 3 and 4) on the caller's side; the writer seals and logs.

        Raises:
            NotAllowed: a claim in one step on a surface whose executor claims.
        """
        snapshot = self.snapshot(request, caller.tenant, self.store.active())
        if claim_id is not None:
            _demand_door(request, snapshot)
        decision = decide(request, snapshot)
        if self.clock.monotonic_ms() >= deadline_ms:
            snapshot = replace(snapshot, halt=Reason.DEADLINE_EXCEEDED)
            decision = decide(request, snapshot)
        return DecideJob(
            deciding=self,
            request=request,
            caller=caller,
            claim_id=claim_id,
            correlation=correlation,
            snapshot=snapshot,
            decision=decision,
        )

    def known(self, request: ExecutionRequest, caller: Caller) -> Answer | None:
        """The first answer of a key that was used before, without touching the writer.

        Raises:
            IdempotencyConflict: the key was used for another request.
        """
        row = self.store.find_key(key_digest(caller.tenant, request))
        if row is None:
            return None
        _demand_same(row, request)
        receipt = self.store.receipt(row.index)
        if receipt is None:
            return None
        return first_answer(receipt, self.store.body(row.index), self.store.head().origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideJob:
    """One decision on its way into the log."""

    deciding: Deciding
    request: ExecutionRequest
    caller: Caller
    claim_id: str | None
    correlation: str | None
    snapshot: Snapshot
    decision: Decision

    @property
    def late(self) -> bool:
        """Whether the deadline passed while deciding: that SILENCE is still to be recorded."""
        return self.snapshot.halt is Reason.DEADLINE_EXCEEDED

    def write(self, page: Page) -> Answer:
        """Take the key, seal the receipt, record the permit; or answer as the first time.

        Raises:
            IdempotencyConflict: the key was used for another request.
            AlreadyClaimed: a retry of decide-and-claim whose permit somebody else used.
            PermitExpired, PermitRevoked, Frozen: one whose permit was never used and cannot be now.
            NotAllowed: a claim in one step on a surface whose executor claims.
        """
        key = KeyRow(
            key=key_digest(self.caller.tenant, self.request),
            index=page.next_index,
            request_digest=self.request.digest,
        )
        if not page.txn.insert_key(key):
            return self._again(page, key.key)
        snapshot, decision = self._still_true(page)
        stopped = self._stopped(page, snapshot)
        if stopped is not None:
            snapshot, decision = stopped, decide(self.request, stopped)
        if self.claim_id is not None:
            _demand_door(self.request, snapshot)  # again: the surface may have been taken from its door
        return self._record(page, snapshot, decision)

    def _still_true(self, page: Page) -> tuple[Snapshot, Decision]:
        row = page.txn.active()
        decided = self.snapshot.active
        same = (row is None and decided is None) or (
            row is not None
            and decided is not None
            and (row.version, row.digest) == (decided.version, decided.compiled.digest)
        )
        if same or self.snapshot.halt is not None:
            return self.snapshot, self.decision
        # The bundle changed between deciding and writing: decide again on what is active now.
        snapshot = self.deciding.snapshot(self.request, self.caller.tenant, row)
        return snapshot, decide(self.request, snapshot)

    def _stopped(self, page: Page, snapshot: Snapshot) -> Snapshot | None:
        """The snapshot with the freeze that stops this request, if one does."""
        actor = self.request.actor
        # INVARIANT: no decision after the leaf of a freeze that covers it is anything but SILENCE `frozen`:
        # asked under the write lock, so no PERMIT is committed between a freeze and its answer
        # (test_a_decision_made_before_a_freeze_and_written_after_it_is_frozen).
        freeze = page.txn.frozen_by(
            tenant=self.caller.tenant, surface=self.request.surface, actor=f"{actor.type}/{actor.id}"
        )
        if freeze is None:
            return None
        return replace(snapshot, halt=Reason.FROZEN, freeze=freeze.freeze_id)

    def _record(self, page: Page, snapshot: Snapshot, decision: Decision) -> Answer:
        if decision.outcome is Outcome.PERMIT and self.deciding.disk.low():
            # A permit needs room for its claim and completion too. A refusal needs none but its own.
            snapshot = replace(snapshot, halt=Reason.STATE_UNAVAILABLE)
            decision = decide(self.request, snapshot)
        document = self._document(page, snapshot, decision)
        if (
            decision.outcome is Outcome.PERMIT
            and compact_size(len(fast.canonical(document))) > limits.PERMIT_BYTES_MAX
        ):
            # A permit travels in one header; one that cannot travel is not given.
            snapshot = replace(snapshot, halt=Reason.REQUEST_INVALID)
            decision = decide(self.request, snapshot)
            document = self._document(page, snapshot, decision)
        explanation: list[JsonValue] = [entry.document() for entry in decision.explanation]
        body = Body(
            request=self.request.body,
            facts=snapshot.facts_document(),
            explanation=fast.canonical(explanation),
            correlation=self.correlation,
        )
        sealed = page.seal(document, body=body)
        claimed = None
        if decision.outcome is Outcome.PERMIT:
            claimed = self._permit(page, decision, sealed.index)
        return Answer(
            outcome=decision.outcome,
            reason=decision.reason,
            explanation=decision.explanation,
            obligations=decision.obligations,
            receipt=sealed.jws,
            receipt_id=sealed.receipt_id,
            origin=page.origin,
            index=sealed.index,
            claim=claimed,
            would=decision.would,
        )

    def _document(self, page: Page, snapshot: Snapshot, decision: Decision) -> JsonObject:
        return decision_document(
            self.request, decision, facts=snapshot.facts_digest(), stamp=page.stamp(self.caller.tenant)
        )

    def _permit(self, page: Page, decision: Decision, index: LeafIndex) -> Claimed | None:
        receipt = page.receipt(index)
        if receipt is None or decision.audience is None or decision.permit_ttl_s is None:
            message = "a PERMIT without its receipt, audience or lifetime"
            raise TypeError(message)
        row = PermitRow(
            index=index,
            receipt_id=receipt.receipt_id,
            tenant=self.caller.tenant,
            surface=self.request.surface,
            actor=f"{self.request.actor.type}/{self.request.actor.id}",
            audience=decision.audience,
            effect_digest=self.request.effect_digest,
            expires_s=page.issued_s + decision.permit_ttl_s,
        )
        page.txn.insert_permit(row)
        return self._claim(page, row, receipt)

    def _claim(self, page: Page, row: PermitRow, receipt: ReceiptRow) -> Claimed | None:
        if self.claim_id is None:
            return None
        recorded = claim(
            page,
            row,
            receipt,
            effect_digest=self.request.effect_digest,
            caller=self.caller,
            claim_id=self.claim_id,
        )
        return _claimed(recorded)

    def _again(self, page: Page, key: bytes) -> Answer:
        row = page.txn.find_key(key)
        receipt = None if row is None else page.receipt(row.index)
        if row is None or receipt is None:
            message = "a key that is taken has no row"
            raise TypeError(message)
        _demand_same(row, self.request)
        answer = first_answer(receipt, page.body(row.index), page.origin)
        if self.claim_id is None or answer.outcome is not Outcome.PERMIT:
            return answer
        permit = page.txn.permit(receipt.receipt_id)
        if permit is None:
            raise AlreadyClaimed(
                f"the permit `{receipt.receipt_id}` is gone",
                mend="ask for a new decision with a new idempotency key",
            )
        return replace(answer, claim=self._claim(page, permit, receipt))


def key_digest(tenant: Tenant, request: ExecutionRequest) -> bytes:
    """The 32-byte digest a key is stored under: scoped to tenant, actor and surface."""
    return scope.key_digest(tenant, request.actor.ref(), request.surface, request.idempotency_key)


def _demand_same(row: KeyRow, request: ExecutionRequest) -> None:
    if row.request_digest != request.digest:
        raise IdempotencyConflict(
            f"the key `{request.idempotency_key}` was used for another request",
            mend="send a new idempotency key for a new request, the same bytes for a retry",
            pointer="/idempotency_key",
        )


def _demand_door(request: ExecutionRequest, snapshot: Snapshot) -> None:
    surface = None if snapshot.active is None else snapshot.active.compiled.surfaces.get(request.surface)
    if surface is not None and surface.declaration.claimed_by != "door":
        raise NotAllowed(
            f"the permits of `{request.surface}` are claimed by their executor",
            mend='leave `claim_id` out, or declare `claimed_by = "door"` on the surface',
            pointer="/claim_id",
        )


def _claimed(recorded: Recorded) -> Claimed:
    return Claimed(receipt=recorded.receipt, receipt_id=recorded.receipt_id, index=recorded.index)
