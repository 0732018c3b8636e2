"""Bytes to typed requests: the one place (stop 2 of the path). Pure; same answer at every door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from licet.protocol import fast, ids, limits
from licet.protocol.digest import EFFECT_TAG, REQUEST_TAG, tagged_digest
from licet.protocol.shape import Members, entity_ref, entity_ref_part, freeze_scope
from licet.protocol.types import (
    Action,
    Actor,
    Audience,
    CompletionStatus,
    Digest,
    Effect,
    EntityRef,
    ExecutionRequest,
    FreezeScope,
    IdempotencyKey,
    JsonObject,
    JsonValue,
    ReceiptId,
    Surface,
)

_NOT_DIGESTED: Final = frozenset({"idempotency_key", "claim_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionAsk:
    """The body of ``POST /v1/decisions``: a request, and ``claim_id`` when the door executes itself."""

    request: ExecutionRequest
    claim_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAsk:
    """The body of ``POST /v1/permits/claim``."""

    permit: str
    effect: Effect
    claim_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionAsk:
    """The body of ``POST /v1/permits/complete``."""

    receipt_id: ReceiptId
    status: CompletionStatus
    result_digest: Digest | None
    actual: JsonObject | None
    statement: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeAsk:
    """The body of ``POST /v1/freezes``."""

    scope: FreezeScope
    reason: str


def parse_decision_ask(body: bytes) -> DecisionAsk:
    """Read a request with its optional ``claim_id``.

    Raises:
        Malformed: the document breaks the contract; ``pointer`` names the place.
        TooLarge: more than 64 KiB.
    """
    return decision_ask_of(fast.read(body))


def decision_ask_of(document: JsonValue, pointer: str = "") -> DecisionAsk:
    """The ask in a value that a strict reader produced; a batch holds several.

    Raises:
        Malformed: the value breaks the contract.
    """
    members = Members(document, pointer)
    claim_id = _claim_id(members)
    return DecisionAsk(request=_request(members), claim_id=claim_id)


def parse_request(body: bytes) -> ExecutionRequest:
    """Read one execution request.

    Raises:
        Malformed: the document breaks the contract; ``pointer`` names the place.
        TooLarge: more than 64 KiB.
    """
    return request_of(fast.read(body))


def request_of(document: JsonValue) -> ExecutionRequest:
    """The request in a value that a strict reader produced.

    Raises:
        Malformed: the value breaks the contract.
    """
    return _request(Members(document))


def parse_claim_ask(body: bytes) -> ClaimAsk:
    """Read a claim: the permit, the effect about to run, and the claimant's own id for retries.

    The effect stands one level deeper here than in its request, beside a permit. The bounds leave room
    for both, so that whatever could be decided can be claimed.

    Raises:
        Malformed: the document breaks the contract; ``pointer`` names the place.
        TooLarge: more than ``limits.CLAIM_BYTES_MAX``.
    """
    document = fast.read(body, bytes_max=limits.CLAIM_BYTES_MAX, depth_max=limits.DEPTH_MAX + 1)
    members = Members(document)
    permit = members.text("permit", chars_max=limits.JWS_BYTES_MAX)
    effect = effect_of(members.value("effect"), members.place("effect"))
    claim_id = _claim_id(members)
    members.end()
    return ClaimAsk(permit=permit, effect=effect, claim_id=claim_id)


def parse_completion_ask(body: bytes) -> CompletionAsk:
    """Read what became of a claimed permit.

    Raises:
        Malformed: the document breaks the contract; ``pointer`` names the place.
        TooLarge: more than 64 KiB.
    """
    members = Members(fast.read(body, members_max=limits.COMPLETION_MEMBERS_MAX))
    receipt_id = members.text("receipt_id", chars_max=ids.RECEIPT_ID_CHARS, grammar=ids.RECEIPT_ID)
    status = members.one_of("status", CompletionStatus)
    result = members.text_or_none("result_digest", chars_max=ids.DIGEST_CHARS, grammar=ids.DIGEST)
    actual = members.object_or_none("actual")
    statement = members.text_or_none("statement", chars_max=limits.JWS_BYTES_MAX)
    members.end()
    return CompletionAsk(
        receipt_id=ReceiptId(receipt_id),
        status=status,
        result_digest=None if result is None else Digest(result),
        actual=actual,
        statement=statement,
    )


def parse_freeze_ask(body: bytes) -> FreezeAsk:
    """Read what is to be stopped, and why.

    Raises:
        Malformed: the document breaks the contract; ``pointer`` names the place.
        TooLarge: more than 64 KiB.
    """
    members = Members(fast.read(body))
    scope = freeze_scope(members.members("scope"))
    reason = members.text("reason", chars_max=limits.REASON_CHARS_MAX)
    members.end()
    return FreezeAsk(scope=scope, reason=reason)


def parse_reason_ask(body: bytes) -> str:
    """Read why a freeze is lifted or a permit revoked.

    Raises:
        Malformed: the document breaks the contract; ``pointer`` names the place.
        TooLarge: more than 64 KiB.
    """
    members = Members(fast.read(body))
    reason = members.text("reason", chars_max=limits.REASON_CHARS_MAX)
    members.end()
    return reason


def effect_of(document: JsonValue, pointer: str = "") -> Effect:
    """The effect in ``{surface, action, target?, parameters?}``, with its digest computed here.

    Raises:
        Malformed: the document breaks the contract.
    """
    members = Members(document, pointer)
    surface, action = _surface_action(members)
    target = _target(members)
    parameters = members.object_or_none("parameters")
    members.end()
    return Effect(
        surface=surface,
        action=action,
        target=target,
        parameters=parameters,
        digest=_effect_digest(surface, action, target, parameters),
    )


def effect_document(effect: Effect) -> JsonObject:
    """The wire form of an effect; absent members stay absent."""
    return _effect_document(effect.surface, effect.action, effect.target, effect.parameters)


def _request(members: Members) -> ExecutionRequest:
    """The request in what is untaken of ``members``."""
    surface, action = _surface_action(members)
    actor = _actor(members.members("actor"))
    target = _target(members)
    parameters = members.object_or_none("parameters")
    context = members.object_or_none("context")
    audience = members.text_or_none("audience", chars_max=limits.AUDIENCE_CHARS_MAX, grammar=ids.AUDIENCE)
    version = members.integer_or_none("min_policy_version")
    parent = members.text_or_none("parent", chars_max=ids.RECEIPT_ID_CHARS, grammar=ids.RECEIPT_ID)
    key = members.text("idempotency_key", chars_max=limits.KEY_CHARS_MAX, grammar=ids.IDEMPOTENCY_KEY)
    members.end()
    # What only names the asking is no part of what is asked.
    body = fast.canonical({n: v for n, v in members.document.items() if n not in _NOT_DIGESTED})
    return ExecutionRequest(
        surface=surface,
        action=action,
        actor=actor,
        target=target,
        parameters=parameters,
        context=context,
        audience=None if audience is None else Audience(audience),
        min_policy_version=version,
        parent=None if parent is None else ReceiptId(parent),
        idempotency_key=IdempotencyKey(key),
        body=body,
        digest=tagged_digest(REQUEST_TAG, body),
        effect_digest=_effect_digest(surface, action, target, parameters),
    )


def _effect_document(
    surface: Surface, action: Action, target: EntityRef | None, parameters: JsonObject | None
) -> JsonObject:
    document: JsonObject = {"surface": surface, "action": action}
    if target is not None:
        document["target"] = target.document()
    if parameters is not None:
        document["parameters"] = parameters
    return document


def _effect_digest(
    surface: Surface, action: Action, target: EntityRef | None, parameters: JsonObject | None
) -> Digest:
    return tagged_digest(EFFECT_TAG, fast.canonical(_effect_document(surface, action, target, parameters)))


def _surface_action(members: Members) -> tuple[Surface, Action]:
    surface = members.text("surface", chars_max=limits.SURFACE_CHARS_MAX, grammar=ids.SURFACE)
    action = members.text("action", chars_max=limits.ACTION_CHARS_MAX, grammar=ids.ACTION)
    return Surface(surface), Action(action)


def _target(members: Members) -> EntityRef | None:
    target = members.members_or_none("target")
    return None if target is None else entity_ref(target)


def _actor(members: Members) -> Actor:
    ref = entity_ref_part(members)
    attributes = members.object_or_none("attributes")
    chain = _chain(members) if members.has("on_behalf_of") else None
    members.end()
    return Actor(type=ref.type, id=ref.id, attributes=attributes, on_behalf_of=chain)


def _chain(members: Members) -> tuple[EntityRef, ...]:
    place = members.place("on_behalf_of")
    links = members.array("on_behalf_of", items_max=limits.ON_BEHALF_OF_MAX)
    return tuple(entity_ref(Members(link, f"{place}/{position}")) for position, link in enumerate(links))


def _claim_id(members: Members) -> str | None:
    return members.text_or_none("claim_id", chars_max=limits.CLAIM_ID_CHARS_MAX, grammar=ids.IDEMPOTENCY_KEY)
