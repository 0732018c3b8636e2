"""The log as an auditor sees it grow: every new leaf is read, every root recomputed, every link followed."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from licet.gate.answers import Question
from licet.ledger.checkpointing import open_checkpoint
from licet.protocol.types import Digest, FreezeScope, Outcome, Reason, ReceiptId
from licet.receipt.jws import split
from licet.receipt.read import (
    BundleReceipt,
    ClaimReceipt,
    CompletionReceipt,
    DecisionReceipt,
    Receipt,
    read_receipt,
)
from licet.receipt.stops import FreezeOp, FreezeReceipt, RevocationReceipt
from licet.store.memory_rows import Tables
from licet.tlog.compact import EMPTY_EDGE, RightEdge
from licet.tlog.entry import leaf_of_digest
from sim.ground import ACTORS, EXECUTORS, LOG_KEY

Scope = tuple[str, str]
"""Actor and key; there is one tenant and one surface here."""
COMPLETIONS_MAX = 2


def scope_of(question: Question, sender: str) -> Scope:
    """Whose key it is."""
    return ACTORS[sender], question.key


class LogWatch:
    """Reads each leaf once; ``blame`` is told what does not hold."""

    def __init__(self, blame: Callable[[str, str], None]) -> None:
        self._blame = blame
        self._edge: RightEdge = EMPTY_EDGE
        self._jws: list[str] = []
        self._issued_s = 0
        self._active: tuple[int, Digest] | None = None
        self._statements: set[bytes] = set()
        self._completions: dict[ReceiptId, int] = {}
        self._revoked: set[ReceiptId] = set()
        self.frozen: dict[ReceiptId, FreezeScope] = {}
        self.genesis = 0
        self.roots: dict[int, bytes] = {}
        self.asked: set[tuple[Scope, Digest]] = set()
        self.decided: dict[Scope, Digest] = {}
        self.decisions: dict[ReceiptId, DecisionReceipt] = {}
        self.receipts: dict[ReceiptId, str] = {}
        self.claims: dict[ReceiptId, ClaimReceipt] = {}

    @property
    def size(self) -> int:
        """How many leaves were read."""
        return len(self._jws)

    @property
    def root(self) -> bytes:
        """The root over them."""
        return self._edge.root

    def absorb(self, tables: Tables) -> None:
        """Read what is new, and check head and checkpoint where something is."""
        head = tables.heads["main"]
        if head.size == self.size:
            return
        if head.size < self.size or len(tables.receipts) != head.size:
            self._blame("I9", f"the log of {self.size} leaves is now one of {head.size}")
            return
        for index in range(self.size, head.size):
            row = tables.receipts.get(index)
            if row is None or row.jws is None:
                self._blame("I9", f"there is no leaf {index}")
                return
            leaf = leaf_of_digest(sha256(row.jws.encode("ascii")).digest())
            if leaf != row.leaf_hash:
                self._blame("I9", f"leaf {index} is not the hash of its receipt")
            self._edge = self._edge.append([leaf])
            self._jws.append(row.jws)
            self.roots[self.size] = self._edge.root
            self._read(index, row.jws)
        self._check_head(tables)

    def compare(self, tables: Tables) -> None:
        """Nothing that was read before has changed since."""
        for index, jws in enumerate(self._jws):
            row = tables.receipts.get(index)
            if row is None or row.jws != jws:
                self._blame("I9", f"leaf {index} was changed or lost")
        for size, note in tables.checkpoints.items():
            if open_checkpoint(note, LOG_KEY).root != self.roots.get(size):
                self._blame("I9", f"the checkpoint of size {size} has another root")

    def _check_head(self, tables: Tables) -> None:
        head = tables.heads["main"]
        checkpoint = open_checkpoint(head.checkpoint, LOG_KEY)
        said = (checkpoint.size, checkpoint.root, head.root)
        if said != (self.size, self._edge.root, self._edge.root):
            self._blame("I9", f"head and checkpoint of size {head.size} do not say what the leaves say")
        if head.updated_ms < self._issued_s * 1000:
            self._blame("I19", "the head is older than its newest receipt")

    def _read(self, index: int, jws: str) -> None:
        receipt = read_receipt(jws)
        if receipt.stamp.issued_s < self._issued_s:
            self._blame("I19", f"leaf {index} was issued before the leaf before it")
        self._issued_s = receipt.stamp.issued_s
        self.receipts[receipt.stamp.receipt_id] = jws
        match receipt:
            case DecisionReceipt():
                self._decision(receipt)
            case ClaimReceipt():
                self._claim(index, receipt)
            case CompletionReceipt():
                self._completion(receipt)
            case BundleReceipt():
                self._bundle(index, receipt)
            case FreezeReceipt():
                self._freeze(receipt)
            case RevocationReceipt():
                self._revocation(receipt)
            case _:
                self._other(receipt)

    def _decision(self, receipt: DecisionReceipt) -> None:
        request = receipt.request
        scope = (request.actor.id, request.idempotency_key)
        if scope in self.decided:
            self._blame("I3", f"two decisions for the key {scope}")
        if (scope, request.digest) not in self.asked:
            self._blame("I3", f"a decision for {scope} that nobody asked for")
        self.decided[scope] = request.digest
        self.decisions[receipt.stamp.receipt_id] = receipt
        if receipt.reason is Reason.DEADLINE_EXCEEDED:
            return  # it looked before it was late: what it names was active then, and it permits nothing
        if receipt.outcome is Outcome.PERMIT and self._stopped(receipt):
            self._blame("I5", f"a PERMIT while {scope} was frozen")
        by = None if receipt.policy is None else (receipt.policy.version, receipt.policy.digest)
        if by != self._active:
            self._blame("I16", f"a decision under {by} while {self._active} is active")

    def _claim(self, index: int, receipt: ClaimReceipt) -> None:
        permit_id = receipt.permit.receipt_id
        decision = self.decisions.get(permit_id)
        if decision is None or decision.outcome is not Outcome.PERMIT or receipt.permit.index >= index:
            self._blame("I4", f"a claim of something that is no permit: {permit_id}")
            return
        if permit_id in self.claims:
            self._blame("I4", f"two claims of the permit {permit_id}")
        if self._stopped(decision) or permit_id in self._revoked:
            self._blame("I5", f"the permit {permit_id} was claimed while it was frozen, or revoked")
        if receipt.effect_digest != decision.request.effect_digest:
            self._blame("I8", f"the permit {permit_id} was claimed for another effect")
        if receipt.audience != decision.audience or receipt.by.id not in EXECUTORS:
            self._blame("I8", f"the permit {permit_id} was claimed by {receipt.by.id}")
        if decision.expires_s is None or receipt.stamp.issued_s >= decision.expires_s:
            self._blame("I19", f"the permit {permit_id} was claimed after its end")
        self.claims[permit_id] = receipt

    def _completion(self, receipt: CompletionReceipt) -> None:
        permit_id = receipt.permit.receipt_id
        if permit_id not in self.claims:
            self._blame("I4", f"a completion without a claim: {permit_id}")
        self._completions[permit_id] = self._completions.get(permit_id, 0) + 1
        if self._completions[permit_id] > COMPLETIONS_MAX:
            self._blame("I4", f"the permit {permit_id} was completed too often")

    def _bundle(self, index: int, receipt: BundleReceipt) -> None:
        said = split(receipt.statement).payload
        activation = receipt.activation
        if said in self._statements:
            self._blame("I16", f"the statement at leaf {index} was used before")
        self._statements.add(said)
        before = self._active
        if activation.parent != (None if before is None else before[1]):
            self._blame("I16", f"the activation at leaf {index} has another parent")
        if activation.version != (1 if before is None else before[0] + 1):
            self._blame("I16", f"the activation at leaf {index} leaves a gap")
        self._active = (activation.version, activation.digest)

    def _freeze(self, receipt: FreezeReceipt) -> None:
        if receipt.op is FreezeOp.SET:
            if receipt.scope in self.frozen.values():
                self._blame("I5", f"{receipt.scope} was frozen twice at once")
            self.frozen[receipt.stamp.receipt_id] = receipt.scope
        elif self.frozen.pop(receipt.of, None) != receipt.scope:
            self._blame("I5", f"a freeze was lifted that did not stop: {receipt.of}")

    def _revocation(self, receipt: RevocationReceipt) -> None:
        permit_id = receipt.permit.receipt_id
        if permit_id in self.claims or permit_id in self._revoked or permit_id not in self.decisions:
            self._blame("I4", f"a permit was revoked that could not be: {permit_id}")
        self._revoked.add(permit_id)

    def _stopped(self, decision: DecisionReceipt) -> bool:
        request = decision.request
        actor = f"{request.actor.type}/{request.actor.id}"
        return any(scope.covers(request.surface, actor) for scope in self.frozen.values())

    def _other(self, receipt: Receipt) -> None:
        if self.genesis and self.size > self.genesis:
            self._blame("I9", f"nobody asked for this leaf: {type(receipt).__name__}")
