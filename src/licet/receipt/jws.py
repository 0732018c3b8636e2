"""Compact JWS (RFC 7515) in the one form licet signs and reads (``evidence.md`` 2).

The protected header is exactly ``{"alg":"Ed25519","kid":"<thumbprint>","typ":"<slot>"}`` in these bytes.
A header that can vary is a header an attacker writes: ``none``, ``HS256`` with a public key as secret,
``jwk``, ``jku``, ``x5c``, ``crit`` have no way in, because nothing is ever *read* from a header but
``kid``. The algorithm comes from the key, and each slot demands its own ``typ``, so no statement passes
for another.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, Protocol, TypeAlias

from ..errors import Malformed
from ..protocol import limits

Typ: TypeAlias = Literal[
    "licet-receipt+jws",
    "licet-completion+jws",
    "licet-approval+jws",
    "licet-bundle+jws",
    "licet-key+jws",
]

RECEIPT_TYP: Final = "licet-receipt+jws"
COMPLETION_TYP: Final = "licet-completion+jws"
APPROVAL_TYP: Final = "licet-approval+jws"
BUNDLE_TYP: Final = "licet-bundle+jws"
KEY_TYP: Final = "licet-key+jws"

KID_CHARS: Final = 43
_SEGMENTS: Final = 3
SIGNATURE_CHARS: Final = 86
_UNPADDED_REMAINDER: Final = 1

# The last of 43 characters carries two bits of padding, which are zero in a thumbprint.
_KID = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
_HEADER = re.compile(rf'\{{"alg":"Ed25519","kid":"({_KID})","typ":"([a-z]+(?:[+-][a-z]+)*)"\}}')
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class Signs(Protocol):
    """What sealing needs: a key's name and its signature."""

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of ``message``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact:
    """The parts of a compact JWS as received. Nothing here has been verified."""

    header: bytes
    payload: bytes
    signature: bytes
    signed: bytes
    """The received bytes that the signature covers; never re-serialised."""


def seal(signer: Signs, typ: Typ, payload: bytes) -> str:
    """The compact JWS of canonical ``payload`` bytes, signed for the slot ``typ``."""
    signed = f"{header_segment(signer.kid, typ)}.{encode_segment(payload)}"
    return f"{signed}.{encode_segment(signer.sign(signed.encode('ascii')))}"


@lru_cache(maxsize=64)
def header_segment(kid: str, typ: Typ) -> str:
    """The first segment: a constant of the key and the slot."""
    return encode_segment(f'{{"alg":"Ed25519","kid":"{kid}","typ":"{typ}"}}'.encode("ascii"))


def split(text: str, *, bytes_max: int = limits.JWS_BYTES_MAX) -> Compact:
    """Take ``text`` apart: three base64url segments, no padding, zero trailing bits, within the size.

    Raises:
        Malformed: any deviation.
    """
    if len(text) > bytes_max:
        raise Malformed(
            f"the JWS has {len(text)} characters", mend=f"at most {bytes_max} characters are read"
        )
    segments = text.split(".")
    if len(segments) != _SEGMENTS:
        raise Malformed(f"the JWS has {len(segments)} segments where 3 belong", mend="give the compact form")
    header, payload, signature = segments
    return Compact(
        header=decode_segment(header, "header"),
        payload=decode_segment(payload, "payload"),
        signature=decode_segment(signature, "signature"),
        signed=text[: len(text) - len(signature) - 1].encode("ascii"),
    )


def read_kid(header: bytes, typ: Typ) -> str:
    """The ``kid`` of a header that is byte for byte the one this slot demands.

    Raises:
        Malformed: any other header.
    """
    text = header.decode("ascii", "backslashreplace")
    found = _HEADER.fullmatch(text)
    if found is None:
        raise Malformed(
            f"the header is `{text[:160]}`",
            mend=f'exactly {{"alg":"Ed25519","kid":"<thumbprint>","typ":"{typ}"}} is read',
        )
    if found[2] != typ:
        # Attack: a genuine statement of another kind, put where its words mean something else.
        raise Malformed(
            f"the header's typ is `{found[2][:64]}` where `{typ}` belongs", mend="give the statement meant"
        )
    return found[1]


def encode_segment(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_segment(segment: str, name: str) -> bytes:
    """The bytes of one segment; ``name`` says which in messages.

    Raises:
        Malformed: padding, a foreign character, an impossible length, or trailing bits that are not zero.
    """
    if _BASE64URL.fullmatch(segment) is None or len(segment) % 4 == _UNPADDED_REMAINDER:
        raise Malformed(f"the {name} is not base64url without padding", mend="give the JWS as issued")
    data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if encode_segment(data) != segment:
        # Python's strict decoder takes `QR==` for `QQ==`: two texts for one receipt, two leaves for one.
        raise Malformed(f"the {name} ends in bits that are not zero", mend="give the JWS as issued")
    return data
