"""A wall clock is believed while it moves with the time since boot; one that was set writes nothing (I19)."""

from __future__ import annotations

import time
from concurrent.futures import Future

import pytest

from licet.authority.clock import SystemClock
from licet.errors import NotRecorded
from licet.ledger import sequencer as sequencing
from licet.ledger.sequencer import FutureMailbox, Sequencer
from licet.ledger.steady import CLOCK_STEP_MS_MAX, SteadyClock, shown
from licet.store.memory import MemoryStore
from support.ledgers import SealJob, seals
from support.sources import MONDAY_MS, ORIGIN, ManualClock

HOUR_MS = 3_600_000
LATER_MS = 10**9


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def steady(clock):
    watched = SteadyClock(clock)
    watched.wall_ms()
    return watched


@pytest.mark.parametrize("step_ms", [HOUR_MS, -HOUR_MS, CLOCK_STEP_MS_MAX + 1, -CLOCK_STEP_MS_MAX - 1])
def test_a_clock_that_was_set_is_not_believed(clock, steady, step_ms):
    clock.step_ms(step_ms)

    assert steady.moved_ms() == step_ms
    with pytest.raises(NotRecorded, match="while this process ran"):
        steady.wall_ms()
    with pytest.raises(NotRecorded, match="while this process ran"):
        steady.wall_ms()


def test_a_clock_that_is_set_back_right_is_believed_again(clock, steady):
    clock.step_ms(HOUR_MS)
    with pytest.raises(NotRecorded):
        steady.wall_ms()
    clock.pass_ms(10_000)
    clock.step_ms(-HOUR_MS)

    assert steady.wall_ms() == MONDAY_MS + 10_000


def test_time_that_passes_is_no_step_however_long(clock, steady):
    clock.pass_ms(400 * 24 * HOUR_MS)

    assert steady.wall_ms() == clock.now_ms


def test_a_clock_that_is_led_slowly_is_followed(clock, steady):
    for _ in range(10):
        clock.step_ms(CLOCK_STEP_MS_MAX)
        steady.wall_ms()

    assert steady.moved_ms() == 0


@pytest.mark.parametrize("unix_ms", [-(10**18), 10**18])
def test_a_time_beyond_every_calendar_is_still_shown(unix_ms):
    assert shown(unix_ms) == str(unix_ms // 1000)


def test_the_machine_counts_the_time_since_boot():
    clock = SystemClock()
    first = clock.boottime_ms()
    time.sleep(0.005)

    assert 0 < first < clock.boottime_ms()


# --- the writer --------------------------------------------------------------------------------------


@pytest.fixture
def store():
    return MemoryStore(ORIGIN, MONDAY_MS)


@pytest.fixture
def writer(store, clock):
    faults = []
    sequencer = Sequencer(store, seals(clock), committed=lambda head: None, fatal=faults.append)
    sequencer.start()
    yield sequencer
    sequencer.close()
    assert faults == []


@pytest.mark.parametrize("step_ms", [HOUR_MS, -900_000])
def test_i19_a_clock_set_under_a_running_writer_records_nothing_until_it_is_right(
    writer, store, clock, step_ms
):
    writer.settle(SealJob(), deadline_ms=LATER_MS)
    clock.step_ms(step_ms)

    with pytest.raises(NotRecorded, match=r"set (forward|back) by"):
        writer.settle(SealJob(), deadline_ms=LATER_MS)
    assert store.head().size == 1
    assert writer.clock_moved_ms() == step_ms
    clock.step_ms(-step_ms)
    assert writer.settle(SealJob(), deadline_ms=LATER_MS)[0].index == 1


def test_i19_a_heartbeat_never_remembers_a_time_that_was_set(store, clock, monkeypatch):
    """Otherwise one idle writer under a wrong clock would stop its log for as long as the clock was ahead."""
    monkeypatch.setattr(sequencing, "HEARTBEAT_S", 0.01)
    writer = Sequencer(store, seals(clock), committed=lambda head: None, fatal=lambda error: None)
    writer.start()
    clock.step_ms(HOUR_MS)
    looked = []
    honest = clock.wall_ms
    clock.wall_ms = lambda: (looked.append(1), honest())[1]
    while len(looked) < 3:
        time.sleep(0.005)

    assert store.head().updated_ms == MONDAY_MS
    ticket: Future = Future()
    clock.step_ms(-HOUR_MS)
    writer.submit(SealJob(), deadline_ms=LATER_MS, mailbox=FutureMailbox(), ticket=ticket)
    assert ticket.result(10)
    writer.close()
