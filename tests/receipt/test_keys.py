"""Keys: named by their thumbprint, read from PEM, never shown."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from licet.errors import KeyInvalid
from licet.protocol.ed25519 import verify
from licet.receipt.keys import PrivateKey, jwk, jwks, named_jwk, thumbprint
from sample_evidence import RECEIPT_KEY

RFC8037_X = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
RFC8037_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")


def pem_of(key: object, encryption: object = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def crashing(key: PrivateKey) -> None:
    raise RuntimeError(key, [key], {"key": key})


def test_the_thumbprint_is_the_one_of_rfc_8037_appendix_a_3():
    assert thumbprint(RFC8037_X) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_jwk_is_the_one_of_rfc_8037_appendix_a_2():
    assert jwk(RFC8037_X) == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }


def test_a_seed_gives_the_public_key_of_rfc_8032():
    key = PrivateKey.from_seed(RFC8037_SEED)

    assert key.public == RFC8037_X
    assert verify(key.public, b"message", key.sign(b"message"))


def test_a_key_survives_its_pem():
    again = PrivateKey.from_pem(RECEIPT_KEY.to_pem())

    assert (again.kid, again.public) == (RECEIPT_KEY.kid, RECEIPT_KEY.public)
    assert RECEIPT_KEY.to_pem().startswith(b"-----BEGIN PRIVATE KEY-----")


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (b"", "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key"),
        (b"x" * 5_000, "5000 bytes"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "not Ed25519"),
        (pem_of(ed448.Ed448PrivateKey.generate()), "not Ed25519"),
        (pem_of(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"x")), "encrypted"),
        (
            Ed25519PrivateKey.generate()
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "no private key",
        ),
    ],
    ids=["empty", "broken", "large", "p256", "ed448", "encrypted", "public"],
)
def test_anything_else_is_refused_without_quoting_it(pem: bytes, said: str):
    with pytest.raises(KeyInvalid, match=said) as refusal:
        PrivateKey.from_pem(pem)

    assert "BEGIN" not in str(refusal.value)
    assert refusal.value.mend


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_has_32_bytes(seed: bytes):
    with pytest.raises(KeyInvalid, match="seed"):
        PrivateKey.from_seed(seed)


def test_a_private_key_never_shows_itself():
    seed = bytes(range(32))
    key = PrivateKey.from_seed(seed)
    with pytest.raises(RuntimeError) as crash:
        crashing(key)
    shown = "".join(traceback.TracebackException.from_exception(crash.value, capture_locals=True).format())

    assert (repr(key), str(key), f"{key}") == ("***", "***", "***")
    assert seed.hex() not in shown
    assert "PRIVATE" not in shown
    with pytest.raises(AttributeError):
        key.note = "x"


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_private_key_does_not_travel(take: object):
    with pytest.raises(TypeError, match="not pickled"):
        take(RECEIPT_KEY)


def test_the_key_set_has_no_alg():
    """PyJWT drops keys whose `alg` it does not know, and then says that the set is empty."""
    (entry,) = jwks([RECEIPT_KEY.public])["keys"]

    assert entry == {**named_jwk(RECEIPT_KEY.public), "use": "sig"}
    assert "alg" not in entry
    assert "d" not in entry
