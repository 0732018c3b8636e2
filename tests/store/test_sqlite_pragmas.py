"""What each connection promises is read back from the connection itself."""

from __future__ import annotations

import os

import apsw
import pytest

from licet.errors import StoreCorrupt, StoreRefused
from licet.store import sqlite_open, sqlite_read
from licet.store.port import ReceiptQuery, StoreBusy
from store.samples import NOW_MS, append, body, key

EVERY = {
    "busy_timeout": 5000,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "mmap_size": 0,
    "secure_delete": 1,
    "temp_store": 2,
    "cell_size_check": 1,
    "journal_mode": "wal",
}


def _readers(store):
    found = [store._readers.get() for _ in range(sqlite_read.READERS)]
    for reader in found:
        store._readers.put(reader)
    return [reader._connection for reader in found]


@pytest.mark.parametrize("opened", ["first", "again"])
def test_the_writer_syncs_every_commit(sqlite, opened):
    store = sqlite.store if opened == "first" else sqlite.reopen()

    assert store._writer.pragma("synchronous") == 2
    assert store._checkpointer._connection.pragma("synchronous") == 2
    assert "synchronous=FULL" in store.engine


def test_the_writer_promises_what_the_design_says(sqlite):
    writer = sqlite.store._writer

    wanted = {**EVERY, "wal_autocheckpoint": 0, "cache_size": -65536}
    assert {name: writer.pragma(name) for name in wanted} == wanted


def test_readers_cannot_write(sqlite):
    for reader in _readers(sqlite.store):
        wanted = {**EVERY, "query_only": 1}
        assert {name: reader.pragma(name) for name in wanted} == wanted
        assert reader.readonly("main")
        with pytest.raises(apsw.ReadOnlyError):
            reader.execute("DELETE FROM receipts")


def test_a_planted_trigger_does_not_fire(sqlite):
    for connection in (sqlite.store._writer, *_readers(sqlite.store)):
        assert connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, -1) == 0
        assert connection.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, -1) == 0
        assert connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, -1) == 1
        assert connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1) == 1


def test_a_pragma_that_reads_back_differently_is_refused(sqlite):
    with pytest.raises(StoreRefused, match="page_size is `4096` and must be `512`"):
        sqlite_open.apply_pragmas(sqlite.store._writer, (("page_size", "512", 512),))


def test_a_pragma_that_the_engine_does_not_know_is_refused(sqlite):
    with pytest.raises(StoreRefused):
        sqlite_open.apply_pragmas(sqlite.store._writer, (("no_such_promise", "1", 1),))


def test_a_pragma_that_cannot_be_set_is_refused(sqlite):
    with pytest.raises(StoreRefused):
        sqlite_open.apply_pragmas(sqlite.store._writer, (("synchronous", "'", 2),))


def test_a_pragma_on_a_damaged_file_raises_the_alarm(tmp_path):
    path = tmp_path / "x.db"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)

    with pytest.raises(StoreCorrupt):
        sqlite_open.apply_pragmas(sqlite_open.connect(path, mode="rw"), (("journal_mode", "WAL", "wal"),))


def test_a_switch_that_the_engine_does_not_keep_is_refused(sqlite, monkeypatch):
    monkeypatch.setattr(sqlite_open, "_SWITCHES", ((apsw.SQLITE_DBCONFIG_DEFENSIVE, 2),))

    with pytest.raises(StoreRefused):
        sqlite_open.connect(sqlite.path, mode="rw")


def test_a_read_that_takes_too_long_is_ended(sqlite, monkeypatch):
    for _ in range(24):
        append(sqlite.store, 256)
    monkeypatch.setattr(sqlite_read, "READ_S_MAX", -1.0)

    with pytest.raises(StoreBusy, match="too long"):
        sqlite.store.receipts(ReceiptQuery(tenant="nobody", kind="none"))
    monkeypatch.undo()
    assert sqlite.store.receipts(ReceiptQuery(tenant="nobody", kind="none")) == []


def test_readers_that_are_all_taken_are_waited_for_and_then_refused(sqlite, monkeypatch):
    monkeypatch.setattr(sqlite_read, "_WAIT_S", 0.01)
    taken = [sqlite.store._readers.get() for _ in range(sqlite_read.READERS)]

    with pytest.raises(StoreBusy):
        sqlite.store.head()
    for reader in taken:
        sqlite.store._readers.put(reader)


def test_a_search_uses_its_index(sqlite):
    reader = _readers(sqlite.store)[0]

    for column in ("surface", "actor", "outcome"):
        statement, bindings = sqlite_read.rows.search(ReceiptQuery(tenant="main", **{column: "x"}), 9)
        plan = " ".join(row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {statement}", bindings))
        assert f"receipts_{column}" in plan
        assert "TEMP B-TREE" not in plan


def test_a_claim_is_one_statement(sqlite):
    ran = []
    txn = sqlite.store.begin()
    sqlite.store._writer.set_exec_trace(lambda cursor, statement, bindings: ran.append(statement) or True)
    txn.claim("x", tenant="t", audience="a", effect_digest="e", now_s=1, claim_id=None, claim_index=1)
    txn.complete("x", tenant="t", status="executed", completion_index=1)
    txn.insert_key(key())
    sqlite.store._writer.set_exec_trace(None)
    txn.rollback()

    # check-then-act would show a SELECT before the UPDATE
    assert [statement.split()[0] for statement in ran] == ["UPDATE", "UPDATE", "INSERT"]


def test_an_erased_body_is_gone_from_the_file(sqlite):
    append(sqlite.store, 1, bodies=[body(0, request=b"canary" * 100)])
    sqlite.store._checkpointer.checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)
    sqlite.store._writer.execute("DELETE FROM bodies")
    sqlite.close()

    stored = b"".join(entry.read_bytes() for entry in sqlite.path.parent.iterdir())
    assert b"canary" not in stored


def test_a_forked_child_is_refused(sqlite, monkeypatch):
    append(sqlite.store)
    pid = os.fork()
    if pid == 0:
        refused = 0
        for call in (sqlite.store.begin, sqlite.store.head, lambda: sqlite.store.heartbeat(NOW_MS)):
            try:
                call()
            except StoreRefused:
                refused += 1
        sqlite.store.close()
        os._exit(refused)

    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: pid)
        with pytest.raises(StoreRefused, match="fork"):
            sqlite.store.begin()
        sqlite.store.close()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    assert append(sqlite.store) == 1
