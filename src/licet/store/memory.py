"""The memory store: the port's behaviour without a disk, for tests and the simulator. Nothing survives it.

It can also be told to lose its mind: ``break_commit`` makes the next commit one whose fate is unknown, and
``reopen`` is the restart after it.
"""

from __future__ import annotations

import threading
from base64 import b64decode
from hashlib import sha256
from typing import TypeVar

from licet.errors import StoreRefused, StoreUnknown
from licet.protocol.limits import PAGE_ROWS_MAX
from licet.protocol.types import Digest, LeafIndex, Origin, ReceiptId, ScopeKind
from licet.store.memory_rows import Tables
from licet.store.memory_txn import MemoryTxn
from licet.store.port import (
    ActivationRow,
    BodyRow,
    BundleRow,
    CheckpointRow,
    FreezeQuery,
    FreezeRow,
    Head,
    KeyRow,
    OpenQuery,
    PermitRow,
    ReceiptQuery,
    ReceiptRow,
    StoreBusy,
    Tally,
    TileRow,
    TokenRow,
    Txn,
)

_Row = TypeVar("_Row", PermitRow, FreezeRow)
_RESTART = "stop this process and start it again, then ask again with the same key"


class MemoryStore:
    """A store in memory; ``tables`` is what an earlier one left behind."""

    def __init__(self, origin: Origin, now_ms: int = 0, *, tables: Tables | None = None) -> None:
        self._tables = tables or _empty(origin, now_ms)
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self._writing_thread: int | None = None
        self._poisoned = False
        self._closed = False
        self._breaks: bool | None = None

    @property
    def engine(self) -> str:
        """For people."""
        return "memory, nothing is durable"

    def break_commit(self, *, recorded: bool) -> None:
        """Let the next commit raise ``StoreUnknown``, having recorded its rows or not."""
        self._breaks = recorded

    def reopen(self) -> MemoryStore:
        """The store after a restart: committed rows, no poison."""
        return MemoryStore(self._tables.heads["main"].origin, tables=self._tables)

    def begin(self) -> Txn:
        """Begin the one write transaction."""
        return self._begin()

    def heartbeat(self, now_ms: int) -> None:
        """Commit nothing but the time."""
        txn = self._begin()
        try:
            txn.touch(now_ms)
        except StoreRefused:
            txn.rollback()
            raise
        txn.commit()

    def head(self) -> Head:
        """The committed head."""
        return self._read().heads["main"]

    def find_key(self, key: bytes) -> KeyRow | None:
        """A committed key."""
        return self._read().keys.get(key)

    def receipt(self, index: LeafIndex) -> ReceiptRow | None:
        """One receipt by leaf index."""
        return self._read().receipts.get(index)

    def receipt_by_id(self, receipt_id: ReceiptId) -> ReceiptRow | None:
        """One receipt by id."""
        with self._lock:
            tables = self._read()
            index = tables.receipt_ids.get(receipt_id)
            return None if index is None else tables.receipts[index]

    def receipts(self, query: ReceiptQuery) -> list[ReceiptRow]:
        """Search, newest first."""
        limit = max(0, min(query.limit, PAGE_ROWS_MAX))
        asked = {
            "kind": query.kind,
            "outcome": query.outcome,
            "surface": query.surface,
            "actor": query.actor,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        with self._lock:
            newest_first = [row for _, row in sorted(self._read().receipts.items(), reverse=True)]
        found = [
            row
            for row in newest_first
            if row.tenant == query.tenant
            and (query.before is None or row.index < query.before)
            and all(getattr(row, name) == value for name, value in given.items())
        ]
        return found[:limit]

    def scan(self, first: LeafIndex, limit: int) -> list[ReceiptRow]:
        """Receipts of all tenants in index order."""
        with self._lock:
            rows = self._read().receipts
            start = max(first, 0)
            return [rows[index] for index in range(start, min(start + max(limit, 0), len(rows)))]

    def body(self, index: LeafIndex) -> BodyRow | None:
        """One body, unless erased."""
        return self._read().bodies.get(index)

    def permit(self, receipt_id: ReceiptId) -> PermitRow | None:
        """One permit's row."""
        return self._read().permits.get(receipt_id)

    def open_permits(self, query: OpenQuery) -> list[PermitRow]:
        """Permits that may be claimed still, or were and have no completion."""
        with self._lock:
            kept = sorted(self._read().permits.values(), key=lambda row: row.index, reverse=True)
        found = [row for row in kept if row.tenant == query.tenant and _open(row, query.now_s)]
        return _page(found, query.before, query.limit)

    def freeze(self, freeze_id: ReceiptId) -> FreezeRow | None:
        """One freeze's row."""
        return self._read().freezes.get(freeze_id)

    def freezes(self, query: FreezeQuery) -> list[FreezeRow]:
        """A tenant's freezes and those of all, newest first."""
        with self._lock:
            kept = sorted(self._read().freezes.values(), key=lambda row: row.index, reverse=True)
        mine = [row for row in kept if row.tenant == query.tenant or row.kind is ScopeKind.ALL]
        found = [row for row in mine if row.lifted_index is None or not query.stopping]
        return _page(found, query.before, query.limit)

    def active(self) -> ActivationRow | None:
        """The newest activation."""
        with self._lock:
            activations = self._read().activations
            return activations.get(len(activations))

    def activations(self) -> list[ActivationRow]:
        """All activations, oldest first."""
        with self._lock:
            return [row for _, row in sorted(self._read().activations.items())]

    def bundle(self, digest: Digest) -> BundleRow | None:
        """A bundle's bytes."""
        return self._read().bundles.get(digest)

    def token(self, token_id: str) -> TokenRow | None:
        """An API key's row."""
        return self._read().tokens.get(token_id)

    def leaf_hashes(self, first: LeafIndex, count: int) -> list[bytes]:
        """Leaf hashes in index order."""
        return [row.leaf_hash for row in self.scan(first, count)]

    def jws_digests(self, first: LeafIndex, count: int) -> list[bytes]:
        """SHA-256 of each JWS in index order."""
        return [row.jws_digest for row in self.scan(first, count)]

    def tile(self, level: int, number: int) -> TileRow | None:
        """A full tile."""
        return self._read().tiles.get((level, number))

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        """Roots of full tiles of one level, in order."""
        with self._lock:
            tiles = sorted(self._read().tiles.items())
        roots = [tile.root for (at, number), tile in tiles if at == level and number >= first]
        return roots[: max(count, 0)]

    def checkpoint(self, size: int) -> str | None:
        """The checkpoint note of one size."""
        return self._read().checkpoints.get(size)

    def checkpoint_covering(self, index: LeafIndex) -> tuple[int, str] | None:
        """The newest checkpoint, when it covers ``index``."""
        with self._lock:
            newest = max(self._read().checkpoints.items(), default=None)
        return newest if newest is not None and newest[0] > index else None

    def checkpoints(self, after: int, limit: int) -> list[CheckpointRow]:
        """Stored checkpoints of sizes above ``after``, rising; the root is the one in the note."""
        with self._lock:
            sizes = sorted(size for size in self._read().checkpoints if size > after)
        return [self._checkpoint(size) for size in sizes[: max(0, min(limit, PAGE_ROWS_MAX))]]

    def tally(self, size: int) -> Tally:
        """Count rows; nothing can stray here."""
        with self._lock:
            tables = self._read()
            used = {row.digest for row in tables.activations.values()}
            return Tally(
                keys=sum(row.index < size for row in tables.keys.values()),
                permits=sum(row.index < size for row in tables.permits.values()),
                freezes=sum(row.index < size for row in tables.freezes.values()),
                stray=0,
                unused_bundles=len(tables.bundles.keys() - used),
            )

    def verify_integrity(self) -> None:
        """Nothing can rot here."""
        self._read()

    def close(self) -> None:
        """Refuse everything from now on; a second time is harmless."""
        self._closed = True

    def _checkpoint(self, size: int) -> CheckpointRow:
        note = self._read().checkpoints[size]
        return CheckpointRow(size=size, root=b64decode(note.split("\n")[2]), note=note)

    def _read(self) -> Tables:
        if self._closed:
            raise StoreRefused("the store is closed", mend="open it again")
        return self._tables

    def _begin(self) -> MemoryTxn:
        self._read()
        if self._poisoned:
            raise StoreUnknown("the store stopped writing", mend=_RESTART)
        if not self._writing.acquire(blocking=False):
            if self._writing_thread == threading.get_ident():
                raise StoreRefused("a transaction is open on this thread", mend="end it first")
            raise StoreBusy("another thread is writing", mend="ask again with the same key")
        self._writing_thread = threading.get_ident()
        return MemoryTxn(self._tables, lambda: self._poisoned, self._finish)

    def _finish(self, new: Tables | None) -> None:
        broken = self._breaks if new is not None else None
        if new is not None and broken is not False:
            with self._lock:
                self._tables.take(new)
        self._writing_thread = None
        self._writing.release()
        if broken is not None:
            self._poisoned = True
            raise StoreUnknown("`broken` while committing: whether it was recorded is unknown", mend=_RESTART)


def _open(row: PermitRow, now_s: int) -> bool:
    if row.claimed_s is not None:
        return row.completion_status is None
    return row.revoked_index is None and row.expires_s > now_s


def _page(found: list[_Row], before: int | None, limit: int) -> list[_Row]:
    kept = [row for row in found if before is None or row.index < before]
    return kept[: max(0, min(limit, PAGE_ROWS_MAX))]


def _empty(origin: Origin, now_ms: int) -> Tables:
    head = Head(
        origin=origin,
        epoch=1,
        size=0,
        root=sha256(b"").digest(),
        frontier=(),
        checkpoint="",
        updated_ms=now_ms,
    )
    return Tables(heads={"main": head})
