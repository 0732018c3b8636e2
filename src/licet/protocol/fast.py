"""The fast path of reading and canonicalising: msgspec, proved equal to the exact path by comparison.

Reading: decode, re-encode, compare *bytes*. Equal bytes mean that nothing was dropped or rewritten, so
no name stood twice and no white space or odd escape was there. Lengths would not do: a decoder that takes
floats gives ``{"a":1,"a":1e6}`` back in the same length. This one's type has no float and bounds integers
and depth; the number of members is bounded by the number of bytes. So a document that passes is inside
the profile, and one that does not goes to the exact reader, which decides and names the place.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Final

import msgspec

from licet.protocol import limits
from licet.protocol.canonical import canonical_bytes
from licet.protocol.strict import read_strict
from licet.protocol.types import JsonValue

_DEPTH: Final = 6
"""Levels of containers that the decoder's type spells out. Deeper documents are read exactly, not here."""
_MEMBER_BYTES_MIN: Final = 2
"""A member or element takes a byte at least, and a comma or a bracket beside it."""


def _json_type(depth: int) -> Any:  # a type made at run time: msgspec follows it, mypy cannot
    integer = Annotated[int, msgspec.Meta(ge=-limits.INT_MAX, le=limits.INT_MAX)]
    scalar = str | integer | bool | None
    if depth == 0:
        return scalar
    below = _json_type(depth - 1)
    return scalar | types.GenericAlias(list, below) | types.GenericAlias(dict, (str, below))


_DECODER: Final = msgspec.json.Decoder(_json_type(_DEPTH))
_ENCODER: Final = msgspec.json.Encoder()
_SORTED: Final = msgspec.json.Encoder(order="deterministic")


def read(
    document: bytes,
    *,
    bytes_max: int = limits.BODY_BYTES_MAX,
    members_max: int = limits.MEMBERS_MAX,
    depth_max: int = limits.DEPTH_MAX,
) -> JsonValue:
    """The value of ``document``; same answers and refusals as ``strict.read_strict``.

    Raises:
        TooLarge: more than ``bytes_max`` bytes.
        Malformed: anything the profile refuses.
    """
    if len(document) <= bytes_max and depth_max >= _DEPTH:
        try:
            value: JsonValue = _DECODER.decode(document)
            if _ENCODER.encode(value) == document and _few_members(document, members_max):
                return value
        except (msgspec.MsgspecError, UnicodeError):
            pass  # the exact reader decides, and names what is wrong
    return read_strict(document, bytes_max=bytes_max, members_max=members_max, depth_max=depth_max)


def canonical(value: JsonValue) -> bytes:
    """``canonical_bytes`` of a value that a reader of this package produced, at msgspec's speed.

    Only for such values: msgspec would write a float or a date without a word, where
    ``canonical_bytes`` refuses.
    """
    encoded = _SORTED.encode(value)
    # msgspec sorts names by code point, RFC 8785 by UTF-16 unit: the same for ASCII. It never escapes
    # a character beyond ASCII, so ASCII output means ASCII names.
    if encoded.isascii() or _ascii_names(value):
        return encoded
    return canonical_bytes(value)


def _few_members(document: bytes, members_max: int) -> bool:
    """Whether compact JSON surely has no more members; counting takes a comma in a string for one more."""
    if len(document) <= members_max * _MEMBER_BYTES_MIN:
        return True
    return document.count(b",") + document.count(b"{") + document.count(b"[") <= members_max


def _ascii_names(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return all(name.isascii() and _ascii_names(item) for name, item in value.items())
    if isinstance(value, list):
        return all(_ascii_names(item) for item in value)
    return True
