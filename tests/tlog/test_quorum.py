"""A note held against a policy: OK, FAILED and CANNOT are three answers."""

from __future__ import annotations

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from licet.tlog import cosign
from licet.tlog.checkpoint import Checkpoint
from licet.tlog.cosign import signature_line, subtree_message
from licet.tlog.note import Algorithm, Note, SignatureLine, add_lines, note_key, parse_note
from licet.tlog.policy import QuorumPolicy, parse_policy
from licet.tlog.quorum import Standing, check_log_signature, check_quorum
from sample_log import COSIGNED_AT_S, LOG, ORIGIN, Signer, sample_log, signer

EDGE = sample_log(9).edge
BODY = Checkpoint(origin=ORIGIN, size=EDGE.size, root=EDGE.root).body()
SIGNED = LOG.sign_note(BODY)
A, B, C = (signer(f"{name}.example", Algorithm.COSIGNATURE, 20 + i) for i, name in enumerate("abc"))
KEYS = f"log {LOG.key.vkey()}\n" + "".join(
    f"witness {name} {one.key.vkey()}\n" for name, one in (("a", A), ("b", B), ("c", C))
)
TWO_OF_THREE = parse_policy(f"{KEYS}group g 2 a b c\nquorum g\n".encode())


def note(*cosigners: Signer, time_s: int = COSIGNED_AT_S) -> Note:
    text = SIGNED
    for one in cosigners:
        text = one.cosign(text, BODY, time_s)
    return parse_note(text)


def spoiled(whole: Note, place: int) -> Note:
    """The note with one bit of one line's signature flipped."""
    line = whole.lines[place]
    bad = SignatureLine(
        name=line.name,
        key_id=line.key_id,
        signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]),
    )
    return Note(text=whole.text, lines=(*whole.lines[:place], bad, *whole.lines[place + 1 :]))


def test_a_standing_is_not_a_condition():
    with pytest.raises(TypeError, match="not a truth value"):
        assert Standing.FAILED


def test_a_checkpoint_that_its_log_signed_is_ok():
    found = check_log_signature(note(), ORIGIN, [LOG.key])

    assert found.standing is Standing.OK
    assert found.keys == (LOG.key,)


def test_three_ways_of_not_being_signed_are_three_details():
    other = signer(ORIGIN, Algorithm.ED25519, 30)
    nobody = check_log_signature(note(), "other.example/log", [LOG.key])
    no_line = check_log_signature(note(), ORIGIN, [other.key])
    bad_line = check_log_signature(spoiled(note(), 0), ORIGIN, [LOG.key])

    assert (nobody.standing, no_line.standing, bad_line.standing) == (
        Standing.CANNOT,
        Standing.CANNOT,
        Standing.FAILED,
    )
    assert "no trusted log key is named `other.example/log`" in nobody.detail
    assert "no matching key" in no_line.detail
    assert "bad signature" in bad_line.detail


def test_a_bad_line_of_one_log_key_fails_although_another_verifies():
    newer = signer(ORIGIN, Algorithm.ED25519, 31)
    both = parse_note(
        add_lines(SIGNED, [signature_line(newer.key, newer.private.sign(BODY.encode()))]),
    )

    assert check_log_signature(both, ORIGIN, [LOG.key, newer.key]).keys == (LOG.key, newer.key)
    assert check_log_signature(spoiled(both, 1), ORIGIN, [LOG.key, newer.key]).standing is Standing.FAILED
    assert check_log_signature(spoiled(both, 1), ORIGIN, [LOG.key]).standing is Standing.OK


def test_the_quorum_is_met_with_the_times_of_who_cosigned():
    found = check_quorum(note(A, C), TWO_OF_THREE)

    assert found.standing is Standing.OK
    assert [(one.witness, one.time_s) for one in found.cosignatures] == [
        ("a", COSIGNED_AT_S),
        ("c", COSIGNED_AT_S),
    ]


