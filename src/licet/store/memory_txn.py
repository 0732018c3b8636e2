"""One write transaction in memory: new rows beside the committed ones, and an undo log for the savepoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import get_ident
from typing import TypeVar

from licet.errors import StoreCorrupt, StoreRefused, StoreUnknown
from licet.protocol.types import Audience, Digest, LeafIndex, ReceiptId, ScopeKind, Tenant
from licet.store import memory_rows as rules
from licet.store.memory_rows import Tables
from licet.store.port import (
    ActivationRow,
    BodyRow,
    BundleRow,
    FreezeRow,
    Head,
    KeyRow,
    PermitRow,
    ReceiptRow,
    TileRow,
    TokenRow,
)

K = TypeVar("K")
V = TypeVar("V")

_BUG = "report it: the ledger broke the store's order of calls"


class MemoryTxn:
    """One write transaction over ``base``; ``finish`` is called once, with the new rows or None."""

    def __init__(
        self, base: Tables, poisoned: Callable[[], bool], finish: Callable[[Tables | None], None]
    ) -> None:
        self._base = base
        self._new = Tables()
        self._poisoned = poisoned
        self._finish = finish
        self._thread = get_ident()
        self._state = "open"
        self._undo: list[Callable[[], object]] = []
        self._mark: tuple[int, int] | None = None
        self._named = -1

    def head(self) -> Head:
        """The head as this transaction sees it."""
        self._usable()
        return self._head()

    def savepoint(self) -> None:
        """Open one savepoint."""
        self._usable()
        if self._mark is not None:
            raise self._refuse("a savepoint is open already")
        self._mark = (len(self._undo), self._named)

    def release(self) -> None:
        """Keep what was done since the savepoint."""
        self._usable()
        if self._mark is None:
            raise self._refuse("no savepoint is open")
        self._mark = None

    def rollback_to(self) -> None:
        """Undo what was done since the savepoint; mends a refusal that happened since."""
        self._mine()
        if self._mark is None:
            raise self._refuse("no savepoint is open")
        kept, self._named = self._mark
        while len(self._undo) > kept:
            self._undo.pop()()
        self._mark = None
        self._state = "open"

    def insert_key(self, row: KeyRow) -> bool:
        """Take an idempotency key."""
        self._usable()
        self._demand(rules.key_holds(row), "key")
        if self.find_key(row.key) is not None:
            return False
        self._put(self._new.keys, row.key, row, names=row.index)
        return True

    def find_key(self, key: bytes) -> KeyRow | None:
        """The row of a taken key."""
        self._usable()
        return self._new.keys.get(key) or self._base.keys.get(key)

    def insert_permit(self, row: PermitRow) -> None:
        """Record a new permit; one that claims to be used already is refused."""
        self._usable()
        claimed = (row.claimed_s, row.claim_id, row.claim_index)
        used = (*claimed, row.completion_status, row.completion_index, row.revoked_index)
        if any(member is not None for member in used):
            raise self._refuse("a new permit is unclaimed")
        taken = row.index in self._base.permit_indexes or row.index in self._new.permit_indexes
        self._demand(rules.permit_holds(row) and not taken and self.permit(row.receipt_id) is None, "permit")
        self._put(self._new.permits, row.receipt_id, row, names=row.index)
        self._put(self._new.permit_indexes, row.index, row.receipt_id)

    def claim(
        self,
        receipt_id: ReceiptId,
        *,
        tenant: Tenant,
        audience: Audience,
        effect_digest: Digest,
        now_s: int,
        claim_id: str | None,
        claim_index: LeafIndex,
    ) -> bool:
        """Claim when every guard holds."""
        row = self.permit(receipt_id)
        if row is None or row.claimed_s is not None or row.expires_s <= now_s:
            return False
        if (row.tenant, row.audience, row.effect_digest) != (tenant, audience, effect_digest):
            return False
        stopped = self.frozen_by(tenant=row.tenant, surface=row.surface, actor=row.actor)
        if row.revoked_index is not None or stopped is not None:
            return False
        claimed = replace(row, claimed_s=now_s, claim_id=claim_id, claim_index=claim_index)
        self._demand(rules.permit_holds(claimed), "claim")
        self._put(self._new.permits, receipt_id, claimed, names=claim_index)
        return True

    def complete(
        self, receipt_id: ReceiptId, *, tenant: Tenant, status: str, completion_index: LeafIndex
    ) -> bool:
        """Complete a claimed permit, or settle a recorded ``unknown`` once."""
        row = self.permit(receipt_id)
        if row is None or row.tenant != tenant or row.claimed_s is None:
            return False
        settles = row.completion_status == "unknown" and status != "unknown"
        if row.completion_status is not None and not settles:
            return False
        done = replace(row, completion_status=status, completion_index=completion_index)
        self._demand(rules.permit_holds(done), "completion")
        self._put(self._new.permits, receipt_id, done, names=completion_index)
        return True

    def revoke(self, receipt_id: ReceiptId, *, tenant: Tenant, now_s: int, revoked_index: LeafIndex) -> bool:
        """Take back a permit when every guard holds."""
        row = self.permit(receipt_id)
        if row is None or row.tenant != tenant or row.expires_s <= now_s:
            return False
        if row.claimed_s is not None or row.revoked_index is not None:
            return False
        revoked = replace(row, revoked_index=revoked_index)
        self._demand(rules.permit_holds(revoked), "revocation")
        self._put(self._new.permits, receipt_id, revoked, names=revoked_index)
        return True

    def permit(self, receipt_id: ReceiptId) -> PermitRow | None:
        """One permit's row."""
        self._usable()
        return self._new.permits.get(receipt_id) or self._base.permits.get(receipt_id)

    def insert_freeze(self, row: FreezeRow) -> bool:
        """Set a freeze, unless its scope is frozen; one that claims to be lifted already is refused."""
        self._usable()
        if row.lifted_index is not None:
            raise self._refuse("a new freeze stops")
        if self.same_freeze(row.tenant, row.kind, row.name) is not None:
            return False
        taken = any(one.index == row.index for one in self._freezes()) or self.freeze(row.freeze_id)
        self._demand(rules.freeze_holds(row) and not taken, "freeze")
        self._put(self._new.freezes, row.freeze_id, row, names=row.index)
        return True

    def lift(self, freeze_id: ReceiptId, *, tenant: Tenant, lifted_index: LeafIndex) -> bool:
        """Lift a freeze that stops."""
        row = self.freeze(freeze_id)
        if row is None or row.tenant != tenant or row.lifted_index is not None:
            return False
        lifted = replace(row, lifted_index=lifted_index)
        self._demand(rules.freeze_holds(lifted), "lift")
        self._put(self._new.freezes, freeze_id, lifted, names=lifted_index)
        return True

    def freeze(self, freeze_id: ReceiptId) -> FreezeRow | None:
        """One freeze's row."""
        self._usable()
        return self._new.freezes.get(freeze_id) or self._base.freezes.get(freeze_id)

    def same_freeze(self, tenant: Tenant, kind: ScopeKind, name: str) -> FreezeRow | None:
        """The freeze of exactly this scope that stops now."""
        self._usable()
        scope = (tenant, kind, name)
        found = (row for row in self._freezes() if (row.tenant, row.kind, row.name) == scope)
        return next((row for row in found if row.lifted_index is None), None)

    def frozen_by(self, *, tenant: Tenant, surface: str, actor: str) -> FreezeRow | None:
        """The oldest freeze that stops this request now."""
        self._usable()
        found = (
            row for row in self._freezes() if rules.stops(row, tenant=tenant, surface=surface, actor=actor)
        )
        return min(found, key=lambda row: row.index, default=None)

    def receipt(self, index: LeafIndex) -> ReceiptRow | None:
        """A receipt, of this transaction or committed."""
        self._usable()
        return self._new.receipts.get(index) or self._base.receipts.get(index)

    def body(self, index: LeafIndex) -> BodyRow | None:
        """A body, of this transaction or committed."""
        self._usable()
        return self._new.bodies.get(index) or self._base.bodies.get(index)

    def active(self) -> ActivationRow | None:
        """The newest activation."""
        self._usable()
        newest = len(self._base.activations) + len(self._new.activations)
        return self._new.activations.get(newest) or self._base.activations.get(newest)

    def insert_activation(self, row: ActivationRow) -> bool:
        """Record the next version; one that leaves a gap is refused."""
        newest = self.active()
        following = 1 if newest is None else newest.version + 1
        if 1 <= row.version < following:
            return False
        if row.version != following:
            raise self._refuse(f"version {row.version} does not continue the activations")
        self._demand(rules.activation_holds(row), "activation")
        self._put(self._new.activations, row.version, row, names=row.index)
        return True

    def insert_bundle(self, row: BundleRow) -> None:
        """Keep a bundle's bytes."""
        self._usable()
        self._demand(rules.bundle_holds(row), "bundle")
        if not self._keeps(row.digest):
            self._put(self._new.bundles, row.digest, row)

    def insert_token(self, row: TokenRow) -> None:
        """Keep an API key's hash."""
        self._usable()
        taken = row.token_id in self._base.tokens or row.token_id in self._new.tokens
        self._demand(rules.token_holds(row) and not taken, "token")
        self._put(self._new.tokens, row.token_id, row)

    def insert_leaves(self, receipts: Sequence[ReceiptRow], bodies: Sequence[BodyRow]) -> None:
        """Append receipts without a gap, and the bodies of these receipts."""
        self._usable()
        first = self._leaves()
        after = first + len(receipts)
        if [row.index for row in receipts] != list(range(first, after)):
            raise self._refuse(f"the leaves do not continue the log at {first}")
        if any(not first <= body.index < after for body in bodies):
            raise self._refuse("a body belongs to no receipt of its call")
        for row in receipts:
            known = row.receipt_id in self._base.receipt_ids or row.receipt_id in self._new.receipt_ids
            self._demand(rules.receipt_holds(row) and not known, "receipt")
            self._put(self._new.receipts, row.index, row, names=row.index)
            self._put(self._new.receipt_ids, row.receipt_id, row.index)
        for body in bodies:
            self._demand(body.index not in self._new.bodies, "body")
            self._put(self._new.bodies, body.index, body)

    def insert_tiles(self, tiles: Sequence[TileRow]) -> None:
        """Keep tiles that became full."""
        self._usable()
        for tile in tiles:
            place = (tile.level, tile.number)
            taken = place in self._base.tiles or place in self._new.tiles
            self._demand(rules.tile_holds(tile) and not taken, "tile")
            self._put(self._new.tiles, place, tile)

    def read_back(self, first: LeafIndex, count: int) -> list[str]:
        """The JWS bytes as stored."""
        found = [self.receipt(LeafIndex(index)) for index in range(first, first + count)]
        stored = [row.jws for row in found if row is not None and row.jws is not None]
        if len(stored) != count:
            raise StoreCorrupt(f"only {len(stored)} of {count} leaves read back", mend="keep everything")
        return stored

    def advance_head(self, old: Head, new: Head) -> bool:
        """Compare and set the head on (size, epoch), and keep its checkpoint."""
        self._usable()
        if new.origin != old.origin or new.size < old.size or new.epoch < old.epoch:
            raise self._refuse("a head only moves forward, in its own log")
        now = self._head()
        if (now.origin, now.size, now.epoch) != (old.origin, old.size, old.epoch):
            return False
        if new.size == now.size and new.root != now.root:
            return False
        self._demand(rules.head_holds(new), "head")
        latest_ms = max(now.updated_ms, new.updated_ms)
        self._put(self._new.heads, "main", replace(new, updated_ms=latest_ms))
        if new.size:
            self._put(self._new.checkpoints, new.size, new.checkpoint)
        return True

    def commit(self) -> None:
        """Make everything visible."""
        self._mine()
        wrong = self._contradiction()
        if wrong is not None:
            self._end(None)
            raise StoreRefused(wrong, mend=_BUG)
        self._end(self._new)

    def rollback(self) -> None:
        """Undo everything; again is harmless."""
        self._sane()
        if self._state == "ended":
            return
        self._mine()
        self._end(None)

    def touch(self, now_ms: int) -> None:
        """Remember the time, never backwards."""
        head = self._head()
        self._demand(now_ms <= rules.INTEGER_MAX, "time")
        self._put(self._new.heads, "main", replace(head, updated_ms=max(head.updated_ms, now_ms)))

    def _head(self) -> Head:
        return self._new.heads.get("main") or self._base.heads["main"]

    def _freezes(self) -> list[FreezeRow]:
        return list({**self._base.freezes, **self._new.freezes}.values())

    def _leaves(self) -> int:
        return len(self._base.receipts) + len(self._new.receipts)

    def _keeps(self, digest: Digest) -> bool:
        return digest in self._base.bundles or digest in self._new.bundles

    def _contradiction(self) -> str | None:
        if self._state == "refused":
            return "a transaction with a refused call cannot be committed"
        if self._mark is not None:
            return "a savepoint is open"
        leaves, size = self._leaves(), self._head().size
        if size != leaves:
            return f"the head says {size}, the log has {leaves} leaves"
        if self._named >= leaves:
            return f"a row names leaf {self._named}, the log has {leaves}"
        if not all(self._keeps(row.digest) for row in self._new.activations.values()):
            return "an activation names a bundle that is not kept"
        return None

    def _put(self, table: dict[K, V], key: K, value: V, *, names: int = -1) -> None:
        had, before = key in table, table.get(key)
        if had and before is not None:
            kept = before
            self._undo.append(lambda: table.update({key: kept}))
        else:
            self._undo.append(lambda: table.pop(key))
        table[key] = value
        self._named = max(self._named, names)

    def _end(self, new: Tables | None) -> None:
        self._state = "ended"
        self._finish(new)

    def _demand(self, holds: bool, what: str) -> None:
        if not holds:
            raise self._refuse(f"the store does not take this {what}")

    def _refuse(self, why: str) -> StoreRefused:
        self._state = "refused"
        return StoreRefused(why, mend=_BUG)

    def _sane(self) -> None:
        if self._poisoned():
            raise StoreUnknown("the store stopped writing", mend="start again, ask again with the same key")

    def _mine(self) -> None:
        self._sane()
        if self._thread != get_ident():
            raise StoreRefused("a transaction belongs to the thread that began it", mend=_BUG)
        if self._state == "ended":
            raise StoreRefused("this transaction has ended", mend=_BUG)

    def _usable(self) -> None:
        self._mine()
        if self._state == "refused":
            raise StoreRefused("a call was refused: only a rollback goes on from here", mend=_BUG)
