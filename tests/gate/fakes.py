"""Fakes of the enforcing side's ports: a clock that is told the time, an authority that really signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import sample_evidence as sample
from licet.errors import FixTheCall
from licet.gate.core import Gate
from licet.gate.decision import Failure
from licet.gate.flow import Failed, Reply, Send
from licet.gate.instant import Instant
from licet.protocol import fast
from licet.protocol.answer import Answer, ApprovalAsked, ApprovalNeed, answer_bytes
from licet.protocol.parse import parse_claim_ask, parse_completion_ask, parse_decision_ask
from licet.protocol.types import (
    Decision,
    EntityRef,
    ExecutionRequest,
    Explanation,
    JsonObject,
    LeafIndex,
    Outcome,
    Reason,
)
from licet.receipt.jws import split
from licet.receipt.read import DecisionReceipt, read_receipt
from licet.receipt.statement import (
    Link,
    claim_document,
    completion_document,
    decision_document,
    jws_digest,
)

AUDIENCE = sample.AUDIENCE
NOW_S = sample.NOW_S
PERMITTED = replace(sample.PERMITTED, obligations=())
APPROVAL = Decision(outcome=Outcome.SILENCE, reason=Reason.APPROVAL_REQUIRED, policy=sample.POLICY_REF)
CALL = {
    "actor": ("agent", "finance-bot"),
    "target": ("account", "acct-42"),
    "parameters": {"amount_minor": 4000, "currency": "USD", "payee": "acme"},
    "key": "FIN-7:1",
}
CLAIM = "/v1/permits/claim"
COMPLETE = "/v1/permits/complete"
DECIDE = "/v1/decisions"
Answered = tuple[int, Mapping[str, str], bytes]


class FakeClock:
    """Time stands still but for sleeping."""

    def __init__(self, unix_s: int = NOW_S) -> None:
        self.elapsed_ms = 1_000_000
        self.unix_s = unix_s
        self.slept: list[int] = []

    def now(self) -> Instant:
        return Instant(elapsed_ms=self.elapsed_ms, unix_s=self.unix_s)

    def sleep(self, wait_ms: int) -> None:
        self.slept.append(wait_ms)
        self.elapsed_ms += wait_ms


@dataclass
class FakeAuthority:
    """Implements the port of ``gate/local.py``: decides as it is told, signs, claims once."""

    decide: Callable[[ExecutionRequest], Decision] = lambda request: PERMITTED
    signer: object = sample.RECEIPT_KEY
    origin: str = sample.ORIGIN
    tamper: Callable[[str, Answered], Answered] = lambda path, answered: answered
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    issued: dict[str, str] = field(default_factory=dict)
    claims: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    completions: list[JsonObject] = field(default_factory=list)
    closed: bool = False
    number: int = 5

    def exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        self.asked.append((path, body))
        route = {
            "/v1/decisions": self._decide,
            "/v1/permits/claim": self._claim,
            "/v1/permits/complete": self._complete,
        }[path]
        try:
            answered = route(body)
        except FixTheCall as error:
            answered = problem(400, error.code)
        return self.tamper(path, answered)

    def trust_bytes(self) -> bytes:
        return fast.canonical(sample.trust_json())

    def close(self) -> None:
        self.closed = True

    def _stamp(self):
        self.number += 1
        return sample.stamp(self.number, self.origin)

    def _decide(self, body: bytes) -> Answered:
        request = parse_decision_ask(body).request
        decision = self.decide(request)
        stamp = self._stamp()
        key = f"{request.idempotency_key} {request.digest} {decision}"
        if key not in self.issued:
            document = decision_document(request, decision, facts=sample.FACTS, stamp=stamp)
            self.issued[key] = sample.sealed(document, self.signer)
        return answered(self.issued[key], decision, request)

    def _claim(self, body: bytes) -> Answered:
        ask = parse_claim_ask(body)
        permit = read_receipt(ask.permit)
        assert isinstance(permit, DecisionReceipt)
        if permit.request.effect_digest != ask.effect.digest:
            return problem(409, "effect_mismatch")
        known = self.claims.get(permit.stamp.receipt_id)
        if known is not None and known[0] != ask.claim_id:
            return problem(409, "already_claimed")
        if known is None:
            document = claim_document(
                permit=link(ask.permit),
                audience=permit.audience,
                effect_digest=ask.effect.digest,
                claim_id=ask.claim_id,
                by=EntityRef(type="service", id="executor"),
                stamp=self._stamp(),
            )
            known = (ask.claim_id, sample.sealed(document, self.signer))
            self.claims[permit.stamp.receipt_id] = known
        return recorded("claim", known[1])

    def _complete(self, body: bytes) -> Answered:
        ask = parse_completion_ask(body)
        self.completions.append(fast.read(body))
        token = next(jws for jws in self.issued.values() if link(jws).receipt_id == ask.receipt_id)
        document = completion_document(
            permit=link(token),
            audience=AUDIENCE,
            status=ask.status,
            result_digest=ask.result_digest,
            actual=ask.actual,
            executor=None,
            stamp=self._stamp(),
        )
        return recorded("completion", sample.sealed(document, self.signer))

    @property
    def statuses(self) -> list[object]:
        return [completion["status"] for completion in self.completions]


class FakeTransport:
    """Function calls into a fake authority; ``break_at`` turns single sends into failures."""

    def __init__(self, authority: FakeAuthority, clock: FakeClock) -> None:
        self.authority = authority
        self.clock = clock
        self.sent: list[Send] = []
        self.broken: Callable[[Send], Failed | None] = lambda send: None
        self.took_ms = 1

    def exchange(self, send: Send) -> Reply | Failed:
        self.sent.append(send)
        self.clock.elapsed_ms += self.took_ms
        broken = self.broken(send)
        if broken is not None:
            return broken
        status, headers, body = self.authority.exchange("POST", send.path, send.body, {})
        return Reply(status=status, headers=headers, body=body, now=self.clock.now())

    def close(self) -> None:
        self.authority.close()


class World:
    """A gate over a fake authority, and the effects that ran."""

    def __init__(self, authority: FakeAuthority | None = None, **gate: object) -> None:
        self.clock = FakeClock()
        self.authority = FakeAuthority() if authority is None else authority
        self.transport = FakeTransport(self.authority, self.clock)
        self.gate = Gate(self.transport, trust=sample.TRUST, clock=self.clock, **gate)
        self.ran: list[object] = []

    def decide(self, **more: object):
        return self.gate.decide("payments.transfer", "transfer", **{**CALL, **more})

    def require(self, **more: object):
        return self.gate.require("payments.transfer", "transfer", **{**CALL, **more})

    def permit(self, **more: object):
        return self.gate.permit("payments.transfer", "transfer", **{**CALL, **more})

    def run(self, **more: object) -> None:
        with self.permit(**more) as p:
            self.ran.append(p.result(p.thawed()))


def answered(token: str, decision: Decision, request: ExecutionRequest) -> Answered:
    """The answer around a receipt, as the service writes it."""
    approval = None
    if decision.reason is Reason.APPROVAL_REQUIRED:
        approval = ApprovalAsked(
            id=sample.stamp(1).receipt_id,
            needs=(ApprovalNeed(role="treasury", count=1),),
            expires_at_s=NOW_S + 600,
            request_digest=request.digest,
        )
    answer = Answer(
        outcome=decision.outcome,
        reason=decision.reason,
        explanation=(Explanation(policy="pay-small", effect="permit", text="payments up to 100.00 USD"),),
        obligations=decision.obligations,
        approval=approval,
        receipt=token,
        receipt_id=link(token).receipt_id,
        origin=sample.ORIGIN,
        index=LeafIndex(5),
    )
    return 200, {"content-type": "application/json"}, answer_bytes(answer)


def recorded(name: str, token: str) -> Answered:
    body: JsonObject = {name: token, "receipt_id": link(token).receipt_id, "index": 7}
    return 200, {"content-type": "application/json"}, fast.canonical(body)


def problem(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answered:
    body: JsonObject = {
        "type": f"urn:licet:error:{code}",
        "title": "no",
        "status": status,
        "detail": "no",
        "code": code,
        "mend": "",
    }
    return status, headers or {}, fast.canonical(body)


def link(token: str) -> Link:
    return Link(receipt_id=read_receipt(token).stamp.receipt_id, index=LeafIndex(5), digest=jws_digest(token))


class Boom(Exception):
    """What an effect raises."""


def refusing(decided: Decision) -> World:
    return World(FakeAuthority(decide=lambda request: decided))


def cut(world: World, path: str, failure: Failure = Failure.UNREACHABLE) -> None:
    """Every send to ``path`` is lost."""
    world.transport.broken = lambda send: (
        Failed(failure=failure, now=world.clock.now()) if send.path == path else None
    )


def payload_of(token: str) -> bytes:
    return split(token).payload
