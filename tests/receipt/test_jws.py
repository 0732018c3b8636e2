"""Compact JWS: one header, one spelling, one slot."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed
from licet.protocol.limits import JWS_BYTES_MAX
from licet.receipt.jws import (
    KEY_TYP,
    RECEIPT_TYP,
    decode_segment,
    encode_segment,
    header_segment,
    read_kid,
    seal,
    split,
)
from licet.receipt.statement import compact_size
from sample_evidence import PERMIT, RECEIPT_KEY

KID = RECEIPT_KEY.kid


def test_the_header_is_exactly_these_bytes():
    header = split(PERMIT).header

    assert header == f'{{"alg":"Ed25519","kid":"{KID}","typ":"licet-receipt+jws"}}'.encode()
    assert read_kid(header, RECEIPT_TYP) == KID


@given(st.binary(max_size=3_000))
def test_what_is_sealed_splits_again(payload: bytes):
    jws = seal(RECEIPT_KEY, RECEIPT_TYP, payload)
    parts = split(jws)

    assert parts.payload == payload
    assert parts.signature == RECEIPT_KEY.sign(parts.signed)
    assert jws.encode().startswith(parts.signed + b".")


@given(st.integers(0, 24_000))
def test_the_size_is_known_before_signing(payload_bytes: int):
    assert compact_size(payload_bytes) == len(seal(RECEIPT_KEY, RECEIPT_TYP, bytes(payload_bytes)))


@given(st.binary(max_size=200))
def test_a_segment_has_one_spelling(data: bytes):
    assert decode_segment(encode_segment(data), "payload") == data
    for padded in (encode_segment(data) + "=", encode_segment(data) + "\n", " " + encode_segment(data)):
        with pytest.raises(Malformed):
            decode_segment(padded, "payload")


@pytest.mark.parametrize("segment", ["QR", "QQJ", "Q", "QQQQQ", "Q+", "Q/", "Q.", "QQ==", "\u0410Q", "Q\x00"])
def test_any_other_spelling_is_refused(segment: str):
    with pytest.raises(Malformed):
        decode_segment(segment, "payload")


def test_the_stricter_decoder_of_python_would_have_taken_trailing_bits():
    """Why the comparison is there at all."""
    assert base64.b64decode("QR==", validate=True) == base64.b64decode("QQ==", validate=True)
    with pytest.raises(Malformed, match="not zero"):
        decode_segment("QR", "payload")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1 segments"),
        ("a.b", "2 segments"),
        ("a.b.c.d", "4 segments"),
        ("A" * (JWS_BYTES_MAX + 1), "characters"),
    ],
)
def test_anything_but_three_segments_is_refused(text: str, said: str):
    with pytest.raises(Malformed, match=said):
        split(text)


def test_the_size_limit_is_the_largest_that_is_read():
    jws = "AAAA." * 2 + "A" * 400

    assert split(jws, bytes_max=len(jws)).header == bytes(3)
    with pytest.raises(Malformed, match="characters"):
        split(jws, bytes_max=len(jws) - 1)


def test_a_kid_that_is_no_thumbprint_is_refused():
    for kid in (KID[:-1], KID + "A", KID[:-1] + "B", KID[:-1] + '"', ""):
        header = f'{{"alg":"Ed25519","kid":"{kid}","typ":"{RECEIPT_TYP}"}}'.encode()
        with pytest.raises(Malformed, match="header"):
            read_kid(header, RECEIPT_TYP)


def test_the_refusal_names_the_slot():
    header = split(header_segment(KID, KEY_TYP) + ".AA.AA").header

    with pytest.raises(Malformed, match=r"`licet-key\+jws` where `licet-receipt\+jws` belongs"):
        read_kid(header, RECEIPT_TYP)


def test_a_header_of_other_bytes_than_ascii_is_refused_in_words():
    with pytest.raises(Malformed, match="header is"):
        read_kid(b'{"alg":"Ed25519\xff"}', RECEIPT_TYP)
