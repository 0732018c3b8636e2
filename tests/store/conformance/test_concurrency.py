"""Readers beside the writer, and many askers for one thing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from licet.store.port import ReceiptQuery, StoreBusy
from store.samples import append, bytes_of, claim, grown, id_of, key, permit, receipt

BATCHES = 60
BATCH = 4


def test_two_readers_see_only_whole_batches_while_a_writer_writes(store):
    done = threading.Event()
    met = []

    def read():
        while not done.is_set():
            head = store.head()
            first = max(head.size - 8, 0)
            rows = store.scan(first, 8)
            newest = store.receipts(ReceiptQuery(tenant="main", limit=1))
            if head.size % BATCH:
                met.append(f"head inside a batch: {head.size}")
            if [row.index for row in rows] != list(range(first, first + len(rows))):
                met.append(f"gap near {first}")
            if len(rows) < head.size - first:
                met.append(f"leaves missing under the head {head.size}")
            if newest and newest[0].index % BATCH != BATCH - 1:
                met.append(f"half a batch: {newest[0].index}")
            if head.size and store.checkpoint(head.size) != head.checkpoint:
                met.append(f"head without checkpoint: {head.size}")

    with ThreadPoolExecutor(2) as readers:
        reading = [readers.submit(read) for _ in range(2)]
        try:
            for _ in range(BATCHES):
                append(store, BATCH)
        finally:
            done.set()
        for each in reading:
            each.result()

    assert met == []
    assert store.head().size == BATCHES * BATCH


def _until_begun(store):
    while True:
        try:
            return store.begin()
        except StoreBusy:
            threading.Event().wait(0.001)


def _race(store, act, racers=16):
    barrier = threading.Barrier(racers)

    def run(number):
        barrier.wait()
        txn = _until_begun(store)
        won = act(txn, number)
        txn.commit()
        return won

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


def test_sixteen_threads_take_one_key_once(store):
    append(store, 16)

    won = _race(store, lambda txn, number: txn.insert_key(key(index=number)))

    assert won.count(True) == 1
    assert store.find_key(key().key).index == won.index(True)


def test_sixteen_threads_claim_one_permit_once(store):
    append(store, 20, also=lambda txn, _: txn.insert_permit(permit()))

    won = _race(store, lambda txn, number: claim(txn, claim_index=number + 1))

    assert won.count(True) == 1
    assert store.permit(id_of(0)).claim_index == won.index(True) + 1


def test_sixteen_writers_leave_no_gap(store):
    def act(txn, number):
        head = txn.head()
        txn.insert_key(key(f"k{number}", index=head.size))
        txn.insert_leaves([receipt(head.size)], [])
        return txn.advance_head(head, grown(head))

    assert all(_race(store, act))
    assert [row.index for row in store.scan(0, 99)] == list(range(16))
    assert all(store.find_key(bytes_of(f"k{number}")) for number in range(16))
