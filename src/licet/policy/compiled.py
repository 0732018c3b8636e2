"""A bundle that passed every check, ready to decide. Built by ``build.py`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from licet.policy.bundle import Bundle
from licet.policy.calendars import Calendar
from licet.policy.cases import Case
from licet.policy.engine import Compiled
from licet.policy.findings import Finding
from licet.policy.head import BundleHead
from licet.policy.language import Policy
from licet.policy.providers import look_up
from licet.policy.surface import SurfaceDeclaration
from licet.protocol.types import Digest, JsonObject, PolicyRef, Surface


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledSurface:
    """One door: its declaration, the rules whose scope can meet it, and the calendars it reads."""

    declaration: SurfaceDeclaration
    policies: Mapping[str, Policy]
    calendars: Mapping[str, Calendar]

    def facts_at(self, now_ms: int) -> JsonObject:
        """What the host attests at an instant: every declared fact, and ``now`` in milliseconds."""
        return look_up(self.declaration.facts, self.calendars, now_ms)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledBundle:
    """Rules, surfaces and tests of one digest. Two of them are the same when their digests are."""

    bundle: Bundle
    head: BundleHead
    surfaces: Mapping[Surface, CompiledSurface]
    policies: Mapping[str, Policy]
    cases: tuple[Case, ...]
    warnings: tuple[Finding, ...]
    engine: Compiled
    evaluator: str
    reference: str

    @property
    def digest(self) -> Digest:
        """The bundle's identity."""
        return self.bundle.digest

    def ref(self, version: int) -> PolicyRef:
        """How receipts name this bundle when it is active as ``version``."""
        return PolicyRef(
            bundle=self.head.name,
            version=version,
            digest=self.digest,
            language=self.head.language,
            evaluator=self.evaluator,
            reference=self.reference,
        )
