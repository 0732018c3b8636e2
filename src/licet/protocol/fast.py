"""The fast path of reading and canonicalising: msgspec, proved equal to the exact path by comparison.

Reading: decode, re-encode, compare *bytes*. Equal bytes mean that nothing was dropped or rewritten, so
no name stood twice and no white space or odd escape was there; comparing lengths would be unsound
(``{"a":1,"a":1e6}`` re-encodes to the same length). Any difference goes to the exact reader, which
decides. Both paths run the same number, depth and member checks.
"""

from __future__ import annotations

import msgspec

from licet.protocol import limits
from licet.protocol.canonical import canonical_bytes
from licet.protocol.strict import read_strict
from licet.protocol.types import JsonValue

_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
_SORTED = msgspec.json.Encoder(order="deterministic")


def read(
    document: bytes,
    *,
    bytes_max: int = limits.BODY_BYTES_MAX,
    members_max: int = limits.MEMBERS_MAX,
) -> JsonValue:
    """The value of ``document``; same answers and refusals as ``strict.read_strict``.

    Raises:
        TooLarge: more than ``bytes_max`` bytes.
        Malformed: anything the profile refuses.
    """
    if len(document) <= bytes_max:
        try:
            value = _DECODER.decode(document)
            if _ENCODER.encode(value) == document and _within(value, 1) <= members_max:
                return value  # type: ignore[no-any-return]  # what `_within` walked is a JsonValue
        except (msgspec.MsgspecError, RecursionError, UnicodeError, _OutsideError):
            pass  # the exact reader names what is wrong, or the place where both agree
    return read_strict(document, bytes_max=bytes_max, members_max=members_max)


def canonical(value: JsonValue) -> bytes:
    """``canonical_bytes`` of a value that a reader of this package produced, at msgspec's speed."""
    if _ascii_names(value):
        return _SORTED.encode(value)
    return canonical_bytes(value)


class _OutsideError(Exception):
    """The value is outside the profile; the exact reader says where."""


def _within(value: object, depth: int) -> int:
    """Members and elements below ``value``; raises when something is outside the profile."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return 0
    if kind is int:
        if -limits.INT_MAX <= value <= limits.INT_MAX:  # type: ignore[operator]
            return 0
        raise _OutsideError
    if depth > limits.DEPTH_MAX:
        raise _OutsideError
    if kind is dict:
        members = len(value)  # type: ignore[arg-type]
        for item in value.values():  # type: ignore[attr-defined]
            members += _within(item, depth + 1)
        return members
    if kind is list:
        members = len(value)  # type: ignore[arg-type]
        for item in value:  # type: ignore[attr-defined]
            members += _within(item, depth + 1)
        return members
    raise _OutsideError


def _ascii_names(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return all(name.isascii() and _ascii_names(item) for name, item in value.items())
    if isinstance(value, list):
        return all(_ascii_names(item) for item in value)
    return True
