"""One process per store; and what holds when the lock does not."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import apsw
import pytest

from licet.errors import HomeHeld, StoreRefused
from licet.store import sqlite_open
from licet.store.port import StoreBusy
from licet.store.sqlite import create, open_store
from licet.store.sqlite_lock import StoreLock
from licet.store.sqlite_poison import Poison
from licet.store.sqlite_txn import SqliteTxn
from store.samples import NOW_MS, ORIGIN, append, claim, grown, id_of, key, permit, receipt

RACER = """
import sys, time
from pathlib import Path
from licet.errors import HomeHeld
from licet.store.sqlite import open_store
from store.samples import append, claim, key
number = int(sys.argv[2])
held = 0
while True:
    try:
        store = open_store(Path(sys.argv[1]))
        break
    except HomeHeld:
        held += 1
        time.sleep(0.005)
took = []
def also(txn, first):
    took.append(txn.insert_key(key(index=first)))
    took.append(claim(txn, claim_index=first))
append(store, also=also)
store.close()
print(number, held, *took)
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "licet.db"
    create(path, origin=ORIGIN, now_ms=NOW_MS)
    return path


def _python(*arguments):
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, "-c", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )


def test_a_second_opener_in_this_process_is_refused(path):
    store = open_store(path)

    with pytest.raises(HomeHeld, match=f"`{os.getpid()}`"):
        open_store(path)
    assert append(store) == 0
    store.close()
    open_store(path).close()


def test_another_process_is_refused_and_told_whom_to_ask(path):
    code = (
        "import sys; from pathlib import Path; from licet.store.sqlite import open_store; "
        "store = open_store(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as holder:
        assert holder.stdout.readline() == "open\n"

        with pytest.raises(HomeHeld, match=f"`{holder.pid}`") as met:
            open_store(path)
        assert "`licet serve`" in met.value.mend
        assert f"unix:{path.parent / 'licet.sock'}" in met.value.mend
        holder.kill()

    # killed without a word: the kernel let go of the lock
    open_store(path).close()


def test_sixteen_processes_take_one_key_and_one_permit_once(path):
    store = open_store(path)
    append(store, also=lambda txn, _: txn.insert_permit(permit()))
    store.close()

    racers = [_python(RACER, str(path), str(number)) for number in range(16)]
    said = [racer.communicate(timeout=100)[0].split() for racer in racers]

    assert [racer.returncode for racer in racers] == [0] * 16
    assert sum(words[2] == "True" for words in said) == 1
    assert sum(words[3] == "True" for words in said) == 1
    assert sum(int(words[1]) for words in said) > 0  # the lock was met, not only passed
    store = open_store(path)
    assert [row.index for row in store.scan(0, 99)] == list(range(17))
    assert store.permit(id_of(0)).claim_index == store.find_key(key().key).index
    store.close()


def _writer(path):
    connection = sqlite_open.connect(path, mode="rw")
    sqlite_open.apply_pragmas(connection, sqlite_open.WRITER_PRAGMAS)
    return connection


def _begin(connection):
    connection.execute("BEGIN IMMEDIATE")
    return SqliteTxn(connection, Poison(), lambda: None)


def test_sixteen_connections_under_the_lock_take_one_permit_once(path):
    store = open_store(path)
    append(store, 20, also=lambda txn, _: txn.insert_permit(permit()))
    connections = [_writer(path) for _ in range(16)]
    barrier = threading.Barrier(16)

    def race(number):
        barrier.wait()
        txn = _begin(connections[number])
        won = claim(txn, claim_index=number + 1), txn.insert_key(key(index=number))
        txn.commit()
        return won

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(race, range(16)))

    assert [claimed for claimed, _ in won].count(True) == 1
    assert [taken for _, taken in won].count(True) == 1
    for connection in connections:
        connection.close()
    store.close()


def test_two_writers_that_passed_the_lock_are_fenced_by_the_head(path):
    store = open_store(path)
    append(store)
    stale = store.head()
    intruder = _writer(path)
    txn = _begin(intruder)
    txn.insert_leaves([receipt(1)], [])
    assert txn.advance_head(stale, grown(stale))
    txn.commit()

    txn = store.begin()
    assert not txn.advance_head(stale, grown(stale))
    txn.rollback()
    intruder.close()
    store.close()


def test_a_database_that_another_connection_writes_is_busy_and_not_poisoned(path):
    store = open_store(path)
    intruder = _writer(path)
    intruder.execute("BEGIN IMMEDIATE")
    store._writer.set_busy_timeout(10)

    with pytest.raises(StoreBusy):
        store.begin()
    intruder.execute("ROLLBACK")
    assert append(store) == 0
    intruder.close()
    store.close()


def test_a_lock_file_that_is_a_link_is_refused(path):
    (path.parent / "LOCK").unlink()
    (path.parent / "LOCK").symlink_to(path.parent / "elsewhere")

    with pytest.raises(StoreRefused):
        open_store(path)
    assert not (path.parent / "elsewhere").exists()


def test_a_lock_file_replaced_while_it_is_taken_is_refused(tmp_path, monkeypatch):
    truth = os.fstat

    def replaced(descriptor):
        (tmp_path / "LOCK").unlink()
        (tmp_path / "LOCK").write_text("")
        return truth(descriptor)

    monkeypatch.setattr(os, "fstat", replaced)
    with pytest.raises(StoreRefused, match="replaced"):
        StoreLock(tmp_path)

    monkeypatch.setattr(
        os, "fstat", lambda descriptor: (tmp_path / "LOCK").unlink(missing_ok=True) or truth(descriptor)
    )
    with pytest.raises(StoreRefused, match="replaced"):
        StoreLock(tmp_path)


def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch):
    def without(descriptor, operation):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("licet.store.sqlite_lock.fcntl.flock", without)

    with pytest.raises(StoreRefused, match="No locks available"):
        StoreLock(tmp_path)


def test_a_lock_file_that_cannot_be_written_is_refused(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # every write fails, as on a disk that is full
    try:
        with pytest.raises(StoreRefused) as met:
            StoreLock(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert "cannot be written" in met.value.message
    StoreLock(tmp_path).release()


def test_a_refused_opening_lets_go_of_the_lock(path):
    path.chmod(0o644)
    with pytest.raises(Exception, match="open to others"):
        open_store(path)
    path.chmod(0o600)

    open_store(path).close()


def test_closing_waits_for_the_writer_of_another_thread(path, monkeypatch):
    monkeypatch.setattr("licet.store.sqlite._DRAIN_S", 0.05)
    store = open_store(path)
    begun, done = threading.Event(), threading.Event()

    def write():
        txn = store.begin()
        begun.set()
        done.wait(30)
        txn.insert_key(key())
        txn.rollback()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait(30)
    with pytest.raises(StoreBusy):
        store.close()
    done.set()
    writer.join()

    store.close()


def test_closing_inside_a_transaction_takes_it_back(path):
    store = open_store(path)
    store.begin().insert_key(key())

    store.close()

    again = open_store(path)
    assert again.find_key(key().key) is None
    again.close()
    assert not apsw.Connection(str(path)).execute("SELECT * FROM idem").fetchall()
