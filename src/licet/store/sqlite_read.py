"""Reads of committed rows: a few read-only connections, short snapshots, safe from any thread.

A reader that holds a snapshot keeps the write-ahead log from shrinking. So each read is one statement, is
fetched whole, is at most a page long and at most ``READ_S_MAX`` (``storage.md`` 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final

import apsw

from licet.errors import StoreCorrupt
from licet.protocol.limits import PAGE_ROWS_MAX
from licet.protocol.types import Digest, LeafIndex, ReceiptId
from licet.store import sqlite_rows as rows
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
    TileRow,
    TokenRow,
)
from licet.store.sqlite_open import RESTORE
from licet.store.sqlite_poison import Poison, name_of

READERS: Final = 4
READ_S_MAX: Final = 1.0
_WAIT_S: Final = 5.0
_STEPS: Final = 20_000
"""Engine steps between two looks at the clock: about a millisecond."""


class Reader:
    """One read-only connection, and how long its statement may still run."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._until_s = 0.0
        connection.set_progress_handler(self._late, _STEPS)

    def rows(self, statement: str, bindings: rows.Row) -> list[rows.Row]:
        """Every row of one statement; the snapshot is let go before this returns."""
        self._until_s = monotonic() + READ_S_MAX
        return list(self._connection.execute(statement, bindings))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _late(self) -> bool:
        return monotonic() > self._until_s


