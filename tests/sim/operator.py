"""The operator: activates one bundle or the other, and somebody replays the operator's old statements."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from licet.authority.activating import Activated
from licet.errors import LicetError
from licet.protocol import fast
from licet.protocol.types import Digest, JsonObject
from licet.receipt.read import read_receipt
from licet.service.exchange import Reply
from licet.service.problem import problem
from licet.service.routes import _activated
from sim.ground import activation, ground, sign_step
from sim.network import Call

if TYPE_CHECKING:
    from sim.simulation import Simulation

ACTIVATE = "/v1/activate"
FREEZES_PATH = "/v1/freezes"
SCOPES: tuple[JsonObject, ...] = (
    {"all": True},
    {"surface": "payments.transfer"},
    {"actor": {"type": "agent", "id": "finance-bot"}},
    {"actor": {"type": "agent", "id": "stranger-bot"}},
)


class Operator:
    """Signs steps against what it believes is active."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._believes: Digest = ground().bundles[0].compiled.digest
        self._statements: list[tuple[int, str]] = []

    def act(self, rng: Random) -> str:
        """Send one step: a new one, or one that was used before."""
        if self._statements and rng.random() < 0.3:
            which, statement = rng.choice(self._statements)
            return self._submit(which, statement, "replayed")
        digests = [checked.compiled.digest for checked in ground().bundles]
        which = rng.randrange(2) if rng.random() < 0.2 else 1 - digests.index(self._believes)
        statement = sign_step(
            digests[which],
            self._believes,
            issued_s=self._simulation.clock.wall_ms() // 1000,
            nonce=rng.randbytes(16),
        )
        self._statements.append((which, statement))
        return self._submit(which, statement, "new")

    def stop(self, rng: Random) -> str:
        """Freeze something, lift a freeze, or take a permit back: letters like all others, lost or late."""
        history = self._simulation.history
        kind = rng.randrange(4)
        if kind == 0:
            scope = rng.choice(SCOPES)
            return self._post(FREEZES_PATH, {"scope": scope, "reason": "a drill"})
        if kind == 1 and self._simulation.agents.permits:
            token, _ = rng.choice(self._simulation.agents.permits)
            permit_id = read_receipt(token).stamp.receipt_id
            return self._post(f"/v1/permits/{permit_id}/revoke", {"reason": "a drill"})
        standing = list(history.log.frozen)
        if not standing:
            return "nothing is frozen"
        return self._post(f"{FREEZES_PATH}/{rng.choice(standing)}/lift", {"reason": "the drill is over"})

    def _post(self, path: str, document: JsonObject) -> str:
        body = fast.canonical(document)
        self._simulation.post(Call(sender="owner", path=path, body=body, deadline_ms=1_000))
        return f"{path} {body.decode()}"

    def told(self, call: Call, reply: Reply) -> None:
        """An answer to a step: from now on the operator knows what is active."""
        if call.path == ACTIVATE:
            active = self._simulation.history.disk.tables.activations
            self._believes = active[len(active)].digest

    def _submit(self, which: int, statement: str, word: str) -> str:
        process = self._simulation.process
        call = Call(sender="owner", path=ACTIVATE, body=statement.encode(), deadline_ms=1_000)
        job = activation(ground().bundles[which], statement, process.store, process.shelf)
        try:
            process.submit(job, process.authority.deadline_ms(), call, _render)
        except LicetError as error:
            process.outbox.append((call, problem(error)))
        return f"{word} {which}"


def _render(activated: Activated) -> Reply:
    return _activated(activated)
