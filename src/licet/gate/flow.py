"""The client protocol as one machine without a socket, a clock, a sleep or a die (``gate.md`` 3).

A generator yields what to do (``Send``, ``Sleep``) and is sent what came of it (``Reply``, ``Failed``,
``Woke``), each with the time it came. Sync and async drivers are short loops around it. The rules:

1. Every attempt sends the same bytes, so the same idempotency key (or claim id): a retry is safe.
2. At most three attempts inside one budget; one attempt has at most half of it.
3. Retried are a failure to connect or read, and 429, 502, 503, 504. Nothing else, ever: a 4xx or a 200
   that cannot be believed will not get better.
4. Backoff 50 ms x 2^n, jittered by numbers from outside; ``Retry-After`` is honoured if it fits the
   budget, and ends the attempts if it does not.
5. A reply after the budget is no reply: the host that asked may have given up already.
6. What an answer may be believed to say is read in ``gate/answers.py``, against pinned trust.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from licet.gate.answers import (
    ClaimQuestion,
    Question,
    Refusal,
    believe,
    believe_claim,
    believe_completion,
    problem_code,
)
from licet.gate.decision import Claim, Completion, Decision, Desk, Failure, Permit, failed
from licet.gate.instant import Instant
from licet.protocol import limits
from licet.protocol.types import CompletionStatus, Reason, Tenant
from licet.verify.trust import TrustSet

DECISIONS_PATH: Final = "/v1/decisions"
CLAIM_PATH: Final = "/v1/permits/claim"
COMPLETE_PATH: Final = "/v1/permits/complete"

ATTEMPTS_MAX: Final = 3
BACKOFF_MS: Final = 50
DEADLINE_MARGIN_MS: Final = 50
"""The authority must give up before we do: an answer after our time is a decision nobody hears."""
POLL_MS_MIN: Final = 500
POLL_MS_MAX: Final = 5_000

_TOO_MANY_REQUESTS: Final = 429
_RETRIED: Final = frozenset({_TOO_MANY_REQUESTS, 502, 503, 504})
_JITTER_WHOLE: Final = 1_000
_RETRY_AFTER_DIGITS_MAX: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """POST ``body`` to ``path`` and hear the whole reply within ``timeout_ms``."""

    path: str
    body: bytes
    timeout_ms: int
    deadline_ms: int
    """What the authority is told: ``Licet-Deadline-Ms``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """Do nothing for ``wait_ms``."""

    wait_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole HTTP reply; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    now: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No whole reply. ``again`` is False when the same bytes would fail the same way."""

    failure: Failure
    now: Instant
    again: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Woke:
    """The sleep is over."""

    now: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long one ask may take, and the jitter of its pauses in thousandths, drawn by the driver."""

    total_ms: int = limits.DEADLINE_MS_DEFAULT
    wait_ms: int = 0
    jitter: tuple[int, ...] = (_JITTER_WHOLE // 2,)


Step: TypeAlias = Send | Sleep
Heard: TypeAlias = Reply | Failed | Woke


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivered:
    reply: Reply | None
    failure: Failure
    now: Instant


def ask(
    question: Question, *, trust: TrustSet, desk: Desk, budget: Budget, began: Instant
) -> Generator[Step, Heard, Decision]:
    """One decision. ``desk`` is carried into the permit and never called here.

    With ``budget.wait_ms`` an ``approval_required`` is asked again, same key, until it is superseded.
    """
    decision, now = yield from _ask_once(question, trust=trust, desk=desk, budget=budget, began=began)
    ends_ms = began.elapsed_ms + budget.wait_ms
    pause_ms = POLL_MS_MIN
    while decision.reason is Reason.APPROVAL_REQUIRED and now.elapsed_ms + pause_ms <= ends_ms:
        woke = yield Sleep(wait_ms=pause_ms)
        decision, now = yield from _ask_once(question, trust=trust, desk=desk, budget=budget, began=woke.now)
        pause_ms = min(pause_ms * 2, POLL_MS_MAX)
    return decision


def claim(
    question: ClaimQuestion, *, trust: TrustSet, budget: Budget, began: Instant
) -> Generator[Step, Heard, Claim | Refusal]:
    """Use one permit. A lost answer is asked for again under the same claim id; then it is `claim_lost`."""
    delivered = yield from _deliver(CLAIM_PATH, question.body, budget=budget, began=began)
    if delivered.reply is None:
        # Attack: none; a cut cable. Whether the permit is used is unknown, so nothing may run by it.
        return Refusal(failure=Failure.CLAIM_LOST, check=delivered.failure.value)
    return believe_claim(delivered.reply.status, delivered.reply.body, question, trust)


def complete(
    body: bytes,
    permit: Permit,
    status: CompletionStatus,
    *,
    trust: TrustSet,
    tenant: Tenant,
    budget: Budget,
    began: Instant,
) -> Generator[Step, Heard, Completion]:
    """Report what became of an effect; what cannot be delivered stays open at the authority."""
    delivered = yield from _deliver(COMPLETE_PATH, body, budget=budget, began=began)
    if delivered.reply is None:
        return Completion(status=status, receipt_id=None, failure=delivered.failure)
    reply = delivered.reply
    return believe_completion(reply.status, reply.body, permit, status, trust=trust, tenant=tenant)


def _ask_once(
    question: Question, *, trust: TrustSet, desk: Desk, budget: Budget, began: Instant
) -> Generator[Step, Heard, tuple[Decision, Instant]]:
    delivered = yield from _deliver(DECISIONS_PATH, question.body, budget=budget, began=began)
    reply = delivered.reply
    if reply is None:
        return failed(delivered.failure, key=question.key), delivered.now
    decision = believe(reply.status, reply.body, question, trust=trust, desk=desk, now_s=reply.now.unix_s)
    return decision, delivered.now


def _deliver(path: str, body: bytes, *, budget: Budget, began: Instant) -> Generator[Step, Heard, _Delivered]:
    """The first reply that is not worth another attempt, or why there is none."""
    now = began
    ends_ms = began.elapsed_ms + budget.total_ms
    failure = Failure.DEADLINE
    for attempt in range(ATTEMPTS_MAX):
        remaining_ms = ends_ms - now.elapsed_ms
        if remaining_ms <= 0:
            break
        heard = yield Send(
            path=path,
            body=body,
            timeout_ms=max(1, min(remaining_ms, budget.total_ms // 2)),
            deadline_ms=max(1, remaining_ms - DEADLINE_MARGIN_MS),
        )
        now = heard.now
        if now.elapsed_ms > ends_ms:
            failure = Failure.DEADLINE
            break
        if isinstance(heard, Reply) and heard.status not in _RETRIED:
            return _Delivered(reply=heard, failure=failure, now=now)
        failure = _why(heard)
        wait_ms = _pause_ms(attempt, heard, budget.jitter)
        last = attempt + 1 == ATTEMPTS_MAX or (isinstance(heard, Failed) and not heard.again)
        if last or wait_ms >= ends_ms - now.elapsed_ms:
            break
        now = (yield Sleep(wait_ms=wait_ms)).now
    return _Delivered(reply=None, failure=failure, now=now)


def _why(heard: Heard) -> Failure:
    """What to call an attempt that ended in no answer."""
    if isinstance(heard, Failed):
        return heard.failure
    if isinstance(heard, Woke):
        message = "the driver answered `Send` with `Woke`"
        raise TypeError(message)
    code = problem_code(heard.body)
    if code == "not_recorded":
        return Failure.NOT_RECORDED
    if heard.status == _TOO_MANY_REQUESTS or code == "overloaded":
        return Failure.OVERLOADED
    return Failure.UNREACHABLE


def _pause_ms(attempt: int, heard: Heard, jitter: tuple[int, ...]) -> int:
    """Backoff of one half to one and a half times 50 ms x 2^n, or longer when the authority says so."""
    whole_ms = BACKOFF_MS << attempt
    share = jitter[attempt % len(jitter)] if jitter else _JITTER_WHOLE // 2
    pause_ms = whole_ms // 2 + whole_ms * share // _JITTER_WHOLE
    asked = heard.headers.get("retry-after", "") if isinstance(heard, Reply) else ""
    if asked.isascii() and asked.isdigit() and len(asked) <= _RETRY_AFTER_DIGITS_MAX:
        return max(pause_ms, int(asked) * 1000)
    return pause_ms
