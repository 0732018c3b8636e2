"""From a call to exact bytes: the arguments are frozen once, and what is asked is what is held.

The request is read back by the authority's own parser (``protocol/parse.py``), so a call that the
authority would refuse as malformed never leaves the process, and both digests are computed by one rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from licet.errors import FixTheCall
from licet.gate import freeze
from licet.gate.answers import ClaimQuestion, Question
from licet.gate.decision import FrozenEffect, Permit
from licet.protocol import fast
from licet.protocol.parse import effect_of, parse_request
from licet.protocol.types import (
    Action,
    Actor,
    CompletionStatus,
    Digest,
    Effect,
    EntityRef,
    JsonObject,
    Surface,
    Tenant,
)

Ref: TypeAlias = EntityRef | tuple[str, str]
"""``("account", "acct-42")``, or the same as an ``EntityRef``."""
ActorLike: TypeAlias = Actor | Ref


def question_of(
    surface: str,
    action: str,
    *,
    actor: ActorLike,
    target: Ref | None,
    parameters: Mapping[str, object] | None,
    context: Mapping[str, object] | None,
    audience: str | None,
    key: str,
    tenant: Tenant,
    obligations: frozenset[str],
) -> Question:
    """The question of one call, with the frozen effect that its permit would be for.

    Raises:
        ValueError: the call could never be decided on; the text names the place and the mend.
    """
    frozen = effect_from(surface, action, target=target, parameters=parameters)
    document = _effect_document(frozen)
    document["actor"] = _actor_document(actor)
    document["idempotency_key"] = key
    if context is not None:
        document["context"] = _encoded("context", context)
    if audience is not None:
        document["audience"] = audience
    try:
        body = fast.canonical(document)
        request = parse_request(body)
    except FixTheCall as error:
        raise ValueError(str(error)) from error
    return Question(
        body=body,
        key=request.idempotency_key,
        digest=request.digest,
        frozen=frozen,
        effect=Effect(
            surface=request.surface,
            action=request.action,
            target=request.target,
            parameters=request.parameters,
            digest=request.effect_digest,
        ),
        audience=request.audience,
        tenant=tenant,
        obligations=obligations,
    )


def effect_from(
    surface: str, action: str, *, target: Ref | None, parameters: Mapping[str, object] | None
) -> FrozenEffect:
    """The effect of one call, deep-frozen: nobody else holds what it is made of.

    Raises:
        ValueError: an argument without one exact form.
    """
    return FrozenEffect(
        surface=Surface(surface),
        action=Action(action),
        target=None if target is None else _ref(target),
        parameters=None if parameters is None else _frozen("parameters", parameters),
    )


def effect_from_wire(document: JsonObject) -> FrozenEffect:
    """The effect in a wire document whose parameters are argument encoding v1 already.

    Raises:
        ValueError: not an effect, or parameters that only bind a value that is not here.
    """
    try:
        effect = effect_of(document)
    except FixTheCall as error:
        raise ValueError(str(error)) from error
    parameters = None if effect.parameters is None else freeze.decode_object(effect.parameters)
    return FrozenEffect(
        surface=effect.surface, action=effect.action, target=effect.target, parameters=parameters
    )


def wire_effect(effect: FrozenEffect) -> Effect:
    """The wire form and digest of what will run, computed now from the very values that will run.

    Raises:
        ValueError: not an effect.
    """
    try:
        return effect_of(_effect_document(effect))
    except FixTheCall as error:
        raise ValueError(str(error)) from error


def claim_question(permit: Permit, *, claim_id: str, tenant: Tenant) -> ClaimQuestion:
    """The one claim of ``permit``; the effect and its digest come from what will run (G4)."""
    document = _effect_document(permit.effect)
    body: JsonObject = {"permit": permit.token, "effect": document, "claim_id": claim_id}
    return ClaimQuestion(
        body=fast.canonical(body),
        claim_id=claim_id,
        permit=permit,
        effect=effect_of(document),
        tenant=tenant,
    )


def completion_body(
    permit: Permit, status: CompletionStatus, result_digest: Digest | None, actual: JsonObject | None
) -> bytes:
    """The exact bytes of one report."""
    body: JsonObject = {"receipt_id": permit.receipt_id, "status": status.value}
    if result_digest is not None:
        body["result_digest"] = result_digest
    if actual is not None:
        body["actual"] = freeze.encode_object(actual)
    return fast.canonical(body)


def _effect_document(effect: FrozenEffect) -> JsonObject:
    document: JsonObject = {"surface": effect.surface, "action": effect.action}
    if effect.target is not None:
        document["target"] = effect.target.document()
    if effect.parameters is not None:
        document["parameters"] = freeze.encode_object(effect.parameters)
    return document


def _frozen(name: str, values: Mapping[str, object]) -> Mapping[str, object]:
    try:
        return freeze.freeze_object(values)
    except freeze.NotFreezable as error:
        raise error.under(name) from error.__cause__


def _encoded(name: str, values: Mapping[str, object]) -> JsonObject:
    try:
        return freeze.encode_object(values)
    except freeze.NotFreezable as error:
        raise error.under(name) from error.__cause__


def _ref(ref: Ref) -> EntityRef:
    if isinstance(ref, EntityRef):
        return ref
    kind, name = ref
    return EntityRef(type=kind, id=name)


def _actor_document(actor: ActorLike) -> JsonObject:
    if not isinstance(actor, Actor):
        return _ref(actor).document()
    document = actor.ref().document()
    if actor.attributes is not None:
        document["attributes"] = _encoded("actor/attributes", actor.attributes)
    if actor.on_behalf_of is not None:
        document["on_behalf_of"] = [link.document() for link in actor.on_behalf_of]
    return document
