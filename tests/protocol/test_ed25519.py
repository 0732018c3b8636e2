"""Ed25519 with the refusals that close its gaps: Wycheproof, and the points Wycheproof never tries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from licet.errors import KeyInvalid
from licet.protocol.ed25519 import SMALL_ORDER_Y, check_public, verify

FIELD = 2**255 - 19
SIGN_OF_X = 1 << 255


def private_key(seed: int = 7) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def encoded(y: int) -> bytes:
    return y.to_bytes(32, "little")


WEAK = sorted(
    {encoded(y | sign) for y in SMALL_ORDER_Y for sign in (0, SIGN_OF_X)}
    | {encoded((FIELD + low) | sign) for low in range(19) for sign in (0, SIGN_OF_X)}
)
"""Every spelling of the small-order points, and every y that is not reduced."""


def test_a_signature_of_the_key_verifies_and_one_of_another_key_does_not():
    key, other = private_key(), private_key(8)

    assert verify(public_bytes(key), b"a receipt", key.sign(b"a receipt"))
    assert not verify(public_bytes(key), b"a receipt", other.sign(b"a receipt"))
    assert not verify(public_bytes(key), b"another receipt", key.sign(b"a receipt"))


def test_every_flipped_bit_of_a_signature_is_refused():
    key = private_key()
    signature = key.sign(b"a receipt")

    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verify(public_bytes(key), b"a receipt", bytes(flipped))


def test_all_151_wycheproof_cases_answer_as_published(third_party_vectors: Callable[[str], Path]):
    path = third_party_vectors("wycheproof/ed25519_test.json")
    suite = json.loads(path.read_text(encoding="utf-8"))
    answers = {
        test["tcId"]: (
            verify(
                bytes.fromhex(group["publicKey"]["pk"]),
                bytes.fromhex(test["msg"]),
                bytes.fromhex(test["sig"]),
            ),
            test["result"] == "valid",
        )
        for group in suite["testGroups"]
        for test in group["tests"]
    }

    assert len(answers) == 151
    assert sum(expected for _, expected in answers.values()) == 88
    assert {case for case, (ours, expected) in answers.items() if ours != expected} == set()


def test_the_table_names_the_five_y_of_the_eight_small_order_points():
    minus_one = FIELD - 1
    d = -121665 * pow(121666, -1, FIELD) % FIELD
    # Doubling P = (x, y) gives y' = (y^2 + x^2) / (1 - d x^2 y^2), x^2 = (y^2 - 1) / (d y^2 + 1).

    def doubled(y: int) -> int:
        x_squared = (y * y - 1) * pow(d * y * y + 1, -1, FIELD) % FIELD
        return (y * y + x_squared) * pow(1 - d * x_squared * y * y, -1, FIELD) % FIELD

    assert len(SMALL_ORDER_Y) == 5
    assert {1, minus_one, 0} <= SMALL_ORDER_Y
    assert all(doubled(doubled(doubled(y))) == 1 for y in SMALL_ORDER_Y)


@pytest.mark.parametrize("weak", WEAK, ids=bytes.hex)
def test_no_weak_point_is_imported_as_a_key(weak: bytes):
    with pytest.raises(KeyInvalid, match=r"small order|canonical form"):
        check_public(weak)


@pytest.mark.parametrize("weak", WEAK, ids=bytes.hex)
def test_no_weak_point_is_a_key_or_the_r_of_a_signature(weak: bytes):
    key = private_key()

    assert not verify(weak, b"any message", weak + bytes(32))
    assert not verify(public_bytes(key), b"any message", weak + key.sign(b"any message")[32:])


def test_the_library_alone_lets_one_signature_stand_for_every_message():
    """Why the refusal exists: if this ever fails, the library has learnt it too."""
    identity = encoded(1)
    universal = identity + bytes(32)

    for message in (b"PERMIT 40.00", b"PERMIT 4000000.00"):
        Ed25519PublicKey.from_public_bytes(identity).verify(universal, message)
        assert not verify(identity, message, universal)


ORDER = 2**252 + 27742317777372353535851937790883648493


def secret_scalar(seed: int = 7) -> int:
    """The scalar whose multiple of the base point is the public key of ``private_key(seed)``."""
    digest = hashlib.sha512(bytes([seed]) * 32).digest()
    return (int.from_bytes(digest[:32], "little") & ((1 << 254) - 8)) | 1 << 254


def test_an_r_of_small_order_is_refused_although_the_equation_holds():
    """A signer that knows its key can make R small: S = k * a. The library accepts, others refuse."""
    public, small = public_bytes(private_key()), encoded(1)
    k = int.from_bytes(hashlib.sha512(small + public + b"message").digest(), "little") % ORDER
    forged = small + (k * secret_scalar() % ORDER).to_bytes(32, "little")

    Ed25519PublicKey.from_public_bytes(public).verify(forged, b"message")
    assert not verify(public, b"message", forged)


def test_a_key_of_small_order_is_refused_under_an_honest_r():
    """With the identity as key, S = r answers for any R = r * B, whatever the message says."""
    identity = encoded(1)
    forged = public_bytes(private_key()) + (secret_scalar() % ORDER).to_bytes(32, "little")

    Ed25519PublicKey.from_public_bytes(identity).verify(forged, b"any message")
    assert not verify(identity, b"any message", forged)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused_without_an_exception_that_escapes(length: int):
    with pytest.raises(KeyInvalid, match=f"has {length} bytes, expected 32"):
        check_public(bytes(length))

    assert not verify(bytes(length), b"", bytes(64))


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int):
    assert not verify(public_bytes(private_key()), b"", bytes(length))


def test_an_honest_key_is_imported():
    for seed in range(50):
        check_public(public_bytes(private_key(seed)))
