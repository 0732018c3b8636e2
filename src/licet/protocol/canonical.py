"""RFC 8785 canonical bytes for the JSON profile of ``protocol.md`` 1, with the standard library alone.

The profile has no floats, so RFC 8785 reduces to: members sorted by UTF-16 code units, minimal
escapes, no white space. ``json`` sorts by code points, which differs only for names above U+FFFF or
between U+E000 and U+FFFF; those take the exact sort.
"""

from __future__ import annotations

import json

from .types import JsonValue


def canonical_bytes(value: JsonValue) -> bytes:
    """The one byte form of ``value``.

    Raises:
        TypeError: ``value`` holds something outside the profile (a float, a tuple key, bytes).
        UnicodeEncodeError: a string holds a lone surrogate.
    """
    ordered = value if _plain(value) else _sorted_by_utf16(value)
    text = json.dumps(
        ordered,
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        sort_keys=ordered is value,
    )
    return text.encode("utf-8")


def _plain(value: object) -> bool:
    """Whether every member name is ASCII; refuses what the profile does not know."""
    if value is None or isinstance(value, str | bool | int):
        return True
    if isinstance(value, list):
        plain = [_plain(item) for item in value]  # no short cut here either
        return all(plain)
    if isinstance(value, dict):
        # No short cut: every value must be looked at, since a float hides behind any name.
        plain = [_plain(item) for item in value.values()]
        return all(name.isascii() for name in value) and all(plain)
    message = f"canonical JSON has no place for a `{type(value).__name__}`"
    raise TypeError(message)


def _sorted_by_utf16(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _sorted_by_utf16(value[name]) for name in names}
    if isinstance(value, list):
        return [_sorted_by_utf16(item) for item in value]
    return value
