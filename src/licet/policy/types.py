"""The types a declaration can give a member, and what each makes of a value.

One type knows its Cedar name, its JSON Schema and its conversion into Cedar's JSON, so the schema that
rules are validated against and the check that requests pass cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from licet.policy.extension import READERS, ExtensionName
from licet.protocol.limits import INT_MAX
from licet.protocol.shape import kind_of, refuse
from licet.protocol.strict import escape_pointer
from licet.protocol.types import JsonObject, JsonValue

_CEDAR_NAME: Final[Mapping[ExtensionName, str]] = MappingProxyType(
    {"decimal": "decimal", "datetime": "datetime", "duration": "duration", "ip": "ipaddr"}
)
_EXAMPLE: Final[Mapping[ExtensionName, str]] = MappingProxyType(
    {"decimal": "12.50", "datetime": "2026-11-23T09:00:00Z", "duration": "1d2h30m", "ip": "192.0.2.0/24"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntType:
    """An integer within ``low..high``."""

    low: int = -INT_MAX
    high: int = INT_MAX

    def cedar(self) -> str:
        """Cedar's name."""
        return "Long"

    def json_schema(self) -> JsonObject:
        """JSON Schema 2020-12."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def convert(self, value: JsonValue, pointer: str) -> JsonValue:
        """Cedar's JSON of ``value``; raises ``Malformed`` with the place when it is another type."""
        if isinstance(value, bool) or not isinstance(value, int):
            refuse(pointer, f"{kind_of(value)} stands where an integer belongs", "send digits")
        if not self.low <= value <= self.high:
            refuse(pointer, f"{value} is out of range", f"send {self.low} to {self.high}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class BoolType:
    """True or false."""

    def cedar(self) -> str:
        """Cedar's name."""
        return "Bool"

    def json_schema(self) -> JsonObject:
        """JSON Schema 2020-12."""
        return {"type": "boolean"}

    def convert(self, value: JsonValue, pointer: str) -> JsonValue:
        """Cedar's JSON of ``value``; raises ``Malformed`` with the place when it is another type."""
        if not isinstance(value, bool):
            refuse(pointer, f"{kind_of(value)} stands where a boolean belongs", "send true or false")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class StringType:
    """A string: one of ``options``, matching ``pattern`` in full, of at most ``chars_max`` characters."""

    options: tuple[str, ...] | None = None
    pattern: re.Pattern[str] | None = None
    chars_max: int | None = None

    def cedar(self) -> str:
        """Cedar's name."""
        return "String"

    def json_schema(self) -> JsonObject:
        """JSON Schema 2020-12."""
        schema: JsonObject = {"type": "string"}
        if self.options is not None:
            schema["enum"] = list(self.options)
        if self.pattern is not None:
            schema["pattern"] = f"^(?:{self.pattern.pattern})$"
        if self.chars_max is not None:
            schema["maxLength"] = self.chars_max
        return schema

    def convert(self, value: JsonValue, pointer: str) -> JsonValue:
        """Cedar's JSON of ``value``; raises ``Malformed`` with the place when it is another type."""
        if not isinstance(value, str):
            refuse(pointer, f"{kind_of(value)} stands where a string belongs", "quote it")
        if self.chars_max is not None and len(value) > self.chars_max:
            refuse(pointer, f"the string has {len(value)} characters", f"send at most {self.chars_max}")
        if self.options is not None and value not in self.options:
            refuse(pointer, f"`{value[:64]}` is not allowed", f"send one of {', '.join(self.options)}")
        if self.pattern is not None and self.pattern.fullmatch(value) is None:
            refuse(pointer, f"`{value[:64]}` does not match", f"match {self.pattern.pattern}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionType:
    """A decimal, datetime, duration or ip: text in JSON, typed in Cedar.

    ``low`` and ``high`` are ten-thousandths and belong to decimals.
    """

    name: ExtensionName
    low: int | None = None
    high: int | None = None

    def cedar(self) -> str:
        """Cedar's name."""
        return _CEDAR_NAME[self.name]

    def json_schema(self) -> JsonObject:
        """JSON Schema 2020-12; the exact grammar is Cedar's."""
        return {"type": "string", "description": f"a {self.name} such as {_EXAMPLE[self.name]}"}

    def convert(self, value: JsonValue, pointer: str) -> JsonValue:
        """Cedar's JSON of ``value``; raises ``Malformed`` with the place when it is another type."""
        if not isinstance(value, str):
            refuse(
                pointer,
                f"{kind_of(value)} stands where a {self.name} belongs",
                f'send "{_EXAMPLE[self.name]}"',
            )
        read = READERS[self.name](value)
        if read is None:
            refuse(pointer, f"`{value[:64]}` is not a {self.name}", f'send it as "{_EXAMPLE[self.name]}"')
        if self.name == "decimal" and isinstance(read, int) and not self._within(read):
            refuse(pointer, f"`{value}` is out of range", "send a value between the declared min and max")
        return {"__extn": {"fn": self.name, "arg": value}}

    def _within(self, scaled: int) -> bool:
        return (self.low is None or self.low <= scaled) and (self.high is None or scaled <= self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetType:
    """A set of one element type, of at most ``items_max`` elements, sent as an array."""

    items: FieldType
    items_max: int | None = None

    def cedar(self) -> str:
        """Cedar's name."""
        return f"Set<{self.items.cedar()}>"

    def json_schema(self) -> JsonObject:
        """JSON Schema 2020-12."""
        schema: JsonObject = {"type": "array", "items": self.items.json_schema(), "uniqueItems": True}
        if self.items_max is not None:
            schema["maxItems"] = self.items_max
        return schema

    def convert(self, value: JsonValue, pointer: str) -> JsonValue:
        """Cedar's JSON of ``value``; raises ``Malformed`` with the place when it is another type."""
        if not isinstance(value, list):
            refuse(pointer, f"{kind_of(value)} stands where an array belongs", "send an array")
        if self.items_max is not None and len(value) > self.items_max:
            refuse(pointer, f"{len(value)} elements", f"send at most {self.items_max}")
        seen: set[Hashable] = set()
        converted: list[JsonValue] = []
        for position, item in enumerate(value):
            converted.append(self.items.convert(item, f"{pointer}/{position}"))
            # Attack: a set forgets repetitions, an executor that walks the array pays twice. `1.0` and
            # `1.00` are one decimal to the rules, and two payments to whoever walks the array.
            seen.add(_seen_as(converted[-1]))
            if len(seen) != len(converted):
                refuse(f"{pointer}/{position}", "the element stands twice", "send each element once")
        return converted


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordType:
    """Named members, each with its own type; nothing undeclared gets in."""

    fields: tuple[Field, ...]

    def cedar(self) -> str:
        """Cedar's record type, members sorted by name."""
        members = (
            f'"{field.name}"{"?" if field.optional else ""}: {field.type.cedar()}'
            for field in sorted(self.fields, key=lambda field: field.name)
        )
        return f"{{{', '.join(members)}}}"

    def json_schema(self) -> JsonObject:
        """JSON Schema 2020-12."""
        return {
            "type": "object",
            "properties": {field.name: field.type.json_schema() for field in self.fields},
            "required": [*sorted(field.name for field in self.fields if not field.optional)],
            "additionalProperties": False,
        }

    def convert(self, value: JsonValue, pointer: str) -> JsonObject:
        """Cedar's JSON of ``value``; raises ``Malformed`` with the place of the first fault."""
        if not isinstance(value, dict):
            refuse(pointer, f"{kind_of(value)} stands where an object belongs", "send an object")
        known = {field.name: field for field in self.fields}
        for name in value:
            if name not in known:
                near = get_close_matches(name, known, 1)
                listed = ", ".join(sorted(known)) or "nothing"
                mend = f"did you mean `{near[0]}`?" if near else f"declared here: {listed}"
                refuse(f"{pointer}/{escape_pointer(name)}", f"the member `{name[:64]}` is not declared", mend)
        converted: JsonObject = {}
        for name, field in known.items():
            if name in value:
                converted[name] = field.type.convert(value[name], f"{pointer}/{name}")
            elif not field.optional:
                refuse(f"{pointer}/{name}", f"the member `{name}` is missing", f"add `{name}`")
        return converted


FieldType = IntType | BoolType | StringType | ExtensionType | SetType | RecordType


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One declared member."""

    name: str
    type: FieldType
    optional: bool = False


def _seen_as(value: JsonValue) -> Hashable:
    """What Cedar compares where it is given ``value``: equal here if and only if equal to a rule."""
    if isinstance(value, list):
        return frozenset(_seen_as(item) for item in value)
    if not isinstance(value, dict):
        return (type(value), value)  # to Python, `True` is `1`
    call = value.get("__extn")
    if isinstance(call, dict):
        name, text = call["fn"], str(call["arg"])
        return next((kind, reader(text)) for kind, reader in READERS.items() if kind == name)
    return tuple(sorted((name, _seen_as(item)) for name, item in value.items()))
