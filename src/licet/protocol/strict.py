"""The exact JSON reader of the profile (``protocol.md`` 1): slow, complete, and names the place.

``json`` keeps the last of two equal names, rounds nothing but accepts floats, ``NaN`` and lone
surrogates. So the decoder's hooks only *collect* (pairs stay pairs, numbers outside the profile become
markers) and one walk, which knows where it is, refuses or builds the value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn

from ..errors import Malformed, TooLarge
from . import limits
from .types import JsonValue

_BOM = b"\xef\xbb\xbf"
_DIGITS_MAX = len(str(limits.INT_MAX)) + 1


class _Pairs(list[tuple[str, object]]):
    """An object whose names have not been compared yet."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A number or constant that JSON has and the profile has not."""

    problem: str
    mend: str


def _float(text: str) -> _Refused:
    return _Refused(f"the number `{text[:40]}` is not an integer", "send minor units or a string")


def _integer(text: str) -> int | _Refused:
    if len(text) <= _DIGITS_MAX:
        number = int(text)
        if -limits.INT_MAX <= number <= limits.INT_MAX:
            if text == "-0":
                return _Refused("the number `-0` is not an integer", "send `0`")
            return number
    return _Refused(f"the integer `{text[:40]}` is beyond +-(2^53-1)", "send it as a string of digits")


def _constant(text: str) -> _Refused:
    return _Refused(f"`{text}` is not JSON", "leave the member out or send a string")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs,
    parse_float=_float,
    parse_int=_integer,
    parse_constant=_constant,
)


def read_strict(
    document: bytes,
    *,
    bytes_max: int = limits.BODY_BYTES_MAX,
    members_max: int = limits.MEMBERS_MAX,
) -> JsonValue:
    """The value of ``document``, or the reason and place why it is refused.

    Raises:
        TooLarge: more than ``bytes_max`` bytes.
        Malformed: anything the profile refuses; ``pointer`` is an RFC 6901 JSON pointer.
    """
    if len(document) > bytes_max:
        message = f"the document has {len(document)} bytes"
        raise TooLarge(message, mend=f"keep it to {bytes_max} bytes; large values enter as a digest")
    if document.startswith(_BOM):
        _refuse("", "a byte order mark stands before the document", "send plain UTF-8")
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse("", f"byte {error.start} is not UTF-8", "send plain UTF-8", error)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse("", f"not JSON at character {error.pos}: {error.msg.lower()}", "send JSON", error)
    except RecursionError as error:
        _refuse("", f"nested deeper than {limits.DEPTH_MAX} levels", "flatten the document", error)
    return _Walk(members_max).build(value, "", 1)


class _Walk:
    """One walk over one document: builds the value, counts members, knows the place."""

    __slots__ = ("members", "members_max")

    def __init__(self, members_max: int) -> None:
        self.members = 0
        self.members_max = members_max

    def build(self, value: object, pointer: str, depth: int) -> JsonValue:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, str):
            _check_text(value, pointer)
            return value
        if isinstance(value, _Refused):
            _refuse(pointer, value.problem, value.mend)
        if depth > limits.DEPTH_MAX:
            _refuse(pointer, f"nested deeper than {limits.DEPTH_MAX} levels", "flatten the document")
        if isinstance(value, _Pairs):
            return self._object(value, pointer, depth)
        if isinstance(value, list):
            self._count(len(value), pointer)
            return [
                self.build(item, f"{pointer}/{position}", depth + 1) for position, item in enumerate(value)
            ]
        message = f"the decoder produced a `{type(value).__name__}`"
        raise TypeError(message)

    def _object(self, pairs: _Pairs, pointer: str, depth: int) -> JsonValue:
        self._count(len(pairs), pointer)
        built: dict[str, JsonValue] = {}
        for name, item in pairs:
            place = f"{pointer}/{escape_pointer(name)}"
            _check_text(name, place)
            if name in built:
                # Attack: two readers that keep different duplicates see two different payments.
                _refuse(place, f"the member `{name}` stands twice", "send each member once")
            built[name] = self.build(item, place, depth + 1)
        return built

    def _count(self, more: int, pointer: str) -> None:
        self.members += more
        if self.members > self.members_max:
            _refuse(pointer, f"more than {self.members_max} members in all", "send fewer members")


def escape_pointer(name: str) -> str:
    """One reference token of an RFC 6901 pointer; lone surrogates become visible."""
    visible = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return visible.replace("~", "~0").replace("/", "~1")


def _check_text(text: str, pointer: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        _refuse(pointer, "a lone surrogate stands in a string", "send whole characters", error)


def _refuse(pointer: str, problem: str, mend: str, cause: Exception | None = None) -> NoReturn:
    raise Malformed(problem, mend=mend, pointer=pointer) from cause
