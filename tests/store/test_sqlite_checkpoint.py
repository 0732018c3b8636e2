"""The write-ahead log moves into the database beside the commits, and stays small."""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic

import apsw
import pytest

from licet.store import sqlite_checkpoint
from store.samples import NOW_MS, append, body


def _wal(sqlite):
    return Path(f"{sqlite.path}-wal").stat().st_size


def _until(condition, seconds=20):
    until = monotonic() + seconds
    while not condition():
        assert monotonic() < until
        threading.Event().wait(0.01)


def _backfilled(sqlite):
    """Frames of the log that are in the database already, by a checkpoint that does nothing else."""
    other = apsw.Connection(str(sqlite.path))
    try:
        frames, done = other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return frames == done
    finally:
        other.close()


def test_each_heartbeat_reaches_the_disk(sqlite, faults):
    for _ in range(3):
        faults.record()
        sqlite.store.heartbeat(NOW_MS)  # the same time: the bytes must change all the same
        assert ("write", "wal") in faults.calls
        assert faults.calls[-1] == ("sync", "wal")


def test_each_commit_is_synced_before_it_returns(sqlite, faults):
    append(sqlite.store)
    faults.record()
    append(sqlite.store)

    assert faults.calls[-1] == ("sync", "wal")
    assert ("write", "db") not in faults.calls  # no checkpoint inside a commit


def test_a_dirty_log_is_moved_beside_the_commits(sqlite):
    size = sqlite.path.stat().st_size
    append(sqlite.store, 100, bodies=[body(n, request=b"x" * 4000) for n in range(100)])

    _until(lambda: sqlite.path.stat().st_size > size)


def test_a_large_log_is_moved_at_once(sqlite, monkeypatch):
    monkeypatch.setattr(sqlite_checkpoint, "INTERVAL_S", 3600.0)
    monkeypatch.setattr(sqlite_checkpoint, "PASSIVE_BYTES", 0)
    sqlite.store._checkpointer._wake.set()  # out of the wait that began with the old interval
    threading.Event().wait(0.1)
    size = sqlite.path.stat().st_size
    append(sqlite.store, 100, bodies=[body(n, request=b"x" * 4000) for n in range(100)])

    _until(lambda: sqlite.path.stat().st_size > size)


def test_a_huge_log_is_emptied_between_two_batches(sqlite, monkeypatch):
    monkeypatch.setattr(sqlite_checkpoint, "TRUNCATE_BYTES", 100_000)
    append(sqlite.store, 100, bodies=[body(n, request=b"x" * 4000) for n in range(100)])
    assert _wal(sqlite) > 100_000
    assert sqlite.store._checkpointer.wal_bytes > 100_000

    txn = sqlite.store.begin()

    assert _wal(sqlite) == 0
    txn.rollback()


def test_a_reader_that_pins_the_log_does_not_stop_the_writer(sqlite, monkeypatch):
    monkeypatch.setattr(sqlite_checkpoint, "TRUNCATE_BYTES", 0)
    append(sqlite.store)
    pinning = apsw.Connection(str(sqlite.path))
    pinning.execute("BEGIN")
    pinning.execute("SELECT * FROM meta").fetchall()
    append(sqlite.store)
    sqlite.store._checkpointer._truncate_after_s = 0.0

    began_s = monotonic()
    append(sqlite.store)
    append(sqlite.store)

    assert monotonic() - began_s < 3
    assert sqlite.store.head().size == 4
    pinning.close()


def test_an_orderly_close_leaves_an_empty_log(sqlite):
    append(sqlite.store, 10)
    sqlite.close()

    assert _wal(sqlite) == 0


def test_a_log_that_a_crash_left_behind_is_read_and_moved(sqlite, faults):
    append(sqlite.store, 10)
    sqlite.store._poison.by(RuntimeError(), "pretending to crash")
    again = sqlite.reopen()

    assert again.head().size == 10
    _until(lambda: _backfilled(sqlite))


@pytest.mark.parametrize("committed", [True, False])
def test_what_the_checkpointer_counts_is_what_the_log_holds(sqlite, committed):
    txn = sqlite.store.begin()
    txn.touch(NOW_MS + 1)
    before = sqlite.store._checkpointer.wal_bytes
    txn.commit() if committed else txn.rollback()

    assert (sqlite.store._checkpointer.wal_bytes > before) is committed
