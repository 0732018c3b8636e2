"""What every run of the simulator starts from: one founded log, two bundles, keys, callers, pinned trust.

Founded once in a process, then copied: a run must not pay for genesis and for building bundles again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from licet.authority.activating import ActivateJob, Checked, check_bundle, open_step
from licet.authority.callers import OWNER, Caller, Role, new_api_key
from licet.authority.founding import GenesisJob
from licet.authority.shelf import PolicyShelf
from licet.ledger.batch import Seals, write_batch
from licet.ledger.checkpointing import log_key
from licet.policy.bundle import Bundle
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import MAIN_TENANT, Audience, Digest, EntityRef
from licet.receipt.jws import BUNDLE_TYP, KEY_TYP, seal
from licet.receipt.keys import PrivateKey, log_entry, receipt_entry, root_document
from licet.receipt.signer import Ed25519LogSigner
from licet.receipt.statement import Activation, Genesis, activation_statement, genesis_statement
from licet.store.memory import MemoryStore
from licet.store.memory_rows import Tables
from licet.store.port import Store
from licet.verify.trust import TrustSet, parse_trust, trust_document
from support.sources import MONDAY_MS, ORIGIN, ManualClock, SeededEntropy
from support.world import starter

AUDIENCE = Audience("payments-executor")
AGENTS = ("agent-0", "agent-1", "agent-2")
EXECUTORS = ("executor-0", "executor-1")
ACTORS = {"agent-0": "finance-bot", "agent-1": "finance-bot", "agent-2": "stranger-bot"}
"""Two processes of one agent race for its keys; a third is nobody that policy knows."""

ROOT = PrivateKey.from_seed(b"\1" * 32)
RECEIPT = PrivateKey.from_seed(b"\2" * 32)
LOG = Ed25519LogSigner(ORIGIN, PrivateKey.from_seed(b"\3" * 32))
THIEF = PrivateKey.from_seed(b"\4" * 32)
LOG_KEY = log_key(LOG)
ROOTS = {ROOT.kid: ROOT.public}


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A founded log, and what its callers hold."""

    tables: Tables
    trust: TrustSet
    credentials: Mapping[str, str]
    bundles: tuple[Checked, ...]


def copy_of(tables: Tables) -> Tables:
    """The same rows in tables of their own."""
    return Tables(**{field.name: dict(getattr(tables, field.name)) for field in fields(Tables)})


def sign_step(digest: Digest, parent: Digest | None, *, issued_s: int, nonce: bytes) -> str:
    """The owner's statement that activates ``digest``."""
    activation = Activation(bundle="payments", version=1, digest=digest, parent=parent, reason="a drill")
    said = activation_statement(activation, issued_s=issued_s, nonce=nonce.hex())
    return seal(ROOT, BUNDLE_TYP, canonical_bytes(said))


def activation(checked: Checked, statement: str, store: Store, shelf: PolicyShelf) -> ActivateJob:
    """The job behind ``POST /v1/bundles/{digest}/activate``, its bundle built and tested before."""
    step = open_step(statement, ROOTS, checked.compiled.digest)
    return ActivateJob(checked=checked, step=step, store=store, shelf=shelf)


@cache
def ground() -> Ground:
    """Genesis with all callers, then the payments starter as version 1."""
    clock, entropy = ManualClock(), SeededEntropy(b"ground")
    store = MemoryStore(ORIGIN, clock.now_ms)
    seals = Seals(receipts=RECEIPT, log=LOG, clock=clock, entropy=entropy)
    keys = {name: new_api_key(caller, entropy) for name, caller in _callers().items()}
    genesis = Genesis(
        threshold=1,
        roots=(ROOT.public,),
        receipt_keys=(RECEIPT.public,),
        log_vkeys=(LOG_KEY.vkey(),),
        reason="a simulation",
    )
    said = seal(ROOT, KEY_TYP, canonical_bytes(genesis_statement(genesis, ORIGIN)))
    rows = tuple(key.row for key in keys.values())
    bundles = tuple(check_bundle(Bundle.from_files(files)) for files in (starter(), _other()))
    statement = sign_step(bundles[0].compiled.digest, None, issued_s=MONDAY_MS // 1000, nonce=bytes(16))
    first = activation(bundles[0], statement, store, PolicyShelf(store))
    for job in (GenesisJob(genesis=genesis, statements=(said,), tokens=rows), first):
        result = write_batch(store, [job], seals).results[0]
        if isinstance(result, Exception):
            raise result
    return Ground(
        tables=store._tables,
        trust=parse_trust(canonical_bytes(_trust(store))),
        credentials={name: key.reveal() for name, key in keys.items()},
        bundles=bundles,
    )


def _callers() -> dict[str, Caller]:
    callers = {"owner": OWNER}
    for name in AGENTS:
        callers[name] = Caller(
            tenant=MAIN_TENANT,
            actor=EntityRef(type="agent", id=ACTORS[name]),
            roles=frozenset({Role.CALLER}),
            audience=None,
        )
    for name in EXECUTORS:
        callers[name] = Caller(
            tenant=MAIN_TENANT,
            actor=EntityRef(type="service", id=name),
            roles=frozenset({Role.EXECUTOR}),
            audience=AUDIENCE,
        )
    return callers


def _other() -> dict[str, bytes]:
    """The starter with one more payee on the block list, and shorter permits."""
    files = dict(starter())
    changes = {
        "bundle.toml": (b"starter-1", b"starter-2"),
        "policies/forbids.cedar": (b'"umbrella"]', b'"umbrella", "globex"]'),
        "surfaces/payments.toml": (b"permit_ttl_s = 60", b"permit_ttl_s = 20"),
    }
    for name, (old, new) in changes.items():
        if old not in files[name]:
            message = f"the starter's {name} has changed: nothing to replace"
            raise ValueError(message)
        files[name] = files[name].replace(old, new)
    return files


def _trust(store: MemoryStore) -> dict[str, object]:
    head = store.head()
    return trust_document(
        policy=f"log {LOG_KEY.vkey()}\nquorum none\n",
        root=root_document((ROOT.public,), threshold=1),
        keys=(receipt_entry(RECEIPT.public), log_entry(LOG_KEY.vkey())),
        size=head.size,
        tree_root=head.root,
    )
