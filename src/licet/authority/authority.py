"""One authority: the deciding, the writer behind it, and what it shows.

Preparing (stops 2 to 4) happens on the caller's thread and gives a ``Job``; ``settle`` or ``submit``
hands it to the one writer. Nothing here answers before the commit that holds the receipt.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from licet.authority.activating import ActivateJob, Checked, check_bundle, open_step
from licet.authority.callers import Caller, Role, caller_of, token_id_of
from licet.authority.deciding import DecideJob, Deciding
from licet.authority.freezing import FreezeJob, LiftJob, demand_reach
from licet.authority.permits import ClaimJob, CompletionJob, RevokeJob
from licet.authority.reading import Reading
from licet.errors import (
    LicetError,
    Malformed,
    NotFound,
    Overloaded,
    PermitInvalid,
    Unauthenticated,
    UnknownValue,
)
from licet.ledger.batch import CLOCK_BACK_MS_MAX
from licet.ledger.page import Job
from licet.ledger.ports import Clock
from licet.ledger.sequencer import Sequencer
from licet.ledger.steady import CLOCK_STEP_MS_MAX, described
from licet.ledger.waiting import Mailbox
from licet.policy.bundle import Bundle
from licet.protocol import limits
from licet.protocol.answer import Answer
from licet.protocol.parse import ClaimAsk, CompletionAsk, DecisionAsk, FreezeAsk
from licet.protocol.types import MAIN_TENANT, Digest, Origin, ReceiptId, Tenant
from licet.receipt.read import DecisionReceipt, read_receipt

T = TypeVar("T")

STAGED_MAX = 4
COMMIT_AGE_MS_MAX = 5_000
QUEUE_FULL_PERCENT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the readiness report."""

    name: str
    ok: bool
    detail: str


