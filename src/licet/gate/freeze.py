"""Argument encoding v1: one owned, deep-frozen copy of a call's arguments (``gate.md`` 2).

The encoding decides ``effect_digest``, so it is injective: two calls that would run differently never
encode to the same bytes. What JSON cannot hold enters as a tagged object; what has no exact form is
refused. Vectors: ``vectors/freeze/cases.jsonl``.

=============================  ==========================================================
Python value (exact type)      encoded
=============================  ==========================================================
None bool int str dict         as is, within the JSON profile; a member name that starts
list tuple                     with ``$`` gets one more ``$``; list and tuple are one thing
Decimal                        ``{"$decimal": "1.50"}``, finite only
aware datetime                 ``{"$time": "2026-11-23T09:00:00+01:00"}``, offset fixed
UUID                           ``{"$uuid": "..."}``
bytes                          ``{"$base64": "..."}``
Path                           ``{"$path": "/etc/hosts"}``
Enum member                    ``{"$enum": {"name": .., "type": "module.Name", "value": ..}}``
str over 4 KiB of UTF-8        ``{"$bytes": n, "$sha256": "<hex>"}``: bound, not carried
bytes over 4 KiB               ``{"$base64": {"$bytes": n, "$sha256": "<hex>"}}``
float, subclasses, the rest    refused
=============================  ==========================================================

A frozen value is made of the same leaves, ``MappingProxyType`` and ``tuple``. It is decoded from the
encoding, so whatever an encoded form does not say (a dict subclass, a time zone's rules, a second
reference to a list) cannot reach the effect.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn
from uuid import UUID

from licet.protocol import fast, limits
from licet.protocol.strict import escape_pointer
from licet.protocol.types import JsonObject, JsonValue
from licet.protocol.visible import visible

INLINE_BYTES_MAX: Final = 4 * 1024
"""A longer text or byte string is bound by its digest: a 2 MB file write fits the 64 KiB body."""

_PATH: Final = type(Path())


class NotFreezable(ValueError):
    """A value without one exact form; ``pointer`` says where. Never shows the value itself."""

    def __init__(self, problem: str, mend: str, pointer: str = "") -> None:
        """Keep the problem, the mend and the JSON pointer of the place."""
        super().__init__(problem, mend, pointer)
        self.problem = problem
        self.mend = mend
        self.pointer = pointer

    def __str__(self) -> str:
        """One line: where, what, and the mend."""
        where = f"{visible(self.pointer)}: " if self.pointer else ""
        return f"{where}{self.problem} (mend: {self.mend})"

    def under(self, name: str) -> NotFreezable:
        """This refusal, one level further up."""
        self.pointer = f"/{name}{self.pointer}"
        return self


Kept = dict[bytes, object]
"""Values that an encoding binds but does not carry, by the canonical bytes of their encoded form."""


def encode(value: object, kept: Kept | None = None) -> JsonValue:
    """The JSON form of ``value``; ``kept`` collects what ``decode`` cannot rebuild from JSON alone.

    Raises:
        NotFreezable: something in ``value`` has no exact form.
    """
    return _Encoding({} if kept is None else kept).value(value, 1)


def decode(document: JsonValue, *, known: Iterable[object] = (), kept: Kept | None = None) -> object:
    """The deep-frozen value that ``document`` encodes.

    Large texts and enum members travel by digest and by name; hand them in as ``known``, and they are
    used only where their own encoding stands in ``document``.

    Raises:
        NotFreezable: not an encoding v1, or a value that is neither carried nor known.
    """
    table: Kept = {} if kept is None else kept
    for value in known:
        encode(value, table)
    return _decoded(document, table)


def freeze(value: object) -> object:
    """An owned copy of ``value`` that nobody else can reach or change.

    Raises:
        NotFreezable: something in ``value`` has no exact form.
    """
    kept: Kept = {}
    return _decoded(encode(value, kept), kept)


def freeze_object(values: Mapping[str, object]) -> Mapping[str, object]:
    """``freeze`` of named arguments.

    Raises:
        NotFreezable: not a mapping, or something in it has no exact form.
    """
    frozen = freeze(values)
    if not isinstance(frozen, MappingProxyType):
        message = f"a `{type(values).__name__}` stands where named values belong"
        raise NotFreezable(message, "pass a `dict` with string keys")
    return frozen


def encode_object(values: Mapping[str, object]) -> JsonObject:
    """``encode`` of named arguments, as ``freeze_object`` gave them."""
    document = encode(values)
    if not isinstance(document, dict):
        message = f"a `{type(values).__name__}` stands where named values belong"
        raise NotFreezable(message, "pass a `dict` with string keys")
    return document


def decode_object(document: JsonObject, *, known: Iterable[object] = ()) -> Mapping[str, object]:
    """``decode`` of named arguments.

    Raises:
        NotFreezable: not an encoding of named arguments, or a value that is neither carried nor known.
    """
    values = decode(document, known=known)
    if not isinstance(values, MappingProxyType):
        raise NotFreezable("a tagged value stands where named values belong", "name the parameters")
    return values


def thaw(value: object) -> object:
    """A plain fresh copy of a frozen value: ``dict`` and ``list`` instead of their frozen kin."""
    if isinstance(value, MappingProxyType):
        return {name: thaw(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    return value


class _Encoding:
    """One walk over one value. Types are compared exactly: a subclass may run differently."""

    __slots__ = ("kept", "members")

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.members = 0

    def value(self, value: object, depth: int) -> JsonValue:
        if value is None or type(value) is bool:
            return value
        if type(value) is str:
            return self._text(value)
        if type(value) is int:
            return _integer(value)
        if type(value) is dict or type(value) is MappingProxyType:
            return self._mapping(value.copy(), depth)
        if type(value) is list or type(value) is tuple:
            return self._sequence(tuple(value), depth)
        if type(value) is bytes:
            return self._bytes(value)
        if isinstance(value, Enum):
            return self._enum(value, depth)
        tag = _TAGS.get(type(value))
        if tag is None:
            _refuse_type(value)
        return tag(value)

    def _mapping(self, value: dict[object, object], depth: int) -> JsonValue:
        self._enter(len(value), depth)
        encoded: JsonObject = {}
        for name, item in value.items():
            if type(name) is not str:
                problem = f"a `{type(name).__name__}` stands as a member name"
                raise NotFreezable(problem, "name members with plain strings")
            try:
                encoded[_whole("$" + name if name.startswith("$") else name)] = self.value(item, depth + 1)
            except NotFreezable as error:
                raise error.under(escape_pointer(name)) from error.__cause__
        return encoded

    def _sequence(self, value: tuple[object, ...], depth: int) -> JsonValue:
        self._enter(len(value), depth)
        encoded: list[JsonValue] = []
        for position, item in enumerate(value):
            try:
                encoded.append(self.value(item, depth + 1))
            except NotFreezable as error:
                raise error.under(str(position)) from error.__cause__
        return encoded

    def _enter(self, members: int, depth: int) -> None:
        # A list that contains itself ends here too.
        if depth > limits.DEPTH_MAX:
            problem = f"nested deeper than {limits.DEPTH_MAX} levels"
            raise NotFreezable(problem, "flatten the value")
        self.members += members
        if self.members > limits.MEMBERS_MAX:
            problem = f"more than {limits.MEMBERS_MAX} members in all"
            raise NotFreezable(problem, "send fewer members, or their digest")

    def _text(self, value: str) -> JsonValue:
        if len(value) * 4 <= INLINE_BYTES_MAX and value.isascii():
            return value
        octets = _utf8(value)
        return value if len(octets) <= INLINE_BYTES_MAX else self._keep(_bound(octets), value)

    def _bytes(self, value: bytes) -> JsonValue:
        if len(value) <= INLINE_BYTES_MAX:
            return {"$base64": b64encode(value).decode("ascii")}
        # The tag stays outside: a text and its UTF-8 bytes must not share a digest.
        return self._keep({"$base64": _bound(value)}, value)

    def _enum(self, member: Enum, depth: int) -> JsonValue:
        kind = type(member)
        where = f"{kind.__module__}.{kind.__qualname__}"
        if "<" in where or kind.__members__.get(member.name or "") is not member:
            problem = f"the enum member `{where}` cannot be named"
            raise NotFreezable(problem, "define the enum in a module, and pass one member of it")
        try:
            hash(member.value)
        except TypeError as error:
            # Attack: the member itself travels, so a list in it could change between claim and effect.
            raise NotFreezable(
                f"the value of the enum member `{where}` can change", "give it a string or a tuple"
            ) from error
        # The value goes in: a release that gives the name another value is another effect.
        value = self.value(member.value, depth + 1)
        encoded: JsonObject = {"$enum": {"name": member.name, "type": where, "value": value}}
        return self._keep(encoded, member)

    def _keep(self, encoded: JsonObject, value: object) -> JsonValue:
        name = fast.canonical(encoded)
        if isinstance(value, Enum) and self.kept.get(name, value) is not value:
            raise NotFreezable("two enum types share one name", "give each its own name")
        self.kept[name] = value
        return encoded


def _bound(octets: bytes) -> JsonObject:
    return {"$bytes": len(octets), "$sha256": hashlib.sha256(octets).hexdigest()}


def _integer(value: int) -> int:
    if -limits.INT_MAX <= value <= limits.INT_MAX:
        return value
    raise NotFreezable("an integer is beyond +-(2^53-1)", "send a `Decimal` or a string of digits")


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotFreezable("a lone surrogate stands in a string", "send whole characters") from error


def _whole(text: str) -> str:
    if not text.isascii():
        _utf8(text)
    return text


def _decimal(value: Decimal) -> JsonValue:
    if not value.is_finite():
        raise NotFreezable("a decimal is not finite", "send a finite amount")
    # `str` spells the exponent by the caller's decimal context; the encoding does not depend on it.
    text = str(value).upper()
    if len(text) > INLINE_BYTES_MAX:
        raise NotFreezable("a decimal has too many digits", "send it as a string")
    return {"$decimal": text}


def _time(value: datetime) -> JsonValue:
    offset = value.utcoffset()
    if offset is None:
        raise NotFreezable("a time has no time zone", "pass an aware datetime, such as `now(UTC)`")
    return {"$time": value.replace(tzinfo=timezone(offset), fold=0).isoformat()}


def _uuid(value: UUID) -> JsonValue:
    return {"$uuid": str(value)}


def _path(value: Path) -> JsonValue:
    return {"$path": _whole(str(value))}


_TAGS: Final[Mapping[type, Callable[..., JsonValue]]] = MappingProxyType(
    {Decimal: _decimal, datetime: _time, UUID: _uuid, _PATH: _path}
)


def _refuse_type(value: object) -> NoReturn:
    if isinstance(value, float):
        # 0.1 + 0.2 is one amount to a person and another to a digest; JSON readers round it again.
        raise NotFreezable("a float has no exact form", "send minor units or a string")
    name = type(value).__name__
    for plain in (str, int, dict, list, tuple, bytes):
        if isinstance(value, plain):
            problem = f"a `{name}` is a kind of `{plain.__name__}` that may behave otherwise"
            raise NotFreezable(problem, f"pass a plain `{plain.__name__}`")
    if isinstance(value, bytearray | memoryview):
        raise NotFreezable(f"a `{name}` can change", "pass `bytes`")
    raise NotFreezable(f"a `{name}` has no exact form", "pass the plain values that the effect depends on")


def _decoded(document: JsonValue, kept: Kept) -> object:
    if isinstance(document, list):
        return tuple(_decoded(item, kept) for item in document)
    if not isinstance(document, dict):
        return document
    if not any(_is_tag(name) for name in document):
        return MappingProxyType(
            {name.removeprefix("$"): _decoded(item, kept) for name, item in document.items()}
        )
    if (value := kept.get(fast.canonical(document), _MISSING)) is not _MISSING:
        return value
    if len(document) == 1:
        ((tag, text),) = document.items()
        reader = _READERS.get(tag)
        if reader is not None and isinstance(text, str):
            return _read_tag(reader, text, document)
    names = ", ".join(sorted(document))
    problem = f"nobody here holds the value that `{names[:64]}` binds"
    raise NotFreezable(problem, "hand in the value itself beside the document")


def _is_tag(name: str) -> bool:
    return name.startswith("$") and not name.startswith("$$")


def _read_tag(reader: Callable[[str], object], text: str, document: JsonObject) -> object:
    try:
        value = reader(text)
    except (ValueError, InvalidOperation, Base64Error) as error:
        raise NotFreezable("a tagged value cannot be read", "send argument encoding v1") from error
    if encode(value) != document:
        # Two spellings of one value would be two digests of one effect.
        raise NotFreezable("a tagged value is not in its one form", "send argument encoding v1")
    return value


def _read_base64(text: str) -> bytes:
    return b64decode(text, validate=True)


_READERS: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "$decimal": Decimal,
        "$time": datetime.fromisoformat,
        "$uuid": UUID,
        "$path": Path,
        "$base64": _read_base64,
    }
)
_MISSING: Final = object()