def test_too_few_cosignatures_are_missing_not_wrong():
    found = check_quorum(note(B), TWO_OF_THREE)

    assert found.standing is Standing.CANNOT
    assert found.detail == "quorum `g` not met: cosigned by `b`"
    assert "cosigned by nobody" in check_quorum(note(), TWO_OF_THREE).detail


def test_one_witness_twice_is_one_witness():
    for first, second in ((0, 60), (60, 0)):
        once = A.cosign(SIGNED, BODY, COSIGNED_AT_S + first)
        found = check_quorum(parse_note(A.cosign(once, BODY, COSIGNED_AT_S + second)), TWO_OF_THREE)

        assert found.standing is Standing.CANNOT
        assert [one.time_s for one in found.cosignatures] == [COSIGNED_AT_S + 60]


def test_a_bad_line_of_a_known_witness_fails_a_quorum_that_others_meet():
    met_without = spoiled(note(A, B, C), 3)

    for policy in (TWO_OF_THREE, parse_policy(f"{KEYS}quorum none\n".encode())):
        found = check_quorum(met_without, policy)
        assert found.standing is Standing.FAILED
        assert found.detail.startswith("witness `c`: bad signature")


def test_a_second_bad_line_of_a_witness_is_not_hidden_by_its_first_good_one():
    assert check_quorum(spoiled(note(A, B, A), 3), TWO_OF_THREE).standing is Standing.FAILED


def test_lines_of_unknown_keys_are_ignored_good_or_bad():
    stranger = signer("stranger.example", Algorithm.COSIGNATURE, 40)
    impostor = signer(A.key.name, Algorithm.COSIGNATURE, 41)

    assert check_quorum(spoiled(note(A, B, stranger), 3), TWO_OF_THREE).standing is Standing.OK
    assert check_quorum(note(A, impostor), TWO_OF_THREE).standing is Standing.CANNOT


@pytest.fixture(scope="module")
def pq_private() -> MLDSA44PrivateKey:
    return MLDSA44PrivateKey.generate()


def pq_case(private: MLDSA44PrivateKey, quorum: str) -> tuple[Note, QuorumPolicy]:
    """A checkpoint with the log's own post-quantum line, and a policy that lists it as a witness."""
    key = note_key(ORIGIN, Algorithm.MLDSA44, private.public_key().public_bytes_raw())
    signature = private.sign(subtree_message(ORIGIN, BODY, COSIGNED_AT_S))
    signed = parse_note(add_lines(A.cosign(SIGNED, BODY), [signature_line(key, signature, COSIGNED_AT_S)]))
    text = f"{KEYS}witness pq {key.vkey()}\ngroup both all a pq\ngroup one any both b\nquorum {quorum}\n"
    return signed, parse_policy(text.encode())


def test_a_post_quantum_line_counts_and_a_bad_one_fails(pq_private: MLDSA44PrivateKey):
    signed, policy = pq_case(pq_private, "both")

    assert check_quorum(signed, policy).standing is Standing.OK
    assert check_quorum(spoiled(signed, 2), policy).standing is Standing.FAILED


def test_an_algorithm_that_is_not_there_is_cannot_unless_the_quorum_stands_without_it(
    monkeypatch: pytest.MonkeyPatch, pq_private: MLDSA44PrivateKey
):
    class Absent:
        @staticmethod
        def from_public_bytes(raw: bytes) -> object:
            raise UnsupportedAlgorithm(f"no ML-DSA for {len(raw)} bytes")

    needed, not_needed, not_enough = (pq_case(pq_private, quorum) for quorum in ("both", "a", "c"))
    monkeypatch.setattr(cosign, "MLDSA44PublicKey", Absent)

    found = check_quorum(*needed)
    assert found.standing is Standing.CANNOT
    assert found.detail == "algorithm not available: the ML-DSA-44 line of `pq` cannot be checked here"
    assert check_quorum(*not_needed).standing is Standing.OK
    assert "quorum `c` not met" in check_quorum(*not_enough).detail
