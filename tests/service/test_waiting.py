"""Faults and waiting: no fault, no hang-up and no lost commit is ever a permit, and none stops a commit."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future

import pytest

from licet.errors import Malformed, StoreUnknown
from licet.receipt.read import read_receipt
from licet.service import app as rim
from licet.service.app import LoopMailbox
from service.problems import headers, problem_of
from support.asgi import ask
from support.world import payment, starter

# --- faults ---------------------------------------------------------------------------------------


def test_a_fault_of_our_own_tells_nothing(owner, app, world, caplog):
    class Broken:
        def __getattr__(self, name):
            message = "secret detail of the inside"
            raise ZeroDivisionError(message)

    app._routes = type(app._routes)(authority=Broken(), version="0", engine="none")
    with caplog.at_level(logging.CRITICAL, logger="licet.service.app"):
        answer = owner("POST", "/v1/decisions", payment())

    problem_of(answer, 500, "internal")
    assert b"secret" not in answer.body
    assert b"ZeroDivision" not in answer.body


def test_a_store_that_stopped_writing_is_503_and_never_a_permit(owner, world):
    world.store.break_commit(recorded=True)

    for key in ("k-1", "k-1", "k-2"):
        document = problem_of(owner("POST", "/v1/decisions", payment(key)), 503, "not_recorded")
        assert document["retry_after_s"] >= 1
    assert len(world.faults) == 1


def test_a_read_that_meets_a_poisoned_store_is_503_too(owner, world):
    def lost(*_):
        raise StoreUnknown("the disk is gone", mend="restart")

    world.store.token = lost

    problem_of(owner("POST", "/v1/decisions", payment()), 503, "not_recorded")


def test_a_scope_that_is_not_http_is_not_served(app):
    with pytest.raises(RuntimeError, match="websocket"):
        asyncio.run(app({"type": "websocket"}, None, None))


# --- cancellation ---------------------------------------------------------------------------------


class Slow:
    """Holds the writer until told."""

    def __init__(self):
        self.entered, self.go = threading.Event(), threading.Event()

    def write(self, page):
        self.entered.set()
        assert self.go.wait(10)


async def queued(world, count):
    while world.sequencer.depth < count:  # noqa: ASYNC110 - the writer's thread has no event to await
        await asyncio.sleep(0.001)


def held(world):
    gate = Slow()
    world.authority.submit(
        gate, deadline_ms=world.authority.deadline_ms(), mailbox=world.sequencer._futures, ticket=Future()
    )
    assert gate.entered.wait(10)
    return gate


def test_a_caller_that_hangs_up_does_not_stop_the_commit(app, world, owner):
    gate = held(world)

    async def cancelled():
        task = asyncio.ensure_future(
            ask(app, "POST", "/v1/decisions", chunks=(payment(),), headers=headers(world.owner.reveal()))
        )
        await queued(world, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.go.set()

    asyncio.run(cancelled())

    decided = owner("POST", "/v1/decisions", payment())
    assert decided.json()["outcome"] == "PERMIT"
    assert world.store.head().size == 3
    assert world.store.receipt(2).jws == decided.json()["receipt"]


def test_one_cancelled_caller_keeps_nobody_else_of_its_batch_waiting(app, world):
    gate = held(world)

    async def run():
        def start(key):
            return asyncio.ensure_future(
                ask(
                    app,
                    "POST",
                    "/v1/decisions",
                    chunks=(payment(key),),
                    headers=headers(world.owner.reveal()),
                )
            )

        gone, stays = start("k-1"), start("k-2")
        await queued(world, 2)
        gone.cancel()
        gate.go.set()
        return await asyncio.wait_for(stays, 10)

    assert asyncio.run(run()).json()["outcome"] == "PERMIT"


def test_a_commit_that_does_not_end_in_time_is_not_recorded(app, world, monkeypatch):
    monkeypatch.setattr(rim, "COMMIT_WAIT_S", 0.05)
    gate = held(world)

    answer = asyncio.run(
        ask(app, "POST", "/v1/decisions", chunks=(payment(),), headers=headers(world.owner.reveal()))
    )
    gate.go.set()

    problem_of(answer, 503, "not_recorded")


def test_answers_for_a_loop_that_closed_are_let_go():
    loop = asyncio.new_event_loop()
    ticket = loop.create_future()
    loop.close()

    LoopMailbox(loop).deliver([(ticket, "late")])
    assert not ticket.done()


def test_a_mailbox_delivers_values_refusals_and_skips_what_is_done():
    async def run():
        loop = asyncio.get_running_loop()
        done, value, refusal = (loop.create_future() for _ in range(3))
        done.cancel()
        LoopMailbox(loop).deliver(
            [(done, 1), ("no ticket", 2), (value, 3), (refusal, Malformed("no", mend="-"))]
        )
        assert await asyncio.wait_for(value, 5) == 3
        with pytest.raises(Malformed):
            await asyncio.wait_for(refusal, 5)

    asyncio.run(run())


def test_one_application_serves_one_loop_after_another(owner):
    assert [owner("POST", "/v1/decisions", payment(f"k-{number}")).status for number in range(3)] == [200] * 3


def test_a_door_hears_its_claim_with_the_decision(world, owner):
    bundle = {name: data for name, data in starter().items() if not name.startswith("tests/")}
    name = next(name for name in bundle if name.startswith("surfaces/"))
    bundle[name] = bundle[name].replace(b"[surface]\n", b'[surface]\nclaimed_by = "door"\n')
    world.settle(world.activation(bundle, parent=world.store.active().digest))

    answer = owner("POST", "/v1/decisions", payment(claim_id="c-1")).json()
    assert read_receipt(answer["claim"]["receipt"]).claim_id == "c-1"


def test_a_first_answer_is_found_without_the_writer(world, owner):
    first = owner("POST", "/v1/decisions", payment())
    gate = held(world)

    again = owner("POST", "/v1/decisions", payment())
    gate.go.set()
    assert again.body == first.body
