"""Domain-separated SHA-256 digests: an ASCII tag line, then canonical bytes (``protocol.md`` 1)."""

from __future__ import annotations

import hashlib
from typing import Final

from .ids import DIGEST
from .types import Digest

REQUEST_TAG: Final = b"licet/request/v1\n"
EFFECT_TAG: Final = b"licet/effect/v1\n"
BUNDLE_TAG: Final = b"licet/bundle/v1\n"
FACTS_TAG: Final = b"licet/facts/v1\n"
IDEMPOTENCY_TAG: Final = b"licet/idem/v1\n"
RECEIPT_TAG: Final = b"licet/receipt/v1\n"


def tagged_digest(tag: bytes, body: bytes) -> Digest:
    """``sha256:<hex>`` of ``tag`` followed by ``body``; ``tag`` ends in a newline."""
    return Digest("sha256:" + hashlib.sha256(tag + body).hexdigest())


def is_digest(text: str) -> bool:
    """Whether ``text`` has the one form a digest is written in."""
    return DIGEST.fullmatch(text) is not None
