"""Each kind of note signature covers what C2SP says, and nothing else passes for it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from licet.tlog import cosign
from licet.tlog.cosign import (
    AlgorithmUnavailable,
    SignatureError,
    cosignature_message,
    signature_line,
    subtree_message,
    verify_line,
    verify_mldsa44,
)
from licet.tlog.note import Algorithm, NoteError, NoteKey, SignatureLine, note_key
from sample_log import LOG, ORIGIN, WITNESS, sample_log

BODY = sample_log(3).note().partition("\n\n")[0] + "\n"
TIME_S = 1_795_372_800
MLDSA_CASES, MLDSA_WITH_CONTEXT = 180, 8


@pytest.fixture(scope="module")
def pq() -> tuple[NoteKey, MLDSA44PrivateKey]:
    private = MLDSA44PrivateKey.generate()
    return note_key(ORIGIN, Algorithm.MLDSA44, private.public_key().public_bytes_raw()), private


def pq_line(
    key: NoteKey, private: MLDSA44PrivateKey, body: str = BODY, time_s: int = TIME_S
) -> SignatureLine:
    return signature_line(key, private.sign(subtree_message(key.name, body, time_s)), time_s)


def test_the_log_signs_the_text_itself():
    line = signature_line(LOG.key, LOG.private.sign(BODY.encode()))

    assert verify_line(LOG.key, BODY, line) is None
    with pytest.raises(SignatureError, match="bad signature"):
        verify_line(LOG.key, BODY.replace("3", "4", 1), line)


def test_a_witness_signs_its_time_with_the_text():
    message = cosignature_message(BODY, TIME_S)
    line = signature_line(WITNESS.key, WITNESS.private.sign(message), TIME_S)
    later = signature_line(WITNESS.key, line.signature[8:], TIME_S + 1)

    assert message == f"cosignature/v1\ntime {TIME_S}\n{BODY}".encode()
    assert verify_line(WITNESS.key, BODY, line) == TIME_S
    with pytest.raises(SignatureError, match="bad signature"):
        verify_line(WITNESS.key, BODY, later)


def test_one_key_signs_differently_as_log_and_as_witness():
    private = Ed25519PrivateKey.from_private_bytes(bytes([3]) * 32)
    public = private.public_key().public_bytes_raw()
    log, witness = (note_key("n", kind, public) for kind in (Algorithm.ED25519, Algorithm.COSIGNATURE))
    as_log = signature_line(log, private.sign(BODY.encode()))

    assert log.key_id != witness.key_id
    with pytest.raises(SignatureError):
        verify_line(witness, BODY, signature_line(witness, as_log.signature, TIME_S))


def test_a_post_quantum_line_names_signer_origin_size_and_root(pq: tuple[NoteKey, MLDSA44PrivateKey]):
    key, private = pq
    root = sample_log(3).edge.root
    name = ORIGIN.encode()

    expected = b"subtree/v1\n\x00" + struct.pack(f">B{len(name)}sQ", len(name), name, TIME_S)
    expected += struct.pack(f">B{len(name)}sQQ", len(name), name, 0, 3) + root

    assert subtree_message(ORIGIN, BODY, TIME_S) == expected
    assert verify_line(key, BODY, pq_line(key, private)) == TIME_S


def test_a_post_quantum_line_of_another_text_name_or_time_is_refused(pq: tuple[NoteKey, MLDSA44PrivateKey]):
    key, private = pq
    line = pq_line(key, private)
    renamed = note_key("another.example", Algorithm.MLDSA44, key.public)

    for refused_key, body, refused in (
        (key, sample_log(4).note().partition("\n\n")[0] + "\n", line),
        (renamed, BODY, signature_line(renamed, line.signature[8:], TIME_S)),
        (key, BODY, signature_line(key, line.signature[8:], TIME_S + 1)),
        (key, BODY, pq_line(key, private, time_s=0)),
        (key, "not a checkpoint\n", line),
    ):
        with pytest.raises(SignatureError):
            verify_line(refused_key, body, refused)


@pytest.mark.parametrize("algorithm", [Algorithm.COSIGNATURE, Algorithm.MLDSA44])
def test_a_line_of_another_length_is_refused(algorithm: Algorithm, pq: tuple[NoteKey, MLDSA44PrivateKey]):
    key = WITNESS.key if algorithm is Algorithm.COSIGNATURE else pq[0]

    for signature in (b"", bytes(64), bytes(2_420), bytes(2_429)):
        with pytest.raises(SignatureError, match="bytes, expected"):
            verify_line(key, BODY, signature_line(key, signature))


def test_a_time_that_no_signed_reader_holds_is_refused():
    with pytest.raises(SignatureError, match="at most 2"):
        verify_line(WITNESS.key, BODY, signature_line(WITNESS.key, bytes(64), 2**63))


def test_a_line_of_another_key_is_refused():
    line = signature_line(LOG.key, LOG.private.sign(BODY.encode()))

    with pytest.raises(SignatureError, match="is not by the key"):
        verify_line(WITNESS.key, BODY, line)


def test_a_signer_whose_name_no_message_can_carry_is_refused():
    with pytest.raises(NoteError, match="`0` bytes"):
        subtree_message("", BODY, TIME_S)
    with pytest.raises(NoteError, match="`256` bytes"):
        subtree_message("\u00e9" * 128, BODY, TIME_S)


def test_a_library_without_the_algorithm_is_neither_good_nor_bad(
    monkeypatch: pytest.MonkeyPatch, pq: tuple[NoteKey, MLDSA44PrivateKey]
):
    class Absent:
        @staticmethod
        def from_public_bytes(raw: bytes) -> object:
            raise UnsupportedAlgorithm(f"no ML-DSA for {len(raw)} bytes")

    monkeypatch.setattr(cosign, "MLDSA44PublicKey", Absent)

    with pytest.raises(AlgorithmUnavailable, match="algorithm not available"):
        verify_line(pq[0], BODY, pq_line(*pq))


def test_wycheproof_ml_dsa_44_cases_without_a_context_answer_as_published(
    third_party_vectors: Callable[[str], Path],
):
    path = third_party_vectors("wycheproof/mldsa_44_verify_test.json")
    suite = json.loads(path.read_text(encoding="utf-8"))
    cases = [(group["publicKey"], test) for group in suite["testGroups"] for test in group["tests"]]
    plain = [(key, test) for key, test in cases if not test.get("ctx")]

    wrong = {
        test["tcId"]
        for key, test in plain
        if verify_mldsa44(bytes.fromhex(key), bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))
        != (test["result"] == "valid")
    }

    assert len(cases) == MLDSA_CASES
    assert len(cases) - len(plain) <= MLDSA_WITH_CONTEXT
    assert wrong == set()
