"""What an answer may be believed to say: from the bytes of a reply to a decision or a claim. Pure.

Nobody on the way is trusted, the authority's own HTTP face included: a reply counts only as far as a
receipt inside it, signed by a pinned key, says the same about *this* question. In this order:

1. status 200, else the failure that the status and its problem code stand for
2. an answer object of the contract; an unknown outcome or reason is no answer
3. the receipt: form, pinned key, signature, log and tenant, audience, time, effect (``verify/permit.py``)
4. the receipt is about this ask: request digest, key; a genuine PERMIT for something else is a swap
5. what the answer says beside the receipt is what the receipt says
6. every obligation has a handler here

DENY and SILENCE go the same way as far as trust reaches: a refusal under an unknown key stays a refusal,
one under a bad signature is nobody's word. A claim is proved by its own receipt, or nothing runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from licet.errors import LicetError, PermitExpired
from licet.gate.decision import (
    Claim,
    Completion,
    Decision,
    Desk,
    Failure,
    FrozenEffect,
    Permit,
    failed,
)
from licet.protocol import fast, limits
from licet.protocol.answer import Answer, parse_answer
from licet.protocol.problem import parse_problem
from licet.protocol.shape import Members
from licet.protocol.types import (
    Audience,
    CompletionStatus,
    Digest,
    Effect,
    IdempotencyKey,
    Outcome,
    Tenant,
)
from licet.receipt.read import ClaimReceipt, CompletionReceipt, DecisionReceipt, Receipt, read_receipt
from licet.verify.opening import open_receipt
from licet.verify.permit import check_permit
from licet.verify.report import Check, Status, Steps
from licet.verify.trust import TrustSet

OK: Final = 200

_FAILURE_OF_STATUS: Final[Mapping[int, Failure]] = {
    400: Failure.MALFORMED,
    401: Failure.UNAUTHORISED,
    403: Failure.UNAUTHORISED,
    413: Failure.MALFORMED,
    415: Failure.MALFORMED,
}
_FAILURE_OF_CODE: Final[Mapping[str, Failure]] = {
    "idempotency_conflict": Failure.CONFLICT,
    "already_claimed": Failure.ALREADY_CLAIMED,
    "permit_expired": Failure.EXPIRED,
    # A permit that ended before its use, by an operator's hand and not by time: `check` says which.
    "permit_revoked": Failure.EXPIRED,
    "frozen": Failure.EXPIRED,
    "effect_mismatch": Failure.WRONG_ANSWER,
    "wrong_audience": Failure.WRONG_ANSWER,
    "permit_invalid": Failure.WRONG_ANSWER,
    "already_completed": Failure.CONFLICT,
}
_Kind = TypeVar("_Kind", bound=Receipt)
_SERVER_ERRORS: Final = range(500, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One ask: the exact bytes, and what an answer to it must say."""

    body: bytes
    key: IdempotencyKey
    digest: Digest
    frozen: FrozenEffect
    effect: Effect
    audience: Audience | None
    """The executor this permit is wanted for; None leaves it to the surface's own declaration."""
    tenant: Tenant
    obligations: frozenset[str]
    """The names of the obligations that this side can keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimQuestion:
    """One claim: the exact bytes, and what its receipt must say."""

    body: bytes
    claim_id: str
    permit: Permit
    effect: Effect
    tenant: Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a permit may not be used; ``check`` names the first check that failed, where one did."""

    failure: Failure
    check: str | None


class _UnbelievableError(Exception):
    """An answer, or a receipt in it, that permits nothing here."""

    def __init__(self, failure: Failure, check: str | None, genuine: str | None = None) -> None:
        super().__init__(failure, check)
        self.refusal = Refusal(failure=failure, check=check)
        self.genuine = genuine
        """The receipt, where it is the one of this very ask and only cannot be used."""


def believe(
    status: int, body: bytes, question: Question, *, trust: TrustSet, desk: Desk, now_s: int
) -> Decision:
    """The decision in a reply; anything short of proof is SILENCE with its failure."""
    try:
        answer = _answer(status, body)  # 1, 2
        if answer.outcome is Outcome.PERMIT:
            return _permitted(answer, question, trust=trust, desk=desk, now_s=now_s)
        return _refused(answer, question, trust)
    except _UnbelievableError as error:
        return refused_here(error.refusal, key=question.key, genuine=error.genuine)


