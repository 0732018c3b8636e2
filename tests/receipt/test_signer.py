"""The ports that sign: fakes and real keys under one self-test."""

from __future__ import annotations

import pytest

from licet.errors import KeyInvalid
from licet.protocol.ed25519 import verify
from licet.receipt.signer import Ed25519LogSigner, self_test
from sample_evidence import ORIGIN, RECEIPT_KEY, STRANGER


class Broken:
    """A signer whose hardware has lost its mind."""

    name = ORIGIN
    kid = RECEIPT_KEY.kid
    public = RECEIPT_KEY.public

    def __init__(self, signature: bytes) -> None:
        self.signature = signature

    def sign(self, message: bytes) -> bytes:
        return self.signature


def test_a_log_signer_signs_under_its_name():
    signer = Ed25519LogSigner(ORIGIN, RECEIPT_KEY)

    assert (signer.name, signer.public) == (ORIGIN, RECEIPT_KEY.public)
    assert verify(signer.public, b"body", signer.sign(b"body"))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "caf\u00e9", "a" * 256])
def test_a_log_signer_has_the_name_of_an_origin(name: str):
    with pytest.raises(KeyInvalid, match="log key"):
        Ed25519LogSigner(name, RECEIPT_KEY)


def test_the_self_test_passes_for_a_key_that_works():
    self_test(RECEIPT_KEY)
    self_test(Ed25519LogSigner(ORIGIN, RECEIPT_KEY))


@pytest.mark.parametrize("signature", [b"", bytes(64), STRANGER.sign(b"licet/self-test/v1\n")])
def test_the_self_test_refuses_a_key_that_does_not(signature: bytes):
    with pytest.raises(KeyInvalid, match="does not verify"):
        self_test(Broken(signature))
