"""Every write, sync and truncation of a commit is made to fail once: never an acknowledged loss."""

from __future__ import annotations

import apsw
import pytest

from licet.errors import StoreCorrupt, StoreUnknown
from licet.store import sqlite_checkpoint, sqlite_read
from licet.store.port import StoreBusy
from store.drivers import SqliteDriver
from store.samples import NOW_MS, append, body, id_of, key, permit, receipt

LEAVES = 40
ERRORS = [apsw.IOError, apsw.FullError, apsw.CorruptError, apsw.CantOpenError, apsw.NoMemError]


def _decide(store):
    """A batch with a key and a permit: enough pages for many writes."""

    def also(txn, first):
        txn.insert_key(key(f"key {first}", first))
        txn.insert_permit(permit(first))

    first = store.head().size
    return append(
        store,
        LEAVES,
        bodies=[body(first + n, request=b"x" * 2000) for n in range(LEAVES)],
        also=also,
    )


def _calls_of_a_decision(folder, faults):
    driver = SqliteDriver(folder, faults)
    _decide(driver.store)
    faults.record()
    _decide(driver.store)
    calls = list(faults.calls)
    driver.close()
    return calls


@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError])
def test_an_error_of_a_commit_is_never_an_acknowledged_loss(tmp_path, faults, error):
    (tmp_path / "counted").mkdir()
    calls = _calls_of_a_decision(tmp_path / "counted", faults)
    assert ("sync", "wal") in calls
    assert calls.count(("write", "wal")) > 20

    for nth in range(len(calls)):
        folder = tmp_path / f"{nth}"
        folder.mkdir()
        driver = SqliteDriver(folder, faults)
        _decide(driver.store)
        faults.arm(nth, error)
        with pytest.raises(StoreUnknown):
            _decide(driver.store)
        with pytest.raises(StoreUnknown):
            driver.store.begin()
        with pytest.raises(StoreUnknown):
            driver.store.heartbeat(NOW_MS)

        store = driver.reopen()
        there = store.head().size == 2 * LEAVES
        assert store.head().size in {LEAVES, 2 * LEAVES}
        assert [row.index for row in store.scan(0, 999)] == list(range(store.head().size))
        assert (store.find_key(key(f"key {LEAVES}").key) is not None) is there
        assert (store.permit(id_of(LEAVES)) is not None) is there
        assert store.receipt(0) == receipt(0)
        store.verify_integrity()
        assert _decide(store) == store.head().size - LEAVES
        driver.close()


def test_a_failed_sync_leaves_a_decision_that_nobody_may_call_failed(tmp_path, faults):
    driver = SqliteDriver(tmp_path, faults)
    append(driver.store)  # a new log syncs its own header first
    faults.arm(0, apsw.IOError, only=("sync", "wal"))
    with pytest.raises(StoreUnknown) as met:
        append(driver.store)

    assert "unknown" in met.value.message
    assert driver.store.head().size == 1  # this process does not see it
    assert driver.reopen().head().size == 2  # the next one does
    driver.close()


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_of_a_commit_that_is_no_refusal_poisons(sqlite, faults, error):
    faults.arm(0, error)

    with pytest.raises(StoreUnknown):
        append(sqlite.store)
    with pytest.raises(StoreUnknown):
        sqlite.store.begin()


@pytest.mark.parametrize(
    ("error", "met"),
    [(apsw.BusyError, StoreBusy), *((error, StoreUnknown) for error in ERRORS)],
)
def test_only_busy_at_the_beginning_is_no_poison(sqlite, monkeypatch, error, met):
    truth = sqlite.store._writer
    sqlite.store._writer = _Failing(truth, error, "BEGIN")
    with pytest.raises(met):
        sqlite.store.begin()
    sqlite.store._writer = truth

    if met is StoreBusy:
        assert append(sqlite.store) == 0
    else:
        with pytest.raises(StoreUnknown):
            sqlite.store.begin()


