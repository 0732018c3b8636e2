"""One decision on its way into the log: recorded first, the same for its key, replayable."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from licet.authority.callers import OWNER, Role
from licet.decision.replay import RecordedDecision, replay
from licet.errors import IdempotencyConflict, NotAllowed, NotRecorded, Overloaded
from licet.protocol.parse import parse_decision_ask
from licet.protocol.types import EntityRef, LeafIndex, Outcome, Reason
from licet.receipt.jws import split
from licet.receipt.read import read_receipt
from licet.service.exchange import Ask
from licet.service.routes import Routes
from licet.store.port import BundleRow
from support.world import World, payment, starter


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def test_each_outcome_is_recorded_before_it_is_answered(world):
    for key, amount, outcome in (("p", 4_000, "PERMIT"), ("d", 400_000, "DENY"), ("s", 80_000, "SILENCE")):
        answer = world.decide(payment(key, amount=amount))

        stored = world.store.receipt(answer.index)
        assert answer.outcome == Outcome(outcome)
        assert stored.jws == answer.receipt
        assert stored.outcome == outcome
        assert world.store.head().size == answer.index + 1


def test_the_same_key_and_bytes_get_the_byte_identical_first_receipt(world):
    first = world.decide(payment())
    world.clock.pass_ms(3_600_000)

    assert world.decide(payment()) == first
    assert world.store.head().size == first.index + 1


def test_a_retry_that_reaches_the_writer_gets_the_first_receipt_too(world):
    ask = parse_decision_ask(payment())
    deadline_ms = world.authority.deadline_ms()
    jobs = [world.authority.decide(ask, OWNER, deadline_ms=deadline_ms) for _ in range(3)]

    answers = [world.settle(job) for job in jobs]

    assert len({answer.receipt for answer in answers}) == 1
    assert world.store.head().size == answers[0].index + 1


def test_the_same_key_for_another_request_is_refused_and_changes_nothing(world):
    first = world.decide(payment())

    with pytest.raises(IdempotencyConflict):
        world.decide(payment(amount=4_001))
    assert world.decide(payment()) == first
    assert world.store.head().size == first.index + 1


def test_a_key_is_scoped_to_its_actor_and_surface(world):
    first = world.decide(payment())
    other = world.decide(payment(actor={"type": "agent", "id": "other-bot"}))

    assert other.receipt_id != first.receipt_id


def test_many_threads_on_one_key_get_one_receipt(world):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: world.decide(payment()), range(64)))

    assert len({answer.receipt for answer in answers}) == 1
    assert world.store.head().size == answers[0].index + 1


def test_a_caller_without_the_role_decides_nothing(world):
    auditor = replace(OWNER, roles=frozenset({Role.AUDITOR}))

    with pytest.raises(NotAllowed, match="caller"):
        world.decide(payment(), auditor)


def test_a_caller_speaks_for_nobody_else_without_the_role(world):
    bot = replace(OWNER, actor=EntityRef(type="agent", id="finance-bot"), roles=frozenset({Role.CALLER}))

    assert world.decide(payment(), bot).outcome is Outcome.PERMIT
    with pytest.raises(NotAllowed) as refused:
        world.decide(payment("k-2", actor={"type": "agent", "id": "cfo-bot"}), bot)
    assert refused.value.pointer == "/actor"


@pytest.mark.parametrize("amount", [4_000, 80_000, 400_000])
def test_a_recorded_decision_replays_byte_for_byte(world, amount):
    answer = world.decide(payment(amount=amount, context={"ticket": "FIN-7"}))
    body = world.store.body(answer.index)
    payload = split(answer.receipt).payload

    again = replay(
        RecordedDecision(
            request_body=body.request,
            idempotency_key="k-1",
            facts_document=body.facts,
            payload=payload,
        ),
        world.shelf.active(world.store.active()).compiled,
    )

    assert again.payload == payload
    assert again.same


def test_parameters_and_context_never_enter_the_receipt(world):
    answer = world.decide(payment(context={"ticket": "FIN-7"}))
    payload = split(answer.receipt).payload

    assert b"acme" not in payload
    assert b"FIN-7" not in payload
    assert b"acme" in world.store.body(answer.index).request


def test_an_unknown_surface_is_silence_and_recorded(world):
    answer = world.decide(payment(surface="payments.unknown"))

    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.SURFACE_UNKNOWN)
    assert world.store.receipt(answer.index).reason == "surface_unknown"


def test_a_missing_parameter_is_silence_that_names_it(world):
    answer = world.decide(payment(parameters={"currency": "USD", "payee": "acme"}))

    assert answer.reason is Reason.REQUEST_INVALID
    assert "amount_minor" in answer.explanation[0].text


def test_a_demanded_version_that_is_not_active_yet_is_silence(world):
    answer = world.decide(payment(min_policy_version=2))

    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.POLICY_UNAVAILABLE)


def test_a_deadline_that_passes_while_deciding_is_a_recorded_silence(world):
    deadline_ms = world.clock.ticks_ms + 10
    looked = world.clock.wall_ms
    # Looking takes longer than the caller waits.
    world.clock.wall_ms = lambda: (world.clock.pass_ms(20), looked())[1]
    routes = Routes(authority=world.authority, version="0", engine="memory")
    asked = Ask(
        method="POST",
        path="/v1/decisions",
        query={},
        headers={"content-type": "application/json", "licet-deadline-ms": "10"},
        body=payment(),
    )

    pending = routes.handle(asked, caller=OWNER)
    answer = world.authority.settle(pending.job, deadline_ms=pending.deadline_ms)

    assert pending.job.late
    assert pending.deadline_ms > deadline_ms
    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.DEADLINE_EXCEEDED)
    assert world.store.receipt(answer.index).reason == "deadline_exceeded"


def test_a_deadline_that_passed_before_deciding_records_nothing(world):
    size = world.store.head().size

    with pytest.raises(Overloaded):
        world.authority.decide(parse_decision_ask(payment()), OWNER, deadline_ms=world.clock.ticks_ms)
    assert world.store.head().size == size


def test_a_bundle_that_changed_in_between_decides_again(world):
    ask = parse_decision_ask(payment())
    job = world.authority.decide(ask, OWNER, deadline_ms=world.authority.deadline_ms())
    assert job.decision.outcome is Outcome.PERMIT
    world.settle(world.activation(closed(), parent=world.store.active().digest))

    answer = world.settle(job)

    assert answer.outcome is Outcome.DENY
    assert read_receipt(answer.receipt).policy.version == 2


def test_bundle_changed_in_the_store_decides_nothing(world):
    row = world.store.active()
    kept = world.store.bundle(row.digest)
    world.shelf._kept.clear()

    class Changed:
        def bundle(self, digest):
            return BundleRow(
                digest=kept.digest,
                name=kept.name,
                label=kept.label,
                packed=kept.packed.replace(b"10000", b"99999"),
                stored_ms=kept.stored_ms,
            )

    world.shelf._store = Changed()

    assert world.shelf.active(row) is None
    answer = world.decide(payment())
    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.POLICY_UNAVAILABLE)


def test_a_permit_too_large_to_travel_is_silence(world):
    bundle = starter()
    # Obligations travel in the receipt; enough of them pass what one header holds.
    many = "".join(
        f'@id("big-{number}")\n@reason("r")\n@obligation("o{number}:{"a" * 128}")\n'
        'permit (principal, action == Action::"transfer", resource == Surface::"payments.transfer")\n'
        "when { context.parameters.amount_minor <= 10000 };\n"
        for number in range(60)
    )
    bundle["policies/big.cedar"] = many.encode()
    bundle = {name: data for name, data in bundle.items() if not name.startswith("tests/")}
    world.settle(world.activation(bundle, parent=world.store.active().digest))

    answer = world.decide(payment())

    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.REQUEST_INVALID)
    assert world.store.permit(answer.receipt_id) is None


def test_after_an_unknown_commit_nothing_is_answered(world):
    first = world.decide(payment())
    world.store.break_commit(recorded=True)
    with pytest.raises(NotRecorded):
        world.decide(payment("k-2"))

    with pytest.raises(NotRecorded):
        world.decide(payment())
    assert len(world.faults) == 1
    assert world.store.reopen().receipt(first.index).jws == first.receipt


def test_crash_after_commit_is_found_by_key(world):
    world.store.break_commit(recorded=True)
    with pytest.raises(NotRecorded):
        world.decide(payment())

    restarted = world.store.reopen()
    row = restarted.scan(LeafIndex(2), 1)[0]
    assert json.loads(split(row.jws).payload)["request"]["idempotency_key"] == "k-1"


def closed() -> dict[str, bytes]:
    """The starter bundle with one more forbid, and without the tests that it breaks."""
    bundle = {name: data for name, data in starter().items() if not name.startswith("tests/")}
    bundle["policies/closed.cedar"] = (
        b'@id("closed")\n@reason("Nothing goes out")\nforbid (principal, action, resource);\n'
    )
    return bundle
