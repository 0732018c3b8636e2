"""Every single bit of a receipt and of its proof matters (``trust.md`` I8; ``evidence.md`` 9).

Twenty receipts of every kind. A flipped character that leaves the text as it was does not exist: base64url
has one spelling here, and every byte of a proof file is either signed or strictly read.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from licet.errors import FixTheCall
from licet.protocol.types import CompletionStatus
from licet.verify.permit import check_permit
from licet.verify.receipt import verify_receipt
from licet.verify.report import Verdict
from sample_evidence import (
    AUDIENCE,
    DENIED,
    EFFECT,
    NO_POLICY,
    NOW_S,
    OBSERVED,
    PERMIT,
    PERMITTED,
    SILENT,
    TRUST,
    activated,
    claimed,
    completed,
    decided,
    executor_statement,
    founded,
    placed,
    sealed,
)

DECISIONS = (PERMITTED, DENIED, SILENT, OBSERVED, NO_POLICY)
DOCUMENTS = {
    **{f"decision-{n}-{d.reason.value}": decided(d, number=n) for n in (2, 3) for d in DECISIONS},
    **{f"completion-{status.value}": completed(status) for status in CompletionStatus},
    "completion-signed": completed(executor=executor_statement()),
    "completion-actual": completed(actual={"amount_minor": 4000, "€": "ß"}),
    "claim": claimed(),
    "activation": activated(),
    "genesis": founded(),
    "decision-4": decided(number=4),
}
RECEIPTS = {name: sealed(document) for name, document in DOCUMENTS.items()}


def flipped(text: str) -> Iterator[str]:
    """``text`` with one bit flipped, for every bit; a byte that is no character stays a wrong one."""
    raw = text.encode()
    for position in range(len(raw)):
        for bit in range(8):
            changed = raw[:position] + bytes([raw[position] ^ (1 << bit)]) + raw[position + 1 :]
            yield changed.decode("utf-8", "surrogateescape")


def test_there_are_twenty_receipts_and_all_of_them_verify():
    assert len(RECEIPTS) == 20
    for jws in RECEIPTS.values():
        assert verify_receipt(jws, trust=TRUST, proof=placed(jws)).verdict is Verdict.VERIFIED


@pytest.mark.parametrize("name", RECEIPTS)
def test_i08_no_flipped_bit_of_a_receipt_verifies(name: str):
    jws = RECEIPTS[name]
    proof = placed(jws)

    survivors = [
        changed
        for changed in flipped(jws)
        if verify_receipt(changed, trust=TRUST, proof=proof).verdict is Verdict.VERIFIED
    ]

    assert survivors == []


@pytest.mark.parametrize("name", RECEIPTS)
def test_i08_no_flipped_bit_of_a_proof_verifies(name: str):
    """The note carries only lines that the quorum needs: a line of a stranger may say anything."""
    jws = RECEIPTS[name]

    survivors = [
        changed
        for changed in flipped(placed(jws))
        if verify_receipt(jws, trust=TRUST, proof=changed).verdict is Verdict.VERIFIED
    ]

    assert survivors == []


def test_i08_no_flipped_bit_of_a_permit_opens_a_gate():
    opened: list[str] = []
    for changed in flipped(PERMIT):
        try:
            check_permit(changed, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S)
        except FixTheCall:
            continue
        opened.append(changed)

    assert opened == []


def test_i08_no_receipt_passes_with_the_proof_of_another():
    for jws in RECEIPTS.values():
        for other in RECEIPTS.values():
            verdict = verify_receipt(jws, trust=TRUST, proof=placed(other)).verdict
            assert (verdict is Verdict.VERIFIED) is (jws == other)
