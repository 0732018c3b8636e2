"""Proof files: what is written is read back, and every other spelling is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol.limits import PROOF_BYTES_MAX
from licet.tlog.merkle import ProofError
from licet.tlog.note import encode_base64
from licet.tlog.proof import ConsistencyProof, TlogProof, parse_consistency, parse_proof
from sample_log import sample_log

NOTE = sample_log(5).note()
HASH = encode_base64(bytes(range(32)))
PROOF = f"c2sp.org/tlog-proof@v1\nindex 41\n{HASH}\n\n{NOTE}"
CONSISTENCY = f"old 41\n{HASH}\n\n{NOTE}"
HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=64).map(tuple)


@given(index=st.integers(0, 2**63 - 1), hashes=HASHES)
def test_a_proof_is_read_back(index: int, hashes: tuple[bytes, ...]):
    proof = TlogProof(index=index, hashes=hashes, note=NOTE)

    assert parse_proof(proof.text()) == proof


@given(old=st.integers(1, 2**63 - 1), hashes=HASHES)
def test_a_consistency_proof_is_read_back(old: int, hashes: tuple[bytes, ...]):
    proof = ConsistencyProof(old=old, hashes=hashes, note=NOTE)

    assert parse_consistency(proof.text()) == proof


def test_the_file_is_the_one_that_c2sp_describes():
    assert TlogProof(index=41, hashes=(bytes(range(32)),), note=NOTE).text() == PROOF
    assert ConsistencyProof(old=41, hashes=(bytes(range(32)),), note=NOTE).text() == CONSISTENCY


def test_a_tree_of_one_leaf_has_a_proof_without_hashes():
    proof = TlogProof(index=0, hashes=(), note=NOTE)

    assert proof.text() == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}"
    assert parse_proof(proof.text()) == proof


def test_an_extra_line_is_ignored():
    assert parse_proof(PROOF.replace("index", "extra QQ==\nindex")) == parse_proof(PROOF)


def test_a_reader_that_starts_from_nothing_gets_no_hash():
    assert parse_consistency(f"old 0\n\n{NOTE}").hashes == ()
    with pytest.raises(ProofError, match="size 0 has `1` hashes"):
        parse_consistency(CONSISTENCY.replace("41", "0"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        NOTE,
        PROOF.replace("@v1", "@v2"),
        f"\n{PROOF}",
        f" {PROOF}",
        PROOF.replace("index 41\n", ""),
        PROOF.replace("index 41", "index  41"),
        PROOF.replace("index 41", "index 041"),
        PROOF.replace("index 41", "index -1"),
        PROOF.replace("index 41", "Index 41"),
        PROOF.replace("index 41", "index 41 "),
        PROOF.replace("index 41", f"index {2**63}"),
        PROOF.replace("index 41", "extra QQ=="),
        PROOF.replace("index 41", "extra Q\nindex 41"),
        PROOF.replace("index 41", "extra QQ==\nextra QQ==\nindex 41"),
        PROOF.replace("index 41", "index 41\nextra QQ=="),
        PROOF.replace(HASH, HASH[:-1]),
        PROOF.replace(HASH, encode_base64(bytes(31))),
        PROOF.replace(HASH, f"{HASH[:-2]}9="),
        PROOF.replace(HASH, f" {HASH}"),
        PROOF.replace(HASH, "\n".join([HASH] * 129)),
        PROOF.replace("\n", "\r\n"),
        PROOF.replace("\n\n", "\n"),
        PROOF.split("\n\n", 1)[0] + "\n\n",
        PROOF + "x" * PROOF_BYTES_MAX,
    ],
)
def test_another_form_is_refused(text: str):
    with pytest.raises(ProofError):
        parse_proof(text)


@pytest.mark.parametrize(
    "text", ["", NOTE, CONSISTENCY.replace("old", "index"), CONSISTENCY.replace("41", "")]
)
def test_another_form_of_consistency_file_is_refused(text: str):
    with pytest.raises(ProofError):
        parse_consistency(text)


def test_what_no_reader_would_take_is_not_written():
    with pytest.raises(ProofError):
        TlogProof(index=-1, hashes=(), note=NOTE).text()
    with pytest.raises(ProofError):
        TlogProof(index=0, hashes=(bytes(31),), note=NOTE).text()
