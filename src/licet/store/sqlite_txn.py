"""One write transaction on SQLite: guarded statements, one savepoint, and a commit that may be unknown.

The rules of the port that the schema cannot hold are kept here, and every driver keeps them:

1. used by the thread that began it, until ``commit`` or ``rollback`` ended it
2. leaves continue the head without a gap, and the head covers exactly the leaves when it is committed
3. no row may name a leaf that the committed log does not have
4. after a refusal only ``rollback_to`` and ``rollback`` go on: half of a call is never committed
5. any error but a refusal poisons the store (``sqlite_poison.py``)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import get_ident
from typing import TypeVar

import apsw

from licet.errors import LicetError, StoreCorrupt, StoreRefused
from licet.protocol.types import Audience, Digest, LeafIndex, ReceiptId, ScopeKind, Tenant
from licet.store import sqlite_rows as rows
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
from licet.store.sqlite_poison import Poison

T = TypeVar("T")
_UNUSED = (None,) * 6

_BUG = "report it: the ledger broke the store's order of calls"
_KEEP = "keep the files, run `licet log verify`, and restore the newest backup"
_REFUSED = (apsw.ConstraintError, apsw.TooBigError, TypeError, ValueError, OverflowError)
"""What a row that lies, or is no row, meets: the statement did nothing, the transaction lives."""


class SqliteTxn:
    """One write transaction; ``BEGIN IMMEDIATE`` has happened on ``connection``.

    ``ended`` is called once, when ``commit`` or ``rollback`` ended it, whatever came of it.
    """

    def __init__(self, connection: apsw.Connection, poison: Poison, ended: Callable[[], None]) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._poison = poison
        self._ended = ended
        self._thread = get_ident()
        self._state = "open"
        self._saved: tuple[int | None, int, int] | None = None
        self._head_size: int | None = None
        self._leaves = -1
        """Leaves the log has with those of this transaction; -1 until the head was read."""
        self._named = -1
        """The largest leaf index that a row of this transaction names."""

    def head(self) -> Head:
        """The head as this transaction sees it."""
        return rows.head(self._one_always(rows.HEAD))

    def savepoint(self) -> None:
        """Open one savepoint."""
        self._usable()
        if self._saved is not None:
            raise self._refuse("a savepoint is open already")
        self._run("SAVEPOINT one")
        self._saved = (self._head_size, self._leaves, self._named)

    def release(self) -> None:
        """Keep what was done since the savepoint."""
        self._usable()
        if self._saved is None:
            raise self._refuse("no savepoint is open")
        self._run("RELEASE one")
        self._saved = None

    def rollback_to(self) -> None:
        """Undo what was done since the savepoint; mends a refusal that happened since."""
        self._mine()
        if self._saved is None:
            raise self._refuse("no savepoint is open")
        self._run("ROLLBACK TO one; RELEASE one")
        self._head_size, self._leaves, self._named = self._saved
        self._saved = None
        self._state = "open"

    def insert_key(self, row: KeyRow) -> bool:
        """Take an idempotency key."""
        return self._changed(rows.KEY_INSERT, self._bound(rows.key_bindings, row), names=row.index)

    def find_key(self, key: bytes) -> KeyRow | None:
        """The row of a taken key."""
        found = self._one(rows.KEY, (key,))
        return None if found is None else rows.key(found)

    def insert_permit(self, row: PermitRow) -> None:
        """Record a new permit; one that claims to be used already is refused."""
        self._usable()
        claimed = (row.claimed_s, row.claim_id, row.claim_index)
        if (*claimed, row.completion_status, row.completion_index, row.revoked_index) != _UNUSED:
            raise self._refuse("a new permit is unclaimed")
        self._changed(rows.PERMIT_INSERT, rows.permit_bindings(row), names=row.index)

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
        """Claim in one guarded statement."""
        guards = (receipt_id, tenant, audience, effect_digest)
        bindings = (now_s, claim_id, claim_index, *guards)
        return self._changed(rows.CLAIM, bindings, names=claim_index)

    def complete(
        self, receipt_id: ReceiptId, *, tenant: Tenant, status: str, completion_index: LeafIndex
    ) -> bool:
        """Complete a claimed permit, or settle a recorded ``unknown`` once."""
        bindings = (status, completion_index, receipt_id, tenant)
        return self._changed(rows.COMPLETE, bindings, names=completion_index)

    def revoke(self, receipt_id: ReceiptId, *, tenant: Tenant, now_s: int, revoked_index: LeafIndex) -> bool:
        """Take back an unclaimed permit in one guarded statement."""
        bindings = (revoked_index, receipt_id, tenant, now_s)
        return self._changed(rows.REVOKE, bindings, names=revoked_index)

    def permit(self, receipt_id: ReceiptId) -> PermitRow | None:
        """One permit's row."""
        found = self._one(rows.PERMIT, (receipt_id,))
        return None if found is None else rows.permit(found)

    def insert_freeze(self, row: FreezeRow) -> bool:
        """Set a freeze, unless its scope is frozen; one that claims to be lifted already is refused."""
        self._usable()
        if row.lifted_index is not None:
            raise self._refuse("a new freeze stops")
        return self._changed(rows.FREEZE_INSERT, rows.freeze_bindings(row), names=row.index)

    def lift(self, freeze_id: ReceiptId, *, tenant: Tenant, lifted_index: LeafIndex) -> bool:
        """Lift a freeze that stops, in one guarded statement."""
        return self._changed(rows.FREEZE_LIFT, (lifted_index, freeze_id, tenant), names=lifted_index)

    def freeze(self, freeze_id: ReceiptId) -> FreezeRow | None:
        """One freeze's row."""
        found = self._one(rows.FREEZE, (freeze_id,))
        return None if found is None else rows.freeze(found)

    def same_freeze(self, tenant: Tenant, kind: ScopeKind, name: str) -> FreezeRow | None:
        """The freeze of exactly this scope that stops now."""
        found = self._one(rows.SAME_FREEZE, (tenant, kind.value, name))
        return None if found is None else rows.freeze(found)

    def frozen_by(self, *, tenant: Tenant, surface: str, actor: str) -> FreezeRow | None:
        """The oldest freeze that stops this request now."""
        found = self._one(rows.FROZEN_BY, (tenant, surface, actor))
        return None if found is None else rows.freeze(found)

    def receipt(self, index: LeafIndex) -> ReceiptRow | None:
        """A receipt, of this transaction or committed."""
        found = self._one(rows.RECEIPT, (index,))
        return None if found is None else rows.receipt(found)

    def body(self, index: LeafIndex) -> BodyRow | None:
        """A body, of this transaction or committed."""
        found = self._one(rows.BODY, (index,))
        return None if found is None else rows.body(found)

    def active(self) -> ActivationRow | None:
        """The newest activation."""
        found = self._one(rows.ACTIVE)
        return None if found is None else rows.activation(found)

    def insert_activation(self, row: ActivationRow) -> bool:
        """Record the next version; one that leaves a gap is refused."""
        bindings = (row.version, row.bundle, row.digest, row.index)
        if self._changed(rows.ACTIVATION_INSERT, bindings, names=row.index):
            return True
        newest = self.active()
        if row.version < 1 or newest is None or row.version > newest.version:
            raise self._refuse(f"version {row.version} does not continue the activations")
        return False

    def insert_bundle(self, row: BundleRow) -> None:
        """Keep a bundle's bytes."""
        self._changed(rows.BUNDLE_INSERT, rows.bundle_bindings(row))

    def insert_token(self, row: TokenRow) -> None:
        """Keep an API key's hash."""
        self._changed(rows.API_KEY_INSERT, self._bound(rows.token_bindings, row))

    def insert_leaves(self, receipts: Sequence[ReceiptRow], bodies: Sequence[BodyRow]) -> None:
        """Append receipts without a gap, and the bodies of these receipts."""
        self._usable()
        first = self._size_with_leaves()
        after = first + len(receipts)
        if [row.index for row in receipts] != list(range(first, after)):
            # Attack: a gap is a receipt that was signed and then left out of the log.
            raise self._refuse(f"the leaves do not continue the log at {first}")
        if any(not first <= body.index < after for body in bodies):
            raise self._refuse("a body belongs to no receipt of its call")
        self._many(rows.RECEIPT_INSERT, (rows.receipt_bindings(row) for row in receipts))
        self._many(rows.BODY_INSERT, (rows.body_bindings(body) for body in bodies))
        self._leaves = after

    def insert_tiles(self, tiles: Sequence[TileRow]) -> None:
        """Keep tiles that became full."""
        self._many(rows.TILE_INSERT, ((tile.level, tile.number, tile.root, tile.hashes) for tile in tiles))

    def read_back(self, first: LeafIndex, count: int) -> list[str]:
        """The JWS bytes as stored; raises ``StoreCorrupt`` when one of them is not there."""
        found = [row[0] for row in self._rows(rows.JWS_RANGE, (first, first + count))]
        if len(found) != count or None in found:
            raise StoreCorrupt(
                f"of the leaves {first}..{first + count - 1} only {len(found)} read back",
                mend=_KEEP,
            )
        return found

    def advance_head(self, old: Head, new: Head) -> bool:
        """Compare and set the head on (size, epoch), and keep its checkpoint."""
        self._usable()
        if new.origin != old.origin or new.size < old.size or new.epoch < old.epoch:
            raise self._refuse("a head only moves forward, in its own log")
        if not self._changed(rows.HEAD_ADVANCE, rows.head_bindings(old, new)):
            return False
        if new.size and not self._changed(rows.CHECKPOINT_INSERT, (new.size, new.root, new.checkpoint)):
            raise self._refuse(f"the size {new.size} has a checkpoint of another root")
        self._size_with_leaves()
        self._head_size = new.size
        return True

    def commit(self) -> None:
        """Make everything durable.

        Raises:
            StoreRefused: rows contradict each other; rolled back.
            StoreUnknown: the fate is unknown and the store is poisoned.
        """
        self._mine()
        wrong = self._contradiction()
        if wrong is None:
            try:
                self._cursor.execute("COMMIT").fetchall()
            except apsw.ConstraintError as error:
                wrong = f"an activation names a bundle that is not kept ({error})"
            except BaseException as error:
                # From here on nobody may say "failed": frames may be on the disk, and a later recovery
                # may find them (test_an_error_of_a_commit_is_never_an_acknowledged_loss).
                unknown = self._poison.by(error, "committing")
                self._end()
                if not isinstance(error, Exception):
                    raise
                raise unknown from error
        if wrong is not None:
            self._rollback()
            raise StoreRefused(wrong, mend=_BUG)
        # True now: the WAL holds the commit frame and was synced. A crash loses an answer, never a record.
        self._end()

    def rollback(self) -> None:
        """Undo everything; again is harmless."""
        self._poison.check()  # nothing can be promised undone
        if self._state == "ended":
            return
        self._mine()
        self._rollback()

    def touch(self, now_ms: int) -> None:
        """Count a heartbeat and remember the time, never backwards."""
        self._run(rows.HEARTBEAT)
        self._run(rows.TIME_SEEN, (now_ms,))

    def _rollback(self) -> None:
        self._run("ROLLBACK")
        self._end()

    def _end(self) -> None:
        self._state = "ended"
        self._ended()

    def _contradiction(self) -> str | None:
        if self._state == "refused":
            return "a transaction with a refused call cannot be committed"
        if self._saved is not None:
            return "a savepoint is open"
        if self._named < 0 and self._leaves < 0:
            return None
        leaves = self._size_with_leaves()
        size = self.head().size if self._head_size is None else self._head_size
        if size != leaves:
            return f"the head says {size}, the log has {leaves} leaves"
        if self._named >= leaves:
            # Attack: a key or a permit whose receipt was never logged.
            return f"a row names leaf {self._named}, the log has {leaves}"
        return None

    def _size_with_leaves(self) -> int:
        if self._leaves < 0:
            last = self._one_always(rows.LAST_INDEX)[0]
            self._leaves = 0 if last is None else last + 1
        return self._leaves

    def _mine(self) -> None:
        self._poison.check()
        if self._thread != get_ident():
            raise StoreRefused("a transaction belongs to the thread that began it", mend=_BUG)
        if self._state == "ended":
            raise StoreRefused("this transaction has ended", mend=_BUG)

    def _usable(self) -> None:
        if self._state == "open" and self._thread == get_ident() and not self._poison:
            return  # the common case in one look: this runs before every statement
        self._mine()
        raise StoreRefused("a call was refused: only a rollback goes on from here", mend=_BUG)

    def _refuse(self, why: str) -> StoreRefused:
        self._state = "refused"
        return StoreRefused(why, mend=_BUG)

    def _run(self, statement: str, bindings: rows.Row = ()) -> list[rows.Row]:
        try:
            return self._cursor.execute(statement, bindings).fetchall()
        except Exception as error:
            raise self._met(error) from error
        except BaseException as error:
            self._poison.by(error, "writing")
            raise

    def _many(self, statement: str, bindings: Iterable[rows.Row]) -> None:
        self._usable()
        try:
            self._connection.executemany(statement, bindings).fetchall()
        except Exception as error:
            raise self._met(error) from error
        except BaseException as error:
            self._poison.by(error, "writing")
            raise

    def _met(self, error: Exception) -> LicetError:
        if isinstance(error, UnicodeDecodeError):
            return StoreCorrupt("stored text is not UTF-8", mend=_KEEP)
        if isinstance(error, _REFUSED):
            return self._refuse(f"the store does not take this row: {error}")
        return self._poison.by(error, "writing")

    def _bound(self, bindings: Callable[[T], rows.Row], row: T) -> rows.Row:
        self._usable()
        try:
            return bindings(row)
        except ValueError as error:
            raise self._met(error) from error

    def _changed(self, statement: str, bindings: rows.Row, *, names: int = -1) -> bool:
        """Run a guarded statement; its row count decides. ``names`` is a leaf the row refers to."""
        self._usable()
        self._run(statement, bindings)
        changed = self._connection.changes() == 1
        if changed:
            self._named = max(self._named, names)
        return changed

    def _rows(self, statement: str, bindings: rows.Row = ()) -> list[rows.Row]:
        self._usable()
        return self._run(statement, bindings)

    def _one(self, statement: str, bindings: rows.Row = ()) -> rows.Row | None:
        found = self._rows(statement, bindings)
        return found[0] if found else None

    def _one_always(self, statement: str) -> rows.Row:
        found = self._one(statement)
        if found is None:
            raise StoreCorrupt("the log has no head", mend=_KEEP)
        return found
