"""Evidence is recognised by its content, and nothing beside it is believed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed, TooLarge
from licet.tlog.entry import receipt_leaf
from licet.verify.evidence import (
    EVIDENCE_BYTES_MAX,
    Evidence,
    evidence_text,
    join,
    open_evidence,
    verify_evidence,
)
from licet.verify.report import Check, Level, Status, Verdict
from sample_evidence import PERMIT, TRUST, placed

PROOF = placed(PERMIT)


def as_json(**members: object) -> bytes:
    return json.dumps({"receipt": PERMIT, **members}).encode()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (PERMIT.encode(), Evidence(jws=PERMIT, proof=None)),
        (f"{PERMIT}\n".encode(), Evidence(jws=PERMIT, proof=None)),
        (evidence_text(PERMIT, PROOF).encode(), Evidence(jws=PERMIT, proof=PROOF)),
        (PROOF.encode(), Evidence(jws=None, proof=PROOF)),
        (as_json(), Evidence(jws=PERMIT, proof=None)),
        (as_json(proof=PROOF), Evidence(jws=PERMIT, proof=PROOF)),
        (b"\n " + as_json(), Evidence(jws=PERMIT, proof=None)),
        (
            as_json(leaf=f"sha256:{receipt_leaf(PERMIT).hex()}"),
            Evidence(jws=PERMIT, proof=None, leaf=receipt_leaf(PERMIT)),
        ),
        (b"", Evidence(jws="", proof=None)),
    ],
)
def test_content_tells_what_it_is(content: bytes, found: Evidence):
    assert open_evidence(content) == found


@pytest.mark.parametrize(
    "content",
    [
        evidence_text(PERMIT, PROOF).encode(),
        as_json(proof=PROOF),
        as_json(proof=PROOF, leaf=f"sha256:{receipt_leaf(PERMIT).hex()}"),
    ],
)
def test_every_form_of_the_same_evidence_verifies(content: bytes):
    assert verify_evidence(content, trust=TRUST).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"{",
        b"{}",
        b"[]",
        as_json(outcome="PERMIT"),
        as_json(trust={}),
        as_json(leaf="x"),
        as_json(leaf=f"sha256:{'0' * 64}"),
        as_json(proof=""),
        b'{"receipt":"a","receipt":"b"}',
        PERMIT.encode() + b"\n\n",
        b"x" * (EVIDENCE_BYTES_MAX + 1),
        f"{PERMIT}\r\n".encode(),
        b"\xef\xbb\xbf" + PERMIT.encode(),
        f"{PERMIT}\n{PERMIT}".encode(),
    ],
)
def test_what_is_no_evidence_fails_in_one_line(content: bytes):
    report = verify_evidence(content, trust=TRUST)

    assert (report.verdict, report.exit_code) == (Verdict.FAILED, 10)
    assert all("\n" not in step.detail for step in report.steps)


def test_a_proof_without_its_receipt_lacks_something():
    report = verify_evidence(PROOF.encode(), trust=TRUST)

    assert (report.verdict, report.exit_code) == (Verdict.CANNOT, 11)
    assert report.step(Check.COMPACT).detail == "a proof without its receipt"
    assert report.step(Check.POLICY).status is Status.NOT_EVALUATED
    assert verify_evidence(PROOF.encode(), trust=TRUST, level=Level.AUDIT).verdict is Verdict.CANNOT


def test_a_receipt_and_its_proof_join_in_either_order():
    receipt, proof = open_evidence(PERMIT.encode()), open_evidence(PROOF.encode())

    assert join(receipt, proof) == join(proof, receipt) == Evidence(jws=PERMIT, proof=PROOF)
    with pytest.raises(Malformed, match="both files"):
        join(receipt, receipt)


def test_too_much_is_not_read():
    with pytest.raises(TooLarge):
        open_evidence(b"x" * (EVIDENCE_BYTES_MAX + 1))


@given(st.binary(max_size=300))
def test_no_bytes_at_all_are_a_traceback_or_success(content: bytes):
    assert verify_evidence(content, trust=TRUST).verdict is not Verdict.VERIFIED
