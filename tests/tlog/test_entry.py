"""Entries and bundles: 49 bytes that hide the receipt, and no bundle with anything left over."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.tlog.entry import (
    ENTRY_BYTES,
    EntryError,
    entry,
    entry_of_digest,
    format_bundle,
    leaf_of_digest,
    parse_bundle,
    receipt_leaf,
)

JWS = "header.payload.signature"


def test_an_entry_is_a_tag_and_the_digest_of_the_receipt():
    assert entry(JWS) == b"licet/receipt/v1\n" + hashlib.sha256(JWS.encode()).digest()
    assert len(entry(JWS)) == ENTRY_BYTES == 49


def test_the_leaf_is_the_same_from_the_receipt_and_from_its_digest():
    digest = hashlib.sha256(JWS.encode()).digest()

    assert receipt_leaf(JWS) == leaf_of_digest(digest) == hashlib.sha256(b"\x00" + entry(JWS)).digest()


def test_a_receipt_that_is_not_ascii_has_no_entry():
    with pytest.raises(EntryError, match="character 3"):
        entry("abc\u00e9")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_digest_of_another_width_is_refused(length: int):
    with pytest.raises(EntryError, match=f"`{length}` bytes"):
        entry_of_digest(bytes(length))


@given(entries=st.lists(st.binary(max_size=60), min_size=1, max_size=256))
def test_a_bundle_is_read_back(entries: list[bytes]):
    bundle = format_bundle(entries)

    assert parse_bundle(bundle, len(entries)) == tuple(entries)


@given(entries=st.lists(st.binary(max_size=9), min_size=2, max_size=9), count=st.integers(1, 5))
def test_a_bundle_cut_short_or_made_longer_is_refused(entries: list[bytes], count: int):
    bundle = format_bundle(entries)

    for other in (bundle[:-count], bundle + bytes(count)):
        with pytest.raises(EntryError):
            parse_bundle(other, len(entries))
    for width in (len(entries) - 1, len(entries) + 1):
        with pytest.raises(EntryError):
            parse_bundle(bundle, width)


@pytest.mark.parametrize(("cut", "place"), [(1, 1), (32, 1), (49, 1), (50, 1), (52, 0)])
def test_a_bundle_cut_short_says_inside_which_entry(cut: int, place: int):
    bundle = format_bundle([entry(JWS), entry(JWS)])

    with pytest.raises(EntryError, match=f"ends inside entry {place}"):
        parse_bundle(bundle[:-cut], 2)


@pytest.mark.parametrize("width", [0, 257])
def test_no_bundle_has_another_width_than_1_to_256(width: int):
    with pytest.raises(EntryError, match=f"`{width}` entries"):
        format_bundle([b""] * width)
    with pytest.raises(EntryError, match=f"`{width}` entries"):
        parse_bundle(b"", width)


def test_an_entry_that_its_length_cannot_say_is_refused():
    with pytest.raises(EntryError, match="longer than 65535"):
        format_bundle([bytes(65_536)])
