"""The statements a receipt carries in full: were they signed by the pinned root keys, and for this?

This is the one place where something that travels with the evidence is believed, and only because keys
from the trust file signed it (``evidence.md`` 1, rule 1).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Malformed, UnknownValue
from ..protocol.ed25519 import verify
from ..receipt.jws import BUNDLE_TYP, KEY_TYP, Typ, read_kid, split
from ..receipt.keyring import Role
from ..receipt.read import BundleReceipt, KeyReceipt, Receipt, read_bundle_statement
from .report import Status
from .trust import TrustSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How the carried statements stand, in words."""

    status: Status
    detail: str


def check_statements(receipt: Receipt, trust: TrustSet) -> Finding | None:
    """Hold the root statements of a key or bundle receipt against the pinned root; None for other kinds."""
    match receipt:
        case KeyReceipt():
            return _genesis(receipt, trust)
        case BundleReceipt():
            return _activation(receipt, trust)
        case _:
            return None


def _genesis(receipt: KeyReceipt, trust: TrustSet) -> Finding:
    signers: set[bytes] = set()
    strangers: set[str] = set()
    for position, jws in enumerate(receipt.statements):
        finding, public = _signer(jws, KEY_TYP, trust)
        if split(jws).payload != receipt.signed:
            # Attack: genuine root signatures over another key list, carried along to impress.
            return _failed(f"root statement {position} says something else than the receipt")
        if finding.status is Status.FAILED:
            return _failed(f"root statement {position}: {finding.detail}")
        if public is None:
            strangers.add(read_kid(split(jws).header, KEY_TYP))
        else:
            # Counted by key, never by statement: one signer who signs twice is one signer.
            signers.add(public)
    needed = trust.root.threshold
    if len(signers) >= needed:
        return Finding(status=Status.OK, detail=f"{len(signers)} root keys signed, {needed} are needed")
    detail = f"{len(signers)} distinct pinned root keys signed, {needed} are needed"
    if len(signers) + len(strangers) >= needed:
        return Finding(status=Status.CANNOT, detail=f"no history: {detail}; the others are not pinned")
    return _failed(detail)


def _activation(receipt: BundleReceipt, trust: TrustSet) -> Finding:
    try:
        said = read_bundle_statement(split(receipt.statement).payload)
    except Malformed as error:
        return _failed(f"the root statement cannot be read: {error.message}")
    except UnknownValue as error:
        return Finding(status=Status.CANNOT, detail=f"unknown_value: the root statement: {error.message}")
    done = receipt.activation
    signed = (said.bundle_digest, said.parent_digest, said.reports, said.reason)
    if signed != (done.digest, done.parent, done.reports, done.reason):
        # Attack: a genuine signature for one bundle, shown beside the activation of another.
        return _failed("the root statement is about another activation than the receipt")
    return _signer(receipt.statement, BUNDLE_TYP, trust)[0]


def _signer(jws: str, typ: Typ, trust: TrustSet) -> tuple[Finding, bytes | None]:
    """Whether a pinned root key made this signature; the key itself when it did."""
    compact = split(jws)
    kid = read_kid(compact.header, typ)
    role = trust.roles.get(kid)
    if role is None:
        detail = f"no history: `{kid}` is not a pinned root key"
        return Finding(status=Status.CANNOT, detail=detail), None
    if role is not Role.ROOT:
        return _failed(f"`{kid}` is trusted as {role.value}, not as root"), None
    public = trust.root.keys[kid]
    if not verify(public, compact.signed, compact.signature):
        return _failed(f"bad signature: not made by the root key `{kid}`"), None
    return Finding(status=Status.OK, detail=f"signed by the root key `{kid}`"), public


def _failed(detail: str) -> Finding:
    return Finding(status=Status.FAILED, detail=detail)
