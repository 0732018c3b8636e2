"""A claimed permit: obligations before the effect, and what is reported after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import sample_evidence as sample
from gate.fakes import (
    COMPLETE,
    NOW_S,
    PERMITTED,
    Boom,
    FakeAuthority,
    World,
    cut,
    payload_of,
    refusing,
)
from licet.gate.decision import Completion, Failure
from licet.gate.errors import (
    PermitRefused,
)
from licet.protocol import fast
from licet.protocol.types import CompletionStatus


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Boom("x"), "unknown"),
        (TimeoutError("payment API"), "unknown"),
        (LookupError("no such account"), "failed"),
        (KeyError("kind of lookup"), "failed"),
        (KeyboardInterrupt(), "unknown"),
        (SystemExit(3), "unknown"),
        (GeneratorExit(), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_exception_out_of_the_effect_is_reported_and_passes_unchanged(error, status):
    world = World()

    with pytest.raises(type(error)) as caught, world.permit(failed_on=(LookupError,)):
        raise error

    assert caught.value is error
    assert world.authority.statuses == [status]
    assert "result_digest" not in world.authority.completions[0]


@pytest.mark.parametrize(
    ("say", "error", "status"),
    [
        ("failed", None, "failed"),
        ("not_executed", None, "not_executed"),
        ("failed", Boom(), "failed"),
        ("not_executed", Boom(), "not_executed"),
        ("not_executed", KeyboardInterrupt(), "unknown"),
    ],
)
def test_the_block_may_say_what_became_of_the_effect(say, error, status):
    world = World()

    def block():
        with world.permit() as p:
            getattr(p, say)()
            if error is not None:
                raise error

    if error is None:
        block()
    else:
        with pytest.raises(type(error)):
            block()

    assert world.authority.statuses == [status]


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.DEADLINE, Failure.BAD_ANSWER])
def test_a_report_that_cannot_be_delivered_stays_open_and_hides_nothing(failure):
    world = World()
    cut(world, COMPLETE, failure)

    with world.permit() as p:
        world.ran.append(1)
    with pytest.raises(Boom), world.permit(key="FIN-7:2"):
        raise Boom

    assert p.completion == Completion(status=CompletionStatus.EXECUTED, receipt_id=None, failure=failure)
    assert not p.completion.recorded
    assert world.ran == [1]


def test_a_report_that_was_answered_in_another_name_is_not_on_record():
    world = World(FakeAuthority())

    def tamper(path, good):
        if path != COMPLETE:
            return good
        answer = fast.read(good[2])
        payload = {**fast.read(payload_of(answer["completion"])), "status": "not_executed"}
        answer["completion"] = sample.sealed(payload)
        return 200, {}, fast.canonical(answer)

    world.authority.tamper = tamper
    with world.permit() as p:
        pass

    assert p.completion.failure is Failure.WRONG_ANSWER


def test_a_result_without_exact_form_has_no_digest():
    world = World()

    with world.permit() as p:
        assert p.result(value := object()) is value

    assert "result_digest" not in world.authority.completions[0]


def test_a_permit_that_was_required_is_claimed_and_completed_by_hand():
    world = World()
    permit = world.require()

    claim = permit.claim()
    completion = permit.complete("executed", actual={"amount_minor": 3999})

    assert claim.receipt_id != permit.receipt_id
    assert completion.recorded
    assert world.authority.completions[0]["actual"] == {"amount_minor": 3999}
    with pytest.raises(PermitRefused):
        permit.claim()
    with pytest.raises(ValueError, match="finished"):
        permit.complete("finished")


def obliging(**gate):
    decided = replace(PERMITTED, obligations=("notify:secops", "watermark"))
    return World(FakeAuthority(decide=lambda request: decided), **gate)


def test_an_obligation_without_a_handler_is_a_refusal_and_nothing_is_claimed():
    world = obliging(obligations={"notify": lambda argument, permit: None})

    with pytest.raises(PermitRefused) as caught:
        world.run()

    assert caught.value.decision.failure is Failure.OBLIGATION_UNKNOWN
    assert caught.value.decision.check == "watermark"
    assert caught.value.receipt is not None
    assert world.authority.claims == {}
    assert world.ran == []


def test_obligations_are_kept_between_claim_and_effect():
    told = []
    handlers = {
        "notify": lambda argument, permit: told.append(("notify", argument)),
        "watermark": lambda argument, permit: told.append(("watermark", argument)),
    }
    world = obliging(obligations=handlers)

    world.run()

    assert told == [("notify", "secops"), ("watermark", "")]
    assert len(world.ran) == 1


@pytest.mark.parametrize("error", [Boom(), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_an_obligation_that_cannot_be_kept_stops_the_effect(error):
    def fail(argument, permit):
        raise error

    world = obliging(obligations={"notify": fail, "watermark": fail})

    with pytest.raises(type(error)):
        world.run()

    assert world.ran == []
    assert world.authority.statuses == ["not_executed"]


def test_a_held_permit_shows_what_the_permit_shows():
    world = World()

    with world.permit() as p:
        assert p.token == p.permit.token
        assert p.expires_at.timestamp() == NOW_S + 60
        assert p.claimed.receipt_id != p.receipt_id
        assert p.completion is None

    assert p.completion.recorded
    p.settle(CompletionStatus.UNKNOWN)
    assert world.authority.statuses == ["executed"]


def test_a_block_that_was_never_entered_reports_nothing():
    world = refusing(sample.DENIED)
    holding = world.permit()

    holding.__exit__(None, None, None)

    assert world.authority.asked == []