class Authority:
    """The request path of one log."""

    def __init__(
        self,
        *,
        deciding: Deciding,
        sequencer: Sequencer,
        reading: Reading,
        roots: Mapping[str, bytes],
        receipt_keys: tuple[bytes, ...],
        origin: Origin,
    ) -> None:
        """``roots`` maps the kid of each root key to its public key."""
        self.origin = origin
        self.reading = reading
        self.receipt_keys = receipt_keys
        self._deciding = deciding
        self._sequencer = sequencer
        self._roots = roots
        self._staged: OrderedDict[Digest, Checked] = OrderedDict()
        self._staging = threading.Lock()
        self._leaving = False

    @property
    def clock(self) -> Clock:
        """The authority's clock."""
        return self._deciding.clock

    def caller(self, key: str) -> Caller:
        """The caller behind an API key.

        Raises:
            Unauthenticated: unknown, expired, revoked, or no key at all.
        """
        token_id = token_id_of(key)
        if token_id is None:
            raise Unauthenticated(
                "the credential is not a licet API key",
                mend="send `Authorization: Bearer lk_...`; `data/owner.token` holds the owner's",
            )
        row = self._deciding.store.token(token_id)
        return caller_of(key, row, now_s=self.clock.wall_ms() // 1000)

    def decide(
        self, ask: DecisionAsk, caller: Caller, *, deadline_ms: int, correlation: str | None = None
    ) -> DecideJob | Answer:
        """Decide a request; a key that was used before is answered at once, as the first time.

        ``deadline_ms`` is on the monotonic clock.

        Raises:
            NotAllowed: the caller may not ask, or not for this actor.
            Overloaded: the deadline has passed, or would have before the commit; nothing was recorded.
            IdempotencyConflict: the key was used for another request.
            NotRecorded: this process must not write any more.
        """
        caller.demand(Role.CALLER)
        caller.demand_speaks_for(ask.request.actor)
        if self.clock.monotonic_ms() >= deadline_ms:
            raise Overloaded(
                "the deadline passed before deciding; nothing was recorded",
                mend="ask again with the same key and a longer deadline",
            )
        self._sequencer.demand_alive()
        if ask.claim_id is None:
            known = self._deciding.known(ask.request, caller)
            if known is not None:
                return known
        # Before deciding: what comes too late costs as little as it can, and its key stays free.
        self._sequencer.demand_time(caller.tenant, deadline_ms)
        return self._deciding.job(
            ask.request, caller, deadline_ms=deadline_ms, claim_id=ask.claim_id, correlation=correlation
        )

    def claim(self, ask: ClaimAsk, caller: Caller) -> ClaimJob:
        """Prepare a claim.

        Raises:
            NotAllowed: the caller is no executor.
            PermitInvalid: what was presented is no permit of this log.
        """
        caller.demand(Role.EXECUTOR)
        try:
            presented = read_receipt(ask.permit)
        except (Malformed, UnknownValue) as error:
            raise PermitInvalid(
                f"this is no permit: {error.message}",
                mend="present the `receipt` of a PERMIT exactly as the authority answered it",
            ) from error
        if not isinstance(presented, DecisionReceipt) or presented.stamp.origin != self.origin:
            raise PermitInvalid(
                "this permit is not of this authority",
                mend=f"claim it where it was issued, not at `{self.origin}`",
            )
        return ClaimJob(ask=ask, presented_id=presented.stamp.receipt_id, caller=caller)

    def complete(self, ask: CompletionAsk, caller: Caller) -> CompletionJob:
        """Prepare a completion.

        Raises:
            NotAllowed: the caller is no executor.
            Malformed: an executor's own statement, while no executor key is registered here.
        """
        caller.demand(Role.EXECUTOR)
        if ask.statement is not None:
            # Keeping a signature that nobody can check would make it look checked.
            raise Malformed(
                "no executor key is registered here, so a `statement` cannot be checked",
                mend="leave `statement` out; the receipt then says that the executor signed nothing",
                pointer="/statement",
            )
        return CompletionJob(ask=ask, caller=caller)

    def revoke(self, receipt_id: ReceiptId, reason: str, caller: Caller) -> RevokeJob:
        """Prepare the revocation of an unclaimed permit.

        Raises:
            NotAllowed: the caller is no operator.
        """
        caller.demand(Role.OPERATOR)
        return RevokeJob(receipt_id=receipt_id, reason=reason, caller=caller)

    def freeze(self, ask: FreezeAsk, caller: Caller) -> FreezeJob:
        """Prepare a freeze.

        Raises:
            NotAllowed: the caller is no operator, or not one of all tenants.
        """
        demand_reach(caller, ask.scope.kind)
        return FreezeJob(ask=ask, caller=caller)

    def lift(self, freeze_id: ReceiptId, reason: str, caller: Caller) -> LiftJob:
        """Prepare the end of a freeze.

        Raises:
            NotAllowed: the caller is no operator.
        """
        caller.demand(Role.OPERATOR)
        return LiftJob(freeze_id=freeze_id, reason=reason, caller=caller)

    def stage(self, packed: bytes, caller: Caller) -> Checked:
        """Build and test a bundle, and keep it in reach of an activation.

        Raises:
            NotAllowed: the caller is no author.
            PolicyInvalid, PolicyTestsFailed: it may not become active.
        """
        caller.demand(Role.AUTHOR)
        checked = check_bundle(Bundle.unpack(packed))
        with self._staging:
            self._staged[checked.compiled.digest] = checked
            while len(self._staged) > STAGED_MAX:
                self._staged.popitem(last=False)
        return checked

    def activate(self, digest: Digest, statement: str, caller: Caller) -> ActivateJob:
        """Prepare the activation of a staged (or earlier) bundle under the owner's signature.

        Raises:
            NotAllowed: the caller is no activator, or the statement is not of a root key.
            NotFound: no such bundle was staged.
        """
        caller.demand(Role.ACTIVATOR)
        step = open_step(statement, self._roots, digest)
        checked = self._staged.get(digest) or self._stored(digest)
        return ActivateJob(checked=checked, step=step, store=self._deciding.store, shelf=self._deciding.shelf)

    def settle(self, job: Job[T], *, deadline_ms: int, tenant: Tenant = MAIN_TENANT) -> T:
        """Write ``job`` and wait for its commit, on the caller's own thread."""
        return self._sequencer.settle(job, deadline_ms=deadline_ms, tenant=tenant)

    def submit(
        self,
        job: Job[object],
        *,
        deadline_ms: int,
        mailbox: Mailbox,
        ticket: object,
        tenant: Tenant = MAIN_TENANT,
    ) -> None:
        """Queue ``job`` among those of ``tenant``; its result reaches ``mailbox`` after its commit."""
        self._sequencer.submit(job, deadline_ms=deadline_ms, mailbox=mailbox, ticket=ticket, tenant=tenant)

    def leave(self) -> None:
        """Say that this authority is about to stop: not ready any more, while it still answers."""
        self._leaving = True

    def deadline_ms(self, within_ms: int = limits.DEADLINE_MS_DEFAULT) -> int:
        """A deadline on the monotonic clock, from now."""
        return self.clock.monotonic_ms() + within_ms

    def ready(self) -> tuple[Check, ...]:
        """Whether a commit can succeed, check by check."""
        age_ms = self._sequencer.commit_age_ms()
        depth, poison = self._sequencer.depth, self._sequencer.poison
        full = depth * 100 >= limits.QUEUE_ENTRIES_MAX * QUEUE_FULL_PERCENT
        room, wal = self._deciding.disk.fact(), self._deciding.disk.wal_fact()
        stopping = self._leaving or self._sequencer.closing
        return (
            Check(name="writer", ok=poison is None, detail=poison.message if poison else "writes"),
            Check(name="commit", ok=age_ms < COMMIT_AGE_MS_MAX, detail=f"last one {age_ms} ms ago"),
            Check(name="queue", ok=not full, detail=f"{depth} waiting"),
            *self._stored_checks(),
            Check(name="disk", ok=room[0], detail=room[1]),
            Check(name="wal", ok=wal[0], detail=wal[1]),
            Check(name="stopping", ok=not stopping, detail="stops" if stopping else "does not"),
        )

    def _stored_checks(self) -> tuple[Check, ...]:
        try:
            head = self._deciding.store.head()
            active = self._deciding.shelf.active(self._deciding.store.active())
        except LicetError as error:  # a store that cannot be read is named, whatever else is well
            return (Check(name="store", ok=False, detail=error.message),)
        behind_ms = head.updated_ms - self.clock.wall_ms()
        return (
            _clock(behind_ms, self._sequencer.clock_moved_ms()),
            Check(
                name="bundle",
                ok=active is not None,
                detail="none is active" if active is None else f"version {active.version}",
            ),
        )

    def _stored(self, digest: Digest) -> Checked:
        row = self._deciding.store.bundle(digest)
        if row is None:
            raise NotFound(
                f"no bundle `{digest}` was staged here", mend="send its bytes to /v1/bundles first"
            )
        return check_bundle(Bundle.unpack(row.packed))


def _clock(behind_ms: int, moved_ms: int) -> Check:
    ok = behind_ms <= CLOCK_BACK_MS_MAX and abs(moved_ms) <= CLOCK_STEP_MS_MAX
    if abs(moved_ms) > CLOCK_STEP_MS_MAX:
        return Check(name="clock", ok=ok, detail=f"{described(moved_ms)} while this process ran")
    told = f"{behind_ms} ms behind the log" if behind_ms > 0 else "ahead of the log, as it should be"
    return Check(name="clock", ok=ok, detail=told)
