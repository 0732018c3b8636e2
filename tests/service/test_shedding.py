"""An early no under load and on a full disk: nothing of it is kept, and no permit without room."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from licet.authority.callers import OWNER
from licet.decision.replay import RecordedDecision, replay
from licet.ledger.pace import SAMPLES_MIN
from licet.protocol import limits
from licet.protocol.parse import parse_decision_ask
from licet.protocol.types import Tenant
from licet.receipt.jws import split
from service.problems import claim_body, headers, problem_of
from support.asgi import ask
from support.ledgers import SealJob
from support.sources import LOW_BYTES
from support.world import payment

COMMIT_MS = 200


class TickingJob:
    """A job that takes its time."""

    def __init__(self, clock):
        self.clock = clock

    def write(self, page):
        self.clock.pass_ms(COMMIT_MS)
        return SealJob().write(page)


@pytest.fixture
def slow(world):
    """A writer that is known to take 200 ms a commit."""
    for _ in range(SAMPLES_MIN):
        world.settle(TickingJob(world.clock))
    return world


def within(ms):
    return [("licet-deadline-ms", str(ms))]


def test_what_would_be_too_late_is_shed_before_it_is_decided(slow, owner):
    size, drawn = slow.store.head().size, slow.entropy._count

    document = problem_of(
        owner("POST", "/v1/decisions", payment(), headers=within(COMMIT_MS - 1)), 503, "overloaded"
    )

    assert document["retry_after_s"] == 1
    assert slow.store.head().size == size
    assert slow.entropy._count == drawn, "it was decided, or nearly"


def test_a_shed_answer_is_not_kept_under_its_key(slow, owner):
    size = slow.store.head().size
    for _ in range(2):
        problem_of(
            owner("POST", "/v1/decisions", payment(), headers=within(COMMIT_MS - 1)), 503, "overloaded"
        )

    decided = owner("POST", "/v1/decisions", payment())

    assert decided.json()["outcome"] == "PERMIT"
    assert slow.store.head().size == size + 1
    assert owner("POST", "/v1/decisions", payment()).body == decided.body


def test_a_key_that_has_its_answer_is_answered_whatever_the_load(slow, owner):
    first = owner("POST", "/v1/decisions", payment())

    assert owner("POST", "/v1/decisions", payment(), headers=within(1)).body == first.body


def test_a_claim_that_would_be_too_late_is_shed_and_made_later(slow, owner, executor):
    decided = owner("POST", "/v1/decisions", payment()).json()
    body = claim_body(decided["receipt"], claim_id="c-1")

    problem_of(executor("POST", "/v1/permits/claim", body, headers=within(COMMIT_MS - 1)), 503, "overloaded")
    assert executor("POST", "/v1/permits/claim", body).status == 200


def test_a_retry_after_says_how_long_the_queue_is(slow, app):
    gate = _held(slow)
    _fill(slow, 50)

    answer = asyncio.run(
        ask(app, "POST", "/v1/decisions", chunks=(payment(),), headers=headers(slow.owner.reveal()))
    )
    gate.set_result(None)

    document = problem_of(answer, 503, "overloaded")
    assert answer.headers["retry-after"] == str(document["retry_after_s"]) == "11"


def test_one_tenant_that_fills_the_queue_leaves_another_its_share(world, app):
    gate = _held(world)
    _fill(world, limits.QUEUE_ENTRIES_MAX, tenant=Tenant("loud"))

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            lambda: asyncio.run(
                ask(app, "POST", "/v1/decisions", chunks=(payment(),), headers=headers(world.owner.reveal()))
            )
        )
        with pytest.raises(TimeoutError):
            asked.result(0.2)  # it waits in the queue instead of being refused
        gate.set_result(None)
        assert asked.result(30).json()["outcome"] == "PERMIT"


# --- disk -----------------------------------------------------------------------------------------


def test_below_the_low_mark_a_permit_becomes_a_recorded_silence(world, owner):
    world.room.free = LOW_BYTES - 1

    answer = owner("POST", "/v1/decisions", payment()).json()

    assert (answer["outcome"], answer["reason"]) == ("SILENCE", "state_unavailable")
    assert world.store.receipt(answer["log"]["index"]).reason == "state_unavailable"
    assert world.store.permit(answer["receipt_id"]) is None
    assert owner("POST", "/v1/decisions", payment()).json() == answer, "it is final for its key"


def test_below_the_low_mark_a_refusal_is_recorded_as_ever(world, owner):
    world.room.free = 0

    answer = owner("POST", "/v1/decisions", payment(amount=400_000)).json()

    assert answer["outcome"] == "DENY"
    assert world.store.receipt(answer["log"]["index"]).outcome == "DENY"


def test_below_the_low_mark_what_was_permitted_is_claimed(world, owner, executor):
    decided = owner("POST", "/v1/decisions", payment()).json()
    world.room.free = 0

    assert executor("POST", "/v1/permits/claim", claim_body(decided["receipt"])).status == 200


def test_permits_resume_by_themselves_with_the_room(world, owner):
    world.room.free = LOW_BYTES - 1
    owner("POST", "/v1/decisions", payment("k-1"))
    world.room.free = LOW_BYTES

    assert owner("POST", "/v1/decisions", payment("k-2")).json()["outcome"] == "PERMIT"


def test_a_disk_that_runs_low_between_deciding_and_writing_is_seen(world):
    job = world.authority.decide(
        parse_decision_ask(payment()), OWNER, deadline_ms=world.authority.deadline_ms()
    )
    world.room.free = LOW_BYTES - 1

    assert world.settle(job).outcome == "SILENCE"


def test_a_silence_for_want_of_room_replays_byte_for_byte(world, owner):
    world.room.free = LOW_BYTES - 1
    answer = owner("POST", "/v1/decisions", payment()).json()
    world.room.free = 100 * LOW_BYTES
    body = world.store.body(answer["log"]["index"])

    again = replay(
        RecordedDecision(
            request_body=body.request,
            idempotency_key="k-1",
            facts_document=body.facts,
            payload=split(answer["receipt"]).payload,
        ),
        world.shelf.active(world.store.active()).compiled,
    )

    assert again.same


class _Gate:
    """A job that holds the writer until told."""

    def __init__(self):
        self.entered, self.go = Future(), Future()

    def write(self, page):
        self.entered.set_result(None)
        self.go.result(30)


def _held(world):
    gate = _Gate()
    _submit(world, gate)
    gate.entered.result(10)
    return gate.go


def _submit(world, job, **named):
    world.authority.submit(job, deadline_ms=10**9, mailbox=world.sequencer._futures, ticket=Future(), **named)


def _fill(world, count, **named):
    for _ in range(count):
        _submit(world, SealJob(leaves=0), **named)
