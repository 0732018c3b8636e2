"""Bytes to typed requests: the one place (stop 2 of the path). Pure; same answer at every door."""

from __future__ import annotations

from dataclasses import dataclass

from licet.protocol import fast, ids, limits
from licet.protocol.digest import EFFECT_TAG, REQUEST_TAG, is_digest, tagged_digest
from licet.protocol.shape import Members, entity_ref, entity_ref_part, refuse
from licet.protocol.types import (
    Action,
    Actor,
    Audience,
    CompletionStatus,
    Digest,
    Effect,
    EntityRef,
    ExecutionRequest,
    IdempotencyKey,
    JsonObject,
    JsonValue,
    ReceiptId,
    Surface,
)


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


def parse_decision_ask(body: bytes) -> DecisionAsk:
    """Read a request with its optional ``claim_id``.

    Raises:
        Malformed: the document breaks the contract; ``pointer`` names the place.
        TooLarge: more than 64 KiB.
    """
    document = fast.read(body)
    members = Members(document)
    claim_id = _claim_id(members)
    if claim_id is None:
        return DecisionAsk(request=request_of(document), claim_id=None)
    rest = {name: value for name, value in _object(document).items() if name != "claim_id"}
    return DecisionAsk(request=request_of(rest), claim_id=claim_id)


def parse_request(body: bytes) -> ExecutionRequest:
    """Read one execution request.

    Raises:
        Malformed: the document breaks the contract; ``pointer`` names the place.
        TooLarge: more than 64 KiB.
    """
    return request_of(fast.read(body))


def request_of(document: JsonValue) -> ExecutionRequest:
    """The request in a value that a strict reader produced."""
    members = Members(document)
    surface, action = _surface_action(members)
    actor = _actor(members.members("actor"))
    target = entity_ref(members.members("target")) if members.has("target") else None
    parameters = members.objects("parameters") if members.has("parameters") else None
    context = members.objects("context") if members.has("context") else None
    audience = members.text_or_none("audience", chars_max=limits.AUDIENCE_CHARS_MAX, grammar=ids.AUDIENCE)
    version = members.integer("min_policy_version") if members.has("min_policy_version") else None
    parent = members.text_or_none("parent", chars_max=36, grammar=ids.RECEIPT_ID)
    key = members.text("idempotency_key", chars_max=limits.KEY_CHARS_MAX, grammar=ids.IDEMPOTENCY_KEY)
    members.end()
    rest = {n: v for n, v in _object(document).items() if n != "idempotency_key"}
    body = fast.canonical(rest)
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


def parse_claim_ask(body: bytes) -> ClaimAsk:
    """Read a claim: the permit, the effect about to run, and the claimant's own id for retries."""
    members = Members(fast.read(body))
    permit = members.text("permit", chars_max=limits.JWS_BYTES_MAX)
    effect = effect_of(members.value("effect"), members.place("effect"))
    claim_id = _claim_id(members)
    members.end()
    return ClaimAsk(permit=permit, effect=effect, claim_id=claim_id)


def parse_completion_ask(body: bytes) -> CompletionAsk:
    """Read what became of a claimed permit."""
    members = Members(fast.read(body))
    receipt_id = members.text("receipt_id", chars_max=36, grammar=ids.RECEIPT_ID)
    status = members.text("status", chars_max=16)
    if status not in set(CompletionStatus):
        refuse(
            members.place("status"),
            f"`{status}` is not a completion status",
            f"send one of {', '.join(CompletionStatus)}",
        )
    result = members.text_or_none("result_digest", chars_max=71)
    if result is not None and not is_digest(result):
        refuse(
            members.place("result_digest"),
            f"`{result}` is not a digest",
            "send sha256: and 64 lower-case hex digits",
        )
    actual = members.objects("actual") if members.has("actual") else None
    statement = members.text_or_none("statement", chars_max=limits.JWS_BYTES_MAX)
    members.end()
    return CompletionAsk(
        receipt_id=ReceiptId(receipt_id),
        status=CompletionStatus(status),
        result_digest=None if result is None else Digest(result),
        actual=actual,
        statement=statement,
    )


def effect_of(document: JsonValue, pointer: str = "") -> Effect:
    """The effect in ``{surface, action, target?, parameters?}``, with its digest computed here.

    Raises:
        Malformed: the document breaks the contract.
    """
    members = Members(document, pointer)
    surface, action = _surface_action(members)
    target = entity_ref(members.members("target")) if members.has("target") else None
    parameters = members.objects("parameters") if members.has("parameters") else None
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
    document: JsonObject = {"surface": effect.surface, "action": effect.action}
    if effect.target is not None:
        document["target"] = effect.target.document()
    if effect.parameters is not None:
        document["parameters"] = effect.parameters
    return document


def _effect_digest(
    surface: Surface, action: Action, target: EntityRef | None, parameters: JsonObject | None
) -> Digest:
    document: JsonObject = {"surface": surface, "action": action}
    if target is not None:
        document["target"] = target.document()
    if parameters is not None:
        document["parameters"] = parameters
    return tagged_digest(EFFECT_TAG, fast.canonical(document))


def _surface_action(members: Members) -> tuple[Surface, Action]:
    surface = members.text("surface", chars_max=limits.SURFACE_CHARS_MAX, grammar=ids.SURFACE)
    action = members.text("action", chars_max=limits.ACTION_CHARS_MAX, grammar=ids.ACTION)
    return Surface(surface), Action(action)


def _actor(members: Members) -> Actor:
    ref = entity_ref_part(members)
    attributes = members.objects("attributes") if members.has("attributes") else None
    chain: tuple[EntityRef, ...] | None = None
    if members.has("on_behalf_of"):
        place = members.place("on_behalf_of")
        links = members.array("on_behalf_of", items_max=limits.ON_BEHALF_OF_MAX)
        chain = tuple(entity_ref(Members(link, f"{place}/{position}")) for position, link in enumerate(links))
    members.end()
    return Actor(type=ref.type, id=ref.id, attributes=attributes, on_behalf_of=chain)


def _claim_id(members: Members) -> str | None:
    return members.text_or_none("claim_id", chars_max=limits.CLAIM_ID_CHARS_MAX, grammar=ids.IDEMPOTENCY_KEY)


def _object(document: JsonValue) -> JsonObject:
    return document if isinstance(document, dict) else {}
