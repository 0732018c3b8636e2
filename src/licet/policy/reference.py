"""The reference evaluator: genuine Cedar through cedarpy (``policy.md`` 5).

Traps that were measured, and what is done here:

* a fault in the request, an overflow or a missing member is ``NoDecision``, not an exception: raised;
* determining ids come in random order: sorted;
* ids of failed policies exist only inside error texts: read by one anchored expression, and a text it
  does not know is a failure of the whole evaluation;
* ids inside texts are framed by back-ticks: the grammar of ``@id`` has none;
* string entity ids allow injection: entities go in as ``{type, id}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

import cedarpy

from licet.policy.engine import Compiled, EngineFailure, EngineResult, EvaluationInput, Slice, Verdict
from licet.policy.language import policy_set
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import EntityRef, JsonObject, Surface

REFERENCE: Final = f"cedarpy/{version('cedarpy')}"
_ERRORED = re.compile(r"error while evaluating policy `([^`]*)`: ", re.DOTALL)
_VERDICTS: Final = {cedarpy.Decision.Allow: Verdict.ALLOW, cedarpy.Decision.Deny: Verdict.DENY}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Handles:
    """Parsed rules, entities and schema; without a schema requests are not validated (vectors only)."""

    policies: cedarpy.PolicySet
    entities: cedarpy.Entities
    schema: cedarpy.Schema | None

    def ask(
        self, *, principal: EntityRef, action: EntityRef, resource: EntityRef, context: JsonObject
    ) -> EngineResult:
        """Cedar's answer.

        Raises:
            EngineFailure: no decision, or an answer that cannot be read.
        """
        request = {
            "principal": principal.document(),
            "action": action.document(),
            "resource": resource.document(),
            "context": context,
        }
        return _result(self._authorize(request))

    def _authorize(self, request: dict[str, JsonObject]) -> cedarpy.AuthzResult:
        try:
            return cedarpy.is_authorized(request, self.policies, self.entities, self.schema)
        except Exception as error:
            message = f"the engine raised {type(error).__name__}"
            raise EngineFailure(message) from error
        except BaseException as error:
            # A panic in the engine's Rust code is no `Exception`; it must not become one process's end.
            if type(error).__module__ != "pyo3_runtime":
                raise
            message = "the engine panicked"
            raise EngineFailure(message) from error


class ReferenceEngine:
    """Compiles slices to engine handles."""

    evaluator: str = REFERENCE
    reference: str = REFERENCE

    def compile(self, slices: Sequence[Slice]) -> Compiled:
        """The evaluator of ``slices``.

        Raises:
            EngineFailure: the engine refuses a schema, a rule or an entity.
        """
        return _ReferenceCompiled({one.surface: _handles(one) for one in slices})


class _ReferenceCompiled:
    """One set of handles per surface."""

    __slots__ = ("_handles",)

    def __init__(self, handles: Mapping[Surface, Handles]) -> None:
        self._handles = MappingProxyType(dict(handles))

    def evaluate(self, asked: EvaluationInput) -> EngineResult:
        """Cedar's answer to ``asked``."""
        handles = self._handles.get(asked.surface)
        if handles is None:
            message = f"no rules were compiled for `{asked.surface}`"
            raise EngineFailure(message)
        return handles.ask(
            principal=asked.principal,
            action=EntityRef(type="Action", id=asked.action),
            resource=EntityRef(type="Surface", id=asked.surface),
            context=asked.context,
        )


def _handles(one: Slice) -> Handles:
    try:
        schema = cedarpy.Schema.from_str(one.schema)
        entities = cedarpy.Entities.from_json_str(canonical_bytes(one.entities).decode(), schema)
        return Handles(policies=policy_set(one.policies), entities=entities, schema=schema)
    except ValueError as error:
        message = f"the engine refuses the surface `{one.surface}`: {error}"
        raise EngineFailure(message) from error


def _result(answer: cedarpy.AuthzResult) -> EngineResult:
    texts = tuple(sorted(answer.diagnostics.errors))
    verdict = _VERDICTS.get(answer.decision)
    if verdict is None:
        raise EngineFailure("; ".join(texts) or "the engine made no decision")
    errored: set[str] = set()
    for text in texts:
        match = _ERRORED.match(text)
        if match is None:
            message = f"an error of the engine names no policy: {text}"
            raise EngineFailure(message)
        errored.add(match.group(1))
    return EngineResult(
        verdict=verdict,
        determining=tuple(sorted(set(answer.diagnostics.reasons))),
        errored=tuple(sorted(errored)),
        diagnostics=texts,
    )
