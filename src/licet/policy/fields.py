"""Field declarations in TOML to types: ``amount_minor = { type = "int", min = 1 }`` (``policy.md`` 2)."""

from __future__ import annotations

import re
from typing import Final, get_args

from licet.policy import limits
from licet.policy.extension import ExtensionName, decimal_scaled
from licet.policy.pattern import PatternRefused, compile_pattern
from licet.policy.toml_source import Keys
from licet.policy.types import (
    BoolType,
    ExtensionType,
    Field,
    FieldType,
    IntType,
    RecordType,
    SetType,
    StringType,
)
from licet.protocol.limits import INT_MAX

FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""No leading underscore: Cedar's JSON gives ``__extn`` and ``__entity`` a meaning of their own."""

_EXTENSIONS: Final = get_args(ExtensionName)
_TYPES: Final = ("int", "string", "bool", "set", "record", *_EXTENSIONS)


def read_fields(
    table: Keys | None, *, reserved: frozenset[str] = frozenset(), depth: int = 1
) -> tuple[Field, ...]:
    """The fields that ``table`` declares; ``reserved`` names are licet's own. An absent table has none."""
    if table is None:
        return ()
    names = table.names()
    if len(names) > limits.FIELDS_MAX:
        table.fault(None, f"{len(names)} fields", f"keep it to {limits.FIELDS_MAX}")
    return tuple(_field(table, name, reserved, depth) for name in names)


def _field(table: Keys, name: str, reserved: frozenset[str], depth: int) -> Field:
    if FIELD_NAME.fullmatch(name) is None:
        table.fault(name, f"`{name}` cannot name a field", f"match {FIELD_NAME.pattern}")
    if name in reserved:
        table.fault(name, f"`{name}` is licet's own member here", "choose another name")
    keys = table.table(name)
    if keys is None:
        return Field(name=name, type=BoolType())
    optional = keys.flag("optional", default=False)
    declared = _type(keys, depth)
    keys.end()
    return Field(name=name, type=declared, optional=optional)


def _type(keys: Keys, depth: int) -> FieldType:
    kind = keys.text("type", chars_max=limits.NAME_CHARS_MAX) if keys.has("type") else ""
    if kind not in _TYPES:
        keys.fault(
            "type", f"`{kind}` is not a type" if kind else "the type is missing", f"write {', '.join(_TYPES)}"
        )
        for name in keys.names():
            keys.value(name)
        return BoolType()
    if depth > limits.FIELD_DEPTH_MAX:
        keys.fault(None, "types are nested too deep", f"keep it to {limits.FIELD_DEPTH_MAX} levels")
        return BoolType()
    match kind:
        case "int":
            return _int(keys)
        case "string":
            return _string(keys)
        case "set":
            return _set(keys, depth)
        case "record":
            return RecordType(fields=read_fields(_required_table(keys, "fields"), depth=depth + 1))
        case "decimal":
            return ExtensionType(name="decimal", low=_bound(keys, "min"), high=_bound(keys, "max"))
        case _:
            return next((ExtensionType(name=name) for name in _EXTENSIONS if name == kind), BoolType())


def _int(keys: Keys) -> IntType:
    low = keys.integer("min", -INT_MAX, low=-INT_MAX)
    high = keys.integer("max", INT_MAX, low=-INT_MAX)
    if low > high:
        keys.fault("min", f"min {low} is above max {high}", "swap them")
    return IntType(low=low, high=high)


def _string(keys: Keys) -> StringType:
    options = None
    if keys.has("enum"):
        options = keys.strings("enum", items_max=limits.ENUM_MAX, chars_max=limits.TEXT_CHARS_MAX)
        if not options:
            keys.fault("enum", "an empty enum allows nothing", "list the values that are allowed")
    pattern = None
    if keys.has("pattern"):
        text = keys.text("pattern", chars_max=limits.PATTERN_CHARS_MAX)
        try:
            pattern = compile_pattern(text)
        except PatternRefused as refused:
            keys.fault("pattern", f"`pattern`: {refused}", refused.mend, code="POL028")
    chars_max = None
    if keys.has("max_length"):
        chars_max = keys.integer("max_length", low=1, high=limits.STRING_CHARS_MAX)
    return StringType(options=options, pattern=pattern, chars_max=chars_max)


def _set(keys: Keys, depth: int) -> SetType:
    items_max = (
        keys.integer("max_length", low=1, high=limits.STRING_CHARS_MAX) if keys.has("max_length") else None
    )
    items = _required_table(keys, "items")
    if items is None:
        return SetType(items=BoolType(), items_max=items_max)
    element = _type(items, depth + 1)
    items.end()
    return SetType(items=element, items_max=items_max)


def _required_table(keys: Keys, name: str) -> Keys | None:
    if not keys.has(name):
        keys.fault(None, f"the key `{name}` is missing", f"add `{name} = {{ ... }}`", code="POL023")
    return keys.table(name)


def _bound(keys: Keys, name: str) -> int | None:
    if not keys.has(name):
        return None
    text = keys.text(name, chars_max=limits.NAME_CHARS_MAX)
    scaled = decimal_scaled(text)
    if scaled is None:
        keys.fault(name, f"`{name}` is not a decimal", 'write it as "12.50"')
    return scaled
