"""The simulated network: letters in flight, delivered in any order, twice, late or never; and a forger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from licet.gate.answers import Question
from licet.protocol import fast
from licet.protocol.types import JsonObject
from licet.receipt.jws import RECEIPT_TYP, seal, split
from sim.ground import THIEF


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call on its way to the authority. ``attempt`` says who waits for which answer, if anybody."""

    sender: str
    path: str
    body: bytes
    deadline_ms: int
    attempt: tuple[int, int] | None = None
    question: Question | None = None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer on its way back."""

    attempt: tuple[int, int]
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Work:
    """A permit and what to run by it, handed to an executor by an agent."""

    executor: str
    token: str
    effect: JsonObject


Letter = Call | Answered | Work


@dataclass
class Network:
    """Letters in flight, and copies of what once was."""

    flight: list[Letter] = field(default_factory=list)
    seen_calls: list[Call] = field(default_factory=list)
    seen_answers: list[Answered] = field(default_factory=list)

    def post(self, letter: Letter) -> None:
        """Put a letter on the wire."""
        self.flight.append(letter)
        if isinstance(letter, Call):
            self.seen_calls.append(letter)
        elif isinstance(letter, Answered):
            self.seen_answers.append(letter)

    def take(self, rng: Random) -> Letter:
        """Some letter: order means nothing."""
        return self.flight.pop(rng.randrange(len(self.flight)))


def forged(answer: Answered, seen: list[Answered], rng: Random) -> Answered:
    """``answer`` as somebody on the wire would like it to be."""
    kind = rng.randrange(6)
    if kind == 0 and seen:
        other = rng.choice(seen)
        return replace(answer, status=other.status, body=other.body)
    if kind == 1:
        return replace(answer, status=rng.choice((200, 204, 302, 409, 500, 502, 503)))
    if kind == 2:
        at = rng.randrange(len(answer.body))
        changed = bytes((answer.body[at] ^ (1 << rng.randrange(8)),))
        return replace(answer, body=answer.body[:at] + changed + answer.body[at + 1 :])
    if kind == 3:
        return replace(answer, body=answer.body[: rng.randrange(len(answer.body))])
    return _promoted(answer, genuine_key=kind == 4)


def _promoted(answer: Answered, *, genuine_key: bool) -> Answered:
    """A refusal turned into a PERMIT: outside only, or in a receipt under the forger's own key."""
    try:
        document = fast.read(answer.body)
    except Exception:  # noqa: BLE001 - a forger takes whatever flies by; what it cannot read it lets pass
        return answer
    if not isinstance(document, dict) or not isinstance(document.get("receipt"), str):
        return answer
    said = {"outcome": "PERMIT", "reason": "permitted", "obligations": [], "explanation": []}
    document.update(said)
    document.pop("would", None)
    if not genuine_key:
        payload = fast.read(split(document["receipt"]).payload)
        payload.update({"outcome": "PERMIT", "reason": "permitted", "aud": "payments-executor"})
        payload["exp"] = payload["iat"] + 60
        document["receipt"] = seal(THIEF, RECEIPT_TYP, fast.canonical(payload))
    return replace(answer, status=200, body=fast.canonical(document))
