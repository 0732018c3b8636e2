"""Receipts, proofs and a trust file for tests: fixed keys, fixed nonces, so the same bytes every time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from licet.protocol.canonical import canonical_bytes
from licet.protocol.ids import uuid7
from licet.protocol.parse import effect_of, request_of
from licet.protocol.types import (
    MAIN_TENANT,
    Audience,
    CompletionStatus,
    Decision,
    Digest,
    EntityRef,
    FreezeScope,
    JsonObject,
    JsonValue,
    LeafIndex,
    Origin,
    Outcome,
    PolicyRef,
    Reason,
    ScopeKind,
    Surface,
    Would,
)
from licet.receipt.jws import BUNDLE_TYP, COMPLETION_TYP, KEY_TYP, RECEIPT_TYP, Signs, Typ, seal
from licet.receipt.keys import PrivateKey, log_entry, named_jwk, receipt_entry, root_document
from licet.receipt.statement import (
    Activation,
    Genesis,
    Link,
    Stamp,
    activation_statement,
    bundle_document,
    claim_document,
    completion_document,
    decision_document,
    genesis_document,
    genesis_statement,
    jws_digest,
)
from licet.receipt.stops import freeze_document, revocation_document
from licet.tlog.checkpoint import Checkpoint
from licet.tlog.entry import entry
from licet.tlog.proof import TlogProof
from licet.tlog.tiles import inclusion_proof
from licet.verify.trust import TrustSet, parse_trust, trust_document
from sample_log import LOG, ORIGIN, WITNESS, SampleLog, Signer

NOW_S = 1_795_372_800
AUDIENCE = Audience("payments-executor")


def key(number: int) -> PrivateKey:
    """A key that every run makes alike; 1 and 2 are the log's and the witness's."""
    return PrivateKey.from_seed(bytes([number]) * 32)


ROOTS = (key(11), key(12), key(13))
RECEIPT_KEY = key(21)
RETIRED_KEY = key(22)
REVOKED_KEY = key(23)
LATE_KEY = key(24)
EXECUTOR_KEY = key(31)
APPROVER_KEY = key(32)
STRANGER = key(41)
STRANGE_ROOT = key(42)

RETIRED_AT = 3
REVOKED_AT = 6
SUSPECT_FROM = 4
LATE_FROM = 10

POLICY = f"log {LOG.key.vkey()}\nwitness w {WITNESS.key.vkey()}\nquorum w\n"

GENESIS = Genesis(
    threshold=2,
    roots=tuple(root.public for root in ROOTS),
    receipt_keys=(RECEIPT_KEY.public,),
    log_vkeys=(LOG.key.vkey(),),
    reason="a log for tests",
)
POLICY_REF = PolicyRef(
    bundle="payments",
    version=3,
    digest=Digest(f"sha256:{'3' * 64}"),
    language="cedar/4.5",
    evaluator="cedarpy/4.12.2",
    reference="cedarpy/4.12.2",
)
FACTS = Digest(f"sha256:{'f' * 64}")
ACTIVATION = Activation(
    bundle="payments", version=3, digest=POLICY_REF.digest, parent=Digest(f"sha256:{'2' * 64}"), reason="ß"
)

REQUEST_DOCUMENT: JsonObject = {
    "surface": "payments.transfer",
    "action": "transfer",
    "actor": {"type": "agent", "id": "finance-bot"},
    "target": {"type": "account", "id": "acct-42"},
    "parameters": {"amount_minor": 4000, "currency": "USD", "payee": "acme"},
    "context": {"ticket": "FIN-7"},
    "idempotency_key": "01J9ZK3T-finance-bot-7",
}
REQUEST = request_of(REQUEST_DOCUMENT)
EFFECT_DOCUMENT: JsonObject = {
    name: REQUEST_DOCUMENT[name] for name in ("surface", "action", "target", "parameters")
}
EFFECT = effect_of(EFFECT_DOCUMENT)

PERMITTED = Decision(
    outcome=Outcome.PERMIT,
    reason=Reason.PERMITTED,
    determining=("pay-small",),
    obligations=("notify:secops",),
    policy=POLICY_REF,
    audience=AUDIENCE,
    permit_ttl_s=60,
)
DENIED = Decision(outcome=Outcome.DENY, reason=Reason.FORBIDDEN, determining=("pay-cap",), policy=POLICY_REF)
SILENT = Decision(outcome=Outcome.SILENCE, reason=Reason.NO_PERMIT, policy=POLICY_REF)
OBSERVED = Decision(
    outcome=Outcome.SILENCE,
    reason=Reason.OBSERVED,
    policy=POLICY_REF,
    would=Would(outcome=Outcome.PERMIT, reason=Reason.PERMITTED),
)
NO_POLICY = Decision(outcome=Outcome.SILENCE, reason=Reason.POLICY_UNAVAILABLE)


def stamp(number: int = 2, origin: Origin = ORIGIN) -> Stamp:
    """The stamp of receipt ``number``."""
    return Stamp(
        receipt_id=uuid7(NOW_S * 1000 + number, hashlib.sha256(bytes([number])).digest()[:10]),
        origin=origin,
        tenant=MAIN_TENANT,
        issued_s=NOW_S,
        nonce=hashlib.sha256(b"nonce" + bytes([number])).hexdigest()[:32],
    )


def decided(decision: Decision = PERMITTED, *, number: int = 2, origin: Origin = ORIGIN) -> JsonObject:
    """The payload of a decision receipt."""
    return decision_document(REQUEST, decision, facts=FACTS, stamp=stamp(number, origin))


def sealed(document: JsonValue, signer: Signs = RECEIPT_KEY, typ: Typ = RECEIPT_TYP) -> str:
    """The JWS of ``document``."""
    return seal(signer, typ, canonical_bytes(document))


def sealed_bytes(payload: bytes, signer: Signs = RECEIPT_KEY) -> str:
    """The JWS of a payload that is no document of ours."""
    return seal(signer, RECEIPT_TYP, payload)


PERMIT = sealed(decided())
PERMIT_LINK = Link(receipt_id=stamp().receipt_id, index=LeafIndex(2), digest=jws_digest(PERMIT))


def claimed() -> JsonObject:
    """The payload of a claim of ``PERMIT``."""
    return claim_document(
        permit=PERMIT_LINK,
        audience=AUDIENCE,
        effect_digest=EFFECT.digest,
        claim_id="claim-1",
        by=EntityRef(type="service", id="payments-executor"),
        stamp=stamp(3),
    )


def completed(
    status: CompletionStatus = CompletionStatus.EXECUTED,
    *,
    actual: JsonObject | None = None,
    executor: str | None = None,
) -> JsonObject:
    """The payload of a completion of ``PERMIT``."""
    return completion_document(
        permit=PERMIT_LINK,
        audience=AUDIENCE,
        status=status,
        result_digest=Digest(f"sha256:{'e' * 64}"),
        actual=actual,
        executor=executor,
        stamp=stamp(4),
    )


OPERATOR = EntityRef(type="human", id="owner")
SURFACE_SCOPE = FreezeScope(kind=ScopeKind.SURFACE, surface=Surface("payments.transfer"))


def frozen(scope: FreezeScope = SURFACE_SCOPE) -> JsonObject:
    """The payload of a freeze."""
    return freeze_document(scope, reason="odd payees since nine", by=OPERATOR, stamp=stamp(3))


def lifted(scope: FreezeScope = SURFACE_SCOPE) -> JsonObject:
    """The payload of the end of ``frozen``."""
    by, of = OPERATOR, stamp(3).receipt_id
    return freeze_document(scope, reason="it was a test", by=by, stamp=stamp(4), of=of)


def revoked() -> JsonObject:
    """The payload of a revocation of ``PERMIT``."""
    return revocation_document(permit=PERMIT_LINK, reason="wrong payee", by=OPERATOR, stamp=stamp(3))


def executor_statement() -> str:
    """The executor's own word on ``PERMIT``."""
    document: JsonObject = {
        "v": 1,
        "permit": jws_digest(PERMIT),
        "status": "executed",
        "attempt": 1,
        "started": NOW_S + 1,
        "finished": NOW_S + 2,
        "seq": 1,
        "nonce": "0" * 32,
    }
    return sealed(document, EXECUTOR_KEY, COMPLETION_TYP)


