"""`Gate` over a fake authority that really signs: what runs, and what does not."""

from __future__ import annotations

import threading
from dataclasses import FrozenInstanceError, replace

import pytest

import licet
import sample_evidence as sample
from gate.fakes import (
    APPROVAL,
    CALL,
    CLAIM,
    COMPLETE,
    DECIDE,
    NOW_S,
    PERMITTED,
    FakeAuthority,
    World,
    cut,
    payload_of,
    problem,
    refusing,
)
from licet.gate.answers import permit_of
from licet.gate.decision import Failure
from licet.gate.errors import (
    ApprovalRequired,
    Denied,
    GateUnavailable,
    NoPermit,
    PermitRefused,
)
from licet.protocol import fast
from licet.protocol.types import Actor, EntityRef, Outcome
from licet.receipt.read import read_receipt


def test_a_permitted_effect_runs_once_and_is_reported_executed():
    world = World()

    world.run()

    assert world.ran == [CALL["parameters"]]
    assert [path for path, _ in world.authority.asked] == [DECIDE, CLAIM, COMPLETE]
    assert world.authority.statuses == ["executed"]
    assert "result_digest" in world.authority.completions[0]


def test_the_same_permit_never_runs_twice():
    world = World()
    world.run()

    with pytest.raises(PermitRefused) as caught:
        world.run()

    assert len(world.ran) == 1
    assert caught.value.decision.failure is Failure.ALREADY_CLAIMED
    assert caught.value.receipt is not None


def test_one_permit_context_is_entered_once():
    world = World()
    holding = world.permit()
    with holding:
        pass

    with pytest.raises(ValueError, match="works once"), holding:
        world.ran.append("again")

    assert world.ran == []


@pytest.mark.parametrize(
    ("decided", "error"),
    [(sample.DENIED, Denied), (sample.SILENT, NoPermit), (APPROVAL, ApprovalRequired)],
    ids=["DENY", "SILENCE", "approval"],
)
def test_every_other_outcome_raises_and_runs_nothing(decided, error):
    world = refusing(decided)

    with pytest.raises(error) as caught:
        world.run()

    assert world.ran == []
    assert type(caught.value) is error
    assert caught.value.receipt_id is not None
    assert [path for path, _ in world.authority.asked] == [DECIDE]


@pytest.mark.parametrize("path", [DECIDE, CLAIM])
@pytest.mark.parametrize(
    "broken",
    [
        (200, {}, b""),
        (200, {}, b"garbage"),
        (200, {}, b"{}"),
        (204, {}, b""),
        (302, {"location": "/"}, b""),
        (500, {}, b""),
        (503, {}, b""),
        problem(400, "malformed"),
        problem(403, "wrong_audience"),
        problem(409, "already_claimed"),
        problem(410, "permit_expired"),
        problem(410, "permit_revoked"),
        problem(403, "frozen"),
    ],
    ids=lambda broken: f"{broken[0]}-{len(broken[2])}",
)
def test_no_broken_answer_on_the_way_lets_an_effect_run(path, broken):
    world = World(FakeAuthority(tamper=lambda asked, good: broken if asked == path else good))

    with pytest.raises(NoPermit):
        world.run()

    assert world.ran == []
    assert world.authority.completions == []


@pytest.mark.parametrize("path", [DECIDE, CLAIM])
@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.DEADLINE, Failure.BAD_ANSWER])
def test_no_cut_on_the_way_lets_an_effect_run(path, failure):
    world = World()
    cut(world, path, failure)

    with pytest.raises(GateUnavailable):
        world.run()

    assert world.ran == []


def test_a_claim_whose_answer_is_lost_is_asked_for_again_and_won_once():
    world = World()
    lost = []

    def lose_once(path, good):
        if path == CLAIM and not lost:
            lost.append(good)
            return (504, {}, b"")
        return good

    world.authority.tamper = lose_once
    world.run()

    assert len(world.ran) == 1
    assert len(world.authority.claims) == 1


def test_a_claim_that_stays_lost_runs_nothing_and_reports_nothing():
    world = World()
    cut(world, CLAIM)

    with pytest.raises(GateUnavailable) as caught:
        world.run()

    assert caught.value.decision.failure is Failure.CLAIM_LOST
    assert caught.value.receipt is not None
    assert world.authority.completions == []


