"""A permit works once, for these bytes, this executor, this long; and what became of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from licet.authority.callers import OWNER, Role
from licet.errors import (
    AlreadyClaimed,
    AlreadyCompleted,
    EffectMismatch,
    Malformed,
    NotAllowed,
    NotClaimed,
    NotFound,
    PermitExpired,
    PermitInvalid,
    TooLarge,
    WrongAudience,
)
from licet.protocol import fast, limits
from licet.protocol.parse import parse_claim_ask, parse_completion_ask, parse_decision_ask
from licet.protocol.types import Audience, EntityRef, Outcome, Tenant
from licet.receipt.read import read_receipt
from support.world import World, effect, payment, starter

EXECUTOR = replace(
    OWNER,
    actor=EntityRef(type="service", id="payments-executor"),
    roles=frozenset({Role.EXECUTOR}),
    audience=Audience("payments-executor"),
)


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def permit(world):
    answer = world.decide(payment())
    assert answer.outcome is Outcome.PERMIT
    return answer


def claim(world, token, *, about=None, caller=EXECUTOR, claim_id=None):
    document = {"permit": token, "effect": about or effect()}
    if claim_id is not None:
        document["claim_id"] = claim_id
    return world.settle(world.authority.claim(parse_claim_ask(fast.canonical(document)), caller))


def complete(world, receipt_id, status="executed", *, caller=EXECUTOR, **more):
    document = {"receipt_id": receipt_id, "status": status, **more}
    return world.settle(world.authority.complete(parse_completion_ask(fast.canonical(document)), caller))


def test_a_claim_is_a_leaf_that_names_its_permit(world, permit):
    claimed = claim(world, permit.receipt)

    receipt = read_receipt(claimed.receipt)
    assert receipt.permit.receipt_id == permit.receipt_id
    assert receipt.permit.index == permit.index
    assert world.store.receipt(claimed.index).kind == "claim"


def test_a_permit_works_once(world, permit):
    claim(world, permit.receipt)

    with pytest.raises(AlreadyClaimed):
        claim(world, permit.receipt)
    assert world.store.head().size == permit.index + 2


def test_a_lost_answer_is_safe_to_ask_for_with_the_same_claim_id(world, permit):
    first = claim(world, permit.receipt, claim_id="attempt-1")

    assert claim(world, permit.receipt, claim_id="attempt-1") == first
    with pytest.raises(AlreadyClaimed):
        claim(world, permit.receipt, claim_id="attempt-2")


def test_the_claim_id_of_another_executor_gets_nothing(world, permit):
    claim(world, permit.receipt, claim_id="order-7")
    replica = replace(EXECUTOR, actor=EntityRef(type="service", id="payments-executor-2"))

    with pytest.raises(AlreadyClaimed):
        claim(world, permit.receipt, claim_id="order-7", caller=replica)


def test_many_claimants_have_one_winner(world, permit):
    def attempt(number):
        try:
            return claim(world, permit.receipt, claim_id=f"racer-{number}")
        except AlreadyClaimed:
            return None

    with ThreadPoolExecutor(16) as pool:
        won = [one for one in pool.map(attempt, range(48)) if one is not None]

    assert len(won) == 1


@pytest.mark.parametrize(
    "about",
    [
        effect(amount=400_000),
        effect(action="refund"),
        effect(target={"type": "account", "id": "acct-43"}),
        {name: value for name, value in effect().items() if name != "target"},
        effect(surface="payments.other"),
    ],
)
def test_a_permit_for_another_effect_is_refused_and_stays_unused(world, permit, about):
    with pytest.raises(EffectMismatch):
        claim(world, permit.receipt, about=about)
    assert claim(world, permit.receipt)


def test_only_the_executor_that_the_permit_names_claims_it(world, permit):
    other = replace(EXECUTOR, audience=Audience("other-executor"))
    nobody = replace(EXECUTOR, audience=None)

    for caller in (other, nobody):
        with pytest.raises(WrongAudience):
            claim(world, permit.receipt, caller=caller)
    with pytest.raises(NotAllowed):
        claim(world, permit.receipt, caller=replace(EXECUTOR, roles=frozenset({Role.CALLER})))
    assert claim(world, permit.receipt)


def test_another_tenant_sees_no_permit_at_all(world, permit):
    with pytest.raises(PermitInvalid):
        claim(world, permit.receipt, caller=replace(EXECUTOR, tenant=Tenant("other")))
    with pytest.raises(NotFound):
        complete(world, permit.receipt_id, caller=replace(EXECUTOR, tenant=Tenant("other")))


def test_a_permit_expires_to_the_second_without_leeway(world, permit):
    expires_s = read_receipt(permit.receipt).expires_s
    world.clock.pass_ms(expires_s * 1000 - world.clock.now_ms)

    with pytest.raises(PermitExpired):
        claim(world, permit.receipt)


def test_a_clock_set_back_revives_no_permit(world, permit):
    expires_s = read_receipt(permit.receipt).expires_s
    world.clock.pass_ms(expires_s * 1000 - world.clock.now_ms)
    world.decide(payment("later"))
    world.clock.now_ms -= 900

    with pytest.raises(PermitExpired):
        claim(world, permit.receipt)


def test_i19_a_refusal_remembers_its_time(world, permit):
    expires_s = read_receipt(permit.receipt).expires_s
    world.clock.pass_ms(expires_s * 1000 - world.clock.now_ms)
    with pytest.raises(PermitExpired):
        claim(world, permit.receipt)
    world.clock.now_ms -= 900

    with pytest.raises(PermitExpired):
        claim(world, permit.receipt)


def test_what_is_no_permit_of_this_log_is_refused_byte_for_byte(world, permit):
    head, payload, signature = permit.receipt.split(".")
    flipped = "A" if signature[0] != "A" else "B"
    denied = world.decide(payment("d", amount=400_000))
    for token in (
        f"{head}.{payload}.{flipped}{signature[1:]}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        denied.receipt,
        "x.y.z",
        permit.receipt + "\n",
        permit.receipt + "=",
    ):
        with pytest.raises(PermitInvalid):
            claim(world, token)
    assert claim(world, permit.receipt)


def test_a_permit_of_another_log_is_refused(world):
    other = World(template=starter())
    other.log = None
    try:
        foreign = other.decide(payment()).receipt
    finally:
        other.close()

    with pytest.raises(PermitInvalid):
        claim(world, foreign)


def test_a_completion_follows_its_claim(world, permit):
    claim(world, permit.receipt)
    done = complete(world, permit.receipt_id, result_digest="sha256:" + "a" * 64, actual={"fee": 3})

    receipt = read_receipt(done.receipt)
    assert receipt.status == "executed"
    assert receipt.executor is None
    assert receipt.actual == {"fee": 3}
    assert world.store.permit(permit.receipt_id).completion_status == "executed"


def test_an_unclaimed_permit_is_not_completed(world, permit):
    with pytest.raises(NotClaimed):
        complete(world, permit.receipt_id)


def test_the_same_report_again_gets_its_first_answer(world, permit):
    claim(world, permit.receipt)
    first = complete(world, permit.receipt_id, "failed")

    assert complete(world, permit.receipt_id, "failed") == first
    with pytest.raises(AlreadyCompleted):
        complete(world, permit.receipt_id, "executed")


def test_a_different_report_under_the_same_status_is_refused(world, permit):
    claim(world, permit.receipt)
    complete(world, permit.receipt_id, "executed", actual={"fee": 3})

    with pytest.raises(AlreadyCompleted):
        complete(world, permit.receipt_id, "executed", actual={"fee": 4})


def test_unknown_is_settled_once(world, permit):
    claim(world, permit.receipt)
    complete(world, permit.receipt_id, "unknown")
    complete(world, permit.receipt_id, "executed")

    with pytest.raises(AlreadyCompleted):
        complete(world, permit.receipt_id, "failed")


def test_a_statement_that_nobody_can_check_is_refused(world, permit):
    claim(world, permit.receipt)

    with pytest.raises(Malformed) as refused:
        complete(world, permit.receipt_id, statement="a.b.c")
    assert refused.value.pointer == "/statement"


def door_bundle() -> dict[str, bytes]:
    bundle = {name: data for name, data in starter().items() if not name.startswith("tests/")}
    name = next(name for name in bundle if name.startswith("surfaces/"))
    text = bundle[name].decode()
    assert "claimed_by" not in text
    bundle[name] = text.replace("[surface]\n", '[surface]\nclaimed_by = "door"\n').encode()
    return bundle


def test_deciding_and_claiming_in_one_step_is_for_doors_alone(world):
    with pytest.raises(NotAllowed) as refused:
        world.decide(payment(claim_id="c-1"))
    assert refused.value.pointer == "/claim_id"
    assert world.store.head().size == 2


def test_a_door_decides_and_claims_in_one_transaction(world):
    world.settle(world.activation(door_bundle(), parent=world.store.active().digest))

    answer = world.decide(payment(claim_id="c-1"))

    assert answer.claim is not None
    assert answer.claim.index == answer.index + 1
    assert world.store.permit(answer.receipt_id).claim_id == "c-1"
    assert world.store.checkpoint(answer.index + 1) is None
    assert world.decide(payment(claim_id="c-1")) == answer
    with pytest.raises(AlreadyClaimed):
        world.decide(payment(claim_id="c-2"))


def test_a_surface_that_was_taken_from_its_door_in_between_claims_nothing(world):
    world.settle(world.activation(door_bundle(), parent=world.store.active().digest))
    job = world.authority.decide(
        parse_decision_ask(payment(claim_id="c-1")), OWNER, deadline_ms=world.authority.deadline_ms()
    )
    executors = world.activation(starter(), parent=world.store.active().digest, reason="back to the executor")
    world.settle(executors)
    size = world.store.head().size

    with pytest.raises(NotAllowed) as refused:
        world.settle(job)
    assert refused.value.pointer == "/claim_id"
    assert world.store.head().size == size


def test_a_door_that_is_denied_claims_nothing(world):
    world.settle(world.activation(door_bundle(), parent=world.store.active().digest))

    answer = world.decide(payment(amount=400_000, claim_id="c-1"))

    assert answer.outcome is Outcome.DENY
    assert answer.claim is None


def test_a_door_without_the_executors_credential_gets_no_decision_either(world):
    world.settle(world.activation(door_bundle(), parent=world.store.active().digest))
    caller = replace(OWNER, roles=frozenset({Role.CALLER, Role.SPEAKER_FOR}))
    size = world.store.head().size

    with pytest.raises(NotAllowed):
        world.decide(payment(claim_id="c-1"), caller)
    assert world.store.head().size == size
    assert world.authority._deciding.known(parse_decision_ask(payment()).request, OWNER) is None


def test_the_largest_completion_that_is_taken_is_read_back(world, permit):
    claim(world, permit.receipt)
    actual = {f"a{number}": number for number in range(limits.COMPLETION_MEMBERS_MAX - 3)}

    completed = complete(world, permit.receipt_id, actual=actual)

    assert read_receipt(completed.receipt).actual == actual


def test_a_completion_with_more_members_than_its_receipt_can_have_is_refused(world, permit):
    claim(world, permit.receipt)
    actual = {f"a{number}": number for number in range(limits.COMPLETION_MEMBERS_MAX - 2)}

    with pytest.raises(Malformed, match="members in all"):
        complete(world, permit.receipt_id, actual=actual)


def test_a_completion_too_large_for_a_receipt_is_refused_and_can_be_sent_again(world, permit):
    claim(world, permit.receipt)

    with pytest.raises(TooLarge):
        complete(world, permit.receipt_id, actual={"log": "x" * 30_000})

    completed = complete(world, permit.receipt_id, actual={"log": "x"})
    assert read_receipt(completed.receipt).actual == {"log": "x"}
