"""One batch is one transaction: gapless, read back before it is signed, or not there at all."""

from __future__ import annotations

import pytest

from licet.errors import NotFound, NotRecorded, StoreCorrupt, StoreRewound, StoreUnknown, TooLarge
from licet.ledger.batch import write_batch
from licet.ledger.checkpointing import log_key, open_checkpoint
from licet.protocol import limits
from licet.protocol.types import LeafIndex
from licet.receipt.read import read_receipt
from licet.store.memory import MemoryStore
from licet.tlog.compact import EMPTY_EDGE
from support.ledgers import SealJob, seals
from support.sources import MONDAY_MS, ORIGIN, ManualClock


@pytest.fixture
def store():
    return MemoryStore(ORIGIN, MONDAY_MS)


def test_indexes_are_gapless_over_batches_of_every_size(store):
    keys = seals()
    for size in (1, 2, 3, 255, 256, 7):
        write_batch(store, [SealJob() for _ in range(size)], keys)

    rows = store.scan(LeafIndex(0), 1_000)
    assert [row.index for row in rows] == list(range(524))
    assert store.head().size == 524
    assert EMPTY_EDGE.append([row.leaf_hash for row in rows]).root == store.head().root


def test_every_batch_signs_one_checkpoint_of_exactly_its_size(store):
    keys = seals()
    for _ in range(5):
        head = write_batch(store, [SealJob(), SealJob()], keys).head

        checkpoint = open_checkpoint(head.checkpoint, log_key(keys.log))
        assert (checkpoint.size, checkpoint.root) == (head.size, head.root)
        assert store.checkpoint(head.size) == head.checkpoint


def test_a_refused_job_leaves_no_trace_and_the_others_go_on(store):
    jobs = [SealJob(), SealJob(leaves=3, error=NotFound("no", mend="none")), SealJob()]

    written = write_batch(store, jobs, seals())

    assert isinstance(written.results[1], NotFound)
    assert [sealed.index for sealed in (*written.results[0], *written.results[2])] == [0, 1]
    assert store.head().size == 2


def test_a_fault_in_one_job_is_taken_back_and_is_no_answer(store):
    written = write_batch(store, [SealJob(leaves=2, error=KeyError("oops")), SealJob()], seals())

    assert isinstance(written.results[0], NotRecorded)
    assert "oops" not in str(written.results[0])
    assert store.head().size == 1


class HugeJob:
    """Seals a receipt that no reader takes."""

    def write(self, page):
        sealed = SealJob().write(page)
        page.seal({"id": sealed[0].receipt_id, "actual": "x" * limits.JWS_BYTES_MAX})


def test_a_receipt_too_large_for_its_readers_is_refused_alone(store):
    written = write_batch(store, [SealJob(), HugeJob(), SealJob()], seals())

    assert isinstance(written.results[1], TooLarge)
    assert [sealed.index for sealed in (*written.results[0], *written.results[2])] == [0, 1]


def test_a_batch_that_writes_nothing_signs_nothing(store):
    written = write_batch(store, [SealJob(leaves=0)], seals())

    assert written.head.size == 0
    assert store.head().checkpoint == ""


def test_issued_times_never_go_back_along_the_log(store):
    clock = ManualClock()
    keys = seals(clock)
    times = []
    for step_ms in (0, 5_000, -900, 10, -100):
        clock.now_ms += step_ms
        sealed = write_batch(store, [SealJob()], keys).results[0][0]
        times.append(read_receipt(sealed.jws).stamp.issued_s)

    assert times == sorted(times)


def test_a_clock_behind_the_log_writes_nothing(store):
    clock = ManualClock()
    write_batch(store, [SealJob()], seals(clock))
    clock.now_ms -= 1_001

    with pytest.raises(NotRecorded, match="behind the log"):
        write_batch(store, [SealJob()], seals(clock))
    assert store.head().size == 1


class FlippedStore(MemoryStore):
    """Memory that changes one bit between writing and reading back."""

    def begin(self):
        txn = super().begin()
        honest = txn.read_back

        def read_back(first, count):
            rows = honest(first, count)
            return [rows[0][:-1] + ("A" if rows[0][-1] != "A" else "B"), *rows[1:]]

        txn.read_back = read_back
        return txn


def test_a_leaf_that_reads_back_differently_is_never_signed():
    store = FlippedStore(ORIGIN, MONDAY_MS)

    with pytest.raises(StoreCorrupt, match="read back differently"):
        write_batch(store, [SealJob()], seals())
    assert store.head().size == 0
    assert store.head().checkpoint == ""


@pytest.mark.parametrize("recorded", [True, False])
def test_a_commit_whose_fate_is_unknown_is_never_an_answer(store, recorded):
    store.break_commit(recorded=recorded)

    with pytest.raises(StoreUnknown):
        write_batch(store, [SealJob()], seals())
    assert store.reopen().head().size == int(recorded)


class FencedStore(MemoryStore):
    """Another authority moves the head between reading and advancing it."""

    def begin(self):
        txn = super().begin()
        txn.advance_head = lambda old, new: False
        return txn


def test_an_authority_that_was_fenced_stops_writing_and_lets_go_of_the_store():
    store = FencedStore(ORIGIN, MONDAY_MS)

    with pytest.raises(StoreUnknown, match="another authority"):
        write_batch(store, [SealJob()], seals())
    store.begin().rollback()


def test_a_store_put_back_under_a_running_authority_is_never_signed_on(store):
    keys = seals()
    published = write_batch(store, [SealJob(), SealJob()], keys).head
    older = MemoryStore(ORIGIN, MONDAY_MS)
    write_batch(older, [SealJob()], keys)

    with pytest.raises(StoreRewound, match="size 1, this process left it at size 2"):
        write_batch(older, [SealJob()], keys, after=published)
    assert older.head().size == 1
    assert write_batch(store, [SealJob()], keys, after=published).head.size == 3


def test_tiles_become_full_in_the_transaction_of_their_last_leaf(store):
    keys = seals()
    write_batch(store, [SealJob(leaves=255)], keys)
    assert store.tile(0, 0) is None

    write_batch(store, [SealJob(leaves=2)], keys)

    tile = store.tile(0, 0)
    assert tile is not None
    assert tile.hashes == b"".join(store.leaf_hashes(LeafIndex(0), 256))
