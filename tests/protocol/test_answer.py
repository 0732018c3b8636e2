"""Answers and problems: written, read back, and refused when they say two things."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed, TooLarge
from licet.protocol import limits
from licet.protocol.answer import Answer, ApprovalAsked, ApprovalNeed, Claimed, answer_bytes, parse_answer
from licet.protocol.canonical import canonical_bytes
from licet.protocol.problem import Problem, parse_problem
from licet.protocol.types import (
    OUTCOME_OF_REASON,
    Digest,
    Explanation,
    LeafIndex,
    Origin,
    Outcome,
    Reason,
    ReceiptId,
    Would,
)
from protocol import samples

JWS = "aGVhZA.cGF5bG9hZA.c2ln"
ID = ReceiptId(samples.PARENT)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    reason = draw(st.sampled_from(Reason))
    outcome = OUTCOME_OF_REASON[reason]
    rule = st.builds(
        Explanation,
        policy=st.sampled_from(["", "pay-small"]),
        effect=st.sampled_from(["permit", "forbid", "none"]),
        text=TEXTS,
    )
    needs = st.lists(st.builds(ApprovalNeed, role=st.just("cfo"), count=st.integers(1, 16)), max_size=3)
    approval = st.builds(
        ApprovalAsked,
        id=st.just(ID),
        needs=needs.map(tuple),
        expires_at_s=st.integers(0, limits.INT_MAX),
        request_digest=st.just(Digest(samples.DIGEST)),
    )
    index = st.integers(0, limits.INT_MAX).map(LeafIndex)
    claim = st.builds(Claimed, receipt=st.just(JWS), receipt_id=st.just(ID), index=index)
    would = st.sampled_from(Reason).map(lambda of: Would(outcome=OUTCOME_OF_REASON[of], reason=of))
    return Answer(
        outcome=outcome,
        reason=reason,
        explanation=tuple(draw(st.lists(rule, max_size=3))),
        obligations=tuple(draw(st.lists(TEXTS.filter(bool), max_size=3))),
        approval=draw(approval) if reason is Reason.APPROVAL_REQUIRED else None,
        receipt=JWS,
        receipt_id=ID,
        origin=Origin("example.com/licet/main"),
        index=draw(index),
        claim=draw(st.none() | claim) if outcome is Outcome.PERMIT else None,
        would=draw(st.none() | would) if reason is Reason.OBSERVED else None,
    )


@given(answer=answers())
def test_an_answer_is_read_as_it_was_written(answer: Answer) -> None:
    written = answer_bytes(answer)

    assert parse_answer(written) == answer
    assert written == canonical_bytes(json.loads(written))


def test_the_members_of_an_answer_are_those_of_the_contract() -> None:
    for said in (samples.ANSWER, samples.SILENT, samples.ASKED, samples.OBSERVED):
        assert parse_answer(canonical_bytes(said)).document() == said
    assert set(samples.SILENT) == {
        "outcome", "reason", "explanation", "obligations", "approval", "receipt", "receipt_id", "log",
    }  # fmt: skip


def test_an_answer_is_no_condition() -> None:
    with pytest.raises(TypeError, match="not a truth value"):
        bool(parse_answer(canonical_bytes(samples.ANSWER)))


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("reason", Reason)
def test_a_reason_of_another_outcome_is_refused(outcome: Outcome, reason: Reason) -> None:
    approval = samples.APPROVAL if reason is Reason.APPROVAL_REQUIRED else None
    said = samples.SILENT | {"outcome": outcome.value, "reason": reason.value, "approval": approval}

    if OUTCOME_OF_REASON[reason] is outcome:
        assert parse_answer(canonical_bytes(said)).outcome is outcome
    else:
        with pytest.raises(Malformed) as refused:
            parse_answer(canonical_bytes(said))
        assert refused.value.pointer == "/reason"


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("unknown outcome", "/outcome"),
        ("unknown reason", "/reason"),
        ("permit that is forbidden", "/reason"),
        ("claim without permit", "/claim"),
        ("approval on a permit", "/approval"),
        ("approval required without it", "/approval"),
        ("approval of nobody", "/approval/needs/0/count"),
        ("approval with more", "/approval/needs/0/more"),
        ("would beside a permit", "/would"),
        ("would that contradicts itself", "/would/reason"),
        ("a preview", "/preview"),
        ("rule with a bad id", "/explanation/0/policy"),
        ("rule of unknown effect", "/explanation/0/effect"),
        ("empty obligation", "/obligations/0"),
        ("receipt that is no JWS", "/receipt"),
    ],
)
def test_what_is_wrong_with_an_answer_is_named(name: str, pointer: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_answer(canonical_bytes(samples.VARIANTS[f"answer/{name}"][1]))

    assert refused.value.pointer == pointer
    assert refused.value.mend


def test_an_answer_may_be_long_but_not_endless() -> None:
    body = canonical_bytes(samples.ANSWER)

    assert parse_answer(body.ljust(limits.ANSWER_BYTES_MAX)).outcome is Outcome.PERMIT
    with pytest.raises(TooLarge):
        parse_answer(body.ljust(limits.ANSWER_BYTES_MAX + 1))


@pytest.mark.parametrize("name", [name for name in samples.VARIANTS if name.startswith("problem/")])
def test_a_problem_is_read_back_or_refused(name: str) -> None:
    taken, document = samples.VARIANTS[name]

    if taken:
        known = {member: document[member] for member in samples.PROBLEM if member in document}
        assert parse_problem(canonical_bytes(document)).document() == known
    else:
        with pytest.raises(Malformed):
            parse_problem(canonical_bytes(document))


def test_the_longest_pointer_of_a_refusal_fits_a_problem() -> None:
    pointer = "/" + "\x00" * limits.BODY_BYTES_MAX
    said = Problem(
        type="t",
        title="t",
        status=400,
        detail="d",
        code="malformed",
        mend="m",
        pointer=pointer,
        retry_after_s=0,
    )

    assert parse_problem(canonical_bytes(said.document())) == said
