"""What a receipt says: the payload of each kind, as a JSON document (stop 5 of the path; pure).

Members and their presence follow ``protocol.md`` 3 to the letter, because a verifier refuses anything
else: ``exp`` stands on a PERMIT alone, ``aud`` on a PERMIT, a claim and a completion, ``would`` on reason
``observed`` alone. Parameters and context never enter a receipt. The caller encodes the document with
``canonical_bytes`` or its fast equal; ``read.py`` is the way back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..protocol import limits
from ..protocol.types import (
    OUTCOME_OF_REASON,
    Audience,
    CompletionStatus,
    Decision,
    Digest,
    EntityRef,
    ExecutionRequest,
    JsonObject,
    JsonValue,
    LeafIndex,
    Origin,
    Outcome,
    PolicyRef,
    Reason,
    ReceiptId,
    Tenant,
)
from .jws import KID_CHARS, RECEIPT_TYP, SIGNATURE_CHARS, header_segment
from .keys import log_entry, receipt_entry, root_document

VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the writer of the log adds to every receipt; ``nonce`` is 128 random bits in hex."""

    receipt_id: ReceiptId
    origin: Origin
    tenant: Tenant
    issued_s: int
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another receipt: its id, its leaf, and the digest of its JWS."""

    receipt_id: ReceiptId
    index: LeafIndex
    digest: Digest

    def document(self) -> JsonObject:
        """The wire form."""
        return {"id": self.receipt_id, "index": self.index, "digest": self.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The newest witnessed checkpoint known when sealing: a bound this receipt is not older than."""

    size: int
    root: Digest

    def document(self) -> JsonObject:
        """The wire form."""
        return {"size": self.size, "root": self.root}


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What a receipt points at. Only what is there is written."""

    permit: Link | None = None
    supersedes: Link | None = None
    anchor: Anchor | None = None
    parent: ReceiptId | None = None

    def document(self) -> JsonObject:
        """The wire form."""
        document: JsonObject = {}
        if self.permit is not None:
            document["permit"] = self.permit.document()
        if self.supersedes is not None:
            document["supersedes"] = self.supersedes.document()
        if self.anchor is not None:
            document["anchor"] = self.anchor.document()
        if self.parent is not None:
            document["parent"] = self.parent
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One bundle becoming the active one; ``parent`` is the digest it replaces."""

    bundle: str
    version: int
    digest: Digest
    parent: Digest | None
    reason: str | None
    reports: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """The first leaf of a log: who may speak for its keys, and which keys it begins with."""

    threshold: int
    roots: tuple[bytes, ...]
    """Raw public keys; ``threshold`` of them sign every change of keys."""
    receipt_keys: tuple[bytes, ...]
    log_vkeys: tuple[str, ...]
    reason: str
    keys: tuple[JsonObject, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Write the key list once, as trust files and key receipts have it."""
        entries = [receipt_entry(public) for public in self.receipt_keys]
        entries += [log_entry(vkey) for vkey in self.log_vkeys]
        object.__setattr__(self, "keys", tuple(entries))


def jws_digest(jws: str) -> Digest:
    """``sha256:`` of a JWS: how links and statements name a receipt."""
    return Digest("sha256:" + hashlib.sha256(jws.encode("ascii")).hexdigest())


def compact_size(payload_bytes: int) -> int:
    """The length of the receipt over a payload of this length: known before anything is signed."""
    header_chars = len(header_segment("A" * KID_CHARS, RECEIPT_TYP))
    payload_chars = (payload_bytes * 4 + 2) // 3
    return header_chars + 1 + payload_chars + 1 + SIGNATURE_CHARS


def decision_document(
    request: ExecutionRequest,
    decision: Decision,
    *,
    facts: Digest,
    stamp: Stamp,
    supersedes: Link | None = None,
    anchor: Anchor | None = None,
) -> JsonObject:
    """The payload of a decision receipt.

    Raises:
        ValueError: the decision contradicts itself: a reason of another outcome, a PERMIT without
            audience or lifetime, or either of them on something that is no PERMIT.
    """
    _check_decision(decision)
    links = Links(supersedes=supersedes, anchor=anchor, parent=request.parent)
    document = stamped("decision", stamp, links)
    document["outcome"] = decision.outcome.value
    document["reason"] = decision.reason.value
    document["request"] = _request(request)
    document["policy"] = _policy(decision.policy, decision)
    document["facts"] = facts
    document["budgets"] = []
    document["approvals"] = []
    document["obligations"] = list(decision.obligations)
    if decision.would is not None:
        document["would"] = {
            "outcome": decision.would.outcome.value,
            "reason": decision.would.reason.value,
        }
    if decision.audience is not None and decision.permit_ttl_s is not None:
        document["aud"] = decision.audience
        document["exp"] = stamp.issued_s + decision.permit_ttl_s
    return document


def claim_document(
    *,
    permit: Link,
    audience: Audience,
    effect_digest: Digest,
    claim_id: str | None,
    by: EntityRef,
    stamp: Stamp,
) -> JsonObject:
    """The payload of a claim: the first and only use of a permit, and whose credential made it."""
    document = stamped("claim", stamp, Links(permit=permit))
    document["aud"] = audience
    document["effect_digest"] = effect_digest
    document["by"] = by.document()
    if claim_id is not None:
        document["claim_id"] = claim_id
    return document


def completion_document(
    *,
    permit: Link,
    audience: Audience,
    status: CompletionStatus,
    result_digest: Digest | None,
    actual: JsonObject | None,
    executor: str | None,
    stamp: Stamp,
) -> JsonObject:
    """The payload of a completion. ``executor`` is the executor's own JWS; None says it signed nothing."""
    document = stamped("completion", stamp, Links(permit=permit))
    document["aud"] = audience
    document["status"] = status.value
    document["executor"] = executor
    if result_digest is not None:
        document["result_digest"] = result_digest
    if actual is not None:
        document["actual"] = actual
    return document


def activation_statement(activation: Activation, *, issued_s: int, nonce: str) -> JsonObject:
    """The payload that the activator signs as ``licet-bundle+jws``."""
    return {
        "v": VERSION,
        "op": "activate",
        "bundle_digest": activation.digest,
        "parent_digest": activation.parent,
        "reports": list(activation.reports),
        "reason": activation.reason,
        "iat": issued_s,
        "nonce": nonce,
    }


def bundle_document(activation: Activation, *, kid: str, statement: str, stamp: Stamp) -> JsonObject:
    """The payload of an activation by a root key: ``statement`` is that key's JWS, carried in full."""
    document = stamped("bundle", stamp, Links())
    document["op"] = "activated"
    document["bundle"] = activation.bundle
    document["version"] = activation.version
    document["digest"] = activation.digest
    document["parent"] = activation.parent
    document["reason"] = activation.reason
    document["reports"] = list(activation.reports)
    document["by"] = {"role": "root", "kid": kid, "statement": statement}
    return document


def genesis_statement(genesis: Genesis, origin: Origin) -> JsonObject:
    """The payload that every root signer signs as ``licet-key+jws``; byte-equal for all of them.

    It names the log's origin, so that a root signature for one log opens no other.
    """
    return {"v": VERSION, "origin": origin, **_genesis_members(genesis)}


def genesis_document(genesis: Genesis, *, statements: Sequence[str], stamp: Stamp) -> JsonObject:
    """The payload of leaf 0."""
    document = stamped("key", stamp, Links())
    document.update(_genesis_members(genesis))
    document["statements"] = list(statements)
    return document


def _genesis_members(genesis: Genesis) -> JsonObject:
    return {
        "op": "genesis",
        "root": root_document(genesis.roots, threshold=genesis.threshold),
        "keys": list(genesis.keys),
        "reason": genesis.reason,
        "prev": None,
    }


def stamped(kind: str, stamp: Stamp, links: Links) -> JsonObject:
    """The members that every kind begins with."""
    return {
        "v": VERSION,
        "kind": kind,
        "id": stamp.receipt_id,
        "iss": stamp.origin,
        "iat": stamp.issued_s,
        "nonce": stamp.nonce,
        "tenant": stamp.tenant,
        "links": links.document(),
    }


def _request(request: ExecutionRequest) -> JsonObject:
    """The request by its names and digests; parameters and context stay in the deletable body."""
    target: JsonValue = None if request.target is None else request.target.document()
    return {
        "surface": request.surface,
        "action": request.action,
        "actor": request.actor.ref().document(),
        "target": target,
        "idempotency_key": request.idempotency_key,
        "digest": request.digest,
        "effect_digest": request.effect_digest,
    }


def _policy(policy: PolicyRef | None, decision: Decision) -> JsonValue:
    if policy is None:
        return None
    return {
        "bundle": policy.bundle,
        "version": policy.version,
        "digest": policy.digest,
        "determining": list(decision.determining),
        "errored": list(decision.errored),
        "engine": {
            "language": policy.language,
            "evaluator": policy.evaluator,
            "reference": policy.reference,
        },
    }


def _check_decision(decision: Decision) -> None:
    """A bug upstream must end in an exception here, never in a signed contradiction."""
    permit = decision.outcome is Outcome.PERMIT
    if OUTCOME_OF_REASON[decision.reason] is not decision.outcome:
        message = f"reason `{decision.reason}` does not belong to {decision.outcome.value}"
        raise ValueError(message)
    if (decision.audience is not None) is not permit or (decision.permit_ttl_s is not None) is not permit:
        message = "a PERMIT, and nothing else, has an audience and a lifetime"
        raise ValueError(message)
    if decision.permit_ttl_s is not None and not 1 <= decision.permit_ttl_s <= limits.PERMIT_TTL_S_MAX:
        message = f"a permit lives 1 to {limits.PERMIT_TTL_S_MAX} s, not {decision.permit_ttl_s}"
        raise ValueError(message)
    if (decision.would is not None) is not (decision.reason is Reason.OBSERVED):
        message = "`would` stands on reason `observed`, and only there"
        raise ValueError(message)
    silent = decision.outcome is Outcome.SILENCE and not decision.determining and not decision.errored
    if decision.policy is None and not silent:
        message = "without an active bundle there is SILENCE and no policy id"
        raise ValueError(message)
