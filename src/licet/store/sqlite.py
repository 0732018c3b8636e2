"""The SQLite store: one file, one process, one writer, durable when ``commit`` returns (``storage.md`` 4).

``open_store`` opens what ``create`` made and refuses everything else. Only wiring imports this module.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Empty
from typing import Final, TypeVar

import apsw

from licet.errors import StoreRefused
from licet.protocol.types import Origin
from licet.store import sqlite_open as opening
from licet.store.port import StoreBusy, Tally, Txn
from licet.store.sqlite_check import check_edges, check_everything, check_pages, count_rows
from licet.store.sqlite_checkpoint import Checkpointer
from licet.store.sqlite_lock import StoreLock
from licet.store.sqlite_poison import Poison
from licet.store.sqlite_read import READERS, SqliteReads
from licet.store.sqlite_schema import check_schema, create
from licet.store.sqlite_txn import SqliteTxn

__all__ = ["SqliteStore", "create", "open_store"]

T = TypeVar("T")

_DRAIN_S: Final = 10.0


def open_store(path: Path, *, origin: Origin | None = None, vfs: str | None = None) -> SqliteStore:
    """The store at ``path``, locked and checked; it is never created here.

    ``origin``, when given, must be the log's own. ``vfs`` names an ``apsw.VFS`` (tests fail its writes).

    Raises:
        HomeMissing: no database.
        HomeHeld: another process, or another opener in this one, has it.
        ModeRefused: others can read or write it.
        StoreRefused: engine, file system, schema or origin are not this build's, or a PRAGMA does not hold.
        StoreCorrupt: the file is damaged or contradicts itself.
    """
    opening.check_engine(apsw.sqlite_lib_version())  # 1
    real = opening.check_present(path)  # 2
    opening.check_file_system(real.parent)  # 3
    with ExitStack() as undo:
        # The lock comes before any descriptor of the database: closing one would drop the POSIX locks of
        # a store that this same process may have open.
        lock = StoreLock(real.parent)  # 4
        undo.callback(lock.release)
        opening.check_present(path)  # again: nobody may have taken it away meanwhile
        opening.check_modes(real)  # 5
        opening.check_header(real)  # 6
        writer = opening.connect(real, mode="rw", vfs=vfs)
        undo.callback(writer.close)
        opening.apply_pragmas(writer, opening.WRITER_PRAGMAS)  # 7
        check_schema(writer)
        check_pages(writer, real.stat().st_size)
        check_edges(writer, origin)
        others: list[apsw.Connection] = []
        for mode in ("rw", *("ro" for _ in range(READERS))):
            other = opening.connect(real, mode=mode, vfs=vfs)
            undo.callback(other.close)
            opening.apply_pragmas(other, opening.WRITER_PRAGMAS if mode == "rw" else opening.READER_PRAGMAS)
            others.append(other)
        store = SqliteStore(
            real, lock=lock, writer=writer, checkpointer=others[0], readers=others[1:], vfs=vfs
        )
        undo.pop_all()
    return store


class SqliteStore(SqliteReads):
    """An open store. ``begin`` and ``heartbeat`` are the writer's; reads are anybody's."""

    def __init__(
        self,
        path: Path,
        *,
        lock: StoreLock,
        writer: apsw.Connection,
        checkpointer: apsw.Connection,
        readers: list[apsw.Connection],
        vfs: str | None,
    ) -> None:
        super().__init__(readers, Poison())
        self._path = path
        self._lock = lock
        self._vfs = vfs
        self._writer = writer
        self._writing = threading.Lock()
        self._writing_thread: int | None = None
        self._pid = os.getpid()
        self._closed = False
        self._checkpointer = Checkpointer(checkpointer, self._poison)
        writer.set_wal_hook(self._committed)
        journal = str(writer.pragma("journal_mode")).upper()
        synchronous = ("OFF", "NORMAL", "FULL", "EXTRA")[int(writer.pragma("synchronous"))]
        self._engine = f"sqlite {apsw.sqlite_lib_version()} (apsw), {journal}, synchronous={synchronous}"

    @property
    def engine(self) -> str:
        """Engine, version and mode as they read back from the writer's connection."""
        return self._engine

    def begin(self) -> Txn:
        """Begin the one write transaction."""
        return self._begin()

    def heartbeat(self, now_ms: int) -> None:
        """Commit one row of no meaning, and remember the time."""
        txn = self._begin()
        try:
            txn.touch(now_ms)
        except StoreRefused:
            txn.rollback()
            raise
        txn.commit()

    def tally(self, size: int) -> Tally:
        """Count rows; on a connection of its own, since this may take minutes."""
        return self._apart(lambda connection: count_rows(connection, size))

    def verify_integrity(self) -> None:
        """Read every page; on a connection of its own, since this may take minutes."""
        self._apart(check_everything)

    def close(self) -> None:
        """Finish checkpointing, close, and let go of the lock; a second time is harmless.

        Raises:
            StoreBusy: another thread's transaction does not end; nothing was closed.
        """
        if self._closed:
            return
        if os.getpid() != self._pid:
            return  # a forked child: the files are the parent's
        mine = self._writing_thread == threading.get_ident()
        if not self._poison and not mine and not self._writing.acquire(timeout=_DRAIN_S):
            raise StoreBusy("a transaction is still open", mend="let the writer finish, then close")
        self._closed = True
        if not self._poison and not mine:
            self._checkpointer.checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._checkpointer.stop()
        with suppress(Empty):  # a read in flight ends by itself within a second
            for _ in range(READERS):
                self._readers.get(timeout=_DRAIN_S).close()
        self._writer.close(force=True)
        self._lock.release()

    def _apart(self, read: Callable[[apsw.Connection], T]) -> T:
        self._alive()
        connection = opening.connect(self._path, mode="ro", vfs=self._vfs)
        try:
            opening.apply_pragmas(connection, opening.READER_PRAGMAS)
            return read(connection)
        finally:
            connection.close()

    def _begin(self) -> SqliteTxn:
        self._alive()
        self._poison.check()
        if not self._writing.acquire(blocking=False):
            if self._writing_thread == threading.get_ident():
                raise StoreRefused("a transaction is open on this thread", mend="end it first")
            raise StoreBusy("another thread is writing", mend="ask again with the same key")
        self._writing_thread = threading.get_ident()
        try:
            self._checkpointer.truncate_if_large()
            self._poison.check()
            self._writer.execute("BEGIN IMMEDIATE")
        except apsw.BusyError as error:
            self._ended()
            raise StoreBusy(
                "another process holds the database", mend="end it, then ask again with the same key"
            ) from error
        except apsw.Error as error:
            self._ended()
            raise self._poison.by(error, "beginning") from error
        except BaseException:
            self._ended()
            raise
        return SqliteTxn(self._writer, self._poison, self._ended)

    def _ended(self) -> None:
        self._writing_thread = None
        self._writing.release()

    def _committed(self, _connection: apsw.Connection, _name: str, wal_frames: int) -> int:
        self._checkpointer.committed(wal_frames)
        return apsw.SQLITE_OK

    def _alive(self) -> None:
        if self._closed:
            raise StoreRefused("the store is closed", mend="open it again")
        if os.getpid() != self._pid:
            # SQLite's locks do not survive a fork: two processes would write as one.
            raise StoreRefused("the store was opened before a fork", mend="open it in the child instead")
