"""The answer to an ask: what ``POST /v1/decisions`` says, typed, written and read (``protocol.md`` 3).

An answer is news, not evidence: only the receipt in it is signed. Whoever enforces verifies the receipt
and takes the outcome from there; the members beside it are for people and for telling what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from licet.protocol import fast, ids, limits
from licet.protocol.shape import Members, refuse
from licet.protocol.types import (
    OUTCOME_OF_REASON,
    Digest,
    Explanation,
    JsonObject,
    JsonValue,
    LeafIndex,
    Origin,
    Outcome,
    Reason,
    ReceiptId,
    Would,
)

_WORSE: Final = "take it for no permit, and ask who answers there"


class RuleEffect(StrEnum):
    """What an explaining rule does; ``none`` where no rule speaks but the authority itself."""

    PERMIT = "permit"
    FORBID = "forbid"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalNeed:
    """So many people of one role."""

    role: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked:
    """What would complete the decision, and until when; bound to exactly this request."""

    id: ReceiptId
    needs: tuple[ApprovalNeed, ...]
    expires_at_s: int
    request_digest: Digest

    def document(self) -> JsonObject:
        """The wire form."""
        needs: list[JsonValue] = [{"role": need.role, "count": need.count} for need in self.needs]
        return {
            "id": self.id,
            "needs": needs,
            "expires_at": self.expires_at_s,
            "request_digest": self.request_digest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The claim that was made together with the decision, for a door that executes itself."""

    receipt: str
    receipt_id: ReceiptId
    index: LeafIndex

    def document(self) -> JsonObject:
        """The wire form."""
        return {"receipt": self.receipt, "receipt_id": self.receipt_id, "index": self.index}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One recorded decision. ``claim`` is there if and only if a ``claim_id`` was sent and PERMIT came."""

    outcome: Outcome
    reason: Reason
    explanation: tuple[Explanation, ...]
    obligations: tuple[str, ...]
    approval: ApprovalAsked | None = None
    receipt: str
    receipt_id: ReceiptId
    origin: Origin
    index: LeafIndex
    claim: Claimed | None = None
    would: Would | None = None

    def __bool__(self) -> bool:
        """Refuse to be a condition.

        Raises:
            TypeError: always.
        """
        message = "an answer is not a truth value: verify its receipt"
        raise TypeError(message)

    def document(self) -> JsonObject:
        """The wire form."""
        document: JsonObject = {
            "outcome": self.outcome.value,
            "reason": self.reason.value,
            "explanation": [entry.document() for entry in self.explanation],
            "obligations": list(self.obligations),
            "approval": None if self.approval is None else self.approval.document(),
            "receipt": self.receipt,
            "receipt_id": self.receipt_id,
            "log": {"origin": self.origin, "index": self.index},
        }
        if self.claim is not None:
            document["claim"] = self.claim.document()
        if self.would is not None:
            document["would"] = {"outcome": self.would.outcome.value, "reason": self.would.reason.value}
        return document


def answer_bytes(answer: Answer) -> bytes:
    """The answer as it is sent: canonical JSON."""
    return fast.canonical(answer.document())


def parse_answer(body: bytes) -> Answer:
    """Read an answer. The receipt in it is well-formed at most: it is not verified here.

    Raises:
        Malformed: another shape; an outcome or reason this version does not know, or that do not belong
            together. None of these is a permit.
        TooLarge: more than 256 KiB.
    """
    members = Members(
        fast.read(body, bytes_max=limits.ANSWER_BYTES_MAX, members_max=limits.ANSWER_MEMBERS_MAX)
    )
    outcome, reason = _outcome_reason(members)
    explanation = _explanation(members)
    obligations = _obligations(members)
    approval = _approval(members, reason)
    receipt, receipt_id = _receipt(members)
    log = members.members("log")
    origin = log.text("origin", chars_max=limits.ORIGIN_CHARS_MAX, grammar=ids.ORIGIN)
    index = log.integer("index")
    log.end()
    claim = _claim(members, outcome)
    would = _would(members, reason)
    members.end()
    return Answer(
        outcome=outcome,
        reason=reason,
        explanation=explanation,
        obligations=obligations,
        approval=approval,
        receipt=receipt,
        receipt_id=receipt_id,
        origin=Origin(origin),
        index=LeafIndex(index),
        claim=claim,
        would=would,
    )


def _outcome_reason(members: Members) -> tuple[Outcome, Reason]:
    outcome = members.one_of("outcome", Outcome)
    reason = members.one_of("reason", Reason)
    if OUTCOME_OF_REASON[reason] is not outcome:
        # Attack: a PERMIT with a reason to refuse is read as either, depending on the member looked at.
        refuse(members.place("reason"), f"`{reason}` is no reason for {outcome.value}", _WORSE)
    return outcome, reason


def _explanation(members: Members) -> tuple[Explanation, ...]:
    place = members.place("explanation")
    found: list[Explanation] = []
    for position, value in enumerate(members.array("explanation", items_max=limits.EXPLANATIONS_MAX)):
        entry = Members(value, f"{place}/{position}")
        policy = entry.text("policy", chars_max=limits.POLICY_ID_CHARS_MAX, chars_min=0)
        if policy and ids.POLICY_ID.fullmatch(policy) is None:
            refuse(entry.place("policy"), "this is no policy id", f"match {ids.POLICY_ID.pattern}")
        effect = entry.one_of("effect", RuleEffect)
        text = entry.text("text", chars_max=limits.TEXT_CHARS_MAX, chars_min=0)
        entry.end()
        found.append(Explanation(policy=policy, effect=effect.value, text=text))
    return tuple(found)


def _obligations(members: Members) -> tuple[str, ...]:
    place = members.place("obligations")
    found: list[str] = []
    for position, value in enumerate(members.array("obligations", items_max=limits.OBLIGATIONS_MAX)):
        if not isinstance(value, str) or not 1 <= len(value) <= limits.OBLIGATION_CHARS_MAX:
            problem = f"not a string of 1 to {limits.OBLIGATION_CHARS_MAX} characters"
            refuse(f"{place}/{position}", problem, "an obligation is `name` or `name:argument`")
        found.append(value)
    return tuple(found)


def _approval(members: Members, reason: Reason) -> ApprovalAsked | None:
    place = members.place("approval")
    if members.null("approval"):
        if reason is Reason.APPROVAL_REQUIRED:
            refuse(place, "null stands where the approval belongs", _WORSE)
        return None
    approval = members.members("approval")
    if reason is not Reason.APPROVAL_REQUIRED:
        refuse(place, f"an approval stands beside reason `{reason}`", _WORSE)
    listed = approval.array("needs", items_max=limits.APPROVAL_NEEDS_MAX)
    asked = ApprovalAsked(
        id=_receipt_id(approval, "id"),
        needs=tuple(_need(Members(value, f"{place}/needs/{at}")) for at, value in enumerate(listed)),
        expires_at_s=approval.integer("expires_at"),
        request_digest=Digest(
            approval.text("request_digest", chars_max=ids.DIGEST_CHARS, grammar=ids.DIGEST)
        ),
    )
    approval.end()
    return asked


def _need(members: Members) -> ApprovalNeed:
    need = ApprovalNeed(
        role=members.text("role", chars_max=limits.ROLE_CHARS_MAX, grammar=ids.ROLE),
        count=members.integer("count", low=1, high=limits.APPROVAL_NEEDS_MAX),
    )
    members.end()
    return need


def _claim(members: Members, outcome: Outcome) -> Claimed | None:
    claim = members.members_or_none("claim")
    if claim is None:
        return None
    if outcome is not Outcome.PERMIT:
        refuse(claim.pointer, f"a claim stands beside {outcome.value}", _WORSE)
    receipt, receipt_id = _receipt(claim)
    claimed = Claimed(receipt=receipt, receipt_id=receipt_id, index=LeafIndex(claim.integer("index")))
    claim.end()
    return claimed


def _would(members: Members, reason: Reason) -> Would | None:
    inner = members.members_or_none("would")
    if inner is None:
        return None
    if reason is not Reason.OBSERVED:
        refuse(inner.pointer, f"`would` stands beside reason `{reason}`", _WORSE)
    outcome, would_reason = _outcome_reason(inner)
    inner.end()
    return Would(outcome=outcome, reason=would_reason)


def _receipt(members: Members) -> tuple[str, ReceiptId]:
    receipt = members.text("receipt", chars_max=limits.JWS_BYTES_MAX, grammar=ids.COMPACT_JWS)
    return receipt, _receipt_id(members, "receipt_id")


def _receipt_id(members: Members, name: str) -> ReceiptId:
    return ReceiptId(members.text(name, chars_max=ids.RECEIPT_ID_CHARS, grammar=ids.RECEIPT_ID))