def believe_claim(status: int, body: bytes, question: ClaimQuestion, trust: TrustSet) -> Claim | Refusal:
    """The proof that ``question`` used its permit, or why there is none."""
    permit = question.permit
    try:
        token = _recorded(status, body, "claim")
        receipt = _of_kind(ClaimReceipt, _genuine(token, trust, question.tenant))
        # Attack: the genuine claim receipt of an earlier use, or of another permit, played back.
        _demand("claim_id", receipt.claim_id, question.claim_id)
        _demand("permit", receipt.permit.digest, _jws_digest(permit.token))
        _demand("effect_digest", receipt.effect_digest, question.effect.digest)
        _demand("aud", receipt.audience, permit.audience)
    except _UnbelievableError as error:
        return error.refusal
    return Claim(receipt=token, receipt_id=receipt.stamp.receipt_id)


def believe_completion(
    status: int,
    body: bytes,
    permit: Permit,
    reported: CompletionStatus,
    *,
    trust: TrustSet,
    tenant: Tenant,
) -> Completion:
    """Whether a report on an effect is on record."""
    try:
        token = _recorded(status, body, "completion")
        receipt = _of_kind(CompletionReceipt, _genuine(token, trust, tenant))
        _demand("permit", receipt.permit.digest, _jws_digest(permit.token))
        _demand("status", receipt.status, reported)
    except _UnbelievableError as error:
        return Completion(status=reported, receipt_id=None, failure=error.refusal.failure)
    return Completion(status=reported, receipt_id=receipt.stamp.receipt_id, failure=None)


def problem_code(body: bytes) -> str | None:
    """The stable ``code`` of an RFC 9457 problem document; None when this is none."""
    try:
        return parse_problem(body).code
    except LicetError:
        return None


def check_name(error: LicetError) -> str:
    """The check that ``verify/permit.py`` put at the head of its refusal."""
    return error.message.partition(":")[0]


def failure_of_check(check: str) -> Failure:
    """What to call a permit that failed ``check``."""
    if check in {Check.KEY.label, Check.SIGNATURE.label}:
        return Failure.BAD_SIGNATURE
    if check == "exp":
        return Failure.EXPIRED
    # V01 to V04: what cannot be read. The rest: a genuine receipt of something else.
    return Failure.BAD_ANSWER if check.startswith("V") else Failure.WRONG_ANSWER


def _answer(status: int, body: bytes) -> Answer:
    _demand_ok(status, body)
    try:
        return parse_answer(body)
    except LicetError as error:
        raise _UnbelievableError(Failure.BAD_ANSWER, "answer") from error


def _demand_ok(status: int, body: bytes) -> None:
    if status == OK:
        return
    code = problem_code(body)
    if code is not None and code in _FAILURE_OF_CODE and status in range(400, 500):
        raise _UnbelievableError(_FAILURE_OF_CODE[code], code)
    if status in _SERVER_ERRORS:
        # It may have been recorded before something broke: ask again with the same key.
        raise _UnbelievableError(Failure.NOT_RECORDED, code)
    raise _UnbelievableError(_FAILURE_OF_STATUS.get(status, Failure.BAD_ANSWER), code)


def _permitted(answer: Answer, question: Question, *, trust: TrustSet, desk: Desk, now_s: int) -> Decision:
    receipt = _checked(answer.receipt, question, trust, now_s)  # 3
    _demand_same_ask(receipt, question)  # 4
    _demand_same_words(receipt, answer)  # 5
    for obligation in receipt.obligations:  # 6
        if obligation.partition(":")[0] not in question.obligations:
            raise _UnbelievableError(Failure.OBLIGATION_UNKNOWN, obligation, answer.receipt)
    return Decision(
        outcome=receipt.outcome,
        key=question.key,
        reason=receipt.reason,
        explanation=answer.explanation,
        obligations=receipt.obligations,
        receipt=answer.receipt,
        receipt_id=receipt.stamp.receipt_id,
        permit=permit_of(answer.receipt, receipt, question.frozen, desk),
        recorded=True,
    )


def refused_here(refusal: Refusal, *, key: str, genuine: str | None) -> Decision:
    """SILENCE on this side's own account, with the receipt of the permit where that is genuine."""
    receipt_id = None if genuine is None else read_receipt(genuine).stamp.receipt_id
    return failed(refusal.failure, key=key, check=refusal.check, receipt=genuine, receipt_id=receipt_id)


def permit_of(token: str, receipt: DecisionReceipt, frozen: FrozenEffect, desk: Desk) -> Permit:
    """The permit in a receipt that was checked."""
    if receipt.audience is None or receipt.expires_s is None:
        message = "a PERMIT without an audience or an end passed its checks"
        raise TypeError(message)
    return Permit(
        token=token,
        receipt_id=receipt.stamp.receipt_id,
        key=receipt.request.idempotency_key,
        audience=receipt.audience,
        expires_at=datetime.fromtimestamp(receipt.expires_s, UTC),
        obligations=receipt.obligations,
        effect_digest=receipt.request.effect_digest,
        effect=frozen,
        desk=desk,
    )


