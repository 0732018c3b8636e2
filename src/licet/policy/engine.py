"""The port of a policy engine: slices of rules in, an evaluator out (``policy.md`` 5 and 7).

An engine is pure. It answers with the rules that determined and the rules that failed, or it raises:
what no answer means is decided in ``mapping.py``, never by an engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from licet.policy.language import Policy
from licet.protocol.types import Action, EntityRef, JsonObject, JsonValue, Surface


class Verdict(Enum):
    """The engine's own word; it is not an outcome."""

    ALLOW = "allow"
    DENY = "deny"


class EngineFailure(Exception):
    """The engine gave no answer; the message is a diagnostic, never signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineResult:
    """What an engine answered. Ids are sorted and unique; ``diagnostics`` are texts for authors."""

    verdict: Verdict
    determining: tuple[str, ...]
    errored: tuple[str, ...]
    diagnostics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an answer that contradicts itself.

        Raises:
            EngineFailure: an allow that no rule determined, or ids out of order.
        """
        if self.verdict is Verdict.ALLOW and not self.determining:
            message = "the engine allows, and no rule permits"
            raise EngineFailure(message)
        for names in (self.determining, self.errored):
            if list(names) != sorted(set(names)):
                message = "the engine's ids are not sorted and unique"
                raise EngineFailure(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """All that one surface's decisions are made from: its rules, its Cedar schema, its entities."""

    surface: Surface
    policies: tuple[Policy, ...]
    schema: str
    entities: list[JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationInput:
    """One question in Cedar's terms. ``context`` is Cedar's JSON and meets the surface's schema."""

    surface: Surface
    action: Action
    principal: EntityRef
    context: JsonObject


class Compiled(Protocol):
    """Rules ready to be asked. The same input gives the same result on every machine."""

    def evaluate(self, asked: EvaluationInput) -> EngineResult:
        """The answer, or ``EngineFailure``."""
        ...


class PolicyEngine(Protocol):
    """What compiles slices. The names stand in every receipt (``protocol.md`` 3, ``engine``)."""

    @property
    def evaluator(self) -> str:
        """What decides: ``cedarpy/4.12.2``."""
        ...

    @property
    def reference(self) -> str:
        """What it is compared with."""
        ...

    def compile(self, slices: Sequence[Slice]) -> Compiled:
        """The evaluator of ``slices``, one per surface.

        Raises:
            EngineFailure: the engine refuses a schema, a rule or an entity.
        """
        ...
