"""From a request and its facts to a decision, under one compiled bundle. Total: every path is an answer.

``decision.decide`` and the bundle's own tests both end here, so what a test shows is what will happen.

1. the surface is declared, else ``surface_unknown``;
2. the request meets the declaration, else ``request_invalid``;
3. the facts are those the surface declares, else ``state_unavailable``;
4. the engine answers; whatever else it does is ``indeterminate``;
5. the answer is mapped (``mapping.py``);
6. an outcome that the surface does not list is ``no_permit``;
7. a surface in ``observe`` mode answers ``observed``, and says what it would have answered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from licet.errors import Malformed
from licet.policy import limits
from licet.policy.compiled import CompiledBundle, CompiledSurface
from licet.policy.engine import EngineFailure, EngineResult, EvaluationInput, Verdict
from licet.policy.mapping import outcome_of
from licet.policy.providers import cedar_facts
from licet.policy.validator import Meeting, Problem, meet
from licet.protocol.limits import OBLIGATIONS_MAX, TEXT_CHARS_MAX
from licet.protocol.types import (
    Decision,
    ExecutionRequest,
    Explanation,
    JsonObject,
    Outcome,
    PolicyRef,
    Reason,
    Would,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A decision, and texts of the engine for authors that no receipt carries."""

    decision: Decision
    diagnostics: tuple[str, ...] = ()


def evaluate(
    compiled: CompiledBundle, request: ExecutionRequest, facts: JsonObject, ref: PolicyRef
) -> Evaluation:
    """The decision of ``compiled``, named ``ref`` in receipts, on ``request`` under ``facts``."""
    surface = compiled.surfaces.get(request.surface)
    if surface is None:  # 1
        text = f"the surface `{request.surface}` is not declared"
        return Evaluation(decision=silence(Reason.SURFACE_UNKNOWN, text, ref))
    enforced = _enforced(compiled, surface, request, facts, ref)
    return replace(enforced, decision=_observed(surface, _listed(surface, enforced.decision)))


def silence(reason: Reason, text: str, ref: PolicyRef | None, errored: tuple[str, ...] = ()) -> Decision:
    """A SILENCE that no rule speaks: its explanation names no policy. A text over the bound is cut."""
    shown = text if len(text) <= TEXT_CHARS_MAX else f"{text[: TEXT_CHARS_MAX - 1]}…"
    explanation = Explanation(policy="", effect="none", text=shown)
    return Decision(
        outcome=Outcome.SILENCE, reason=reason, explanation=(explanation,), errored=errored, policy=ref
    )


def _enforced(
    compiled: CompiledBundle,
    surface: CompiledSurface,
    request: ExecutionRequest,
    facts: JsonObject,
    ref: PolicyRef,
) -> Evaluation:
    met = meet(surface.declaration, request)
    if isinstance(met, Problem):  # 2
        return Evaluation(decision=silence(Reason.REQUEST_INVALID, met.text(), ref))
    try:
        attested = cedar_facts(surface.declaration.facts, facts)
    except (Malformed, ValueError) as fault:  # 3
        text = f"the facts cannot be used: {fault}"
        return Evaluation(decision=silence(Reason.STATE_UNAVAILABLE, text, ref))
    result, failure = _ask(compiled, request, met, attested)  # 4
    decision = _mapped(surface, request, result, ref)  # 5
    diagnostics = (failure,) if result is None else result.diagnostics
    return Evaluation(decision=decision, diagnostics=diagnostics)


def _ask(
    compiled: CompiledBundle, request: ExecutionRequest, met: Meeting, facts: JsonObject
) -> tuple[EngineResult | None, str]:
    context: JsonObject = {"facts": facts, "parameters": met.parameters, "request": met.request}
    asked = EvaluationInput(
        surface=request.surface, action=request.action, principal=met.principal, context=context
    )
    try:
        return _trusted(compiled.engine.evaluate(asked), compiled.surfaces[request.surface]), ""
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is no answer, and so no permit
        return None, str(error) or type(error).__name__


def _trusted(result: EngineResult, surface: CompiledSurface) -> EngineResult:
    """``result``, if few enough rules of this surface, and of the effect it claims, determined it."""
    if len(result.determining) + len(result.errored) > limits.RULES_NAMED_MAX:
        message = f"{len(result.determining)} rules determine and {len(result.errored)} failed"
        raise EngineFailure(message)
    effect = "permit" if result.verdict is Verdict.ALLOW else "forbid"
    for name in result.determining:
        rule = surface.policies.get(name)
        if rule is None or rule.effect != effect:
            message = f"the engine names `{name}`, which is no {effect} of this surface"
            raise EngineFailure(message)
    return result


def _mapped(
    surface: CompiledSurface, request: ExecutionRequest, result: EngineResult | None, ref: PolicyRef
) -> Decision:
    outcome, reason = outcome_of(result)
    if result is None or outcome is Outcome.SILENCE:
        errored = () if result is None else result.errored
        return silence(reason, _why_silent(reason, request, errored), ref, errored)
    rules = [surface.policies[name] for name in result.determining]
    spoken = tuple(Explanation(policy=rule.id, effect=rule.effect, text=rule.text()) for rule in rules)
    decision = Decision(
        outcome=outcome,
        reason=reason,
        explanation=spoken,
        determining=result.determining,
        errored=result.errored,
        policy=ref,
    )
    if outcome is not Outcome.PERMIT:
        return decision
    obligations = sorted({item for rule in rules for item in rule.notes.obligations})
    if len(obligations) > OBLIGATIONS_MAX:
        # A receipt that no reader could read is no permit.
        text = f"{len(obligations)} obligations, of which a receipt can carry {OBLIGATIONS_MAX}"
        return silence(Reason.INDETERMINATE, text, ref)
    ttls_s = [rule.notes.ttl_s for rule in rules if rule.notes.ttl_s is not None]
    return replace(
        decision,
        obligations=tuple(obligations),
        audience=surface.declaration.audience,
        permit_ttl_s=min([surface.declaration.permit_ttl_s, *ttls_s]),
    )


def _why_silent(reason: Reason, request: ExecutionRequest, errored: tuple[str, ...]) -> str:
    if reason is Reason.NO_PERMIT:
        return f"no rule permits `{request.action}` on `{request.surface}`"
    if errored:
        return f"could not be evaluated: {', '.join(f'`{name}`' for name in errored)}"
    return "the rules could not be evaluated"


def _listed(surface: CompiledSurface, decision: Decision) -> Decision:
    if decision.outcome in surface.declaration.outcomes:  # 6
        return decision
    text = f"the surface `{surface.declaration.name}` does not list {decision.outcome.value}"
    return silence(Reason.NO_PERMIT, text, decision.policy, decision.errored)


def _observed(surface: CompiledSurface, decision: Decision) -> Decision:
    if surface.declaration.mode == "enforce":  # 7
        return decision
    return replace(
        decision,
        outcome=Outcome.SILENCE,
        reason=Reason.OBSERVED,
        obligations=(),
        audience=None,
        permit_ttl_s=None,
        would=Would(outcome=decision.outcome, reason=decision.reason),
    )
