"""JSON Schemas (draft 2020-12) of every document of the contract; ``schemas/`` holds what this returns.

Pure: whoever keeps the files writes them. ``tests/protocol/test_schema.py`` holds schema and reader to the
same answer for the same document.
"""

from __future__ import annotations

from typing import Final

from licet.protocol import ids, limits, problem, schema_evidence
from licet.protocol.answer import RuleEffect
from licet.protocol.schema_blocks import (
    ACTION,
    ACTOR,
    AUDIENCE,
    CLAIM_ID,
    DIGEST,
    ENTITY,
    FREE,
    FREEZE_SCOPE,
    IDEMPOTENCY_KEY,
    JWS,
    ORIGIN,
    REASON_TEXT,
    RECEIPT_ID,
    SURFACE,
    WOULD,
    also,
    array,
    closed,
    document,
    integer,
    member_is,
    nullable,
    one_of,
    only_when,
    reason_of_outcome,
    text,
    words,
)
from licet.protocol.types import CompletionStatus, JsonObject, Outcome, Reason

_EFFECT_REQUIRED: Final = {"surface": SURFACE, "action": ACTION}
_EFFECT_OPTIONAL: Final = {"target": ENTITY, "parameters": FREE}
_REQUEST_REQUIRED: Final = _EFFECT_REQUIRED | {"actor": ACTOR, "idempotency_key": IDEMPOTENCY_KEY}
_REQUEST_OPTIONAL: Final = _EFFECT_OPTIONAL | {
    "context": FREE,
    "audience": AUDIENCE,
    "min_policy_version": integer(),
    "parent": RECEIPT_ID,
}
_EFFECT: Final = closed(_EFFECT_REQUIRED, _EFFECT_OPTIONAL)
_PERMIT: Final = text(None, limits.JWS_BYTES_MAX)
"""Any text: what is no JWS is no permit of ours, and the answer says so (``permit_invalid``)."""


def schemas() -> dict[str, JsonObject]:
    """File name to schema, in alphabetical order."""
    titled = {
        "answer": ("What POST /v1/decisions answers", _answer()),
        "claim-ask": ("The body of POST /v1/permits/claim", _claim_ask()),
        "completion-ask": ("The body of POST /v1/permits/complete", _completion_ask()),
        "decision-ask": (
            "The body of POST /v1/decisions: a request, and claim_id when the door executes itself",
            closed(_REQUEST_REQUIRED, _REQUEST_OPTIONAL | {"claim_id": CLAIM_ID}),
        ),
        "effect": ("What would change the world: the members that effect_digest covers", _EFFECT),
        "execution-request": ("An execution request", closed(_REQUEST_REQUIRED, _REQUEST_OPTIONAL)),
        "freeze-ask": (
            "The body of POST /v1/freezes: what to stop, and why",
            closed({"scope": FREEZE_SCOPE, "reason": REASON_TEXT}),
        ),
        "problem": ("An error (RFC 9457); readers ignore members they do not know", _problem()),
        "reason-ask": (
            "The body of POST /v1/freezes/{id}/lift and /v1/permits/{id}/revoke: why",
            closed({"reason": REASON_TEXT}),
        ),
        **schema_evidence.titled(),
    }
    return {f"{name}.schema.json": document(*titled[name]) for name in sorted(titled)}


def _claim_ask() -> JsonObject:
    return closed({"permit": _PERMIT, "effect": _EFFECT}, {"claim_id": CLAIM_ID})


def _completion_ask() -> JsonObject:
    return closed(
        {"receipt_id": RECEIPT_ID, "status": words(CompletionStatus)},
        {"result_digest": DIGEST, "actual": FREE, "statement": text(None, limits.JWS_BYTES_MAX)},
    )


def _answer() -> JsonObject:
    no_rule: JsonObject = {"const": "", "description": "no rule: the authority itself"}
    policy = one_of(no_rule, text(ids.POLICY_ID, limits.POLICY_ID_CHARS_MAX))
    explanation = closed({
        "policy": policy,
        "effect": words(RuleEffect),
        "text": text(None, limits.TEXT_CHARS_MAX, chars_min=0),
    })  # fmt: skip
    obligation = text(None, limits.OBLIGATION_CHARS_MAX)
    shape = closed(
        {
            "outcome": words(Outcome),
            "reason": words(Reason),
            "explanation": array(explanation, items_max=limits.EXPLANATIONS_MAX),
            "obligations": array(obligation, items_max=limits.OBLIGATIONS_MAX),
            "approval": nullable(_approval()),
            "receipt": JWS,
            "receipt_id": RECEIPT_ID,
            "log": closed({"origin": ORIGIN, "index": integer()}),
        },
        {
            "claim": closed({"receipt": JWS, "receipt_id": RECEIPT_ID, "index": integer()}),
            "would": WOULD,
        },
    )
    asked = member_is("reason", Reason.APPROVAL_REQUIRED.value)
    with_approval: JsonObject = {"properties": {"approval": {"type": "object"}}}
    without: JsonObject = {"properties": {"approval": {"type": "null"}}}
    return also(
        shape,
        reason_of_outcome(),
        {"if": asked, "then": with_approval, "else": without},
        only_when(member_is("outcome", Outcome.PERMIT.value), "claim", required=False),
        only_when(member_is("reason", Reason.OBSERVED.value), "would", required=False),
    )


def _approval() -> JsonObject:
    need = closed({
        "role": text(ids.ROLE, limits.ROLE_CHARS_MAX),
        "count": integer(1, limits.APPROVAL_NEEDS_MAX),
    })  # fmt: skip
    return closed({
        "id": RECEIPT_ID,
        "needs": array(need, items_max=limits.APPROVAL_NEEDS_MAX),
        "expires_at": integer(),
        "request_digest": DIGEST,
    })  # fmt: skip


def _problem() -> JsonObject:
    long_text = text(None, limits.PROBLEM_BYTES_MAX, chars_min=0)
    shape = closed(
        {
            "type": text(None, problem.TYPE_CHARS_MAX),
            "title": text(None, problem.TITLE_CHARS_MAX),
            "status": integer(problem.STATUS_MIN, problem.STATUS_MAX),
            "detail": long_text,
            "code": text(ids.CODE, limits.CODE_CHARS_MAX),
            "mend": long_text,
        },
        {"pointer": long_text, "retry_after_s": integer(high=limits.RETRY_AFTER_S_MAX)},
    )
    return shape | {"additionalProperties": True}