def claim_tampered(**changes):
    """A world whose claim receipts say something else, under a good signature."""

    def tamper(path, good):
        if path != CLAIM:
            return good
        answer = fast.read(good[2])
        payload = sample.claimed()
        genuine = fast.read(payload_of(answer["claim"]))
        answer["claim"] = sample.sealed({**payload, **genuine, **changes})
        return 200, {}, fast.canonical(answer)

    return World(FakeAuthority(tamper=tamper))


@pytest.mark.parametrize(
    "changes",
    [
        {"claim_id": "somebody-else"},
        {"effect_digest": f"sha256:{'0' * 64}"},
        {"aud": "another-executor"},
        {"tenant": "other"},
        {"iss": "evil.example/licet/main"},
        {"links": {"permit": sample.PERMIT_LINK.document()}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_genuine_claim_receipt_of_another_use_proves_nothing(changes):
    world = claim_tampered(**changes)

    with pytest.raises(PermitRefused) as caught:
        world.run()

    assert world.ran == []
    assert caught.value.decision.failure is Failure.WRONG_ANSWER


def test_an_untampered_claim_receipt_is_believed():
    world = claim_tampered()

    world.run()

    assert len(world.ran) == 1


@pytest.mark.parametrize("signer", [sample.STRANGER, sample.RETIRED_KEY, sample.EXECUTOR_KEY])
def test_a_claim_receipt_under_another_key_proves_nothing(signer):
    world = World()

    def tamper(path, good):
        if path != CLAIM:
            return good
        answer = fast.read(good[2])
        answer["claim"] = sample.sealed(fast.read(payload_of(answer["claim"])), signer)
        return 200, {}, fast.canonical(answer)

    world.authority.tamper = tamper
    with pytest.raises(GateUnavailable) as caught:
        world.run()

    assert world.ran == []
    assert caught.value.decision.failure is Failure.BAD_SIGNATURE


def test_a_decision_receipt_is_no_claim():
    world = World()

    def tamper(path, good):
        answer = fast.read(good[2])
        if path == CLAIM:
            answer["claim"] = next(iter(world.authority.issued.values()))
        return good[0], {}, fast.canonical(answer)

    world.authority.tamper = tamper
    with pytest.raises(PermitRefused):
        world.run()

    assert world.ran == []


def test_what_runs_is_what_was_decided_on_whatever_another_thread_does_meanwhile():
    parameters = {"amount_minor": 4000, "currency": "USD", "payee": "acme", "lines": [{"n": 1}]}
    world = World()
    decided = []

    def tamper(path, good):
        def rewrite():
            parameters["amount_minor"] = 999_999
            parameters["payee"] = "mallory"
            parameters["lines"][0]["n"] = 2
            parameters["lines"].append({"n": 3})

        thief = threading.Thread(target=rewrite)
        thief.start()
        thief.join()
        return good

    world.authority.tamper = tamper
    world.authority.decide = lambda request: decided.append(request.parameters) or PERMITTED
    world.run(parameters=parameters)

    expected = {"amount_minor": 4000, "currency": "USD", "payee": "acme", "lines": [{"n": 1}]}
    assert world.ran == [expected]
    assert decided == [expected]


def test_parameters_of_a_held_permit_cannot_be_written():
    world = World()

    with world.permit(parameters={"lines": [{"n": 1}]}) as p:
        with pytest.raises(TypeError):
            p.parameters["lines"] = []
        with pytest.raises(TypeError):
            p.parameters["lines"][0]["n"] = 2
        with pytest.raises(FrozenInstanceError):
            p.permit.receipt_id = "other"


def test_what_changed_is_not_claimed():
    world = World()
    permit = world.require()
    changed = replace(permit.effect, parameters={"amount_minor": 999_999})

    with pytest.raises(PermitRefused) as caught:
        replace(permit, effect=changed).claim()

    assert caught.value.decision.check == "effect_digest"
    assert [path for path, _ in world.authority.asked] == [DECIDE]


def test_a_large_argument_is_bound_and_handed_on_whole():
    world = World()

    world.run(parameters={"content": "a" * 2_000_000})

    assert world.ran == [{"content": "a" * 2_000_000}]
    assert all(len(body) < 20_000 for _, body in world.authority.asked)


def test_absent_parameters_are_not_empty_ones():
    world = World()

    absent = world.require(parameters=None, key="a")
    empty = world.require(parameters={}, key="b")

    assert dict(absent.parameters) == dict(empty.parameters) == {}
    assert absent.effect_digest != empty.effect_digest


@pytest.mark.parametrize("value", [1.5, object(), {1: 2}, "\ud800"], ids=lambda value: type(value).__name__)
def test_an_argument_without_exact_form_is_the_programmers_mistake_and_nothing_is_sent(value):
    world = World()

    with pytest.raises(ValueError, match=r"^/parameters/amount"):
        world.decide(parameters={"amount": value})

    assert world.transport.sent == []


def test_five_failures_in_a_row_make_a_fast_no_for_a_second_and_then_one_probe():
    world = World()
    cut(world, DECIDE)
    for _ in range(5):
        world.decide()
    tried = len(world.transport.sent)

    fast_no = world.decide()
    assert (fast_no.failure, len(world.transport.sent)) == (Failure.UNREACHABLE, tried)

    world.clock.elapsed_ms += 1_000
    world.decide()
    assert len(world.transport.sent) == tried + 3
    world.decide()
    assert len(world.transport.sent) == tried + 3

    world.clock.elapsed_ms += 1_000
    world.transport.broken = lambda send: None
    assert world.decide().permit is not None
    assert world.decide().permit is not None


def test_refusals_do_not_open_the_breaker():
    world = refusing(sample.DENIED)

    outcomes = {world.decide(key=f"k{n}").outcome for n in range(12)}

    assert outcomes == {Outcome.DENY}


def test_an_interrupt_while_deciding_passes_and_leaves_the_gate_usable():
    world = World()

    def interrupt(send):
        raise KeyboardInterrupt

    world.transport.broken = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.transport.broken = lambda send: None
    world.run()

    assert len(world.ran) == 1


def test_waiting_for_an_approval_asks_with_the_same_key_until_it_is_given():
    answers = [APPROVAL, APPROVAL, PERMITTED]
    world = World(FakeAuthority(decide=lambda request: answers.pop(0) if len(answers) > 1 else answers[0]))

    world.run(wait=60)

    assert len(world.ran) == 1
    asked = {body for path, body in world.authority.asked if path == DECIDE}
    assert len(asked) == 1


def test_decision_and_claim_share_one_deadline():
    world = World()
    world.transport.took_ms = 700

    world.run()

    deciding, claiming, _ = world.transport.sent
    assert (deciding.timeout_ms, claiming.timeout_ms) == (1_000, 650)
    assert claiming.deadline_ms == 2_000 - 700 - 50


def test_a_claim_for_which_no_time_is_left_runs_nothing():
    world = World()
    world.transport.took_ms = 1_500

    with pytest.raises(GateUnavailable) as caught:
        world.run()

    assert caught.value.decision.failure is Failure.CLAIM_LOST
    assert world.ran == []


def test_a_sleep_that_lasts_too_long_leaves_no_further_attempt():
    world = World()
    cut(world, DECIDE)
    world.clock.sleep = lambda wait_ms: setattr(world.clock, "elapsed_ms", world.clock.elapsed_ms + 5_000)

    assert world.decide().failure is Failure.UNREACHABLE
    assert len(world.transport.sent) == 1


def test_an_actor_may_say_for_whom_and_with_what():
    world = World()
    seen = []
    world.authority.decide = lambda request: seen.append(request.actor) or PERMITTED
    actor = Actor(
        type="agent",
        id="finance-bot",
        attributes={"model": "m-1"},
        on_behalf_of=(EntityRef(type="user", id="ada"),),
    )

    world.decide(actor=actor, target=EntityRef(type="account", id="acct-42"))

    assert seen == [actor]


def test_a_refusal_is_no_permit_whoever_asks_for_one():
    receipt = read_receipt(sample.sealed(sample.decided(sample.DENIED)))

    with pytest.raises(TypeError, match="PERMIT"):
        permit_of("token", receipt, None, None)


def test_closing_a_gate_closes_its_authority():
    world = World()

    with world.gate:
        pass

    assert world.authority.closed


def test_licet_exports_what_the_contract_names():
    assert set(licet.__all__) <= set(dir(licet))
    for name in licet.__all__:
        assert getattr(licet, name).__name__ == name
    with pytest.raises(AttributeError, match="Gaet"):
        licet.Gaet  # noqa: B018 - the access is the test


def test_no_permit_is_older_than_the_clock_says():
    world = World()
    world.clock.unix_s = NOW_S + 61

    with pytest.raises(PermitRefused) as caught:
        world.run()

    assert caught.value.decision.failure is Failure.EXPIRED
    assert world.ran == []
