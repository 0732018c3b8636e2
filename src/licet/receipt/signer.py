"""The two ports that sign for a log, and their implementation over a key in this process.

``keys.PrivateKey`` is a ``ReceiptSigner`` already: it has a ``kid`` and it signs. Slow or priced
signers (HSM, KMS) implement the same two ports.
"""

from __future__ import annotations

from typing import Protocol

from licet.errors import KeyInvalid
from licet.protocol import ids
from licet.protocol.ed25519 import verify
from licet.receipt.keys import PrivateKey

_SELF_TEST = b"licet/self-test/v1\n"


class ReceiptSigner(Protocol):
    """Signs receipts, on the writer's thread alone."""

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        ...

    @property
    def public(self) -> bytes:
        """The raw 32 bytes of the public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of ``message``."""
        ...


class LogSigner(Protocol):
    """Signs checkpoint bodies under the log's name; the note's line is composed by its caller."""

    @property
    def name(self) -> str:
        """The note key's name: the log's origin."""
        ...

    @property
    def public(self) -> bytes:
        """The raw 32 bytes of the public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of ``message``."""
        ...


class Ed25519LogSigner:
    """A log key held in this process."""

    __slots__ = ("_key", "name")

    name: str

    def __init__(self, name: str, key: PrivateKey) -> None:
        """Sign as ``name``, which is the log's origin.

        Raises:
            KeyInvalid: no origin is called so.
        """
        if not ids.is_origin(name):
            raise KeyInvalid(
                f"`{name[:64]}` cannot name a log key", mend="ASCII, no space, no `+`, 1 to 255 characters"
            )
        self.name = name
        self._key = key

    @property
    def public(self) -> bytes:
        """The raw 32 bytes of the public key."""
        return self._key.public

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of ``message``."""
        return self._key.sign(message)


def self_test(signer: ReceiptSigner | LogSigner) -> None:
    """Sign and verify once: run at start, before anything depends on the key.

    Raises:
        KeyInvalid: the signature does not verify under the signer's own public key.
    """
    if not verify(signer.public, _SELF_TEST, signer.sign(_SELF_TEST)):
        raise KeyInvalid(
            "the key's own signature does not verify",
            mend="the key file and its public half differ, or the signer is broken: restore the key",
        )
