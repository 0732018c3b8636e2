"""The safety rule: what an engine's answer means (``policy.md`` 4). No answer is not a yes.

Cedar skips a policy that errors: a forbid that fails beside a permit is Allow to Cedar. Here it is
SILENCE, since the rule that failed might have been the one that forbids.
"""

from __future__ import annotations

from typing import assert_never

from licet.policy.engine import EngineResult, Verdict
from licet.protocol.types import OUTCOME_OF_REASON, Outcome, Reason


def reason_of(result: EngineResult | None) -> Reason:
    """The reason that ``result`` stands for; None is an evaluation that gave no answer."""
    if result is None:
        return Reason.INDETERMINATE
    match result.verdict:
        case Verdict.ALLOW:
            # INVARIANT: no rule failed beside a PERMIT
            # (test_a_forbid_that_errors_beside_a_permit_is_silence).
            return Reason.INDETERMINATE if result.errored else Reason.PERMITTED
        case Verdict.DENY if result.determining:
            return Reason.FORBIDDEN
        case Verdict.DENY:
            return Reason.INDETERMINATE if result.errored else Reason.NO_PERMIT
        case _:
            assert_never(result.verdict)


def outcome_of(result: EngineResult | None) -> tuple[Outcome, Reason]:
    """Outcome and reason of ``result``."""
    reason = reason_of(result)
    return OUTCOME_OF_REASON[reason], reason
