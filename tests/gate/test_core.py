"""`Gate` over a fake authority that really signs: what runs, what does not, and what is reported."""

from __future__ import annotations

import pickle
import threading
from dataclasses import FrozenInstanceError, replace

import pytest

import licet
import sample_evidence as sample
from gate.fakes import APPROVAL, AUDIENCE, CALL, NOW_S, PERMITTED, FakeAuthority, World, problem
from licet.errors import SettingsInvalid
from licet.gate.answers import permit_of
from licet.gate.core import Gate
from licet.gate.decision import Completion, Decision, Failure, failed
from licet.gate.errors import (
    ApprovalRequired,
    Denied,
    GateUnavailable,
    NoPermit,
    NotPermitted,
    PermitRefused,
    error_for,
)
from licet.gate.flow import Failed
from licet.protocol import fast
from licet.protocol.types import Actor, CompletionStatus, EntityRef, Explanation, Outcome, Reason
from licet.receipt.jws import split
from licet.receipt.read import read_receipt

CLAIM = "/v1/permits/claim"
COMPLETE = "/v1/permits/complete"
DECIDE = "/v1/decisions"


class Boom(Exception):
    pass


def refusing(decided):
    return World(FakeAuthority(decide=lambda request: decided))


def cut(world, path, failure=Failure.UNREACHABLE):
    """Every send to ``path`` is lost."""
    world.transport.broken = lambda send: (
        Failed(failure=failure, now=world.clock.now()) if send.path == path else None
    )


# --- what runs -------------------------------------------------------------------------------------


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
        genuine = fast.read(_payload(answer["claim"]))
        answer["claim"] = sample.sealed({**payload, **genuine, **changes})
        return 200, {}, fast.canonical(answer)

    return World(FakeAuthority(tamper=tamper))


def _payload(token):
    return split(token).payload


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
        answer["claim"] = sample.sealed(fast.read(_payload(answer["claim"])), signer)
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


# --- frozen arguments ------------------------------------------------------------------------------


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


# --- what is reported ------------------------------------------------------------------------------


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
        payload = {**fast.read(_payload(answer["completion"])), "status": "not_executed"}
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


# --- obligations -----------------------------------------------------------------------------------


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


# --- misuse ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", [bool, int, len, lambda decision: not decision, lambda d: 1 if d else 2])
@pytest.mark.parametrize("decided", [PERMITTED, sample.DENIED, sample.SILENT], ids=lambda d: d.outcome.value)
def test_a_decision_is_no_condition(decided, use):
    decision = refusing(decided).decide()

    with pytest.raises(TypeError, match="truth value"):
        use(decision)


def test_an_unrecorded_decision_is_no_condition_either():
    with pytest.raises(TypeError):
        bool(failed(Failure.DEADLINE, key="k"))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ({"deadline": 0}, ValueError),
        ({"deadline": -1}, ValueError),
        ({"deadline": float("nan")}, ValueError),
        ({"deadline": 61}, ValueError),
        ({"deadline": True}, TypeError),
        ({"deadline": "2"}, TypeError),
        ({"wait": -1}, ValueError),
        ({"wait": float("inf")}, ValueError),
        ({"key": ""}, ValueError),
        ({"key": "with space"}, ValueError),
        ({"key": "k" * 129}, ValueError),
        ({"target": ("account", "")}, ValueError),
        ({"target": ("account",)}, ValueError),
        ({"audience": "no space"}, ValueError),
        ({"parameters": ["a"]}, ValueError),
        ({"context": {"a": 1.0}}, ValueError),
        ({"parameters": {str(n): "x" * 100 for n in range(900)}}, ValueError),
    ],
    ids=str,
)
def test_a_call_that_could_never_be_decided_on_is_refused_before_it_is_sent(call, error):
    world = World()

    with pytest.raises(error):
        world.decide(**call)

    assert world.transport.sent == []


def test_somebody_asks():
    world = World()

    with pytest.raises(ValueError, match="nobody asks"):
        world.decide(actor=None)

    assert World(actor=("agent", "finance-bot")).decide(actor=None).permit is not None


def test_without_a_key_each_call_is_an_ask_of_its_own():
    world = World()

    keys = {world.decide(key=None).key for _ in range(3)}

    assert len(keys) == 3


def test_the_audience_of_a_call_binds_its_answer():
    assert World().decide(audience=AUDIENCE).permit is not None
    assert World(audience="another-executor").decide().failure is Failure.WRONG_ANSWER


def test_trust_has_no_default(tmp_path):
    with pytest.raises(TypeError, match="trust"):
        Gate.remote("http://127.0.0.1:1", credential="lk_a_b")
    with pytest.raises(SettingsInvalid, match="trust file"):
        Gate.remote("http://127.0.0.1:1", credential="lk_a_b", trust=tmp_path)


