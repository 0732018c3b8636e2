"""Stop now: a freeze is set and lifted, each by one leaf (``protocol.md`` 4).

From the commit of a freeze on, what it covers gets SILENCE ``frozen`` whatever the rules say, and its
unclaimed permits are not claimed: both are decided inside the writer's transaction (``deciding.py``,
``permits.py``), so nothing that is covered is claimed after the freeze was answered. What was claimed before
may still complete.
"""

from __future__ import annotations

from dataclasses import dataclass

from licet.authority.callers import Caller, Role
from licet.authority.permits import Recorded, recorded_at
from licet.errors import AlreadyLifted, NotAllowed, NotFound
from licet.ledger.page import Page
from licet.protocol.parse import FreezeAsk
from licet.protocol.types import MAIN_TENANT, FreezeScope, ReceiptId, ScopeKind
from licet.receipt.read import read_receipt
from licet.receipt.stops import FreezeReceipt, freeze_document
from licet.store.port import FreezeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeJob:
    """Stop what ``ask`` names."""

    ask: FreezeAsk
    caller: Caller

    def write(self, page: Page) -> Recorded:
        """Set the freeze; the same scope again gets the freeze that stops it already.

        Raises:
            NotFound: that freeze's receipt was erased.
        """
        scope, tenant = self.ask.scope, self.caller.tenant
        stamp = page.stamp(tenant)
        row = FreezeRow(
            index=page.next_index,
            freeze_id=stamp.receipt_id,
            tenant=tenant,
            kind=scope.kind,
            name=scope.name,
        )
        if not page.txn.insert_freeze(row):
            return self._standing(page)
        sealed = page.seal(freeze_document(scope, reason=self.ask.reason, by=self.caller.actor, stamp=stamp))
        return Recorded(receipt=sealed.jws, receipt_id=sealed.receipt_id, index=sealed.index)

    def _standing(self, page: Page) -> Recorded:
        scope = self.ask.scope
        row = page.txn.same_freeze(self.caller.tenant, scope.kind, scope.name)
        if row is None:
            message = "a scope that is frozen has no freeze"
            raise TypeError(message)
        return recorded_at(page, row.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftJob:
    """Let what a freeze stops go on."""

    freeze_id: ReceiptId
    reason: str
    caller: Caller

    def write(self, page: Page) -> Recorded:
        """Lift the freeze, or say why not.

        Raises:
            NotFound: no such freeze for this caller.
            NotAllowed: a freeze of all, which only the home's own tenant lifts.
            AlreadyLifted: it stops nothing any more.
        """
        row = page.txn.freeze(self.freeze_id)
        if row is None or (row.tenant != self.caller.tenant and row.kind is not ScopeKind.ALL):
            raise NotFound(
                f"there is no freeze `{self.freeze_id}`", mend="`licet freeze --list` shows what is frozen"
            )
        demand_reach(self.caller, row.kind)
        won = page.txn.lift(row.freeze_id, tenant=self.caller.tenant, lifted_index=page.next_index)
        if not won:
            raise AlreadyLifted(
                f"the freeze `{row.freeze_id}` was lifted before, at index {row.lifted_index}",
                mend="`licet freeze --list` shows what is frozen still",
            )
        document = freeze_document(
            _scope_of(page, row),
            reason=self.reason,
            by=self.caller.actor,
            stamp=page.stamp(row.tenant),
            of=row.freeze_id,
        )
        sealed = page.seal(document)
        return Recorded(receipt=sealed.jws, receipt_id=sealed.receipt_id, index=sealed.index)


def demand_reach(caller: Caller, kind: ScopeKind) -> None:
    """Refuse unless the caller may stop, and let go on, this much.

    Raises:
        NotAllowed: no operator, or one of another tenant than the home's for all of them.
    """
    caller.demand(Role.OPERATOR)
    if kind is ScopeKind.ALL and caller.tenant != MAIN_TENANT:
        # Attack: the operator of one tenant stops every other.
        raise NotAllowed(
            f"`{caller.tenant}` may not stop other tenants",
            mend='freeze the tenant itself: `{"tenant": true}`',
            pointer="/scope/all",
        )


def _scope_of(page: Page, row: FreezeRow) -> FreezeScope:
    """The scope as the receipt of the freeze says it: the row only finds it."""
    receipt = read_receipt(recorded_at(page, row.index).receipt)
    if not isinstance(receipt, FreezeReceipt):
        message = f"the receipt at index {row.index} is no freeze"
        raise TypeError(message)
    return receipt.scope
