"""Names and ids: their one grammar each (``protocol.md`` 2), and uuid7 from given time and randomness."""

from __future__ import annotations

import re
from typing import Final

from . import limits
from .types import ReceiptId

SURFACE = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*")
ACTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9._:/@-]+")
ENTITY_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
ENTITY_ID = re.compile(r"[\x21-\x7e]+")
AUDIENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")
TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ORIGIN = re.compile(r"[\x21-\x2a\x2c-\x7e]+")
"""C2SP checkpoint origin: ASCII, no space, no ``+``."""
RECEIPT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
RECEIPT_ID_CHARS: Final = 36
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
DIGEST_CHARS: Final = 71
NONCE = re.compile(r"[0-9a-f]{32}")
NONCE_CHARS: Final = 32
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""RFC 7638: 256 bits in base64url; the two bits that are left over are zero."""
COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
ROLE = re.compile(r"[a-z][a-z0-9_-]*")
CODE = re.compile(r"[a-z][a-z0-9_]*")
POLICY_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

UUID7_RANDOM_BYTES: Final = 10


def uuid7(unix_ms: int, randomness: bytes) -> ReceiptId:
    """An RFC 9562 version 7 UUID of a time in milliseconds and ten random bytes.

    Raises:
        ValueError: the time does not fit 48 bits, or there are not ten bytes.
    """
    if not 0 <= unix_ms < 2**48:
        message = f"{unix_ms} ms does not fit a uuid7"
        raise ValueError(message)
    if len(randomness) != UUID7_RANDOM_BYTES:
        message = f"a uuid7 takes {UUID7_RANDOM_BYTES} random bytes, not {len(randomness)}"
        raise ValueError(message)
    tail = int.from_bytes(randomness, "big")
    high = (unix_ms << 16) | 0x7000 | (tail >> 68)
    low = (1 << 63) | (tail & (2**62 - 1))
    text = f"{high:016x}{low:016x}"
    return ReceiptId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def is_surface(text: str) -> bool:
    """Whether ``text`` is a surface name."""
    return len(text) <= limits.SURFACE_CHARS_MAX and SURFACE.fullmatch(text) is not None


def is_origin(text: str) -> bool:
    """Whether ``text`` is a log origin."""
    return 1 <= len(text) <= limits.ORIGIN_CHARS_MAX and ORIGIN.fullmatch(text) is not None


def is_receipt_id(text: str) -> bool:
    """Whether ``text`` is a lower-case uuid7."""
    return RECEIPT_ID.fullmatch(text) is not None
