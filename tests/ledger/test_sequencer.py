"""The one writer: batches, deadlines, full queues, cancelled callers, an unknown commit."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from licet.errors import NotFound, NotRecorded, Overloaded, StoreRefused, StoreRewound
from licet.ledger import sequencer as sequencing
from licet.ledger.batch import write_batch
from licet.ledger.pace import SAMPLES_MIN
from licet.ledger.sequencer import FutureMailbox, Sequencer
from licet.protocol import limits
from licet.protocol.types import MAIN_TENANT, Tenant
from licet.store.memory import MemoryStore
from support.ledgers import SealJob, seals
from support.sources import MONDAY_MS, ORIGIN, ManualClock, SeededEntropy

LATER_MS = 10**9


class Gate:
    """A job that holds the writer until told."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def write(self, page):
        self.entered.set()
        assert self.go.wait(10)
        return SealJob().write(page)


@pytest.fixture
def store():
    return MemoryStore(ORIGIN, MONDAY_MS)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def faults():
    return []


@pytest.fixture
def writer(store, clock, faults):
    sequencer = Sequencer(store, seals(clock), committed=lambda head: None, fatal=faults.append)
    sequencer.start()
    yield sequencer
    sequencer.close()


def submit(writer, job, deadline_ms=LATER_MS) -> Future:
    ticket: Future = Future()
    writer.submit(job, deadline_ms=deadline_ms, mailbox=FutureMailbox(), ticket=ticket)
    return ticket


def test_an_answer_comes_after_its_commit(writer, store):
    sealed = writer.settle(SealJob(), deadline_ms=LATER_MS)

    assert store.head().size == 1
    assert store.receipt(sealed[0].index).jws == sealed[0].jws


def test_what_arrives_during_a_commit_becomes_one_batch(writer, store):
    gate = Gate()
    first = submit(writer, gate)
    assert gate.entered.wait(10)
    tickets = [submit(writer, SealJob()) for _ in range(10)]
    gate.go.set()

    assert [ticket.result(10)[0].index for ticket in tickets] == list(range(1, 11))
    assert first.result(10)
    assert store.checkpoint(1) is not None
    assert store.checkpoint(5) is None
    assert store.checkpoint(11) is not None


def test_a_cancelled_caller_keeps_nobody_else_waiting_and_changes_nothing(writer, store):
    gate = Gate()
    submit(writer, gate)
    assert gate.entered.wait(10)
    gone, stays = submit(writer, SealJob()), submit(writer, SealJob())
    assert gone.cancel()
    gate.go.set()

    assert stays.result(10)
    assert store.head().size == 3


def test_a_refusal_reaches_its_own_caller_alone(writer):
    gate = Gate()
    submit(writer, gate)
    assert gate.entered.wait(10)
    refused = submit(writer, SealJob(error=NotFound("no", mend="none")))
    fine = submit(writer, SealJob())
    gate.go.set()

    assert isinstance(refused.exception(10), NotFound)
    assert fine.result(10)


def test_a_job_whose_deadline_passed_in_the_queue_is_not_recorded(writer, store, clock):
    gate = Gate()
    submit(writer, gate)
    assert gate.entered.wait(10)
    late = submit(writer, SealJob(), deadline_ms=clock.ticks_ms + 100)
    clock.ticks_ms += 101
    gate.go.set()

    assert isinstance(late.exception(10), Overloaded)
    assert store.head().size == 1


def test_a_full_queue_sheds_at_once(writer):
    gate = Gate()
    submit(writer, gate)
    assert gate.entered.wait(10)
    for _ in range(limits.QUEUE_ENTRIES_MAX):
        submit(writer, SealJob(leaves=0))

    with pytest.raises(Overloaded) as shed:
        submit(writer, SealJob())
    assert shed.value.retry_after_s >= 1
    gate.go.set()


@pytest.mark.parametrize("recorded", [True, False])
def test_unknown_stops_the_writer_for_good(writer, store, faults, recorded):
    gate = Gate()
    first = submit(writer, gate)
    assert gate.entered.wait(10)
    second = submit(writer, SealJob())
    store.break_commit(recorded=recorded)
    gate.go.set()

    assert isinstance(first.exception(10), NotRecorded)
    assert isinstance(second.exception(10), NotRecorded)
    with pytest.raises(NotRecorded):
        submit(writer, SealJob())
    with pytest.raises(NotRecorded):
        writer.demand_alive()
    assert len(faults) == 1
    assert store.reopen().head().size == int(recorded)


def test_closing_writes_what_is_queued_and_takes_no_more(store, clock):
    writer = Sequencer(store, seals(clock), committed=lambda head: None, fatal=lambda error: None)
    writer.start()
    gate = Gate()
    submit(writer, gate)
    assert gate.entered.wait(10)
    queued = [submit(writer, SealJob()) for _ in range(5)]
    closer = threading.Thread(target=writer.close)
    closer.start()
    while not writer.closing:
        pass
    with pytest.raises(Overloaded, match="stopping"):
        submit(writer, SealJob())
    gate.go.set()
    closer.join(10)

    assert all(ticket.result(1) for ticket in queued)
    assert store.head().size == 6


