"""Agents and executors: the real client machine and the real executor checks, stepped from outside."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from licet.gate import flow
from licet.gate.answers import ClaimQuestion, Question, Refusal, permit_of
from licet.gate.clock import Clock
from licet.gate.decision import Claim, Completion, Decision, Failure, Permit
from licet.gate.errors import NotPermitted
from licet.gate.flow import Budget, Failed, Heard, Reply, Send, Sleep, Step, Woke
from licet.gate.permits import verify
from licet.gate.question import claim_question, completion_body, effect_from_wire, question_of
from licet.protocol.types import MAIN_TENANT, CompletionStatus
from sim.clocks import PartyClock
from sim.ground import ACTORS, AUDIENCE, ground
from sim.network import Answered, Call, Network, Work

OBLIGATIONS = frozenset({"notify"})
Ended = Decision | str


class NoDesk:
    """The desk of a permit whose claims are stepped; calling it is a bug of the simulator."""

    def claim(self, permit: Permit, **_: object) -> Claim:
        raise AssertionError(permit)

    def complete(self, *_: object) -> Completion:
        raise AssertionError


class Session:
    """One machine on its way: it waits for an answer, or for a moment."""

    def __init__(
        self,
        number: int,
        owner: str,
        machine: Generator[Step, Heard, Ended],
        *,
        clock: PartyClock,
        question: Question | None = None,
        done: Callable[[Ended], None],
    ) -> None:
        self.number = number
        self.owner = owner
        self.attempt = 0
        self.step: Step | None = None
        self.due_ms = 0
        self._machine = machine
        self._clock = clock
        self._question = question
        self._done = done

    def begin(self, network: Network) -> None:
        """Take the first step."""
        self._advance(None, network)

    def waits_for(self, attempt: tuple[int, int]) -> bool:
        """Whether an answer to ``attempt`` would be read."""
        return isinstance(self.step, Send) and attempt == (self.number, self.attempt)

    def hear(self, answer: Answered, network: Network) -> None:
        """A whole reply came."""
        reply = Reply(status=answer.status, headers=answer.headers, body=answer.body, now=self._clock.now())
        self._advance(reply, network)

    def lose(self, failure: Failure, network: Network) -> None:
        """No reply came in time, or the connection broke."""
        self._advance(Failed(failure=failure, now=self._clock.now()), network)

    def wake(self, network: Network) -> None:
        """The pause is over."""
        self._advance(Woke(now=self._clock.now()), network)

    def _advance(self, heard: Heard | None, network: Network) -> None:
        try:
            step = next(self._machine) if heard is None else self._machine.send(heard)
        except StopIteration as ended:
            self.step = None
            self._done(ended.value)
            return
        self._went(step, network)

    def _went(self, step: Step, network: Network) -> None:
        self.step = step
        now_ms = self._clock.now().elapsed_ms
        if isinstance(step, Sleep):
            self.due_ms = now_ms + step.wait_ms
            return
        self.attempt += 1
        self.due_ms = now_ms + step.timeout_ms
        network.post(
            Call(
                sender=self.owner,
                path=step.path,
                body=step.body,
                deadline_ms=step.deadline_ms,
                attempt=(self.number, self.attempt),
                question=self._question,
            )
        )


def question(agent: str, key: str, *, amount: int, payee: str, action: str = "transfer") -> Question:
    """What ``agent`` asks."""
    return question_of(
        "payments.transfer",
        action,
        actor=("agent", ACTORS[agent]),
        target=("account", payee),
        parameters={"amount_minor": amount, "currency": "USD", "payee": payee},
        context=None,
        audience=AUDIENCE,
        key=key,
        tenant=MAIN_TENANT,
        obligations=OBLIGATIONS,
    )


def asking(asked: Question, clock: PartyClock) -> Generator[Step, Heard, Decision]:
    """The machine of one ask."""
    return flow.ask(asked, trust=ground().trust, desk=NoDesk(), budget=Budget(), began=clock.now())


@dataclass(frozen=True, kw_only=True)
class Hands:
    """What an executor does in the world, and where its claim ids come from."""

    perform: Callable[[Permit, Claim], None]
    claim_ids: Iterator[str]


class Executing:
    """The steps of ``Executor.hold`` with a pause, so a place to die, between each two of them."""

    def work(self, job: Work, clock: Clock, hands: Hands) -> Generator[Step, Heard, str]:
        """Verify, claim, perform, report; the word for how far it came."""
        frozen = effect_from_wire(job.effect)
        try:
            verified = verify(
                job.token,
                frozen,
                audience=AUDIENCE,
                trust=ground().trust,
                now_s=clock.now().unix_s,
                obligations=OBLIGATIONS,
            )
        except NotPermitted as refused:
            return f"refused {refused.decision.check}"
        permit = permit_of(job.token, verified.receipt, frozen, NoDesk())
        asked = claim_question(permit, claim_id=next(hands.claim_ids), tenant=MAIN_TENANT)
        if asked.effect.digest != permit.effect_digest:
            return "refused effect_digest"
        claimed = yield from self.claimed(asked, clock)
        if isinstance(claimed, Refusal):
            return f"not claimed {claimed.failure}"
        yield Sleep(wait_ms=0)
        hands.perform(permit, claimed)
        yield Sleep(wait_ms=0)
        reported = yield from self.reported(permit, clock)
        return "reported" if reported.recorded else f"open {reported.failure}"

    def claimed(self, asked: ClaimQuestion, clock: Clock) -> Generator[Step, Heard, Claim | Refusal]:
        """Claim, by the client machine."""
        return flow.claim(asked, trust=ground().trust, budget=Budget(), began=clock.now())

    def reported(self, permit: Permit, clock: Clock) -> Generator[Step, Heard, Completion]:
        """Report, by the client machine."""
        status = CompletionStatus.EXECUTED
        return flow.complete(
            completion_body(permit, status, None, None),
            permit,
            status,
            trust=ground().trust,
            tenant=MAIN_TENANT,
            budget=Budget(),
            began=clock.now(),
        )
