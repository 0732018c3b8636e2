"""Outcomes and decisions are values to compare, never conditions."""

from __future__ import annotations

import pytest

from licet.protocol.types import OUTCOME_OF_REASON, Decision, Outcome, Reason


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_is_no_condition(outcome: Outcome) -> None:
    with pytest.raises(TypeError, match="not a truth value"):
        bool(outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_decision_is_no_condition(outcome: Outcome) -> None:
    decision = Decision(outcome=outcome, reason=Reason.NO_PERMIT)

    with pytest.raises(TypeError, match="not a truth value"):
        bool(decision)


def test_every_reason_belongs_to_one_outcome_and_two_reasons_permit() -> None:
    permitting = {reason for reason, outcome in OUTCOME_OF_REASON.items() if outcome is Outcome.PERMIT}

    assert set(OUTCOME_OF_REASON) == set(Reason)
    assert permitting == {Reason.PERMITTED, Reason.BREAK_GLASS}
