"""A whole authority in one process, with time and randomness in the test's hand."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePosixPath

from licet.authority.activating import ActivateJob, check_bundle, open_step
from licet.authority.authority import Authority
from licet.authority.callers import OWNER, new_api_key
from licet.authority.deciding import Deciding
from licet.authority.disk import DiskWatch
from licet.authority.founding import GenesisJob
from licet.authority.reading import Reading
from licet.authority.shelf import PolicyShelf
from licet.ledger.batch import Seals, write_batch
from licet.ledger.checkpointing import log_key
from licet.ledger.sequencer import Sequencer
from licet.policy.bundle import Bundle
from licet.protocol import fast
from licet.protocol.canonical import canonical_bytes
from licet.protocol.parse import parse_decision_ask
from licet.receipt.jws import BUNDLE_TYP, KEY_TYP, seal
from licet.receipt.keys import PrivateKey
from licet.receipt.signer import Ed25519LogSigner
from licet.receipt.statement import Activation, Genesis, activation_statement, genesis_statement
from licet.store.memory import MemoryStore
from support.sources import LOW_BYTES, ORIGIN, ManualClock, ManualRoom, SeededEntropy


def starter(name: str = "payments") -> dict[str, bytes]:
    """The files of a starter bundle, as shipped."""
    root = files("licet.policy") / "starter" / name
    found: dict[str, bytes] = {}

    def walk(folder, at: PurePosixPath) -> None:
        for entry in folder.iterdir():
            place = at / entry.name
            if entry.is_dir():
                walk(entry, place)
            elif not entry.name.startswith("__"):
                found[str(place)] = entry.read_bytes()

    walk(root, PurePosixPath())
    return found


def payment(key: str = "k-1", *, amount: int = 4_000, **more: object) -> bytes:
    """A request for a payment, as bytes."""
    document = {
        "surface": "payments.transfer",
        "action": "transfer",
        "actor": {"type": "agent", "id": "finance-bot"},
        "target": {"type": "account", "id": "acct-42"},
        "parameters": {"amount_minor": amount, "currency": "USD", "payee": "acme"},
        "idempotency_key": key,
        **more,
    }
    return fast.canonical(document)


def effect(amount: int = 4_000, **more: object) -> dict[str, object]:
    """The effect of ``payment``."""
    return {
        "surface": "payments.transfer",
        "action": "transfer",
        "target": {"type": "account", "id": "acct-42"},
        "parameters": {"amount_minor": amount, "currency": "USD", "payee": "acme"},
        **more,
    }


class World:
    """An authority over a store, founded like a home: genesis, then the bundle as version 1."""

    def __init__(self, store=None, *, template: dict[str, bytes] | None = None, start: bool = True) -> None:
        self.clock = ManualClock()
        self.entropy = SeededEntropy()
        self.root = PrivateKey.from_seed(b"\1" * 32)
        self.receipt_key = PrivateKey.from_seed(b"\2" * 32)
        self.log = Ed25519LogSigner(ORIGIN, PrivateKey.from_seed(b"\3" * 32))
        self.key = log_key(self.log)
        self.store = store if store is not None else MemoryStore(ORIGIN, self.clock.now_ms)
        self.seals = Seals(receipts=self.receipt_key, log=self.log, clock=self.clock, entropy=self.entropy)
        self.owner = new_api_key(OWNER, self.entropy)
        self.heads: list[object] = []
        self.faults: list[object] = []
        self._found(starter() if template is None else template)
        self.sequencer = Sequencer(
            self.store, self.seals, committed=self.heads.append, fatal=self.faults.append
        )
        self.shelf = PolicyShelf(self.store)
        self.room = ManualRoom()
        self.deciding = Deciding(
            store=self.store,
            shelf=self.shelf,
            clock=self.clock,
            entropy=self.entropy,
            disk=DiskWatch(room=self.room, low_bytes=LOW_BYTES),
        )
        self.authority = Authority(
            deciding=self.deciding,
            sequencer=self.sequencer,
            reading=Reading(store=self.store, log_key=self.key),
            roots={self.root.kid: self.root.public},
            receipt_keys=(self.receipt_key.public,),
            origin=ORIGIN,
        )
        if start:
            self.sequencer.start()

    def _found(self, template: dict[str, bytes]) -> None:
        genesis = Genesis(
            threshold=1,
            roots=(self.root.public,),
            receipt_keys=(self.receipt_key.public,),
            log_vkeys=(self.key.vkey(),),
            reason="a test",
        )
        said = seal(self.root, KEY_TYP, canonical_bytes(genesis_statement(genesis, ORIGIN)))
        self.write(GenesisJob(genesis=genesis, statements=(said,), tokens=(self.owner.row,)))
        self.write(self.activation(template, parent=None))

    def activation(self, template: dict[str, bytes], *, parent, reason: str | None = None) -> ActivateJob:
        checked = check_bundle(Bundle.from_files(template))
        compiled = checked.compiled
        said = activation_statement(
            Activation(
                bundle=compiled.head.name, version=1, digest=compiled.digest, parent=parent, reason=reason
            ),
            issued_s=self.clock.now_ms // 1000,
            nonce="00" * 16,
        )
        jws = seal(self.root, BUNDLE_TYP, canonical_bytes(said))
        step = open_step(jws, {self.root.kid: self.root.public}, compiled.digest)
        shelf = getattr(self, "shelf", None) or PolicyShelf(self.store)
        return ActivateJob(checked=checked, step=step, store=self.store, shelf=shelf)

    def write(self, job):
        """Write one job as a batch of its own, on this thread; only while the writer does not run."""
        result = write_batch(self.store, [job], self.seals).results[0]
        if isinstance(result, Exception):
            raise result
        return result

    def decide(self, body: bytes, caller=OWNER):
        """Decide and wait for the commit."""
        decided = self.authority.decide(
            parse_decision_ask(body), caller, deadline_ms=self.authority.deadline_ms()
        )
        if not hasattr(decided, "write"):
            return decided
        return self.authority.settle(decided, deadline_ms=self.authority.deadline_ms())

    def settle(self, job):
        """Write ``job`` through the sequencer and wait."""
        return self.authority.settle(job, deadline_ms=self.authority.deadline_ms())

    def close(self) -> None:
        """Stop the writer."""
        self.sequencer.close()
