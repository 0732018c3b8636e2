"""What the enforcing side hands out: a decision, and the permit inside it. Pure values.

INVARIANT: a ``Decision`` holds a ``Permit`` if and only if its outcome is PERMIT and everything about
the receipt was checked (test_flow.py drives every other answer into ``permit is None``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NoReturn, Protocol

from licet.protocol.answer import ApprovalAsked
from licet.protocol.limits import DEADLINE_MS_DEFAULT
from licet.protocol.types import (
    Action,
    Audience,
    CompletionStatus,
    Digest,
    EntityRef,
    Explanation,
    JsonObject,
    Outcome,
    Reason,
    ReceiptId,
    Surface,
)


class Failure(StrEnum):
    """Why this side holds no permit although no policy said so. Closed; never a policy's reason."""

    UNREACHABLE = "unreachable"
    DEADLINE = "deadline"
    NOT_RECORDED = "not_recorded"
    OVERLOADED = "overloaded"
    BAD_ANSWER = "bad_answer"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ANSWER = "wrong_answer"
    UNAUTHORISED = "unauthorised"
    MALFORMED = "malformed"
    CONFLICT = "conflict"
    CLAIM_LOST = "claim_lost"
    ALREADY_CLAIMED = "already_claimed"
    EXPIRED = "expired"
    OBLIGATION_UNKNOWN = "obligation_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Proof that this permit was used here, and nowhere before."""

    receipt: str
    receipt_id: ReceiptId


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What became of the report on an effect: on record, or open at the authority."""

    status: CompletionStatus
    receipt_id: ReceiptId | None
    failure: Failure | None

    @property
    def recorded(self) -> bool:
        """Whether the authority confirmed the report. If not, its permit stays in the open list."""
        return self.receipt_id is not None


class Desk(Protocol):
    """Where permits are claimed and effects reported: the driver of one authority."""

    def claim(self, permit: Permit, *, deadline_ms: int = DEADLINE_MS_DEFAULT) -> Claim:
        """Use ``permit`` once; a ``NotPermitted`` when that cannot be proved in time."""
        ...

    def complete(
        self,
        permit: Permit,
        status: CompletionStatus,
        result_digest: Digest | None,
        actual: JsonObject | None,
    ) -> Completion:
        """Report what became of the effect; never raises for infrastructure."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenEffect:
    """What will run, as deep-frozen values. ``None`` is absent, which is not the same as empty.

    Its wire form and digest are computed from here each time they are needed (``gate/question.py``),
    never stored beside the values: a stored digest would go on saying what no longer runs.
    """

    surface: Surface
    action: Action
    target: EntityRef | None
    parameters: Mapping[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A verified, unexpired PERMIT for exactly one effect. It runs nothing until it is claimed."""

    token: str
    """The receipt itself: what is handed to an executor in another process."""
    receipt_id: ReceiptId
    key: str
    audience: Audience
    expires_at: datetime
    obligations: tuple[str, ...]
    effect_digest: Digest
    """As signed in the token; compared with what will run before every claim."""
    effect: FrozenEffect = field(repr=False)
    desk: Desk = field(repr=False, compare=False)

    @property
    def parameters(self) -> Mapping[str, object]:
        """The frozen arguments: what was decided on, and the only thing that may run."""
        return _NOTHING if self.effect.parameters is None else self.effect.parameters

    def claim(self) -> Claim:
        """Use the permit, once: after this, and only after this, the effect may run.

        Raises:
            NotPermitted: claimed before, expired, or no proof of the claim arrived. Run nothing.
        """
        return self.desk.claim(self)

    def complete(
        self,
        status: CompletionStatus | str,
        result_digest: Digest | None = None,
        actual: JsonObject | None = None,
    ) -> Completion:
        """Report what became of the effect. What cannot be delivered stays open at the authority.

        Raises:
            ValueError: no such status.
        """
        return self.desk.complete(self, CompletionStatus(status), result_digest, actual)

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied into a queue.

        Raises:
            TypeError: always; the token is what travels.
        """
        message = "a permit does not pickle: hand over `permit.token`, and let an executor verify it"
        raise TypeError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is known about one ask. Compare ``outcome is Outcome.PERMIT``, or use ``permit``.

    ``recorded`` is False when this side has no receipt that it believes, or refuses on its own account:
    then the outcome is SILENCE, ``reason`` is None and ``failure`` says why. A refusal of a permit that
    was given (expired, claimed before) still carries that permit's receipt.
    """

    outcome: Outcome
    key: str
    reason: Reason | None = None
    explanation: tuple[Explanation, ...] = ()
    obligations: tuple[str, ...] = ()
    approval: ApprovalAsked | None = None
    receipt: str | None = None
    receipt_id: ReceiptId | None = None
    permit: Permit | None = None
    recorded: bool = False
    failure: Failure | None = None
    check: str | None = None
    """The first check that failed, where one did: for people, not for programs."""

    def __bool__(self) -> NoReturn:
        """Refuse to be a condition: `if decision:` would open the gate for DENY.

        Raises:
            TypeError: always.
        """
        raise TypeError(_NOT_A_TRUTH_VALUE)

    def __int__(self) -> NoReturn:
        """Refuse to be a number.

        Raises:
            TypeError: always.
        """
        raise TypeError(_NOT_A_TRUTH_VALUE)

    def __len__(self) -> NoReturn:
        """Refuse to be a size: Python asks for it where there is no truth value.

        Raises:
            TypeError: always.
        """
        raise TypeError(_NOT_A_TRUTH_VALUE)


def failed(
    failure: Failure,
    *,
    key: str,
    check: str | None = None,
    receipt: str | None = None,
    receipt_id: ReceiptId | None = None,
) -> Decision:
    """SILENCE on this side's own account; ``receipt`` is that of a genuine permit that is refused here."""
    return Decision(
        outcome=Outcome.SILENCE,
        key=key,
        receipt=receipt,
        receipt_id=receipt_id,
        failure=failure,
        check=check,
    )


_NOTHING: Mapping[str, object] = MappingProxyType({})
_NOT_A_TRUTH_VALUE = "a decision is not a truth value: compare `.outcome is Outcome.PERMIT`, or use `.permit`"
