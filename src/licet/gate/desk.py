"""One authority as the sync client sees it: the machine, its transport, its clock and its dice."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from licet.gate import flow
from licet.gate.answers import Question, Refusal, refused_here
from licet.gate.breaker import Breaker
from licet.gate.clock import Clock
from licet.gate.decision import Claim, Completion, Decision, Failure, Permit, failed
from licet.gate.errors import NotPermitted, error_for
from licet.gate.flow import Budget
from licet.gate.question import claim_question, completion_body
from licet.gate.transport import Transport, drive
from licet.protocol.limits import DEADLINE_MS_DEFAULT
from licet.protocol.types import CompletionStatus, Digest, JsonObject, Tenant
from licet.verify.trust import TrustSet

_JITTER_WHOLE = 1_000
_AWAY = frozenset({Failure.UNREACHABLE, Failure.DEADLINE, Failure.OVERLOADED, Failure.NOT_RECORDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncDesk:
    """Asks, claims and completes, blocking. Safe for threads."""

    transport: Transport
    trust: TrustSet
    tenant: Tenant
    clock: Clock
    breaker: Breaker = field(default_factory=Breaker)

    def ask(self, question: Question, *, deadline_ms: int, wait_ms: int) -> Decision:
        """One decision; never raises for an outcome or for infrastructure."""
        began = self.clock.now()
        if not self.breaker.admits(began.elapsed_ms):
            return failed(Failure.UNREACHABLE, key=question.key)
        answered = False
        try:
            budget = Budget(total_ms=deadline_ms, wait_ms=wait_ms, jitter=_jitter())
            machine = flow.ask(question, trust=self.trust, desk=self, budget=budget, began=began)
            decision = drive(machine, self.transport, self.clock)
            answered = decision.failure not in _AWAY
        finally:
            self.breaker.heard(answered=answered, now_ms=self.clock.now().elapsed_ms)
        return decision

    def claim(self, permit: Permit, *, deadline_ms: int = DEADLINE_MS_DEFAULT) -> Claim:
        """Use ``permit`` once. A new claim id each time: a second call here is a second use, and refused.

        Raises:
            NotPermitted: no proof that this claim was the first. Nothing may run.
        """
        question = claim_question(permit, claim_id=f"c-{secrets.token_hex(16)}", tenant=self.tenant)
        if question.effect.digest != permit.effect_digest:
            # INVARIANT: what will run hashes to what was permitted (test_what_changed_is_not_claimed).
            raise _refused(permit, Refusal(failure=Failure.WRONG_ANSWER, check="effect_digest"))
        budget = Budget(total_ms=deadline_ms, jitter=_jitter())
        machine = flow.claim(question, trust=self.trust, budget=budget, began=self.clock.now())
        ended = drive(machine, self.transport, self.clock)
        if isinstance(ended, Refusal):
            raise _refused(permit, ended)
        return ended

    def complete(
        self,
        permit: Permit,
        status: CompletionStatus,
        result_digest: Digest | None,
        actual: JsonObject | None,
    ) -> Completion:
        """Report what became of the effect; what cannot be delivered stays open at the authority."""
        body = completion_body(permit, status, result_digest, actual)
        budget = Budget(jitter=_jitter())
        machine = flow.complete(
            body,
            permit,
            status,
            trust=self.trust,
            tenant=self.tenant,
            budget=budget,
            began=self.clock.now(),
        )
        return drive(machine, self.transport, self.clock)


def _refused(permit: Permit, refusal: Refusal) -> NotPermitted:
    return error_for(refused_here(refusal, key=permit.key, genuine=permit.token))


def _jitter() -> tuple[int, ...]:
    return tuple(secrets.randbelow(_JITTER_WHOLE) for _ in range(flow.ATTEMPTS_MAX))
