"""The verifier at level `receipt`: V01 to V12, against trust given from outside.

1. V01 to V06 (``opening.py``): the receipt itself and its signature; stops at the first failure
2. V07 to V11 (``placement.py``): its leaf, the proof, the checkpoint, the quorum
3. V12 key_index: the key was valid at that index; a carried root statement is genuine and says the same
4. V13 to V16 belong to level `audit`: what they take is not given here, and the result says so

No socket, no file, no clock: ``at_s`` is the time somebody asks about, and changes no verdict.
"""

from __future__ import annotations

from ..protocol import limits
from ..protocol.types import LeafIndex, Outcome
from ..receipt.keyring import KeyEntry
from ..receipt.read import ClaimReceipt, CompletionReceipt, DecisionReceipt, Receipt
from .opening import Opened, open_receipt
from .placement import place_receipt
from .report import Check, Level, Report, Status, Steps
from .statements import Finding, check_statements
from .trust import TrustSet

_OPENING = (Check.COMPACT, Check.HEADER, Check.PAYLOAD, Check.CANONICAL, Check.KEY, Check.SIGNATURE)


def verify_receipt(
    jws: str,
    *,
    trust: TrustSet,
    proof: str | None = None,
    leaf: bytes | None = None,
    at_s: int | None = None,
    level: Level = Level.RECEIPT,
) -> Report:
    """Check one receipt. ``leaf`` is a leaf hash to compare with, when the reader holds one.

    Never raises for bad evidence: every input ends in a ``Report``.
    """
    steps = Steps()
    opened = open_receipt(jws, trust, steps, bytes_max=limits.JWS_BYTES_MAX)  # 1
    index: LeafIndex | None = None
    if opened is not None:
        origin = None if opened.receipt is None else opened.receipt.stamp.origin
        index = place_receipt(jws, origin=origin, proof=proof, leaf=leaf, trust=trust, steps=steps)  # 2
        _key_index(opened, index, trust, steps)  # 3
    proven = opened.receipt if opened is not None and _is_open(steps) else None
    _beyond(proven, at_s, level, steps)  # 4
    return Report(
        level=level,
        steps=steps.finish(),
        receipt=proven,
        origin=None if proven is None else proven.stamp.origin,
        index=index if proven is not None else None,
        revocations_known_to=trust.as_of.size,
        trust_digest=trust.digest,
    )


def _is_open(steps: Steps) -> bool:
    return all(steps.status(check) is Status.OK for check in _OPENING)


def _key_index(opened: Opened, index: LeafIndex | None, trust: TrustSet, steps: Steps) -> None:
    finding = None if opened.receipt is None else check_statements(opened.receipt, trust)
    if finding is not None and finding.status is Status.FAILED:
        steps.note(Check.KEY_INDEX, Status.FAILED, finding.detail)
        return
    if index is None or opened.key is None:
        steps.note(Check.KEY_INDEX, Status.SKIPPED, "needs a trusted key (V05) and a proven index (V09, V11)")
        return
    validity = _validity(opened.key, index)
    if finding is not None and validity.status is Status.OK:
        validity = Finding(status=finding.status, detail=f"{validity.detail}; {finding.detail}")
    steps.note(Check.KEY_INDEX, validity.status, validity.detail)


def _validity(key: KeyEntry, index: LeafIndex) -> Finding:
    """``from <= index < until``; an index that a thief may have written is neither in nor out."""
    until = "open" if key.until is None else str(key.until)
    if index < key.from_index or (key.until is not None and index >= key.until):
        detail = f"index {index} is outside the key's range {key.from_index}..{until}"
        return Finding(status=Status.FAILED, detail=detail)
    if key.suspect_from is not None and index >= key.suspect_from:
        detail = f"suspect_range: the key was revoked, and index {index} may be younger than its theft"
        return Finding(status=Status.CANNOT, detail=detail)
    return Finding(status=Status.OK, detail=f"index {index} is in the key's range {key.from_index}..{until}")


def _beyond(receipt: Receipt | None, at_s: int | None, level: Level, steps: Steps) -> None:
    missing = {
        Check.POLICY: "activation receipts not given",
        Check.DIGESTS: "request, effect and facts not given",
        Check.REPLAY: "bundle, facts and engine not given",
        Check.LINKS: f"linked receipts not given; {_outcome_known(receipt, at_s)}",
    }
    status = Status.CANNOT if level is Level.AUDIT else Status.NOT_EVALUATED
    for check, detail in missing.items():
        steps.note(check, status, detail)


def _outcome_known(receipt: Receipt | None, at_s: int | None) -> str:
    """What is known of the effect, in words that never turn "nobody said" into "it did not run"."""
    match receipt:
        case DecisionReceipt(outcome=Outcome.PERMIT, expires_s=int(expires_s)):
            if at_s is None:
                return f"no outcome reported; to be claimed before {expires_s}"
            state = "could still be claimed" if at_s < expires_s else "could no longer be claimed"
            return f"no outcome reported; at {at_s} the permit {state} (before {expires_s})"
        case ClaimReceipt():
            return "no outcome reported"
        case CompletionReceipt(executor=None):
            return f"`{receipt.status}` reported through the API, not signed by the executor"
        case CompletionReceipt():
            return f"`{receipt.status}` reported; the executor's own statement is not checked"
        case None:
            return "the receipt itself does not stand"
        case _:
            return "no effect to report on"
