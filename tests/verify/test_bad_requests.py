"""The bad documents of ``vectors/request`` under a trusted signature are still no receipts (I14)."""

from __future__ import annotations

import pytest

from licet.errors import LicetError
from licet.protocol.canonical import canonical_bytes
from licet.protocol.strict import read_strict
from licet.receipt.jws import RECEIPT_TYP, seal
from licet.verify.receipt import verify_receipt
from licet.verify.report import Status, Verdict
from licet.verify.trust import parse_trust
from sample_evidence import RECEIPT_KEY, trust_json
from support.vectors import bad_requests

TRUST = parse_trust(canonical_bytes(trust_json()))


@pytest.mark.parametrize("case", bad_requests(), ids=lambda case: case.name)
def test_i14_a_signature_makes_no_bad_document_good(case):
    report = verify_receipt(seal(RECEIPT_KEY, RECEIPT_TYP, case.document), trust=TRUST)

    failed = [step for step in report.steps if step.status is Status.FAILED]
    assert report.verdict is Verdict.FAILED
    assert failed[0].check.label in {"V01 compact", "V03 payload"}


def test_i14_what_the_reader_refuses_the_verifier_refuses_in_the_same_words():
    compared = 0
    for case in bad_requests():
        refused = refusal(case.document)
        report = verify_receipt(seal(RECEIPT_KEY, RECEIPT_TYP, case.document), trust=TRUST)
        step = next(step for step in report.steps if step.status is Status.FAILED)
        if refused is not None and step.check.label == "V03 payload":
            compared += 1
            assert refused.message in step.detail
            assert (refused.pointer or "") in step.detail
    assert compared >= 100


def refusal(document: bytes) -> LicetError | None:
    try:
        read_strict(document)
    except LicetError as refused:
        return refused
    return None