def _checked(token: str, question: Question, trust: TrustSet, now_s: int) -> DecisionReceipt:
    try:
        audience = question.audience or _named_audience(token)
        return check_permit(
            token, question.effect, audience=audience, trust=trust, now_s=now_s, tenant=question.tenant
        )
    except PermitExpired as error:
        _demand_same_ask(_of_kind(DecisionReceipt, read_receipt(token)), question)
        raise _UnbelievableError(Failure.EXPIRED, check_name(error), token) from error
    except LicetError as error:
        check = check_name(error)
        raise _UnbelievableError(failure_of_check(check), check) from error


def _named_audience(token: str) -> Audience:
    """Whom the token names: where nobody said who the executor is, the authority checks it at the claim."""
    try:
        receipt = read_receipt(token)
    except LicetError:
        return Audience("")  # `check_permit` finds the words
    audience = receipt.audience if isinstance(receipt, DecisionReceipt) else None
    return Audience("") if audience is None else audience


def _refused(answer: Answer, question: Question, trust: TrustSet) -> Decision:
    steps = Steps()
    opened = open_receipt(answer.receipt, trust, steps, bytes_max=limits.JWS_BYTES_MAX)
    bad = steps.first_not_ok()
    if opened is None or (bad is not None and (bad.check, bad.status) != (Check.KEY, Status.CANNOT)):
        check = Check.SIGNATURE.label if bad is None else bad.check.label
        raise _UnbelievableError(failure_of_check(check), check)
    receipt = _of_kind(DecisionReceipt, opened.receipt)
    _demand_same_ask(receipt, question)
    _demand_same_words(receipt, answer)
    return Decision(
        outcome=receipt.outcome,
        key=question.key,
        reason=receipt.reason,
        explanation=answer.explanation,
        obligations=receipt.obligations,
        approval=answer.approval,
        receipt=answer.receipt,
        receipt_id=receipt.stamp.receipt_id,
        recorded=True,
    )


def _demand_same_ask(receipt: DecisionReceipt, question: Question) -> None:
    # Attack: a genuine receipt of another ask, put in place of ours.
    _demand("digest", receipt.request.digest, question.digest)
    _demand("idempotency_key", receipt.request.idempotency_key, question.key)
    _demand("tenant", receipt.stamp.tenant, question.tenant)


def _demand_same_words(receipt: DecisionReceipt, answer: Answer) -> None:
    _demand("outcome", receipt.outcome, answer.outcome)
    _demand("reason", receipt.reason, answer.reason)
    _demand("receipt_id", receipt.stamp.receipt_id, answer.receipt_id)
    _demand("obligations", receipt.obligations, answer.obligations)


def _of_kind(kind: type[_Kind], receipt: Receipt | None) -> _Kind:
    if not isinstance(receipt, kind):
        raise _UnbelievableError(Failure.WRONG_ANSWER, "kind")
    return receipt


def _demand(check: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise _UnbelievableError(Failure.WRONG_ANSWER, check)


def _recorded(status: int, body: bytes, name: str) -> str:
    """The receipt in ``{claim | completion, receipt_id, index}``."""
    _demand_ok(status, body)
    try:
        members = Members(fast.read(body, bytes_max=limits.BODY_BYTES_MAX))
        return members.text(name, chars_max=limits.JWS_BYTES_MAX)
    except LicetError as error:
        raise _UnbelievableError(Failure.BAD_ANSWER, "answer") from error


def _genuine(token: str, trust: TrustSet, tenant: Tenant) -> Receipt:
    """A receipt under a pinned key in use, of a pinned log and our tenant."""
    steps = Steps()
    opened = open_receipt(token, trust, steps, bytes_max=limits.JWS_BYTES_MAX)
    bad = steps.first_not_ok()
    if bad is not None or opened is None or opened.receipt is None or opened.key is None:
        check = Check.SIGNATURE.label if bad is None else bad.check.label
        raise _UnbelievableError(failure_of_check(check), check)
    if opened.key.until is not None:
        # A retired key may be a stolen one, and a gate knows no index to tell its good days by.
        raise _UnbelievableError(Failure.BAD_SIGNATURE, Check.KEY.label)
    _demand("iss", opened.receipt.stamp.origin in trust.origins, wanted=True)
    _demand("tenant", opened.receipt.stamp.tenant, tenant)
    return opened.receipt


def _jws_digest(token: str) -> Digest:
    return Digest("sha256:" + hashlib.sha256(token.encode("ascii")).hexdigest())