def test_many_threads_get_each_their_own_leaf(writer, store):
    with ThreadPoolExecutor(16) as pool:
        sealed = list(pool.map(lambda _: writer.settle(SealJob(), deadline_ms=LATER_MS), range(400)))

    assert sorted(one[0].index for one in sealed) == list(range(400))
    assert store.head().size == 400


def test_a_log_that_another_process_moved_is_written_no_more(writer, store, faults):
    assert writer.settle(SealJob(), deadline_ms=LATER_MS)
    other = replace(seals(), entropy=SeededEntropy(b"another process"))
    moved = write_batch(store, [SealJob()], other).head

    with pytest.raises(NotRecorded):
        writer.settle(SealJob(), deadline_ms=LATER_MS)
    assert [type(fault) for fault in faults] == [StoreRewound]
    assert store.head() == moved


@pytest.mark.parametrize("error", [StoreRefused("no", mend="none"), KeyError("oops"), SystemExit()])
def test_a_writer_whose_heartbeat_fails_stops_aloud(store, clock, faults, monkeypatch, error):
    monkeypatch.setattr(sequencing, "HEARTBEAT_S", 0.01)
    told = threading.Event()
    writer = Sequencer(
        store,
        seals(clock),
        committed=lambda head: None,
        fatal=lambda fault: (faults.append(fault), told.set()),
    )
    writer.start()

    def fail(now_ms):
        raise error

    store.heartbeat = fail
    assert told.wait(10)

    with pytest.raises(NotRecorded):
        submit(writer, SealJob())
    writer.close()
    assert len(faults) == 1


class LeavingJob:
    """Ends the thread it runs on."""

    def write(self, page):
        raise SystemExit


def test_a_job_that_ends_its_thread_leaves_nobody_waiting(writer, store, faults):
    ticket = submit(writer, LeavingJob())

    assert isinstance(ticket.exception(10), NotRecorded)
    assert len(faults) == 1
    assert store.head().size == 0


# --- too late ---------------------------------------------------------------------------------------

QUIET = Tenant("quiet")


class TickingJob:
    """A job that takes its time."""

    def __init__(self, clock, ms):
        self.clock, self.ms = clock, ms

    def write(self, page):
        self.clock.pass_ms(self.ms)
        return SealJob().write(page)


def paced(writer, clock, ms):
    """A writer that has shown often enough that a job takes ``ms``."""
    for _ in range(SAMPLES_MIN):
        writer.settle(TickingJob(clock, ms), deadline_ms=LATER_MS)
    return writer


def test_a_job_that_would_be_too_late_is_refused_before_it_is_queued(writer, clock, store):
    paced(writer, clock, 100)
    gate = Gate()
    submit(writer, gate)
    assert gate.entered.wait(10)
    for _ in range(9):
        submit(writer, SealJob())

    with pytest.raises(Overloaded) as shed:
        submit(writer, SealJob(), deadline_ms=clock.ticks_ms + 1_400)
    with pytest.raises(Overloaded):
        writer.demand_time(MAIN_TENANT, clock.ticks_ms + 1_400)
    assert writer.depth == 9
    assert shed.value.retry_after_s == 2
    fine = submit(writer, SealJob(), deadline_ms=clock.ticks_ms + 1_500)
    gate.go.set()
    assert fine.result(10)
    assert store.head().size == SAMPLES_MIN + 11


def test_less_time_than_a_commit_takes_is_too_late_in_an_empty_queue(writer, clock):
    paced(writer, clock, 100)

    with pytest.raises(Overloaded):
        submit(writer, SealJob(), deadline_ms=clock.ticks_ms + 130)
    assert submit(writer, SealJob(), deadline_ms=clock.ticks_ms + 140).result(10)


def test_a_commit_that_hangs_is_believed_over_those_that_went_well(writer, clock):
    gate = Gate()
    submit(writer, gate)
    assert gate.entered.wait(10)
    clock.pass_ms(3_000)

    with pytest.raises(Overloaded):
        submit(writer, SealJob(), deadline_ms=clock.ticks_ms + 2_000)
    gate.go.set()


def test_a_tenant_without_an_end_leaves_room_and_a_turn_for_another(writer, store):
    gate = Gate()
    submit(writer, gate)
    assert gate.entered.wait(10)
    loud = [submit(writer, SealJob(leaves=0)) for _ in range(limits.QUEUE_ENTRIES_MAX)]
    with pytest.raises(Overloaded):
        submit(writer, SealJob())

    quiet: Future = Future()
    writer.submit(SealJob(), deadline_ms=LATER_MS, mailbox=FutureMailbox(), ticket=quiet, tenant=QUIET)
    assert isinstance(loud[-1].exception(1), Overloaded)
    gate.go.set()

    assert quiet.result(10)[0].index == 1
    assert all(ticket.result(10) == [] for ticket in loud[:-1])
    assert store.head().size == 2
