"""What a leaf says: a tag and the digest of one receipt; and bundles of such entries (C2SP tlog-tiles).

The entry hides the receipt: signature and nonce are inside the hash, so the log can be published
(``evidence.md`` 4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from ..errors import LogError
from ..protocol.digest import RECEIPT_TAG
from .merkle import HASH_BYTES, leaf_hash

ENTRY_BYTES: Final = len(RECEIPT_TAG) + HASH_BYTES
BUNDLE_ENTRIES_MAX: Final = 256

_LENGTH_BYTES: Final = 2
_ENTRY_BYTES_MAX: Final = 2**16 - 1


class EntryError(LogError):
    """An entry or an entry bundle of another form."""


def entry(jws: str) -> bytes:
    """The 49 bytes that the log holds for a receipt: tag + SHA-256 of the compact JWS.

    Raises:
        EntryError: the JWS is not ASCII, so it has no bytes that everybody agrees on.
    """
    try:
        compact = jws.encode("ascii")
    except UnicodeEncodeError as error:
        raise EntryError(f"character {error.start} of the receipt is not ASCII") from error
    return entry_of_digest(hashlib.sha256(compact).digest())


def entry_of_digest(jws_digest: bytes) -> bytes:
    """The entry of a receipt known only by the SHA-256 of its JWS (an erased one).

    Raises:
        EntryError: not 32 bytes.
    """
    if len(jws_digest) != HASH_BYTES:
        raise EntryError(f"a receipt digest has `{len(jws_digest)}` bytes, expected `{HASH_BYTES}`")
    return RECEIPT_TAG + jws_digest


def receipt_leaf(jws: str) -> bytes:
    """The leaf hash of a receipt."""
    return leaf_hash(entry(jws))


def leaf_of_digest(jws_digest: bytes) -> bytes:
    """The leaf hash of a receipt known only by the SHA-256 of its JWS."""
    return leaf_hash(entry_of_digest(jws_digest))


def format_bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry behind its length as a big-endian u16 (C2SP tlog-tiles).

    Raises:
        EntryError: no entry, more than 256, or one over 65,535 bytes.
    """
    if not 1 <= len(entries) <= BUNDLE_ENTRIES_MAX:
        raise EntryError(f"a bundle of `{len(entries)}` entries, expected 1 to {BUNDLE_ENTRIES_MAX}")
    if any(len(one) > _ENTRY_BYTES_MAX for one in entries):
        raise EntryError(f"an entry is longer than {_ENTRY_BYTES_MAX} bytes")
    return b"".join(len(one).to_bytes(_LENGTH_BYTES, "big") + one for one in entries)


def parse_bundle(data: bytes, width: int) -> tuple[bytes, ...]:
    """The ``width`` entries of a bundle, as bytes; whether they are receipts' is for the caller.

    Raises:
        EntryError: cut short, bytes left over, or another number of entries.
    """
    if not 1 <= width <= BUNDLE_ENTRIES_MAX:
        raise EntryError(f"a bundle of `{width}` entries, expected 1 to {BUNDLE_ENTRIES_MAX}")
    entries: list[bytes] = []
    offset = 0
    while offset < len(data) and len(entries) < width:
        start = offset + _LENGTH_BYTES
        # Where not even two bytes are left, `start` is past the end already, and so is `end`.
        end = start + int.from_bytes(data[offset:start], "big")
        if end > len(data):
            raise EntryError(f"the bundle ends inside entry {len(entries)}")
        entries.append(data[start:end])
        offset = end
    if offset != len(data) or len(entries) != width:
        raise EntryError(
            f"the bundle holds `{len(entries)}` entries and `{len(data) - offset}` bytes more, "
            f"expected exactly {width} entries",
        )
    return tuple(entries)
