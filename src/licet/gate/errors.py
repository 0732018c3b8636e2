"""What `require` and `permit` raise instead of running anything.

::

    NotPermitted                no PERMIT in hand; nothing ran
    ├── Denied                    DENY: a rule forbids it; asking again changes nothing
    └── NoPermit                  SILENCE: nothing permits it, or the call cannot be decided on
        ├── ApprovalRequired        people must agree first; then ask again with the SAME key
        ├── GateUnavailable         no answer that can be believed; ask again with the SAME key
        └── PermitRefused           a permit that may not be used: expired, used before, for something else

These are not ``LicetError``: they are the outcome of a decision, for the code that wanted to act.
"""

from __future__ import annotations

from typing import ClassVar, Final

from licet.gate.decision import Decision, Failure
from licet.protocol.answer import ApprovalAsked
from licet.protocol.types import JsonObject, Outcome, Reason
from licet.protocol.visible import visible

_TEXT_CHARS_MAX: Final = 400


class NotPermitted(Exception):
    """No PERMIT in hand: nothing ran. Its text is one line, fit for a model or a log."""

    code: ClassVar[str] = "not_permitted"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "Forbidden"

    def __init__(self, decision: Decision) -> None:
        """Keep the decision."""
        super().__init__(decision)
        self.decision = decision

    @property
    def receipt(self) -> str | None:
        """The receipt; None only when nothing is on record."""
        return self.decision.receipt

    @property
    def receipt_id(self) -> str | None:
        """The receipt's id; None only when nothing is on record."""
        return self.decision.receipt_id

    def __str__(self) -> str:
        """Outcome, reason, explanation, receipt id: never parameters, never a traceback."""
        decision = self.decision
        words = [decision.outcome.value, str(decision.reason or decision.failure or "")]
        if decision.check is not None and decision.check != decision.failure:
            words.append(f"at `{visible(decision.check)}`")
        texts = "; ".join(entry.text for entry in decision.explanation)
        told = f": {visible(texts, chars_max=_TEXT_CHARS_MAX)}" if texts else ""
        where = f", receipt {decision.receipt_id}" if decision.receipt_id else ", not recorded"
        return f"{' '.join(word for word in words if word)}{told}{where}"

    def to_problem(self) -> JsonObject:
        """The refusal as an RFC 9457 problem document."""
        decision = self.decision
        return {
            "type": f"urn:licet:refusal:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": str(self),
            "code": self.code,
            "outcome": decision.outcome.value,
            "reason": None if decision.reason is None else decision.reason.value,
            "failure": None if decision.failure is None else decision.failure.value,
            "receipt_id": decision.receipt_id,
        }

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling (Celery, multiprocessing)."""
        return (type(self), (self.decision,))


class Denied(NotPermitted):
    """DENY: a rule of the active policy forbids it."""

    code = "denied"


class NoPermit(NotPermitted):
    """SILENCE: there is no permit."""

    code = "no_permit"


class ApprovalRequired(NoPermit):
    """SILENCE until the approvals are complete: then ask again with the same key."""

    code = "approval_required"

    @property
    def approval(self) -> ApprovalAsked | None:
        """What has to be approved by whom, and until when."""
        return self.decision.approval


class GateUnavailable(NoPermit):
    """No answer that can be believed. Whether a decision exists is unknown: ask again with the same key."""

    code = "gate_unavailable"
    status = 503
    title = "Service Unavailable"


class PermitRefused(NoPermit):
    """A permit that may not be used here: expired, stopped, used before, for another executor or effect."""

    code = "permit_refused"


_REFUSED: Final = frozenset(
    {Failure.EXPIRED, Failure.ALREADY_CLAIMED, Failure.OBLIGATION_UNKNOWN, Failure.WRONG_ANSWER}
)
_FIX_THE_CALL: Final = frozenset({Failure.MALFORMED, Failure.CONFLICT})


def error_for(decision: Decision) -> NotPermitted:
    """The error of a decision that holds no permit."""
    if decision.outcome is Outcome.DENY:
        return Denied(decision)
    if decision.reason is Reason.APPROVAL_REQUIRED:
        return ApprovalRequired(decision)
    if decision.failure is None or decision.failure in _FIX_THE_CALL:
        return NoPermit(decision)
    if decision.failure in _REFUSED:
        return PermitRefused(decision)
    return GateUnavailable(decision)
