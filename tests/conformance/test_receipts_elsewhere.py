"""A receipt is an ordinary JWS: openssl, joserfc and jwcrypto verify it without us."""

from __future__ import annotations

import json
import shutil
import subprocess
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws as joserfc_jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws

from licet.protocol.canonical import canonical_bytes
from licet.receipt.jws import encode_segment, split
from licet.receipt.keys import jwks
from sample_evidence import RECEIPT_KEY, ROOTS, STRANGER, claimed, decided, founded, sealed

RECEIPTS = {"decision": decided(), "claim": claimed(), "key": founded()}
KEY_SET = jwks([STRANGER.public, RECEIPT_KEY.public])
ALGORITHMS = ["Ed25519"]


def forged(jws: str) -> str:
    """One byte of the payload changed, the signature kept."""
    header, _, signature = jws.split(".")
    return f"{header}.{encode_segment(split(jws).payload.replace(b'main', b'mine', 1))}.{signature}"


def openssl(folder: Path, jws: str) -> int:
    """The exit code of the line that an auditor types."""
    if shutil.which("openssl") is None:
        pytest.skip("the program `openssl` is not installed")
    compact = split(jws)
    public = Ed25519PublicKey.from_public_bytes(RECEIPT_KEY.public)
    (folder / "k.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "input").write_bytes(compact.signed)
    (folder / "sig").write_bytes(compact.signature)
    line = "openssl pkeyutl -verify -pubin -rawin -inkey k.pem -in input -sigfile sig"
    return subprocess.run(line.split(), cwd=folder, capture_output=True, check=False).returncode


@pytest.mark.parametrize("kind", RECEIPTS)
def test_openssl_verifies_a_receipt(kind: str, tmp_path: Path):
    jws = sealed(RECEIPTS[kind])

    assert openssl(tmp_path, jws) == 0
    assert openssl(tmp_path, forged(jws)) != 0


@pytest.mark.parametrize("kind", RECEIPTS)
def test_joserfc_verifies_a_receipt_with_our_key_set(kind: str):
    jws = sealed(RECEIPTS[kind])
    keys = KeySet.import_key_set(KEY_SET)

    found = joserfc_jws.deserialize_compact(jws, keys, algorithms=ALGORITHMS)

    assert found.payload == canonical_bytes(RECEIPTS[kind])
    assert found.protected == {"alg": "Ed25519", "kid": RECEIPT_KEY.kid, "typ": "licet-receipt+jws"}
    with pytest.raises(BadSignatureError):
        joserfc_jws.deserialize_compact(forged(jws), keys, algorithms=ALGORITHMS)


@pytest.mark.parametrize("kind", RECEIPTS)
def test_jwcrypto_verifies_a_receipt_with_our_key_set(kind: str):
    jws = sealed(RECEIPTS[kind])
    keys = jwcrypto_jwk.JWKSet.from_json(json.dumps(KEY_SET))
    key = keys.get_key(RECEIPT_KEY.kid)

    token = jwcrypto_jws.JWS()
    token.allowed_algs = ALGORITHMS
    token.deserialize(jws, key)

    assert token.payload == canonical_bytes(RECEIPTS[kind])
    with pytest.raises(jwcrypto_jws.InvalidJWSSignature):
        token.deserialize(forged(jws), key)


def test_thumbprints_agree():
    (_, published) = KEY_SET["keys"]

    assert jwcrypto_jwk.JWK(**published).thumbprint() == RECEIPT_KEY.kid
    assert KeySet.import_key_set(KEY_SET).keys[1].thumbprint() == RECEIPT_KEY.kid


def test_a_root_statement_is_an_ordinary_jws_too():
    statement = founded()["statements"][0]
    key = KeySet.import_key_set(jwks([ROOTS[0].public]))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = joserfc_jws.deserialize_compact(statement, key, algorithms=ALGORITHMS)

    assert json.loads(found.payload)["op"] == "genesis"