class SqliteReads:
    """The reading half of the port."""

    def __init__(self, connections: Sequence[apsw.Connection], poison: Poison) -> None:
        self._poison = poison
        self._readers: SimpleQueue[Reader] = SimpleQueue()
        for connection in connections:
            self._readers.put(Reader(connection))

    def head(self) -> Head:
        """The committed head."""
        found = self._one(rows.HEAD)
        if found is None:
            raise StoreCorrupt("the log has no head", mend=RESTORE)
        return rows.head(found)

    def find_key(self, key: bytes) -> KeyRow | None:
        """A committed key."""
        found = self._one(rows.KEY, (key,))
        return None if found is None else rows.key(found)

    def receipt(self, index: LeafIndex) -> ReceiptRow | None:
        """One receipt by leaf index."""
        found = self._one(rows.RECEIPT, (index,))
        return None if found is None else rows.receipt(found)

    def receipt_by_id(self, receipt_id: ReceiptId) -> ReceiptRow | None:
        """One receipt by id."""
        found = self._one(rows.RECEIPT_BY_ID, (receipt_id,))
        return None if found is None else rows.receipt(found)

    def receipts(self, query: ReceiptQuery) -> list[ReceiptRow]:
        """Search, newest first. A search that takes too long is ``StoreBusy``: narrow it."""
        limit = max(0, min(query.limit, PAGE_ROWS_MAX))  # a negative LIMIT would mean no limit
        statement, bindings = rows.search(query, limit)
        return [rows.receipt(row) for row in self._rows(statement, bindings)]

    def scan(self, first: LeafIndex, limit: int) -> list[ReceiptRow]:
        """Receipts of all tenants in index order."""
        return [rows.receipt(row) for row in self._paged(rows.RECEIPTS_FROM, first, limit)]

    def body(self, index: LeafIndex) -> BodyRow | None:
        """One body, unless erased."""
        found = self._one(rows.BODY, (index,))
        return None if found is None else rows.body(found)

    def permit(self, receipt_id: ReceiptId) -> PermitRow | None:
        """One permit's row."""
        found = self._one(rows.PERMIT, (receipt_id,))
        return None if found is None else rows.permit(found)

    def open_permits(self, query: OpenQuery) -> list[PermitRow]:
        """Permits that may be claimed still, or were and have no completion."""
        limit = max(0, min(query.limit, PAGE_ROWS_MAX))
        return [rows.permit(row) for row in self._rows(rows.OPEN_PERMITS, rows.open_bindings(query, limit))]

    def freeze(self, freeze_id: ReceiptId) -> FreezeRow | None:
        """One freeze's row."""
        found = self._one(rows.FREEZE, (freeze_id,))
        return None if found is None else rows.freeze(found)

    def freezes(self, query: FreezeQuery) -> list[FreezeRow]:
        """A tenant's freezes and those of all, newest first."""
        statement, bindings = rows.freezes(query, max(0, min(query.limit, PAGE_ROWS_MAX)))
        return [rows.freeze(row) for row in self._rows(statement, bindings)]

    def active(self) -> ActivationRow | None:
        """The newest activation."""
        found = self._one(rows.ACTIVE)
        return None if found is None else rows.activation(found)

    def activations(self) -> list[ActivationRow]:
        """All activations, oldest first."""
        return [rows.activation(row) for row in self._rows(rows.ACTIVATIONS)]

    def bundle(self, digest: Digest) -> BundleRow | None:
        """A bundle's bytes."""
        found = self._one(rows.BUNDLE, (digest,))
        return None if found is None else rows.bundle(found)

    def token(self, token_id: str) -> TokenRow | None:
        """An API key's row."""
        found = self._one(rows.API_KEY, (token_id,))
        return None if found is None else rows.token(found)

    def leaf_hashes(self, first: LeafIndex, count: int) -> list[bytes]:
        """Leaf hashes in index order."""
        return [row[0] for row in self._paged(rows.LEAF_HASHES, first, count)]

    def jws_digests(self, first: LeafIndex, count: int) -> list[bytes]:
        """SHA-256 of each JWS in index order."""
        return [row[0] for row in self._paged(rows.JWS_DIGESTS, first, count)]

    def tile(self, level: int, number: int) -> TileRow | None:
        """A full tile."""
        found = self._one(rows.TILE, (level, number))
        return None if found is None else rows.tile(found)

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        """Roots of full tiles of one level, in order."""
        return [row[0] for row in self._paged(rows.TILE_ROOTS, first, count, (level,))]

    def checkpoint(self, size: int) -> str | None:
        """The checkpoint note of one size."""
        found = self._one(rows.CHECKPOINT, (size,))
        return None if found is None else str(found[0])

    def checkpoints(self, after: int, limit: int) -> list[CheckpointRow]:
        """Stored checkpoints of sizes above ``after``, rising; at most a page."""
        bindings = (after, max(0, min(limit, PAGE_ROWS_MAX)))
        return [rows.checkpoint(row) for row in self._rows(rows.CHECKPOINTS, bindings)]

    def checkpoint_covering(self, index: LeafIndex) -> tuple[int, str] | None:
        """The newest checkpoint, when it covers ``index``."""
        found = self._one(rows.CHECKPOINT_NEWEST)
        return (found[0], found[1]) if found is not None and found[0] > index else None

    def _paged(self, statement: str, first: int, count: int, extra: rows.Row = ()) -> list[rows.Row]:
        """Up to ``count`` rows from ``first`` on, a page a snapshot: rows are only ever appended."""
        found: list[rows.Row] = []
        while len(found) < count:
            limit = min(count - len(found), PAGE_ROWS_MAX)
            page = self._rows(statement, (max(first, 0) + len(found), limit, *extra))
            found += page
            if len(page) < limit:
                break
        return found

    def _one(self, statement: str, bindings: rows.Row = ()) -> rows.Row | None:
        found = self._rows(statement, bindings)
        return found[0] if found else None

    def _rows(self, statement: str, bindings: rows.Row = ()) -> list[rows.Row]:
        self._alive()
        try:
            reader = self._readers.get(timeout=_WAIT_S)
        except Empty as error:
            raise StoreBusy("every reader of the store is busy", mend="ask again") from error
        try:
            return reader.rows(statement, bindings)
        except (apsw.InterruptError, apsw.BusyError) as error:
            raise StoreBusy(
                "the read took too long", mend="ask for less: an exact surface, actor or outcome"
            ) from error
        except (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError) as error:
            raise StoreCorrupt(f"the database is damaged: `{name_of(error)}`", mend=RESTORE) from error
        except (UnicodeEncodeError, OverflowError):
            return []  # no stored row has a name or a number that the store cannot hold
        except apsw.Error as error:
            # A disk that fails to read is no disk to write evidence to.
            raise self._poison.by(error, "reading") from error
        finally:
            self._readers.put(reader)

    def _alive(self) -> None:
        """Pass while the store is open in this process; the store overrides it."""
