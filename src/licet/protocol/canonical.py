"""RFC 8785 canonical bytes for the JSON profile of ``protocol.md`` 1, with the standard library alone.

The profile has no floats, so RFC 8785 reduces to: members sorted by UTF-16 code units, minimal
escapes, no white space. ``json`` sorts by code points, which differs only between names above U+FFFF and
names from U+E000 to U+FFFF; a value with any non-ASCII name takes the exact sort.
"""

from __future__ import annotations

import json
from typing import Final

from . import limits
from .types import JsonValue


def _encoder(*, sort_keys: bool) -> json.JSONEncoder:
    return json.JSONEncoder(
        ensure_ascii=False,
        check_circular=False,  # the walk before would not have come back from a circle
        allow_nan=False,
        separators=(",", ":"),
        sort_keys=sort_keys,
    )


_SORTING: Final = _encoder(sort_keys=True)
_AS_IT_STANDS: Final = _encoder(sort_keys=False)


def canonical_bytes(value: JsonValue) -> bytes:
    """The one byte form of ``value``.

    Raises:
        TypeError: ``value`` holds something JSON or the profile has not (a float, bytes, a tuple, a name
            that is no string), which ``json`` would write as something else.
        ValueError: an integer is beyond +-(2^53-1), or a string holds a lone surrogate.
    """
    if _ascii_names(value):
        return _SORTING.encode(value).encode("utf-8")
    return _AS_IT_STANDS.encode(_sorted_by_utf16(value)).encode("utf-8")


def _ascii_names(value: object) -> bool:
    """Whether every member name is ASCII; refuses what the profile does not know.

    There is no short cut: every value must be looked at, since a float hides behind any name.
    """
    if value is None or isinstance(value, str):
        return True
    if isinstance(value, int):
        if -limits.INT_MAX <= value <= limits.INT_MAX:
            return True
        message = f"the integer {value:#x} is beyond +-(2^53-1)"
        raise ValueError(message)
    if isinstance(value, dict):
        ascii_names = True
        for name, item in value.items():
            if not isinstance(name, str):
                message = f"a member name is a `{type(name).__name__}`, not a string"
                raise TypeError(message)
            ascii_names = _ascii_names(item) and ascii_names and name.isascii()
        return ascii_names
    if isinstance(value, list):
        ascii_names = True
        for item in value:
            ascii_names = _ascii_names(item) and ascii_names
        return ascii_names
    message = f"canonical JSON has no place for a `{type(value).__name__}`"
    raise TypeError(message)


def _sorted_by_utf16(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _sorted_by_utf16(value[name]) for name in names}
    if isinstance(value, list):
        return [_sorted_by_utf16(item) for item in value]
    return value
