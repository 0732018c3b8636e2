"""Agents: they ask, ask again, ask otherwise under the same key, and hand permits on, honestly or not."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from licet.gate.answers import Question
from licet.gate.decision import Decision
from licet.gate.flow import CLAIM_PATH
from licet.protocol import fast
from licet.protocol.types import JsonObject
from licet.receipt.jws import RECEIPT_TYP, seal, split
from sim.ground import AGENTS, EXECUTORS, THIEF
from sim.network import Call, Work
from sim.parties import question

if TYPE_CHECKING:
    from sim.simulation import Simulation

PAYEES = ("acme", "globex", "umbrella")
AMOUNTS = (100, 4_000, 4_001, 9_000, 40_000, 200_000)
SESSIONS_MAX = 8


class Agents:
    """All agents of one run, and what they hold between them."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._asked: list[tuple[str, Question, dict[str, object]]] = []
        self.permits: list[tuple[str, JsonObject]] = []
        self._fresh = 0

    def task(self, rng: Random) -> str:
        """Some agent does something."""
        if len(self._simulation.sessions) >= SESSIONS_MAX:
            return "all are busy"
        tasks = [self._ask] * 5
        tasks += [self._ask_again] * 4 + [self._ask_other] * 2 if self._asked else []
        tasks += [self._hand_on] * 5 + [self._claim_itself] if self.permits else []
        return rng.choice(tasks)(rng)

    def heard(self, asked: Question, decision: Decision) -> None:
        """A machine ended; a permit goes to an executor, sooner or later."""
        if decision.permit is not None:
            self.permits.append((decision.permit.token, _document(asked)))
            executor = EXECUTORS[len(self.permits) % 2]
            work = Work(executor=executor, token=decision.permit.token, effect=_document(asked))
            self._simulation.post(work)

    def tampered(self, work: Work, rng: Random) -> Work:
        """The same work with other parameters, another token, or a token of the forger's own."""
        effect = dict(work.effect)
        token = work.token
        kind = rng.randrange(3)
        if kind == 0:
            effect["parameters"] = {**effect["parameters"], "amount_minor": rng.choice(AMOUNTS)}
        elif kind == 1:
            token = rng.choice([permit for permit, _ in self.permits])
        else:
            token = _resealed(token)
        return Work(executor=work.executor, token=token, effect=effect)

    def _ask(self, rng: Random) -> str:
        self._fresh += 1
        agent = rng.choice((*AGENTS[:2], *AGENTS))
        more = {
            "amount": rng.choice(AMOUNTS[:4] if rng.random() < 0.7 else AMOUNTS),
            "payee": rng.choice(PAYEES[:2]),
        }
        return self._start(agent, f"k-{self._fresh}", more, rng)

    def _ask_again(self, rng: Random) -> str:
        agent, asked, more = rng.choice(self._asked)
        return self._start(agent, asked.key, more, rng)

    def _ask_other(self, rng: Random) -> str:
        agent, asked, more = rng.choice(self._asked)
        other = rng.choice([amount for amount in AMOUNTS if amount != more["amount"]])
        return self._start(agent, asked.key, {**more, "amount": other}, rng)

    def _start(self, agent: str, key: str, more: dict[str, object], rng: Random) -> str:
        # Two processes of one agent share its keys.
        speaker = rng.choice(AGENTS[:2]) if agent in AGENTS[:2] else agent
        asked = question(speaker, key, **more)
        self._asked.append((agent, asked, more))
        self._simulation.ask(speaker, asked)
        return f"{speaker} asks {key} {more}"

    def _hand_on(self, rng: Random) -> str:
        token, effect = rng.choice(self.permits[-4:] if rng.random() < 0.8 else self.permits)
        work = Work(executor=rng.choice(EXECUTORS), token=token, effect=effect)
        if rng.random() < 0.15:
            work = self.tampered(work, rng)
        self._simulation.post(work)
        return f"hands a permit to {work.executor}"

    def _claim_itself(self, rng: Random) -> str:
        token, effect = rng.choice(self.permits)
        agent = rng.choice(AGENTS)
        body = fast.canonical({"permit": token, "effect": effect, "claim_id": "mine"})
        self._simulation.post(Call(sender=agent, path=CLAIM_PATH, body=body, deadline_ms=1_000))
        return f"{agent} claims"


def _document(asked: Question) -> JsonObject:
    effect = asked.effect
    return {
        "surface": effect.surface,
        "action": effect.action,
        "target": effect.target.document(),
        "parameters": dict(effect.parameters),
    }


def _resealed(token: str) -> str:
    payload = fast.read(split(token).payload)
    payload["exp"] += 600
    return seal(THIEF, RECEIPT_TYP, fast.canonical(payload))
