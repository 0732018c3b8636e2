"""V07 to V11: the receipt's place in the log, from its leaf up to a checkpoint that witnesses saw.

1. V07 leaf: SHA-256 over 00, the tag and SHA-256 of the JWS; equal to a leaf that was given
2. V08 proof: a strict tlog-proof, its index inside its checkpoint's size, exactly the hashes it needs
3. V09 checkpoint: of the log that the receipt names, signed by a log key valid at that size
4. V10 quorum: cosigned as the trust file demands
5. V11 inclusion: the leaf leads to the checkpoint's root

A step runs where its inputs stand: a checkpoint that lacks cosignatures does not keep V11 from being true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import LogError
from ..protocol.limits import INT_MAX
from ..protocol.types import LeafIndex, Origin
from ..tlog.checkpoint import Checkpoint, parse_checkpoint
from ..tlog.entry import receipt_leaf
from ..tlog.merkle import verify_inclusion
from ..tlog.note import Note, parse_note
from ..tlog.proof import TlogProof, parse_proof
from ..tlog.quorum import Standing, check_log_signature, check_quorum
from .report import Check, Status, Steps
from .trust import TrustSet

_STATUS: Final[Mapping[Standing, Status]] = {
    Standing.OK: Status.OK,
    Standing.FAILED: Status.FAILED,
    Standing.CANNOT: Status.CANNOT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """A proof file taken apart."""

    proof: TlogProof
    note: Note
    checkpoint: Checkpoint


def place_receipt(
    jws: str,
    *,
    origin: Origin | None,
    proof: str | None,
    leaf: bytes | None,
    trust: TrustSet,
    steps: Steps,
) -> LeafIndex | None:
    """Take V07 to V11; the index, only when checkpoint and inclusion are both OK.

    ``origin`` is the receipt's issuer, None when this version could not read the receipt.
    """
    found = receipt_leaf(jws)
    _leaf(found, leaf, steps)  # 1
    parts = _proof(proof, steps)  # 2
    if parts is None:
        for check in (Check.CHECKPOINT, Check.QUORUM, Check.INCLUSION):
            steps.note(check, Status.SKIPPED, "needs a proof that can be read")
        return None
    _checkpoint(parts, origin, trust, steps)  # 3
    finding = check_quorum(parts.note, trust.policy)
    steps.note(Check.QUORUM, _STATUS[finding.standing], finding.detail)  # 4
    _inclusion(parts, found, steps)  # 5
    if steps.status(Check.CHECKPOINT) is Status.OK and steps.status(Check.INCLUSION) is Status.OK:
        return LeafIndex(parts.proof.index)
    return None


def _leaf(found: bytes, given: bytes | None, steps: Steps) -> None:
    if given is not None and given != found:
        detail = f"the leaf given is {given.hex()}, this receipt's is {found.hex()}"
        steps.note(Check.LEAF, Status.FAILED, detail)
        return
    steps.note(Check.LEAF, Status.OK, f"leaf {found.hex()}")


def _proof(text: str | None, steps: Steps) -> _Parts | None:
    if text is None:
        steps.note(Check.PROOF, Status.CANNOT, "no proof given")
        return None
    try:
        proof = parse_proof(text)
        note = parse_note(proof.note)
        checkpoint = parse_checkpoint(note.text)
    except LogError as error:
        steps.note(Check.PROOF, Status.FAILED, error.message)
        return None
    index, size, count = proof.index, checkpoint.size, len(proof.hashes)
    if index >= size:
        steps.note(Check.PROOF, Status.FAILED, f"index {index} lies outside a log of size {size}")
        return None
    if index > INT_MAX:
        # No key range and no report can hold such an index: JSON readers round it to another one.
        steps.note(Check.PROOF, Status.FAILED, f"index {index} is beyond 2^53-1")
        return None
    needed = _hash_count(index, size)
    if count != needed:
        detail = f"{count} hashes where index {index} of {size} takes exactly {needed}"
        steps.note(Check.PROOF, Status.FAILED, detail)
        return None
    steps.note(Check.PROOF, Status.OK, f"index {index} of {size}, {count} hashes")
    return _Parts(proof=proof, note=note, checkpoint=checkpoint)


def _checkpoint(parts: _Parts, origin: Origin | None, trust: TrustSet, steps: Steps) -> None:
    checkpoint = parts.checkpoint
    if origin is None:
        steps.note(Check.CHECKPOINT, Status.CANNOT, "the receipt's own log is not known (V03)")
        return
    if checkpoint.origin != origin:
        # Attack: a genuine proof from a log that the attacker runs.
        detail = f"the checkpoint is of `{checkpoint.origin}`, the receipt of `{origin}`"
        steps.note(Check.CHECKPOINT, Status.FAILED, detail)
        return
    finding = check_log_signature(parts.note, origin, [log.key for log in trust.logs])
    if finding.standing is not Standing.OK:
        steps.note(Check.CHECKPOINT, _STATUS[finding.standing], finding.detail)
        return
    signed = [log for log in trust.logs if log.key in finding.keys]
    if not any(log.covers(checkpoint.size) for log in signed):
        # Attack: a retired log key, stolen later, signs a longer history of its own.
        detail = f"size {checkpoint.size} is outside the range of the log key that signed it"
        steps.note(Check.CHECKPOINT, Status.FAILED, detail)
        return
    steps.note(Check.CHECKPOINT, Status.OK, f"size {checkpoint.size}, {finding.detail}")


def _inclusion(parts: _Parts, leaf: bytes, steps: Steps) -> None:
    proof, checkpoint = parts.proof, parts.checkpoint
    try:
        verify_inclusion(proof.index, checkpoint.size, leaf, proof.hashes, checkpoint.root)
    except LogError as error:
        steps.note(Check.INCLUSION, Status.FAILED, error.message)
        return
    detail = f"leaf {proof.index} leads to the root of size {checkpoint.size}"
    steps.note(Check.INCLUSION, Status.OK, detail)


def _hash_count(index: int, size: int) -> int:
    """How many hashes lead from leaf ``index`` to the root of ``size`` leaves (RFC 9162, 2.1.3.1)."""
    inner = (index ^ (size - 1)).bit_length()
    return inner + (index >> inner).bit_count()
