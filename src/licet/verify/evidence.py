"""What a file holds, told by its content: a receipt, a receipt with its proof, or a proof alone.

==================  =======================================================================
a receipt           one line, a compact JWS
with its proof      the JWS, a newline, and the C2SP tlog-proof as it is
as JSON             ``{"receipt": JWS, "proof"?: tlog-proof, "leaf"?: "sha256:..."}``, nothing else
a proof alone       a C2SP tlog-proof; ``join`` puts it beside the receipt of another file
==================  =======================================================================

Keys and trust files that lie beside a receipt are not evidence and have no place here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..errors import Malformed, TooLarge
from ..protocol import limits
from ..protocol.digest import is_digest
from ..protocol.shape import Members, refuse
from ..protocol.strict import read_strict
from ..tlog.proof import HEADER
from .receipt import verify_receipt
from .report import Check, Level, Report, Status, Steps
from .trust import TrustSet

EVIDENCE_BYTES_MAX: Final = 2 * (limits.JWS_BYTES_MAX + limits.PROOF_BYTES_MAX)
"""Twice what both may have: JSON writes a proof's newlines and dashes with escapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found. ``leaf`` is a leaf hash that somebody wrote down beside the receipt."""

    jws: str | None
    proof: str | None
    leaf: bytes | None = None


def open_evidence(content: bytes) -> Evidence:
    """Recognise ``content``; whether any of it is genuine is for ``verify_evidence``.

    Raises:
        TooLarge: more than a receipt and a proof can have.
        Malformed: not text, or JSON of another shape.
    """
    if len(content) > EVIDENCE_BYTES_MAX:
        message = f"the evidence has more than {EVIDENCE_BYTES_MAX} bytes"
        raise TooLarge(message, mend="no receipt with its proof is as large")
    if content.lstrip().startswith(b"{"):
        return _from_json(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        refuse("", f"byte {error.start} is not UTF-8", "give a receipt, a proof, or both in one file")
    if text.startswith(HEADER):
        return Evidence(jws=None, proof=text)
    receipt, newline, rest = text.partition("\n")
    return Evidence(jws=receipt, proof=rest if newline and rest else None)


def evidence_text(receipt: str, proof: str) -> str:
    """One file for both: what ``open_evidence`` takes apart again."""
    return f"{receipt}\n{proof}"


def join(first: Evidence, second: Evidence) -> Evidence:
    """A receipt from one file and its proof from another, in either order.

    Raises:
        Malformed: both hold the same part.
    """
    for name in ("jws", "proof", "leaf"):
        if getattr(first, name) is not None and getattr(second, name) is not None:
            refuse("", f"both files hold a {name}", "verify one receipt at a time")
    return Evidence(
        jws=first.jws if first.jws is not None else second.jws,
        proof=first.proof if first.proof is not None else second.proof,
        leaf=first.leaf if first.leaf is not None else second.leaf,
    )


def verify_evidence(
    content: bytes, *, trust: TrustSet, at_s: int | None = None, level: Level = Level.RECEIPT
) -> Report:
    """Recognise one file and verify what it holds. Never raises for bad evidence."""
    try:
        evidence = open_evidence(content)
    except (Malformed, TooLarge) as error:
        return _unopened(Status.FAILED, error.message, trust, level)
    if evidence.jws is None:
        return _unopened(Status.CANNOT, "a proof without its receipt", trust, level)
    return verify_receipt(
        evidence.jws, trust=trust, proof=evidence.proof, leaf=evidence.leaf, at_s=at_s, level=level
    )


def _from_json(content: bytes) -> Evidence:
    members = Members(read_strict(content, bytes_max=EVIDENCE_BYTES_MAX))
    receipt = members.text("receipt", chars_max=limits.JWS_BYTES_MAX)
    proof = members.text_or_none("proof", chars_max=limits.PROOF_BYTES_MAX)
    leaf = members.text_or_none("leaf", chars_max=limits.JWS_BYTES_MAX)
    if leaf is not None and not is_digest(leaf):
        refuse("/leaf", "the leaf is not a digest", "write sha256: and 64 lower-case hex digits")
    # Attack: an answer whose outer `outcome` says PERMIT around the receipt of a DENY. Only the receipt
    # is signed, so nothing may stand around it that a reader could take for part of it.
    members.end()
    return Evidence(
        jws=receipt,
        proof=proof,
        leaf=None if leaf is None else bytes.fromhex(leaf.removeprefix("sha256:")),
    )


def _unopened(status: Status, detail: str, trust: TrustSet, level: Level) -> Report:
    steps = Steps()
    steps.note(Check.COMPACT, status, detail)
    for check in Check:
        if check not in level.checks:
            steps.note(check, Status.NOT_EVALUATED, "needs a receipt")
    return Report(
        level=level,
        steps=steps.finish(),
        receipt=None,
        origin=None,
        index=None,
        revocations_known_to=trust.as_of.size,
        trust_digest=trust.digest,
    )
