"""The machine alone: every reply at every step, and no permit out of any of them but the genuine one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sample_evidence as sample
from gate.fakes import (
    APPROVAL,
    CALL,
    NOW_S,
    PERMITTED,
    FakeAuthority,
    answered,
    problem,
)
from licet.gate import flow
from licet.gate.decision import Decision, Failure
from licet.gate.flow import Budget, Failed, Reply, Send, Sleep, Woke
from licet.gate.instant import Instant
from licet.gate.question import question_of
from licet.protocol import fast
from licet.protocol.parse import parse_request
from licet.protocol.types import MAIN_TENANT, Outcome, Reason
from licet.receipt.statement import decision_document

BEGAN = Instant(elapsed_ms=5_000, unix_s=NOW_S)


class NoDesk:
    """A flow carries a desk and never calls it."""


def question(**more):
    call = {"context": None, "audience": None, **CALL, **more}
    return question_of(
        "payments.transfer",
        "transfer",
        tenant=MAIN_TENANT,
        obligations=frozenset({"notify"}),
        **call,
    )


QUESTION = question()
GENUINE = FakeAuthority().exchange("POST", "/v1/decisions", QUESTION.body, {})


def after(now, ms=0, seconds=0):
    return Instant(elapsed_ms=now.elapsed_ms + ms, unix_s=now.unix_s + seconds)


def drive(script, *, budget=None, asked=QUESTION, trust=sample.TRUST, took_ms=1, unix_s=NOW_S):
    """Run the machine over ``script``: HTTP answers or failures, one per send; the last one repeats."""
    now = Instant(elapsed_ms=BEGAN.elapsed_ms, unix_s=unix_s)
    machine = flow.ask(asked, trust=trust, desk=NoDesk(), budget=budget or Budget(), began=now)
    sends, sleeps = [], []
    step = next(machine)
    while True:
        if isinstance(step, Sleep):
            sleeps.append(step.wait_ms)
            now = after(now, step.wait_ms)
            heard = Woke(now=now)
        else:
            said = script[min(len(sends), len(script) - 1)]
            sends.append(step)
            now = after(now, took_ms)
            heard = (
                Failed(failure=said, now=now, again=said is not Failure.BAD_ANSWER)
                if isinstance(said, Failure)
                else Reply(status=said[0], headers=said[1], body=said[2], now=now)
            )
        try:
            step = machine.send(heard)
        except StopIteration as ended:
            return ended.value, sends, sleeps


def sealed(decided=PERMITTED, *, asked=QUESTION, signer=sample.RECEIPT_KEY, said=None, **changes):
    """An answer that says ``said`` around a receipt of ``decided`` with ``changes`` in its payload."""
    request = parse_request(asked.body)
    document = decision_document(request, decided, facts=sample.FACTS, stamp=sample.stamp(9))
    document.update(changes)
    status, headers, body = answered(GENUINE_TOKEN, decided if said is None else said, request)
    answer = fast.read(body)
    answer["receipt"] = sample.sealed(document, signer)
    answer["receipt_id"] = sample.stamp(9).receipt_id
    return status, headers, fast.canonical(answer)


GENUINE_TOKEN = fast.read(GENUINE[2])["receipt"]


def edited(**members):
    """The genuine answer with members in place of its own."""
    document = fast.read(GENUINE[2])
    document.update(members)
    return 200, {}, fast.canonical(document)


def flipped():
    head, payload, signature = GENUINE_TOKEN.split(".")
    other = ("A" if signature[10] != "A" else "B").join((signature[:10], signature[11:]))
    return edited(receipt=f"{head}.{payload}.{other}")


OTHER = question(parameters={"amount_minor": 999_999, "currency": "USD", "payee": "mallory"})
OTHER_KEY = question(key="FIN-7:2")
DENIED = sample.DENIED
SILENT = sample.SILENT

NO_REPLY = {
    "nobody there": Failure.UNREACHABLE,
    "too late": Failure.DEADLINE,
    "not HTTP": Failure.BAD_ANSWER,
}
NOT_AN_ANSWER = {
    "204": (204, {}, b""),
    "101": (101, {}, b""),
    "201 with a genuine permit": (201, {}, GENUINE[2]),
    "206 with a genuine permit": (206, {}, GENUINE[2]),
    "301 with a genuine permit": (301, {"location": "/v1/decisions"}, GENUINE[2]),
    "302": (302, {"location": "https://evil.example/"}, b""),
    "307 with a genuine permit": (307, {"location": "/"}, GENUINE[2]),
    "400": problem(400, "malformed"),
    "401": problem(401, "unauthenticated"),
    "403": problem(403, "not_allowed"),
    "403 with a genuine permit": (403, {}, GENUINE[2]),
    "404": problem(404, "not_found"),
    "405": problem(405, "method_not_allowed"),
    "409": problem(409, "idempotency_conflict"),
    "410": problem(410, "permit_expired"),
    "413": problem(413, "too_large"),
    "418": (418, {}, b"short and stout"),
    "500": (500, {}, b"oops"),
    "500 with a genuine permit": (500, {}, GENUINE[2]),
    "599": (599, {}, b""),
    "empty": (200, {}, b""),
    "white space": (200, {}, b"  \n"),
    "garbage": (200, {}, b"\x00\xff<html>"),
    "HTML": (200, {}, b"<html>PERMIT</html>"),
    "null": (200, {}, b"null"),
    "true": (200, {}, b"true"),
    "a list": (200, {}, b"[]"),
    "an empty object": (200, {}, b"{}"),
    "half an answer": (200, {}, GENUINE[2][:-40]),
    "two answers": (200, {}, GENUINE[2] * 2),
    "a bare outcome": (200, {}, b'{"outcome":"PERMIT","reason":"permitted"}'),
    "a member twice": (200, {}, GENUINE[2][:-1] + b',"outcome":"PERMIT"}'),
    "an unknown member": edited(surprise=1),
    "an unknown outcome": edited(outcome="ALLOW"),
    "an outcome in small letters": edited(outcome="permit"),
    "an unknown reason": edited(reason="because"),
    "a reason of another outcome": edited(reason="forbidden"),
    "no receipt": edited(receipt=None),
    "an empty receipt": edited(receipt=""),
    "another answer's receipt id": edited(receipt_id=sample.stamp(3).receipt_id),
    "obligations outside only": edited(obligations=["notify:x"]),
    "a receipt of two parts": edited(receipt=GENUINE_TOKEN.rpartition(".")[0]),
    "a receipt without signature": edited(receipt=GENUINE_TOKEN.rpartition(".")[0] + "."),
    "a bad signature": flipped(),
    "a stranger's key": sealed(signer=sample.STRANGER),
    "a retired key": sealed(signer=sample.RETIRED_KEY),
    "a revoked key": sealed(signer=sample.REVOKED_KEY),
    "an executor's key": sealed(signer=sample.EXECUTOR_KEY),
    "another request": sealed(asked=OTHER),
    "another key": sealed(asked=OTHER_KEY),
    "another tenant": sealed(tenant="other"),
    "another log": sealed(iss="evil.example/licet/main"),
    "expired": sealed(iat=NOW_S - 100, exp=NOW_S - 40),
    "expired this second": sealed(iat=NOW_S - 60, exp=NOW_S),
    "from the future": sealed(iat=NOW_S + 6, exp=NOW_S + 60),
    "without an end": sealed(exp=None),
    "valid for a year": sealed(exp=NOW_S + 31_536_000),
    "an unknown version": sealed(v=2),
    "an unknown kind": sealed(kind="blessing"),
    "a claim": edited(receipt=sample.sealed(sample.claimed())),
    "an unknown reason inside": sealed(reason="because"),
    "an unknown outcome inside": sealed(outcome="ALLOW"),
    "DENY inside": sealed(DENIED, said=PERMITTED),
    "SILENCE inside": sealed(SILENT, said=PERMITTED),
    "PERMIT inside, DENY outside": sealed(PERMITTED, said=DENIED),
    "PERMIT inside, SILENCE outside": sealed(PERMITTED, said=SILENT),
    "an obligation nobody keeps": sealed(replace(PERMITTED, obligations=("erase:all",))),
    "an obligation inside only": sealed(replace(PERMITTED, obligations=("notify:x",)), said=PERMITTED),
}
AGAIN = {
    "429": problem(429, "rate_limited"),
    "502": (502, {}, b"<html>"),
    "502 with a genuine permit": (502, {}, GENUINE[2]),
    "503 overloaded": problem(503, "overloaded"),
    "503 not recorded": problem(503, "not_recorded"),
    "503 with a genuine permit": (503, {}, GENUINE[2]),
    "504": (504, {}, b""),
    "nobody there": Failure.UNREACHABLE,
    "too late": Failure.DEADLINE,
}
REFUSALS = {
    "DENY": (sealed(DENIED), Outcome.DENY, Reason.FORBIDDEN),
    "SILENCE": (sealed(SILENT), Outcome.SILENCE, Reason.NO_PERMIT),
}


def named(cases):
    return [pytest.param(case, id=name) for name, case in cases.items()]


def assert_no_permit(decision: Decision) -> None:
    assert decision.permit is None
    assert decision.outcome is Outcome.SILENCE
    assert decision.reason is None
    assert decision.failure is not None
    assert not decision.recorded


def test_the_genuine_answer_is_a_permit():
    decision, sends, _ = drive([GENUINE])

    assert decision.outcome is Outcome.PERMIT
    assert decision.recorded
    assert decision.permit is not None
    assert decision.permit.token == decision.receipt == GENUINE_TOKEN
    assert dict(decision.permit.parameters) == CALL["parameters"]
    assert len(sends) == 1


def test_no_answer_at_all_is_not_a_permit():
    decision, sends, _ = drive([Failure.UNREACHABLE])

    assert_no_permit(decision)
    assert decision.failure is Failure.UNREACHABLE
    assert len(sends) == flow.ATTEMPTS_MAX


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("reply", named({**NO_REPLY, **NOT_AN_ANSWER, **AGAIN}))
@pytest.mark.parametrize("retried", [Failure.UNREACHABLE, AGAIN["503 overloaded"]], ids=["cut", "503"])
def test_no_reply_at_any_step_but_the_genuine_one_is_a_permit(retried, reply, before):
    decision, _, _ = drive([retried] * before + [reply])

    assert_no_permit(decision)


@pytest.mark.parametrize("reply", named({**NOT_AN_ANSWER, "not HTTP": Failure.BAD_ANSWER}))
def test_what_cannot_be_believed_is_not_asked_again(reply):
    _, sends, _ = drive([reply, GENUINE])

    assert len(sends) == 1


@pytest.mark.parametrize("reply", named(AGAIN))
def test_what_may_pass_is_asked_again_with_the_same_bytes(reply):
    decision, sends, sleeps = drive([reply, reply, GENUINE])

    assert decision.permit is not None
    assert len(sends) == 3
    assert len(sleeps) == 2
    assert {send.body for send in sends} == {QUESTION.body}


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Failure.UNREACHABLE, "unreachable"),
        (Failure.DEADLINE, "deadline"),
        (AGAIN["502"], "unreachable"),
        (AGAIN["504"], "unreachable"),
        (AGAIN["429"], "overloaded"),
        (AGAIN["503 overloaded"], "overloaded"),
        (AGAIN["503 not recorded"], "not_recorded"),
        (NOT_AN_ANSWER["500"], "not_recorded"),
        (NOT_AN_ANSWER["400"], "malformed"),
        (NOT_AN_ANSWER["413"], "malformed"),
        (NOT_AN_ANSWER["401"], "unauthorised"),
        (NOT_AN_ANSWER["403"], "unauthorised"),
        (NOT_AN_ANSWER["409"], "conflict"),
        (NOT_AN_ANSWER["404"], "bad_answer"),
        (NOT_AN_ANSWER["302"], "bad_answer"),
        (NOT_AN_ANSWER["204"], "bad_answer"),
        (NOT_AN_ANSWER["empty"], "bad_answer"),
        (NOT_AN_ANSWER["an unknown reason"], "bad_answer"),
        (NOT_AN_ANSWER["an unknown outcome"], "bad_answer"),
        (NOT_AN_ANSWER["an unknown kind"], "bad_answer"),
        (NOT_AN_ANSWER["a bad signature"], "bad_signature"),
        (NOT_AN_ANSWER["a stranger's key"], "bad_signature"),
        (NOT_AN_ANSWER["a retired key"], "bad_signature"),
        (NOT_AN_ANSWER["an executor's key"], "bad_signature"),
        (NOT_AN_ANSWER["another request"], "wrong_answer"),
        (NOT_AN_ANSWER["another key"], "wrong_answer"),
        (NOT_AN_ANSWER["another tenant"], "wrong_answer"),
        (NOT_AN_ANSWER["another log"], "wrong_answer"),
        (NOT_AN_ANSWER["DENY inside"], "wrong_answer"),
        (NOT_AN_ANSWER["from the future"], "wrong_answer"),
        (NOT_AN_ANSWER["expired"], "expired"),
        (NOT_AN_ANSWER["expired this second"], "expired"),
        (NOT_AN_ANSWER["an obligation nobody keeps"], "obligation_unknown"),
    ],
)
def test_each_way_to_fail_has_its_name(reply, failure):
    decision, _, _ = drive([reply])

    assert decision.failure == failure


def test_a_permit_for_another_executor_is_a_wrong_answer():
    decision, _, _ = drive([GENUINE], asked=replace(QUESTION, audience="someone-else"))

    assert_no_permit(decision)
    assert (decision.failure, decision.check) == (Failure.WRONG_ANSWER, "aud")


def test_a_receipt_of_the_past_five_seconds_ahead_is_still_ours():
    decision, _, _ = drive([sealed(iat=NOW_S + 5, exp=NOW_S + 60)])

    assert decision.permit is not None


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_recorded_with_its_receipt(name):
    reply, outcome, reason = REFUSALS[name]

    decision, sends, _ = drive([reply])

    assert (decision.outcome, decision.reason, decision.recorded) == (outcome, reason, True)
    assert decision.permit is None
    assert decision.receipt_id == sample.stamp(9).receipt_id
    assert len(sends) == 1


def test_a_refusal_under_a_bad_signature_is_nobodys_word():
    genuine = fast.read(sealed(DENIED)[2])
    head, payload, signature = genuine["receipt"].split(".")
    genuine["receipt"] = f"{head}.{payload}.{signature[:5]}AAAA{signature[9:]}"

    decision, _, _ = drive([(200, {}, fast.canonical(genuine))])

    assert_no_permit(decision)
    assert decision.failure is Failure.BAD_SIGNATURE


def test_a_refusal_under_an_unknown_key_stays_a_refusal():
    decision, _, _ = drive([sealed(DENIED, signer=sample.STRANGER)])

    assert decision.outcome is Outcome.DENY
    assert decision.permit is None


def test_a_refusal_of_another_ask_is_a_swap():
    decision, _, _ = drive([sealed(DENIED, asked=OTHER)])

    assert decision.failure is Failure.WRONG_ANSWER


def test_an_expired_permit_keeps_its_receipt_as_evidence():
    decision, _, _ = drive([NOT_AN_ANSWER["expired"]])

    assert decision.receipt is not None
    assert decision.receipt_id == sample.stamp(9).receipt_id


def test_attempts_share_one_budget():
    decision, sends, _ = drive([Failure.DEADLINE], took_ms=1_000)

    assert decision.failure is Failure.DEADLINE
    assert [send.timeout_ms for send in sends] == [1_000, 2_000 - 1_000 - 50]
    assert [send.deadline_ms for send in sends] == [1_950, 900]


def test_a_reply_after_the_budget_is_no_reply():
    decision, _, _ = drive([GENUINE], took_ms=2_001)

    assert_no_permit(decision)
    assert decision.failure is Failure.DEADLINE


def test_retry_after_is_honoured_when_it_fits():
    waited = problem(503, "overloaded", {"retry-after": "1"})

    decision, _, sleeps = drive([waited, GENUINE])

    assert decision.permit is not None
    assert sleeps == [1_000]


@pytest.mark.parametrize("seconds", ["2", "60", "999999"])
def test_retry_after_that_does_not_fit_ends_the_attempts(seconds):
    decision, sends, sleeps = drive([problem(503, "overloaded", {"retry-after": seconds}), GENUINE])

    assert decision.failure is Failure.OVERLOADED
    assert (len(sends), sleeps) == (1, [])


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "٣", "9" * 400, "Mon, 23 Nov 2026 09:00:00 GMT"])
def test_retry_after_in_other_words_is_not_obeyed(text):
    decision, sends, _ = drive([problem(503, "overloaded", {"retry-after": text}), GENUINE])

    assert decision.permit is not None
    assert len(sends) == 2


@given(st.lists(st.integers(0, 999), max_size=4))
def test_jitter_moves_a_pause_by_half_of_it_at_most(jitter):
    _, _, sleeps = drive([Failure.UNREACHABLE], budget=Budget(jitter=tuple(jitter)))

    assert 25 <= sleeps[0] < 75
    assert 50 <= sleeps[1] < 150


@given(st.binary(max_size=300), st.integers(100, 599))
def test_no_bytes_of_chance_are_a_permit(body, status):
    decision, _, _ = drive([(status, {}, body)])

    assert_no_permit(decision)


@given(st.data())
def test_no_flipped_bit_of_a_genuine_permit_is_a_permit(data):
    at = data.draw(st.integers(0, len(GENUINE_TOKEN) - 1))
    bit = data.draw(st.integers(0, 6))
    changed = chr(ord(GENUINE_TOKEN[at]) ^ (1 << bit))

    decision, _, _ = drive([edited(receipt=GENUINE_TOKEN[:at] + changed + GENUINE_TOKEN[at + 1 :])])

    assert_no_permit(decision)


APPROVE = sealed(APPROVAL)


def test_without_wait_an_approval_is_not_waited_for():
    decision, sends, _ = drive([APPROVE, GENUINE])

    assert decision.reason is Reason.APPROVAL_REQUIRED
    assert decision.approval is not None
    assert len(sends) == 1


def test_with_wait_the_same_bytes_are_asked_until_the_approval_is_superseded():
    decision, sends, sleeps = drive([APPROVE, APPROVE, APPROVE, GENUINE], budget=Budget(wait_ms=60_000))

    assert decision.permit is not None
    assert {send.body for send in sends} == {QUESTION.body}
    assert sleeps == [500, 1_000, 2_000]


def test_waiting_ends_within_the_time_that_was_given():
    decision, _, sleeps = drive([APPROVE], budget=Budget(wait_ms=10_000))

    assert decision.reason is Reason.APPROVAL_REQUIRED
    assert sum(sleeps) <= 10_000


def test_a_driver_that_answers_out_of_turn_is_a_bug_and_no_permit():
    machine = flow.ask(QUESTION, trust=sample.TRUST, desk=NoDesk(), budget=Budget(), began=BEGAN)
    assert isinstance(next(machine), Send)

    with pytest.raises(TypeError, match="Woke"):
        machine.send(Woke(now=BEGAN))
