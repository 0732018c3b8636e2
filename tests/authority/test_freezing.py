"""Stop now: after a freeze has answered, nothing in its reach is permitted or claimed, and it shows."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from licet.authority.callers import OWNER, Role
from licet.decision.replay import RecordedDecision, replay
from licet.errors import AlreadyLifted, Frozen, NotAllowed, NotFound, PermitExpired
from licet.ledger.batch import write_batch
from licet.ledger.fsck import check_log
from licet.protocol import fast
from licet.protocol.parse import parse_claim_ask, parse_completion_ask, parse_decision_ask
from licet.protocol.types import EntityRef, Outcome, Reason, Tenant
from licet.receipt.jws import split
from licet.receipt.read import read_receipt
from licet.receipt.stops import FreezeOp, FreezeReceipt
from licet.store.port import FreezeQuery
from support.stops import ACTOR, ALL, SCOPES, SURFACE, TENANT, freeze, freeze_job, lift
from support.world import World, effect, payment, starter

OPERATOR = replace(
    OWNER, actor=EntityRef(type="human", id="on-call"), roles=frozenset({Role.OPERATOR}), audience=None
)
STRANGER = replace(OWNER, tenant=Tenant("other"))


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def claim_job(world, token, **more):
    return world.authority.claim(
        parse_claim_ask(fast.canonical({"permit": token, "effect": effect(), **more})), OWNER
    )


def claim(world, token, **more):
    return world.settle(claim_job(world, token, **more))


def recorded(world, answer, key="k-1"):
    body = world.store.body(answer.index)
    return RecordedDecision(
        request_body=body.request,
        idempotency_key=key,
        facts_document=body.facts,
        payload=split(answer.receipt).payload,
    )


def with_door():
    """The starter bundle, its surface claimed by its door."""
    files = starter()
    name = "surfaces/payments.toml"
    files[name] = files[name].replace(b'audience = "', b'claimed_by = "door"\naudience = "', 1)
    return files


@pytest.mark.parametrize("scope", SCOPES)
def test_a_freeze_is_a_leaf_and_what_it_covers_is_silence(world, scope):
    set_ = freeze(world, SCOPES[scope], reason="odd payees", caller=OPERATOR)
    answer = world.decide(payment())

    receipt = read_receipt(set_.receipt)
    assert isinstance(receipt, FreezeReceipt)
    assert (receipt.op, receipt.scope.document()) == (FreezeOp.SET, SCOPES[scope])
    assert (receipt.reason, receipt.by, receipt.of) == ("odd payees", OPERATOR.actor, None)
    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.FROZEN)
    assert set_.receipt_id in answer.explanation[0].text
    assert answer.index == set_.index + 1
    assert world.store.permit(answer.receipt_id) is None


def test_a_freeze_answers_whatever_the_rules_say(world):
    freeze(world, SURFACE)

    for number, amount in enumerate((4_000, 80_000, 400_000, 0)):
        assert world.decide(payment(f"k-{number}", amount=amount)).reason is Reason.FROZEN


@pytest.mark.parametrize(
    "scope",
    [
        {"surface": "payments"},
        {"surface": "payments.transfers"},
        {"actor": {"type": "agent", "id": "finance"}},
        {"actor": {"type": "human", "id": "finance-bot"}},
    ],
)
def test_what_a_freeze_does_not_name_goes_on(world, scope):
    freeze(world, scope)
    answer = world.decide(payment())

    assert answer.outcome is Outcome.PERMIT
    assert claim(world, answer.receipt).index == answer.index + 1


@pytest.mark.parametrize("scope", SCOPES)
def test_an_unclaimed_permit_stops_and_goes_on_with_its_freeze(world, scope):
    permit = world.decide(payment())
    set_ = freeze(world, SCOPES[scope])

    with pytest.raises(Frozen, match=set_.receipt_id):
        claim(world, permit.receipt)
    lifted = lift(world, set_.receipt_id, caller=OPERATOR)
    receipt = read_receipt(lifted.receipt)
    assert (receipt.op, receipt.of) == (FreezeOp.LIFTED, set_.receipt_id)
    assert receipt.scope.document() == SCOPES[scope]
    assert claim(world, permit.receipt).index == lifted.index + 1
    assert world.decide(payment("k-2")).outcome is Outcome.PERMIT


def test_a_permit_that_expired_under_a_freeze_is_expired(world):
    permit = world.decide(payment())
    freeze(world, ALL)
    world.clock.pass_ms(61_000)

    with pytest.raises(PermitExpired):
        claim(world, permit.receipt)


def test_what_was_claimed_before_completes_and_answers_again(world):
    permit = world.decide(payment())
    first = claim(world, permit.receipt, claim_id="c-1")
    freeze(world, ALL)

    assert claim(world, permit.receipt, claim_id="c-1") == first
    body = fast.canonical({"receipt_id": permit.receipt_id, "status": "executed"})
    done = world.settle(world.authority.complete(parse_completion_ask(body), OWNER))
    assert world.store.permit(permit.receipt_id).completion_index == done.index


def test_a_key_used_before_a_freeze_keeps_its_answer_and_its_permit_is_worth_nothing(world):
    permit = world.decide(payment())
    freeze(world, SURFACE)

    assert world.decide(payment()).receipt == permit.receipt
    with pytest.raises(Frozen):
        claim(world, permit.receipt)


def test_a_key_answered_frozen_stays_so(world):
    set_ = freeze(world, SURFACE)
    frozen = world.decide(payment())
    lift(world, set_.receipt_id)

    assert world.decide(payment()).receipt == frozen.receipt
    assert world.decide(payment("k-2")).outcome is Outcome.PERMIT


def test_decide_and_claim_in_one_step_is_frozen_too():
    world = World(template=with_door())
    before = world.decide(payment("k-1", claim_id="c-1"))
    freeze(world, ACTOR)

    under = world.decide(payment("k-2", claim_id="c-2"))

    assert before.claim is not None
    assert (under.reason, under.claim) == (Reason.FROZEN, None)
    assert world.decide(payment("k-1", claim_id="c-1")).claim == before.claim, "its own first answer"
    world.close()


def test_a_retry_of_decide_and_claim_whose_permit_was_not_claimed_is_frozen():
    world = World(template=with_door())
    world.decide(payment())
    freeze(world, SURFACE)

    with pytest.raises(Frozen):
        world.decide(payment(claim_id="c-1"))
    world.close()


def test_a_decision_made_before_a_freeze_and_written_after_it_is_frozen(world):
    job = world.authority.decide(
        parse_decision_ask(payment()), OWNER, deadline_ms=world.authority.deadline_ms()
    )
    assert job.decision.outcome is Outcome.PERMIT
    set_ = freeze(world, SURFACE)

    answer = world.settle(job)

    assert (answer.reason, answer.index) == (Reason.FROZEN, set_.index + 1)
    assert replay(recorded(world, answer), world.shelf.active(world.store.active()).compiled).same


def test_inside_one_batch_the_order_of_the_log_decides():
    world = World(start=False)

    def decision(key):
        ask = parse_decision_ask(payment(key))
        return world.deciding.job(ask.request, OWNER, deadline_ms=10**12, claim_id=None, correlation=None)

    first, set_, second = write_batch(
        world.store, [decision("k-1"), freeze_job(world, ALL), decision("k-2")], world.seals
    ).results
    (refused,) = write_batch(world.store, [claim_job(world, first.receipt)], world.seals).results

    assert (first.outcome, second.reason) == (Outcome.PERMIT, Reason.FROZEN)
    assert isinstance(refused, Frozen)
    assert (first.index + 1, second.index - 1) == (set_.index, set_.index)
    assert check_log(world.store, world.key).problems == ()


@pytest.mark.parametrize("amount", [4_000, 400_000, 0])
def test_a_frozen_decision_replays_byte_for_byte(world, amount):
    freeze(world, ALL)
    answer = world.decide(payment(amount=amount))
    record = recorded(world, answer)

    result = replay(record, world.shelf.active(world.store.active()).compiled)

    assert result.same
    assert result.payload == record.payload
    assert result.decision.reason is Reason.FROZEN
    assert result.decision.explanation == answer.explanation


def test_the_same_freeze_again_is_the_one_that_stands(world):
    first = freeze(world, SURFACE, reason="first")

    assert freeze(world, SURFACE, reason="second") == first
    assert world.store.head().size == first.index + 1
    lift(world, first.receipt_id)
    assert freeze(world, SURFACE) != first


def test_many_at_once_set_one_freeze(world):
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: freeze(world, TENANT), range(48)))

    assert len(found) == 1
    assert len(world.store.freezes(FreezeQuery(tenant="main", stopping=False))) == 1


def test_a_freeze_is_lifted_once(world):
    set_ = freeze(world, SURFACE)
    lifted = lift(world, set_.receipt_id)

    with pytest.raises(AlreadyLifted, match=f"at index {lifted.index}"):
        lift(world, set_.receipt_id)


def test_only_a_freeze_can_be_lifted(world):
    permit = world.decide(payment())

    for receipt_id in (permit.receipt_id, "01900000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound):
            lift(world, receipt_id)


def test_who_is_no_operator_stops_nothing(world):
    caller = replace(OWNER, roles=frozenset(Role) - {Role.OPERATOR})
    set_ = freeze(world, SURFACE)

    with pytest.raises(NotAllowed, match="operator"):
        freeze(world, ALL, caller=caller)
    with pytest.raises(NotAllowed, match="operator"):
        lift(world, set_.receipt_id, caller=caller)


def test_one_tenant_does_not_stop_another(world):
    freeze(world, TENANT, caller=STRANGER)
    freeze(world, SURFACE, caller=STRANGER)
    freeze(world, ACTOR, caller=STRANGER)

    assert world.decide(payment()).outcome is Outcome.PERMIT
    assert world.decide(payment(), STRANGER).reason is Reason.FROZEN
    with pytest.raises(NotAllowed, match="other tenants"):
        freeze(world, ALL, caller=STRANGER)


def test_one_tenant_lifts_nothing_of_another(world):
    mine, everything = freeze(world, SURFACE), freeze(world, ALL)

    with pytest.raises(NotFound):
        lift(world, mine.receipt_id, caller=STRANGER)
    with pytest.raises(NotAllowed):
        lift(world, everything.receipt_id, caller=STRANGER)
    assert world.decide(payment(), STRANGER).reason is Reason.FROZEN
    listed = world.authority.reading.freezes(FreezeQuery(tenant="main"), STRANGER)
    assert [one.row.freeze_id for one in listed] == [everything.receipt_id]


def test_without_a_bundle_it_is_the_freeze_that_is_told():
    world = World()
    freeze(world, ALL)
    world.store._tables.activations.clear()

    answer = world.decide(payment())

    assert answer.reason is Reason.FROZEN
    assert replay(recorded(world, answer), None).same
    world.close()


def test_sixteen_claimants_race_a_freeze_and_none_wins_after_its_answer(world):
    for round_ in range(12):
        permit = world.decide(payment(f"race-{round_}"))
        start, answered = threading.Barrier(17), threading.Event()

        def attempt(number, permit=permit, start=start, answered=answered):
            start.wait()
            late = answered.is_set()
            try:
                won = claim(world, permit.receipt, claim_id=f"racer-{number}")
            except Exception as error:  # noqa: BLE001 - every refusal is looked at below
                return late, error
            return late, won

        def stop(start=start, answered=answered):
            start.wait()
            set_ = freeze(world, ACTOR)
            answered.set()
            return set_

        with ThreadPoolExecutor(17) as pool:
            freezing = pool.submit(stop)
            results = [one.result() for one in [pool.submit(attempt, number) for number in range(16)]]
            set_ = freezing.result()

        won = [result for late, result in results if not isinstance(result, Exception)]
        assert len(won) <= 1
        assert all(one.index < set_.index for one in won), "a claim after the freeze's leaf"
        assert not any(late for late, result in results if not isinstance(result, Exception))
        with pytest.raises(Exception, match=r"was used before|is stopped by the freeze"):
            claim(world, permit.receipt, claim_id="too-late")
        lift(world, set_.receipt_id)
    assert check_log(world.store, world.key).problems == ()
