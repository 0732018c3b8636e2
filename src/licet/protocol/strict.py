"""The exact JSON reader of the profile (``protocol.md`` 1): complete, and it names the place.

``json`` keeps the last of two equal names, takes floats, ``NaN`` and lone surrogates, and recurses as
deep as the document says. So:

1. size, byte order mark, UTF-8
2. depth, by a scan of the text that does not recurse
3. decode; what the profile has no place for becomes a marker where it stands
4. one walk in document order refuses the first marker, lone surrogate or member too many

A document without a marker is its own value: nothing is rebuilt and nothing is repaired.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias

from ..errors import Malformed, TooLarge
from . import limits
from .types import JsonValue
from .visible import visible

_QUOTED_CHARS_MAX: Final = 40
_BOM: Final = b"\xef\xbb\xbf"
_INT_CHARS_MAX: Final = len(str(-limits.INT_MAX))
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)
"""Strings and what opens, closes or counts. An unclosed string runs to the end: one pass, no retry."""

_Place: TypeAlias = tuple["_Place", str | int] | None
"""The way to a value: the place of its container, then its name or position. None is the document."""


class _Twice(list[tuple[str, object]]):
    """The members of an object in which some name stands twice."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A number or constant that JSON readers take and the profile does not."""

    problem: str
    mend: str


def _float(text: str) -> _Refused:
    return _Refused(
        f"the number `{text[:_QUOTED_CHARS_MAX]}` is not an integer", "send minor units or a string"
    )


def _integer(text: str) -> int | _Refused:
    if len(text) <= _INT_CHARS_MAX:  # first, so that no long text is ever converted
        number = int(text)
        if -limits.INT_MAX <= number <= limits.INT_MAX:
            if text == "-0":
                return _Refused("the number `-0` is not an integer", "send `0`")
            return number
    return _Refused(
        f"the integer `{text[:_QUOTED_CHARS_MAX]}` is beyond +-(2^53-1)", "send it as a string of digits"
    )


def _constant(text: str) -> _Refused:
    return _Refused(f"`{text}` is not JSON", "leave the member out or send a string")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object] | _Twice:
    built = dict(pairs)
    return built if len(built) == len(pairs) else _Twice(pairs)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_float,
    parse_int=_integer,
    parse_constant=_constant,
)


def read_strict(
    document: bytes,
    *,
    bytes_max: int = limits.BODY_BYTES_MAX,
    members_max: int = limits.MEMBERS_MAX,
    depth_max: int = limits.DEPTH_MAX,
) -> JsonValue:
    """The value of ``document``, or the reason and place why it is refused.

    ``members_max`` bounds object members and array elements together; a scalar document has depth 0.
    A document with several faults is refused for one of them; which one is not part of the contract.

    Raises:
        TooLarge: more than ``bytes_max`` bytes.
        Malformed: anything the profile refuses; ``pointer`` is an RFC 6901 JSON pointer.
    """
    text = _text(document, bytes_max)
    _check_depth(text, depth_max)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse(None, f"not JSON at character {error.pos}: {error.msg.lower()}", "send JSON", error)
    walk = _Walk(members_max, escaped="\\u" in text)
    walk.check(value, None)
    return value  # type: ignore[no-any-return]  # the walk found nothing that is not a JsonValue


def escape_pointer(name: str) -> str:
    """One reference token of an RFC 6901 pointer; lone surrogates become visible."""
    visible = name if name.isascii() else name.encode("utf-8", "backslashreplace").decode("utf-8")
    return visible.replace("~", "~0").replace("/", "~1")


def _text(document: bytes, bytes_max: int) -> str:
    if len(document) > bytes_max:
        problem = f"the document has {len(document)} bytes"
        mend = f"keep it to {bytes_max} bytes; large values enter as a digest"
        raise TooLarge(problem, mend=mend, pointer="")
    if document.startswith(_BOM):
        _refuse(None, "a byte order mark stands before the document", "send plain UTF-8")
    try:
        return document.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(None, f"byte {error.start} is not UTF-8", "send plain UTF-8", error)