@pytest.mark.parametrize("verb", ["SAVEPOINT", "RELEASE", "ROLLBACK", "INSERT", "UPDATE", "SELECT", "COMMIT"])
@pytest.mark.parametrize("error", [apsw.IOError, MemoryError, KeyboardInterrupt])
def test_every_statement_that_fails_poisons(sqlite, verb, error):
    txn = sqlite.store.begin()
    txn._cursor = _Failing(sqlite.store._writer, error, verb)

    def everything():
        txn.savepoint()
        txn.insert_key(key())
        txn.release()
        txn.savepoint()
        txn.rollback_to()
        txn.claim(
            id_of(0), tenant="t", audience="a", effect_digest="e", now_s=1, claim_id=None, claim_index=1
        )
        txn.head()
        txn._named = -1
        txn.commit()

    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else StoreUnknown):
        everything()
    with pytest.raises(StoreUnknown):
        sqlite.store.begin()
    with pytest.raises(StoreUnknown):
        txn.rollback()


@pytest.mark.parametrize(
    ("error", "met"), [(apsw.IOError, StoreUnknown), (KeyboardInterrupt, KeyboardInterrupt)]
)
def test_leaves_that_fail_to_be_written_poison(sqlite, error, met):
    txn = sqlite.store.begin()
    txn.head()
    txn._connection = _Failing(sqlite.store._writer, error, "INSERT")

    with pytest.raises(met):
        txn.insert_leaves([receipt(0)], [])
    with pytest.raises(StoreUnknown):
        sqlite.store.begin()


class _Failing:
    """A connection whose statements of one verb fail; all others run."""

    def __init__(self, connection, error, verb):
        self._connection = connection
        self._error = error
        self._verb = verb

    def execute(self, statement, bindings=()):
        if statement.lstrip().startswith(self._verb):
            raise self._error
        return self._connection.execute(statement, bindings)

    def executemany(self, statement, bindings):
        return self.execute(statement)

    def changes(self):
        return self._connection.changes()


def test_a_failed_checkpoint_poisons_and_loses_nothing(sqlite, faults):
    append(sqlite.store, 50)
    faults.arm(0, apsw.IOError, only=("write", "db"))
    sqlite.store._checkpointer.checkpoint(apsw.SQLITE_CHECKPOINT_PASSIVE)

    with pytest.raises(StoreUnknown):
        sqlite.store.begin()
    again = sqlite.reopen()
    assert again.head().size == 50
    again.verify_integrity()


def test_after_poison_nothing_is_copied_into_the_database(sqlite, faults):
    append(sqlite.store)
    faults.arm(0, apsw.IOError, only=("sync", "wal"))
    with pytest.raises(StoreUnknown):
        append(sqlite.store)
    before = sqlite.path.read_bytes()

    sqlite.store._checkpointer.checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)
    sqlite.close()

    assert sqlite.path.read_bytes() == before


def test_a_truncation_that_fails_poisons_before_the_next_transaction(sqlite, faults, monkeypatch):
    monkeypatch.setattr(sqlite_checkpoint, "TRUNCATE_BYTES", 0)
    append(sqlite.store)
    sqlite.store._checkpointer._truncate_after_s = 0.0
    append(sqlite.store)
    sqlite.store._checkpointer._truncate_after_s = 0.0
    faults.arm(0, apsw.IOError, only=("truncate", "wal"))

    with pytest.raises(StoreUnknown):
        sqlite.store.begin()
    assert faults.calls == [("truncate", "wal")]
    assert sqlite.reopen().head().size == 2


class _Broken:
    def __init__(self, error):
        self._error = error

    def rows(self, statement, bindings):
        raise self._error

    def close(self):
        pass


@pytest.mark.parametrize(
    ("error", "met"),
    [
        (apsw.CorruptError, StoreCorrupt),
        (apsw.NotADBError, StoreCorrupt),
        (apsw.BusyError, StoreBusy),
        (apsw.IOError, StoreUnknown),
        (apsw.NoMemError, StoreUnknown),
    ],
)
def test_a_read_that_fails_says_what_it_met(sqlite, error, met):
    real = [sqlite.store._readers.get() for _ in range(sqlite_read.READERS)]
    for _ in real:
        sqlite.store._readers.put(_Broken(error()))

    for _ in range(2):
        with pytest.raises(met):
            sqlite.store.head()
    for reader in real:
        reader.close()
