"""Reading a receipt of our own: refusals that name the place; unknown words are unknown, not wrong.

What each kind must look like is held by ``vectors/verify`` (V03, V04).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed, UnknownValue
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import Reason
from licet.receipt.jws import BUNDLE_TYP, split
from licet.receipt.read import _READERS, KINDS, read_bundle_statement, read_receipt, receipt_of
from licet.receipt.statement import activation_statement
from sample_evidence import (
    ACTIVATION,
    NOW_S,
    PERMIT,
    RECEIPT_KEY,
    activated,
    decided,
    sealed,
    sealed_bytes,
)
from verify_cases import changed

STATEMENT = activation_statement(ACTIVATION, issued_s=NOW_S, nonce="1" * 32)


def test_a_receipt_is_read_without_being_verified():
    forged = PERMIT.rpartition(".")[0] + ".AAAA"

    assert read_receipt(forged) == read_receipt(PERMIT)


def test_reading_still_refuses_another_header_and_another_form():
    with pytest.raises(Malformed, match="typ"):
        read_receipt(sealed(decided(), RECEIPT_KEY, BUNDLE_TYP))
    with pytest.raises(Malformed, match="byte 4 differs"):
        read_receipt(sealed_bytes(canonical_bytes(decided()).replace(b'{"app', b'{"ap\\u0070')))


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (changed(decided(), request__effect_digest="x"), "/request/effect_digest"),
        (changed(decided(), policy__determining=["b", "a"]), "/policy/determining"),
        (changed(decided(), links__child="x"), "/links/child"),
        (changed(activated(), by__statement="x"), "/by/statement"),
        (changed(activated(), by__statement=7), "/by/statement"),
        (changed(activated(), reports=["x"]), "/reports/0"),
    ],
)
def test_a_refusal_names_the_place(document: dict, pointer: str):
    with pytest.raises(Malformed) as refusal:
        receipt_of(document)

    assert refusal.value.pointer == pointer
    assert refusal.value.mend


@pytest.mark.parametrize("kind", sorted(KINDS - set(_READERS)))
def test_a_kind_without_a_reader_is_unknown_not_wrong(kind: str):
    with pytest.raises(UnknownValue, match="unknown value") as refusal:
        receipt_of(changed(decided(), kind=kind))

    assert "later version" in refusal.value.mend
    assert refusal.value.pointer == "/kind"


def test_a_kind_outside_the_closed_list_is_told_apart():
    with pytest.raises(UnknownValue) as refusal:
        receipt_of(changed(decided(), kind="telepathy"))

    assert "no kind" in refusal.value.mend


@given(
    st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20).filter(
        lambda word: word not in set(Reason)
    )
)
def test_no_unknown_reason_is_ever_read(reason: str):
    with pytest.raises(UnknownValue):
        receipt_of(changed(decided(), reason=reason))


def test_a_bundle_statement_reads_back():
    statement = read_bundle_statement(canonical_bytes(STATEMENT))

    assert (statement.op, statement.bundle_digest) == ("activate", ACTIVATION.digest)
    assert (statement.parent_digest, statement.reason) == (ACTIVATION.parent, ACTIVATION.reason)
    assert (statement.issued_s, statement.nonce) == (NOW_S, "1" * 32)
    assert split(activated()["by"]["statement"]).payload == canonical_bytes(STATEMENT)


@pytest.mark.parametrize(
    "document",
    [
        {**STATEMENT, "more": 1},
        {**STATEMENT, "bundle_digest": None},
        {**STATEMENT, "reports": ["x"]},
        {**STATEMENT, "nonce": ""},
        {name: value for name, value in STATEMENT.items() if name != "parent_digest"},
        [],
    ],
)
def test_a_bundle_statement_of_another_shape_is_refused(document: object):
    with pytest.raises(Malformed):
        read_bundle_statement(canonical_bytes(document))


@pytest.mark.parametrize("document", [{**STATEMENT, "v": 2}, {**STATEMENT, "op": "propose"}])
def test_a_bundle_statement_of_a_later_version_is_unknown(document: dict):
    with pytest.raises(UnknownValue):
        read_bundle_statement(canonical_bytes(document))


def test_a_bundle_statement_is_canonical():
    with pytest.raises(Malformed, match="canonical"):
        read_bundle_statement(canonical_bytes(STATEMENT) + b" ")
