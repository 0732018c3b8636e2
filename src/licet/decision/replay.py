"""Deciding again from what was recorded, and comparing every byte (``policy.md`` 5.7, V15).

A replay reads nothing but its arguments: the recorded request, facts and payload, and the bundle that
was active. Equal bytes prove that policy, request and facts give this answer; a difference names the
members that differ.
"""

from __future__ import annotations

from dataclasses import dataclass

from licet.decision.decide import decide
from licet.decision.facts import recall
from licet.decision.snapshot import ActiveBundle
from licet.policy.compiled import CompiledBundle
from licet.protocol.canonical import canonical_bytes
from licet.protocol.parse import request_of
from licet.protocol.shape import refuse
from licet.protocol.strict import escape_pointer, read_strict
from licet.protocol.types import Decision, JsonValue
from licet.receipt.read import DecisionReceipt, check_canonical, parse_payload, receipt_of
from licet.receipt.statement import decision_document


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDecision:
    """One decision as the store keeps it: canonical bytes of request, facts and receipt payload."""

    request_body: bytes
    idempotency_key: str
    facts_document: bytes
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What deciding again gave. ``differences`` are JSON pointers into the payload, sorted."""

    decision: Decision
    payload: bytes
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every byte of the payload came out again."""
        return not self.differences


def replay(recorded: RecordedDecision, bundle: CompiledBundle | None) -> ReplayResult:
    """Decide ``recorded`` again under ``bundle``; pass None when no bundle was active.

    Another bundle than the recorded one is not an error: its digest is among the differences.

    Raises:
        Malformed: request, facts or payload are not what a store of licet keeps.
        UnknownValue: the payload holds a word of a later version.
        TooLarge: one of them passes its size limit.
    """
    document = parse_payload(recorded.payload)
    receipt = receipt_of(document)
    if not isinstance(receipt, DecisionReceipt):
        refuse("/kind", "the receipt is not a decision", "replay decisions only")
    check_canonical(document, recorded.payload)
    request = request_of(_with_key(recorded))
    active = None
    if bundle is not None:
        version = 0 if receipt.policy is None else receipt.policy.version
        active = ActiveBundle(compiled=bundle, version=version)
    seen = recall(recorded.facts_document, active=active, tenant=receipt.stamp.tenant)
    decision = decide(request, seen)
    again = decision_document(
        request,
        decision,
        facts=seen.facts_digest(),
        stamp=receipt.stamp,
        supersedes=receipt.links.supersedes,
        anchor=receipt.links.anchor,
    )
    return ReplayResult(
        decision=decision,
        payload=canonical_bytes(again),
        differences=tuple(sorted(_differences(document, again, ""))),
    )


def _with_key(recorded: RecordedDecision) -> JsonValue:
    """The request as it was asked: the stored body has every member but the key."""
    document = read_strict(recorded.request_body)
    if not isinstance(document, dict) or "idempotency_key" in document:
        refuse("", "the stored body is not a request without its key", "give the body as it was recorded")
    return {**document, "idempotency_key": recorded.idempotency_key}


def _differences(then: JsonValue, now: JsonValue, pointer: str) -> list[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        names = then.keys() | now.keys()
        return [
            place
            for name in names
            for place in _differences_of_member(then, now, name, f"{pointer}/{escape_pointer(name)}")
        ]
    same = canonical_bytes(then) == canonical_bytes(now)
    return [] if same else [pointer]


def _differences_of_member(
    then: dict[str, JsonValue], now: dict[str, JsonValue], name: str, pointer: str
) -> list[str]:
    if name not in then or name not in now:
        return [pointer]
    return _differences(then[name], now[name], pointer)