def root_statements(*signers: PrivateKey, genesis: Genesis = GENESIS, origin: Origin = ORIGIN) -> list[str]:
    """The statement of ``genesis`` by each signer."""
    return [sealed(genesis_statement(genesis, origin), signer, KEY_TYP) for signer in signers]


def founded(statements: list[str] | None = None, genesis: Genesis = GENESIS) -> JsonObject:
    """The payload of a genesis."""
    signed = root_statements(*ROOTS[:2], genesis=genesis) if statements is None else statements
    return genesis_document(genesis, statements=signed, stamp=stamp(0))


def activated(
    activation: Activation = ACTIVATION, *, signed: Activation | None = None, signer: PrivateKey = ROOTS[0]
) -> JsonObject:
    """The payload of an activation; ``signed`` is what the root signed, when it is something else."""
    said = activation_statement(signed or activation, issued_s=NOW_S, nonce="1" * 32)
    statement = sealed(said, signer, BUNDLE_TYP)
    return bundle_document(activation, kid=signer.kid, statement=statement, stamp=stamp(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a receipt lies, and who signed the checkpoint above it."""

    index: int = 2
    size: int = 5
    origin: Origin = ORIGIN
    log: Signer = LOG
    cosigned: bool = True


def tree_of(jws: str, place: Place) -> SampleLog:
    """A log in which only one leaf is a receipt of ours."""
    log = SampleLog()
    fillers = [entry(f"header.payload-{number}.signature") for number in range(place.size)]
    log.grow([*fillers[: place.index], entry(jws), *fillers[place.index + 1 :]])
    return log


def checkpoint_of(log: SampleLog, place: Place) -> str:
    """The signed note over a log."""
    body = Checkpoint(origin=place.origin, size=log.edge.size, root=log.edge.root).body()
    note = place.log.sign_note(body)
    return WITNESS.cosign(note, body) if place.cosigned else note


def proof_of(jws: str, place: Place | None = None) -> TlogProof:
    """The proof of ``jws`` at ``place``."""
    where = place or Place()
    log = tree_of(jws, where)
    hashes = inclusion_proof(where.index, where.size, log.source)
    return TlogProof(index=where.index, hashes=hashes, note=checkpoint_of(log, where))


def placed(jws: str, **place: object) -> str:
    """The proof file of ``jws``; members of ``Place`` by name."""
    return proof_of(jws, replace(Place(), **place)).text()


def key_entry(role: str, owner: PrivateKey, **more: JsonValue) -> JsonObject:
    """A key of the trust file."""
    return {"role": role, **named_jwk(owner.public), "from": 0, "until": None, **more}


def trust_json(**members: JsonValue) -> JsonObject:
    """The trust document of these tests, with ``members`` in place of its own."""
    document = trust_document(
        policy=POLICY,
        root=root_document([root.public for root in ROOTS], threshold=2),
        keys=[
            receipt_entry(RECEIPT_KEY.public),
            key_entry("receipt", RETIRED_KEY, until=RETIRED_AT),
            key_entry("receipt", REVOKED_KEY, until=REVOKED_AT, suspect_from=SUSPECT_FROM),
            key_entry("receipt", LATE_KEY, **{"from": LATE_FROM}),
            key_entry("executor", EXECUTOR_KEY),
            key_entry("approver", APPROVER_KEY),
            log_entry(LOG.key.vkey()),
        ],
        size=5,
        tree_root=bytes(32),
    )
    return {**document, **members}


def trusting(**members: JsonValue) -> TrustSet:
    """The trust set of ``trust_json``."""
    return parse_trust(canonical_bytes(trust_json(**members)))


TRUST = trusting()
