"""Refusals as exceptions, one line each, and decisions that are no conditions."""

from __future__ import annotations

import pickle

import pytest

import sample_evidence as sample
from gate.fakes import (
    APPROVAL,
    PERMITTED,
    World,
    refusing,
)
from licet.gate.decision import Decision, Failure, failed
from licet.gate.errors import (
    ApprovalRequired,
    Denied,
    GateUnavailable,
    NoPermit,
    NotPermitted,
    PermitRefused,
    error_for,
)
from licet.protocol import fast
from licet.protocol.types import Explanation, Outcome, Reason

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


def test_a_refusal_here_names_its_check():
    error = error_for(failed(Failure.WRONG_ANSWER, key="k", check="aud"))

    assert str(error) == "SILENCE wrong_answer at `aud`, not recorded"


@pytest.mark.parametrize("use", [bool, int, len, lambda decision: not decision, lambda d: 1 if d else 2])
@pytest.mark.parametrize("decided", [PERMITTED, sample.DENIED, sample.SILENT], ids=lambda d: d.outcome.value)
def test_a_decision_is_no_condition(decided, use):
    decision = refusing(decided).decide()

    with pytest.raises(TypeError, match="truth value"):
        use(decision)


def test_an_unrecorded_decision_is_no_condition_either():
    with pytest.raises(TypeError):
        bool(failed(Failure.DEADLINE, key="k"))
