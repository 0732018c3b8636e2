"""Ed25519 keys: reading PEM, naming a key by its thumbprint, showing its public half as a JWK.

Pure: files are read, and randomness drawn, by shells. A private key never appears in a ``repr``, a
traceback or a log line (``trust.md`` P12).
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ..errors import KeyInvalid
from ..protocol.canonical import canonical_bytes
from ..protocol.ed25519 import check_public
from ..protocol.types import JsonObject

SEED_BYTES: Final = 32
PEM_BYTES_MAX: Final = 4 * 1024


class PrivateKey:
    """An Ed25519 private key that shows nothing of itself but ``kid``, ``public`` and what it signs."""

    __slots__ = ("_key", "kid", "public")

    kid: str
    """RFC 7638 thumbprint of the public key."""
    public: bytes
    """The raw 32 bytes of the public key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Hold ``key``; ``from_seed`` and ``from_pem`` are the ways in.

        Raises:
            KeyInvalid: its public key must not be trusted by anybody.
        """
        self._key = key
        self.public = key.public_key().public_bytes_raw()
        check_public(self.public)
        self.kid = thumbprint(self.public)

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> str:
        # A pickled key would travel to wherever exceptions and task arguments travel.
        message = "a private key is not pickled"
        raise TypeError(message)

    @classmethod
    def from_seed(cls, seed: bytes) -> PrivateKey:
        """The key of a 32-byte secret seed (RFC 8032 section 5.1.5).

        Raises:
            KeyInvalid: not 32 bytes.
        """
        if len(seed) != SEED_BYTES:
            raise KeyInvalid(f"the seed has {len(seed)} bytes", mend=f"give {SEED_BYTES} random bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes) -> PrivateKey:
        """The key in an unencrypted PKCS#8 PEM (RFC 8410).

        Raises:
            KeyInvalid: no such key in there; the message never quotes the file.
        """
        mend = "give an unencrypted PKCS#8 PEM of an Ed25519 key"
        if len(pem) > PEM_BYTES_MAX:
            raise KeyInvalid(f"the key file has {len(pem)} bytes", mend=mend)
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError as error:
            raise KeyInvalid("the key is encrypted", mend=mend) from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyInvalid("the key file holds no private key", mend=mend) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyInvalid(f"the key is a `{type(key).__name__}`, not Ed25519", mend=mend)
        return cls(key)

    def to_pem(self) -> bytes:
        """Unencrypted PKCS#8 PEM: for a file of mode 0600 and for nothing else."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of ``message``."""
        return self._key.sign(message)


def thumbprint(public: bytes) -> str:
    """The ``kid`` of a public key: RFC 7638 over the members RFC 8037 section 2 requires."""
    return _base64url(hashlib.sha256(canonical_bytes(jwk(public))).digest())


def jwk(public: bytes) -> JsonObject:
    """The public JWK ``{crv, kty, x}`` of RFC 8037, and no more."""
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public)}


def named_jwk(public: bytes) -> JsonObject:
    """The public JWK with its ``kid``."""
    return {"kid": thumbprint(public), **jwk(public)}


def jwks(publics: Sequence[bytes]) -> JsonObject:
    """The key set for stock JOSE tools: convenience, never authority.

    No ``alg`` member: libraries that know `EdDSA` but not `Ed25519` would drop the key.
    """
    return {"keys": [{**named_jwk(public), "use": "sig"} for public in publics]}


def receipt_entry(public: bytes, *, from_index: int = 0) -> JsonObject:
    """A receipt key as trust files and key receipts list it, valid from a log index on."""
    return {"role": "receipt", **named_jwk(public), "from": from_index, "until": None}


def log_entry(vkey: str, *, from_size: int = 0) -> JsonObject:
    """A log key as trust files and key receipts list it, valid from a tree size on."""
    return {"role": "log", "vkey": vkey, "from": from_size, "until": None}


def root_document(publics: Sequence[bytes], *, threshold: int) -> JsonObject:
    """The root set: ``threshold`` of these keys, counted by distinct key, speak for the log's keys."""
    return {"threshold": threshold, "keys": [named_jwk(public) for public in publics]}


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