def _check_depth(text: str, depth_max: int) -> None:
    """Refuse the container that opens one level too deep.

    A recursive reader gives up at a depth that hangs on the stack it was called with, so the same bytes
    would be read here and refused there. This scan answers the same wherever it is called.
    """
    if text.count("{") + text.count("[") <= depth_max:
        return
    path: list[str | int] = []  # for each open container: the position, or the text of the last string
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark in ("{", "["):
            if len(path) == depth_max:
                place: _Place = None
                for step in path:
                    place = (place, _name(step) if isinstance(step, str) else step)
                _refuse(place, f"nested deeper than {depth_max} levels", "flatten the document")
            path.append("" if mark == "{" else 0)
        elif not path:
            continue  # not JSON; the decoder says so
        elif mark in ("}", "]"):
            path.pop()
        elif isinstance(path[-1], str):
            path[-1] = path[-1] if mark == "," else mark
        elif mark == ",":
            path[-1] += 1


def _name(token: str) -> str:
    """The member name that a string token of the scan spells."""
    try:
        return str(json.loads(token, strict=False))
    except json.JSONDecodeError:
        return token.strip('"')


class _Walk:
    """One walk over one decoded document, in document order."""

    __slots__ = ("_escaped", "_members", "_members_max", "_settled")

    def __init__(self, members_max: int, *, escaped: bool) -> None:
        self._members = 0
        self._members_max = members_max
        self._escaped = escaped  # only a `\u` escape can write a lone surrogate: UTF-8 has none
        scalars = (type(None), bool, int)
        self._settled: frozenset[type] = frozenset(scalars if escaped else (*scalars, str))

    def check(self, value: object, place: _Place) -> None:
        """Refuse the first thing at or below ``value`` that the profile has no place for."""
        if isinstance(value, dict):
            self._count(len(value), place)
            self._each(value.items(), place)
        elif isinstance(value, _Twice):
            self._count(len(value), place)
            position = _second_time(value)
            self._each(value[:position], place)
            name, _ = value[position]
            # Attack: two readers that keep different duplicates see two different payments.
            problem = f"the member `{visible(name, chars_max=_QUOTED_CHARS_MAX)}` stands twice"
            _refuse((place, name), problem, "send each member once")
        elif isinstance(value, list):
            self._count(len(value), place)
            for position, item in enumerate(value):
                if type(item) not in self._settled:
                    self.check(item, (place, position))
        elif isinstance(value, str):
            _check_text(value, place)
        elif isinstance(value, _Refused):
            _refuse(place, value.problem, value.mend)

    def _each(self, pairs: Iterable[tuple[str, object]], place: _Place) -> None:
        for name, item in pairs:
            if self._escaped:
                _check_text(name, (place, name))
            if type(item) not in self._settled:
                self.check(item, (place, name))

    def _count(self, more: int, place: _Place) -> None:
        self._members += more
        if self._members > self._members_max:
            _refuse(place, f"more than {self._members_max} members in all", "send fewer members")


def _second_time(pairs: _Twice) -> int:
    """The first position whose name stood before; linear, since a stranger chooses the number of names."""
    first = {name: position for position, (name, _) in reversed([*enumerate(pairs)])}
    return min(position for position, (name, _) in enumerate(pairs) if first[name] != position)


def _check_text(text: str, place: _Place) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        _refuse(place, "a lone surrogate stands in a string", "send whole characters", error)


def _refuse(place: _Place, problem: str, mend: str, cause: Exception | None = None) -> NoReturn:
    steps: list[str] = []
    while place is not None:
        place, step = place
        steps.append(f"/{escape_pointer(str(step))}")
    raise Malformed(problem, mend=mend, pointer="".join(reversed(steps))) from cause
