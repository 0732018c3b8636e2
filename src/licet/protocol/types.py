"""The values that travel: request, effect, decision. Shapes and rules: ``protocol.md`` 2 and 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, TypeAlias

JsonValue: TypeAlias = bool | int | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]

Surface = NewType("Surface", str)
Action = NewType("Action", str)
Audience = NewType("Audience", str)
IdempotencyKey = NewType("IdempotencyKey", str)
ReceiptId = NewType("ReceiptId", str)
Tenant = NewType("Tenant", str)
Origin = NewType("Origin", str)
Digest = NewType("Digest", str)
"""``sha256:<64 lower-case hex>``, domain separated by its tag (``protocol/digest.py``)."""
LeafIndex = NewType("LeafIndex", int)

MAIN_TENANT = Tenant("main")


class Outcome(StrEnum):
    """The three answers. There is no fourth, and none of them is a truth value."""

    PERMIT = "PERMIT"
    DENY = "DENY"
    SILENCE = "SILENCE"

    def __bool__(self) -> bool:
        """Refuse to be a condition: `if outcome:` would open the gate for DENY.

        Raises:
            TypeError: always.
        """
        message = "an outcome is not a truth value: compare with `is Outcome.PERMIT`"
        raise TypeError(message)


class Reason(StrEnum):
    """Why, from a closed list; every consumer treats an unknown one as not permitted."""

    PERMITTED = "permitted"
    BREAK_GLASS = "break_glass"
    FORBIDDEN = "forbidden"
    NO_PERMIT = "no_permit"
    APPROVAL_REQUIRED = "approval_required"
    BUDGET_EXHAUSTED = "budget_exhausted"
    REQUEST_INVALID = "request_invalid"
    SURFACE_UNKNOWN = "surface_unknown"
    INDETERMINATE = "indeterminate"
    POLICY_UNAVAILABLE = "policy_unavailable"
    STATE_UNAVAILABLE = "state_unavailable"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    FROZEN = "frozen"
    OBSERVED = "observed"


OUTCOME_OF_REASON: Mapping[Reason, Outcome] = {
    reason: (
        Outcome.PERMIT
        if reason in {Reason.PERMITTED, Reason.BREAK_GLASS}
        else Outcome.DENY
        if reason is Reason.FORBIDDEN
        else Outcome.SILENCE
    )
    for reason in Reason
}
"""Each reason belongs to exactly one outcome."""


class CompletionStatus(StrEnum):
    """What became of a claimed permit, as its executor tells it."""

    EXECUTED = "executed"
    FAILED = "failed"
    NOT_EXECUTED = "not_executed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRef:
    """A typed id: ``{"type": ..., "id": ...}``."""

    type: str
    id: str

    def document(self) -> JsonObject:
        """The wire form."""
        return {"type": self.type, "id": self.id}


class ScopeKind(StrEnum):
    """How far a freeze reaches; a surface and an actor are those of one tenant."""

    ALL = "all"
    TENANT = "tenant"
    SURFACE = "surface"
    ACTOR = "actor"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeScope:
    """What a freeze stops. ``surface`` and ``actor`` are set if and only if ``kind`` says so."""

    kind: ScopeKind
    surface: Surface | None = None
    actor: EntityRef | None = None

    @property
    def name(self) -> str:
        """The surface, or the actor as ``type/id``; empty for a tenant and for all."""
        return self.surface or ("" if self.actor is None else f"{self.actor.type}/{self.actor.id}")

    def covers(self, surface: str, actor: str) -> bool:
        """Whether a request of the freeze's own tenant is stopped; ``actor`` is ``type/id``."""
        match self.kind:
            case ScopeKind.ALL | ScopeKind.TENANT:
                return True
            case ScopeKind.SURFACE:
                return self.name == surface
            case ScopeKind.ACTOR:
                return self.name == actor

    def document(self) -> JsonObject:
        """The wire form: one member, named by the kind."""
        if self.actor is not None:
            return {self.kind.value: self.actor.document()}
        return {self.kind.value: True if self.surface is None else self.surface}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks, and for whom. ``attributes`` are the caller's claims, never facts."""

    type: str
    id: str
    attributes: JsonObject | None = None
    on_behalf_of: tuple[EntityRef, ...] | None = None

    def ref(self) -> EntityRef:
        """Type and id alone, as a receipt names the actor."""
        return EntityRef(type=self.type, id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What would change the world: the members that ``effect_digest`` covers."""

    surface: Surface
    action: Action
    target: EntityRef | None
    parameters: JsonObject | None
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    """One parsed request. Built by ``protocol/parse.py`` alone and never re-read.

    ``body`` is the canonical form of all members as sent, without ``idempotency_key``: the pre-image
    of ``digest``. An absent member is ``None`` here; ``{}`` is not absent.
    """

    surface: Surface
    action: Action
    actor: Actor
    target: EntityRef | None
    parameters: JsonObject | None
    context: JsonObject | None
    audience: Audience | None
    min_policy_version: int | None
    parent: ReceiptId | None
    idempotency_key: IdempotencyKey
    body: bytes
    digest: Digest
    effect_digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One determining rule, with the text its author wrote for people."""

    policy: str
    effect: str
    text: str

    def document(self) -> JsonObject:
        """The wire form."""
        return {"policy": self.policy, "effect": self.effect, "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRef:
    """Which version of policy decided, and with what engine."""

    bundle: str
    version: int
    digest: Digest
    language: str
    evaluator: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Would:
    """What enforcement would have answered on a surface in ``observe`` mode."""

    outcome: Outcome
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer of the pure core, before it is sealed.

    ``permit_ttl_s`` and ``audience`` are set if and only if the outcome is PERMIT. ``determining``
    and ``errored`` are sorted policy ids. ``policy`` is None only when no bundle was active.
    """

    outcome: Outcome
    reason: Reason
    explanation: tuple[Explanation, ...] = ()
    obligations: tuple[str, ...] = ()
    determining: tuple[str, ...] = ()
    errored: tuple[str, ...] = ()
    policy: PolicyRef | None = None
    audience: Audience | None = None
    permit_ttl_s: int | None = None
    would: Would | None = None

    def __bool__(self) -> bool:
        """Refuse to be a condition.

        Raises:
            TypeError: always.
        """
        message = "a decision is not a truth value: compare `.outcome is Outcome.PERMIT`"
        raise TypeError(message)