@pytest.mark.parametrize(
    "url",
    ["", "licet.internal", "ftp://a", "http://", "http://a/path", "http://u:p@a", "unix:", "http://a?b=c"],
)
def test_an_address_of_another_form_is_refused(url):
    with pytest.raises(ValueError, match="not an authority"):
        Gate.remote(url, credential="lk_a_b", trust=sample.TRUST)


@pytest.mark.parametrize("credential", ["", "a b", "a\r\nX-Evil: 1", "é"])
def test_a_credential_that_could_split_a_header_is_refused(credential):
    with pytest.raises(ValueError, match="credential") as caught:
        Gate.remote("http://a", credential=credential, trust=sample.TRUST)

    assert credential not in str(caught.value) or credential == ""


def test_trust_is_a_folder_a_file_or_bytes(tmp_path):
    document = fast.canonical(sample.trust_json())
    (tmp_path / "trust.json").write_bytes(document)

    for trust in (tmp_path, str(tmp_path / "trust.json"), document, sample.TRUST):
        Gate.remote("https://licet.internal", credential="lk_a_b", trust=trust).close()


# --- errors ----------------------------------------------------------------------------------------


ERRORS = [
    (Decision(outcome=Outcome.DENY, key="k", reason=Reason.FORBIDDEN, recorded=True), Denied),
    (Decision(outcome=Outcome.SILENCE, key="k", reason=Reason.NO_PERMIT, recorded=True), NoPermit),
    (Decision(outcome=Outcome.SILENCE, key="k", reason=Reason.APPROVAL_REQUIRED), ApprovalRequired),
    *[
        (failed(failure, key="k"), kind)
        for failure, kind in {
            Failure.UNREACHABLE: GateUnavailable,
            Failure.DEADLINE: GateUnavailable,
            Failure.NOT_RECORDED: GateUnavailable,
            Failure.OVERLOADED: GateUnavailable,
            Failure.BAD_ANSWER: GateUnavailable,
            Failure.BAD_SIGNATURE: GateUnavailable,
            Failure.UNAUTHORISED: GateUnavailable,
            Failure.CLAIM_LOST: GateUnavailable,
            Failure.WRONG_ANSWER: PermitRefused,
            Failure.ALREADY_CLAIMED: PermitRefused,
            Failure.EXPIRED: PermitRefused,
            Failure.OBLIGATION_UNKNOWN: PermitRefused,
            Failure.MALFORMED: NoPermit,
            Failure.CONFLICT: NoPermit,
        }.items()
    ],
]


def test_every_failure_has_an_error():
    assert {decision.failure for decision, _ in ERRORS if decision.failure} == set(Failure)


@pytest.mark.parametrize(
    ("decision", "kind"), ERRORS, ids=lambda value: str(getattr(value, "failure", value))
)
def test_an_error_is_one_of_the_tree_pickles_and_is_a_problem_document(decision, kind):
    error = error_for(decision)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    problem_document = error.to_problem()

    assert type(error) is type(copy) is kind
    assert isinstance(error, NotPermitted)
    assert copy.decision == decision
    assert str(copy) == str(error)
    assert problem_document["detail"] == str(error)
    assert problem_document["status"] in {403, 503}
    assert fast.read(fast.canonical(problem_document)) == problem_document


def test_an_error_of_a_real_refusal_pickles_with_its_receipt_and_cause():
    world = refusing(APPROVAL)
    with pytest.raises(ApprovalRequired) as caught:
        world.run()
    error = caught.value

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert copy.receipt == error.receipt
    assert copy.receipt is not None
    assert copy.approval == error.approval
    assert copy.approval is not None


def test_an_error_is_one_line_without_parameters_and_without_what_a_terminal_obeys():
    decision = Decision(
        outcome=Outcome.DENY,
        key="k",
        reason=Reason.FORBIDDEN,
        explanation=(Explanation(policy="p", effect="forbid", text="no\n\x1b[2Jpermit\u202e"),),
        receipt_id=sample.stamp(9).receipt_id,
        recorded=True,
    )

    text = str(error_for(decision))

    assert text.isprintable()
    assert text.startswith("DENY forbidden: no")
    assert text.endswith(f"receipt {sample.stamp(9).receipt_id}")


def test_a_refusal_shows_no_parameter():
    world = refusing(sample.DENIED)

    with pytest.raises(Denied) as caught:
        world.run(parameters={"secret": "CANARY-1"})

    assert "CANARY-1" not in f"{caught.value} {caught.value.to_problem()} {caught.value.decision!r}"


def test_a_permit_does_not_travel_by_pickle_and_does_not_show_its_arguments():
    permit = World().require(parameters={"secret": "CANARY-2"})

    with pytest.raises(TypeError, match="token"):
        pickle.dumps(permit)
    assert "CANARY-2" not in repr(permit)


# --- breaker, waiting, closing ---------------------------------------------------------------------


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


def test_a_refusal_here_names_its_check():
    error = error_for(failed(Failure.WRONG_ANSWER, key="k", check="aud"))

    assert str(error) == "SILENCE wrong_answer at `aud`, not recorded"


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
