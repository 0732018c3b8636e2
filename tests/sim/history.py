"""What happened, and the checks after every event: acknowledgements, effects, and the log against each other.

A call that was never answered stays possible for ever: it may be recorded at any later moment, by a copy of
it that was late. What was answered is final, and must be found on the disk from then on, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from licet.gate.answers import Question
from licet.gate.decision import Claim, Decision, Permit
from licet.gate.flow import CLAIM_PATH, DECISIONS_PATH
from licet.gate.question import wire_effect
from licet.protocol import fast
from licet.protocol.parse import parse_claim_ask
from licet.protocol.types import Digest, Outcome, ReceiptId
from licet.receipt.read import DecisionReceipt, read_receipt
from licet.service.exchange import Reply
from licet.store.memory_rows import Tables
from licet.store.port import Head
from sim.disk import Disk
from sim.logwatch import LogWatch, Scope, scope_of
from sim.network import Call

OK = 200
CONFLICT = 409
RECEIPT_MEMBERS = ("receipt", "claim", "completion", "freeze", "revocation")


@dataclass
class Tallies:
    """How much happened, so that a run in which nothing happened is not mistaken for a good one."""

    acknowledged: int = 0
    permits: int = 0
    effects: int = 0
    refused_claims: int = 0
    conflicts: int = 0
    unrecorded: int = 0
    forgeries_refused: int = 0


@dataclass
class History:
    """The checker of one run. ``violations`` is empty, or the run has failed."""

    disk: Disk
    violations: list[str] = field(default_factory=list)
    tallies: Tallies = field(default_factory=Tallies)
    effects: list[tuple[str, str]] = field(default_factory=list)
    _acknowledged: dict[str, ReceiptId] = field(default_factory=dict)
    _answers: dict[Scope, tuple[Call, bytes]] = field(default_factory=dict)
    _conflicts: set[tuple[Scope, Digest]] = field(default_factory=set)
    _dead: dict[ReceiptId, str] = field(default_factory=dict)
    _published: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = LogWatch(self.blame)
        self.log.absorb(self.disk.tables)
        self.log.genesis = self.log.size

    def blame(self, invariant: str, text: str) -> None:
        """An invariant does not hold."""
        self.violations.append(f"{invariant}: {text}")

    def posted(self, call: Call) -> None:
        """A call left its sender: from now on it may be recorded at any time."""
        if call.question is not None and call.path == DECISIONS_PATH:
            self.log.asked.add((scope_of(call.question, call.sender), call.question.digest))

    def published(self, head: Head) -> None:
        """A checkpoint became visible outside."""
        if self._published.setdefault(head.size, head.root) != head.root:
            self.blame("I9", f"two roots were published for size {head.size}")

    def left(self, call: Call, reply: Reply) -> None:
        """An answer left the authority: whoever hears it may rely on it."""
        if reply.status != OK:
            self._refused(call, reply)
            return
        document = fast.read(reply.body)
        token = next(document[name] for name in RECEIPT_MEMBERS if name in document)
        self.tallies.acknowledged += 1
        self._on_disk(token, document["receipt_id"])
        if call.path == DECISIONS_PATH and call.question is not None:
            self._decided(call, call.question, token, reply.body)
        if call.path == CLAIM_PATH:
            self._claimed(call)

    def _on_disk(self, token: str, receipt_id: ReceiptId) -> None:
        if not self._kept(token, receipt_id):
            self.blame("I2", f"the acknowledged receipt {receipt_id} is not on the disk")
        self._acknowledged[token] = receipt_id

    def _kept(self, token: str, receipt_id: ReceiptId) -> bool:
        index = self.disk.tables.receipt_ids.get(receipt_id)
        return index is not None and self.disk.tables.receipts[index].jws == token

    def _decided(self, call: Call, question: Question, token: str, body: bytes) -> None:
        scope = scope_of(question, call.sender)
        _, first = self._answers.setdefault(scope, (call, body))
        if first != body:
            self.blame("I3", f"two answers for the key {scope}")
        receipt = read_receipt(token)
        if not isinstance(receipt, DecisionReceipt) or receipt.request.digest != question.digest:
            self.blame("I3", f"an answer to {scope} is about another body")
        if (scope, question.digest) in self._conflicts:
            self.blame("I3", f"a body that was refused under {scope} was answered later")
        self.tallies.permits += isinstance(receipt, DecisionReceipt) and receipt.outcome is Outcome.PERMIT

    def _claimed(self, call: Call) -> None:
        permit_id = read_receipt(parse_claim_ask(call.body).permit).stamp.receipt_id
        if permit_id in self._dead:
            self.blame("I19", f"the permit {permit_id} was answered {self._dead[permit_id]}, then claimed")

    def _refused(self, call: Call, reply: Reply) -> None:
        code = fast.read(reply.body)["code"]
        self.tallies.unrecorded += code == "not_recorded"
        if code == "licet_error" or (reply.status >= 500 and code not in {"not_recorded", "overloaded"}):
            self.blame("fault", f"{call.path} was answered {reply.status} {code}")
        if call.path == DECISIONS_PATH and call.question is not None and code == "idempotency_conflict":
            self.tallies.conflicts += 1
            scope = scope_of(call.question, call.sender)
            self._conflicts.add((scope, call.question.digest))
            if self.log.decided.get(scope) in {None, call.question.digest}:
                self.blame("I3", f"{scope} was refused as a conflict with nothing")
        if call.path == CLAIM_PATH:
            self.tallies.refused_claims += 1
            if code == "permit_expired":
                permit_id = read_receipt(parse_claim_ask(call.body).permit).stamp.receipt_id
                self._dead[permit_id] = code

    def believed(self, question: Question, decision: Decision) -> None:
        """An agent's own machine ended: a permit in its hands is a PERMIT for its question on the disk."""
        if decision.permit is None:
            self.tallies.forgeries_refused += decision.check is not None
            return
        row = self.log.decisions.get(decision.permit.receipt_id)
        if row is None or row.outcome is not Outcome.PERMIT or row.request.digest != question.digest:
            self.blame("I5", f"a permit was believed that is none: {decision.permit.receipt_id}")
        elif decision.permit.token != self.log.receipts[decision.permit.receipt_id]:
            self.blame("I5", "a permit was believed whose bytes are not the recorded ones")

    def performed(self, permit: Permit, claim: Claim) -> None:
        """An effect happened in the world."""
        self.tallies.effects += 1
        decision = self.log.decisions.get(permit.receipt_id)
        if decision is None or decision.outcome is not Outcome.PERMIT:
            self.blame("I1", f"an effect without a recorded PERMIT: {permit.receipt_id}")
        elif decision.request.effect_digest != wire_effect(permit.effect).digest:
            self.blame("I1", f"another effect than the permitted one ran: {permit.receipt_id}")
        if permit.receipt_id not in self.log.claims:
            self.blame("I1", f"an effect without a recorded claim: {permit.receipt_id}")
        if any(permit.receipt_id == earlier for earlier, _ in self.effects):
            self.blame("I4", f"two effects by the permit {permit.receipt_id}")
        self.effects.append((permit.receipt_id, claim.receipt))

    def look(self) -> None:
        """After each event: read what is new on the disk."""
        self.log.absorb(self.disk.tables)

    def audit(self) -> None:
        """Everything that was ever relied on is on the disk, unchanged."""
        tables: Tables = self.disk.tables
        self.log.compare(tables)
        for token, receipt_id in self._acknowledged.items():
            if not self._kept(token, receipt_id):
                self.blame("I2", f"the acknowledged receipt {receipt_id} is lost")
        for size, root in self._published.items():
            if self.log.roots.get(size, root) != root or size > self.log.size:
                self.blame("I9", f"the checkpoint published for size {size} is not continued")
        for permit_id, _ in self.effects:
            if permit_id not in tables.permits or tables.permits[permit_id].claimed_s is None:
                self.blame("I1", f"the claim behind an effect is lost: {permit_id}")

    def calls(self) -> list[tuple[Call, bytes]]:
        """For each key that was ever answered: a call that was, and the answer."""
        return list(self._answers.values())
