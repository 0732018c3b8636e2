"""Readiness goes red, by name, within 6 s in every case whose contract is 503 (``trust.md`` 7.7)."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future

import pytest

from licet.errors import StoreUnknown
from licet.ledger import sequencer as sequencing
from licet.protocol import limits
from licet.store.memory import MemoryStore
from licet.store.port import StoreBusy
from support.asgi import Caller, app_of, ask
from support.ledgers import SealJob
from support.sources import LOW_BYTES, MONDAY_MS, ORIGIN
from support.world import World, payment

RED_MS = 6_000


class FaultyStore(MemoryStore):
    """A store whose faults are armed by name."""

    def __init__(self):
        super().__init__(ORIGIN, MONDAY_MS)
        self.armed = set()

    def heartbeat(self, now_ms):
        if "busy" in self.armed:
            raise StoreBusy("somebody else writes", mend="ask again")
        if "poison" in self.armed:
            raise StoreUnknown("the disk is gone", mend="restart")
        super().heartbeat(now_ms)

    def head(self):
        if "unreadable" in self.armed:
            raise StoreUnknown("the disk is gone", mend="restart")
        return super().head()

    def bundle(self, digest):
        return None if "no bundle" in self.armed else super().bundle(digest)


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(sequencing, "HEARTBEAT_S", 0.01)
    world = World(FaultyStore())
    yield world
    world.close()


@pytest.fixture
def app(world):
    return app_of(world)


def red(app):
    """The names of the checks that fail; the status says the same."""
    answer = asyncio.run(ask(app, "GET", "/readyz"))
    names = {check["name"] for check in answer.json()["checks"] if not check["ok"]}
    assert (answer.status, answer.json()["ready"]) == ((503, False) if names else (200, True))
    assert all(check["detail"] for check in answer.json()["checks"])
    return names


def turns_red(app, name):
    until = time.monotonic() + RED_MS / 1_000
    while name not in (found := red(app)):
        assert time.monotonic() < until, f"`{name}` is not red, but {found}"
        time.sleep(0.01)
    return found


def test_all_is_well_at_first(app):
    assert red(app) == set()


def test_a_poisoned_store_is_named(app, world):
    world.store.armed.add("poison")

    assert turns_red(app, "writer") == {"writer"}


def test_a_store_that_cannot_be_read_is_named(app, world):
    world.store.armed.add("unreadable")

    assert red(app) == {"store"}


def test_a_clock_behind_the_log_is_named(app, world):
    world.clock.now_ms -= 5_000

    assert "clock" in red(app)


def test_a_full_queue_is_named_and_a_shorter_one_is_not(app, world):
    gate = held(world)
    fill(world, limits.QUEUE_ENTRIES_MAX * 8 // 10 + 1)
    assert red(app) == {"queue"}

    gate.go.set()
    until_empty(world)
    assert red(app) == set()


def test_a_low_disk_is_named_and_one_with_room_again_is_not(app, world):
    world.room.free = LOW_BYTES - 1
    assert red(app) == {"disk"}

    world.room.free = LOW_BYTES
    assert red(app) == set()


def test_a_disk_that_cannot_be_asked_is_a_full_one(app, world):
    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    world.room.free_bytes = world.room.wal_bytes = gone

    assert red(app) == {"disk", "wal"}


def test_a_write_ahead_log_past_its_bound_is_named(app, world):
    world.room.wal = 256 * 1024 * 1024 + 1

    assert red(app) == {"wal"}


def test_an_authority_that_is_about_to_stop_is_named_and_still_answers(app, world):
    app.leave()

    assert red(app) == {"stopping"}
    assert Caller(app, world.owner.reveal())("POST", "/v1/decisions", payment()).status == 200


def test_a_writer_that_drains_is_named(app, world):
    world.sequencer.close()

    assert red(app) == {"stopping"}


def test_a_missing_bundle_is_named(app, world):
    world.shelf._kept.clear()
    world.store.armed.add("no bundle")

    assert red(app) == {"bundle"}


def test_a_heartbeat_that_fails_is_named(app, world):
    world.store.armed.add("busy")
    world.clock.pass_ms(RED_MS)

    assert turns_red(app, "commit") == {"commit"}
    world.store.armed.clear()
    until = time.monotonic() + 5
    while red(app):
        assert time.monotonic() < until


def test_a_crowd_that_comes_too_late_does_not_hide_the_heartbeat(app, world):
    gate = held(world)
    late = [submit(world, SealJob(), world.clock.ticks_ms + 1) for _ in range(3)]
    world.clock.pass_ms(RED_MS)
    gate.go.set()

    assert all(ticket.exception(5) for ticket in late)
    until = time.monotonic() + 5
    while red(app):
        assert time.monotonic() < until


class Gate:
    """A job that holds the writer until told."""

    def __init__(self):
        self.entered, self.go = threading.Event(), threading.Event()

    def write(self, page):
        self.entered.set()
        assert self.go.wait(10)


def submit(world, job, deadline_ms=10**9):
    ticket = Future()
    world.authority.submit(job, deadline_ms=deadline_ms, mailbox=world.sequencer._futures, ticket=ticket)
    return ticket


def held(world):
    gate = Gate()
    submit(world, gate)
    assert gate.entered.wait(10)
    return gate


def fill(world, count):
    for _ in range(count):
        submit(world, SealJob(leaves=0))


def until_empty(world):
    until = time.monotonic() + 10
    while world.sequencer.depth:
        assert time.monotonic() < until
        time.sleep(0.01)
