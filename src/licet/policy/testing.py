"""Running the tests that a bundle carries, and telling a failure so that it can be mended.

A case goes the way of a real request (``evaluate.py``), so nothing passes here that would not pass there.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from licet.policy.cases import Case
from licet.policy.compiled import CompiledBundle
from licet.policy.evaluate import evaluate
from licet.policy.instants import instant_text
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import Decision, JsonObject, JsonValue

_NOT_ACTIVE = 0
"""The version a bundle has while it is only tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case and what it got. ``unmet`` names the expectations that do not hold."""

    case: Case
    facts: JsonObject
    decision: Decision
    diagnostics: tuple[str, ...]
    unmet: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation holds."""
        return not self.unmet


def run(compiled: CompiledBundle, pattern: str = "*") -> tuple[CaseResult, ...]:
    """The results of the cases whose label (``limits/800 USD``) matches ``pattern``, in file order."""
    return tuple(_run(compiled, case) for case in compiled.cases if fnmatchcase(case.label(), pattern))


def render(result: CaseResult, compiled: CompiledBundle) -> str:
    """A failed case as people read it: request, facts, expected, got, and the rules that determined it."""
    case, request = result.case, result.case.request
    asked = [
        f"surface {request.surface}",
        f"action {request.action}",
        f"actor {request.actor.type}/{request.actor.id}",
    ]
    if request.target is not None:
        asked.append(f"target {request.target.type}/{request.target.id}")
    asked += _leaves("parameters", request.parameters) + _leaves("context", request.context)
    facts = {name: value for name, value in result.facts.items() if name != "now"}
    attested = [
        f"now {instant_text(case.now_ms)}",
        *(text for name in sorted(facts) for text in _leaves(name, facts[name])),
    ]
    stem = case.place.file.removesuffix(".toml")
    lines = [
        f'FAIL {stem}: "{case.name}"      {case.place.file}:{case.place.line}',
        f"  request   {' | '.join(asked)}",
        f"  facts     {' | '.join(attested)}",
        f"  expected  {_expected(case)}",
        f"  got       {_got(result.decision, compiled)}",
        *(f"            {said.text}" for said in result.decision.explanation),
        *(f"            {text}" for text in result.diagnostics),
        f"  again: licet policy test --filter '{case.label()}'",
    ]
    return "\n".join(lines)


def _run(compiled: CompiledBundle, case: Case) -> CaseResult:
    surface = compiled.surfaces.get(case.request.surface)
    attested = {"now": case.now_ms} if surface is None else surface.facts_at(case.now_ms)
    facts: JsonObject = {**attested, **case.facts}
    answer = evaluate(compiled, case.request, facts, compiled.ref(_NOT_ACTIVE))
    return CaseResult(
        case=case,
        facts=facts,
        decision=answer.decision,
        diagnostics=answer.diagnostics,
        unmet=_unmet(case, answer.decision),
    )


def _unmet(case: Case, got: Decision) -> tuple[str, ...]:
    expect = case.expect
    unmet: list[str] = []
    if got.outcome is not expect.outcome:
        unmet.append("outcome")
    if expect.reason is not None and got.reason is not expect.reason:
        unmet.append("reason")
    if expect.policies is not None and got.determining != expect.policies:
        unmet.append("policies")
    return tuple(unmet)


def _expected(case: Case) -> str:
    reason = f" {case.expect.reason.value}" if case.expect.reason is not None else ""
    policies = case.expect.policies
    by = "" if policies is None else f", determined by {', '.join(policies) or 'nothing'}"
    return f"{case.expect.outcome.value}{reason}{by}"


def _got(decision: Decision, compiled: CompiledBundle) -> str:
    rules = [f"{name} ({compiled.policies[name].where()})" for name in decision.determining]
    by = f", determined by {', '.join(rules)}" if rules else ""
    failed = f", failed: {', '.join(decision.errored)}" if decision.errored else ""
    return f"{decision.outcome.value} {decision.reason.value}{by}{failed}"


def _leaves(name: str, value: JsonValue) -> list[str]:
    """``parameters.amount_minor 80000``, one text per leaf."""
    if isinstance(value, dict):
        return [text for key in sorted(value) for text in _leaves(f"{name}.{key}", value[key])]
    if value is None:
        return []
    return [f"{name} {value if isinstance(value, str) else canonical_bytes(value).decode()}"]
