"""The pieces that JSON Schemas are built of, from the grammars and limits that the readers use themselves.

A schema cannot say everything: size in bytes, depth, members in all, that no name stands twice and that
``1.0`` is no integer are left to the reader (``vectors/README.md`` lists what is outside a schema).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from licet.protocol import ids, limits
from licet.protocol.types import OUTCOME_OF_REASON, JsonObject, JsonValue, Outcome, Reason

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_END: Final = r"(?![\s\S])"
"""``$`` also matches before a last newline in some languages; "no character follows" means one thing."""


def text(grammar: re.Pattern[str] | None, chars_max: int, *, chars_min: int = 1) -> JsonObject:
    """A string within the bounds that matches in full."""
    rule: JsonObject = {"type": "string", "minLength": chars_min, "maxLength": chars_max}
    if grammar is not None:
        rule["pattern"] = f"^(?:{grammar.pattern}){_END}"
    return rule


def integer(low: int = 0, high: int = limits.INT_MAX) -> JsonObject:
    """An integer within the bounds."""
    return {"type": "integer", "minimum": low, "maximum": high}


def array(items: JsonObject, *, items_max: int, items_min: int = 0, unique: bool = False) -> JsonObject:
    """An array of ``items``."""
    rule: JsonObject = {"type": "array", "items": items, "maxItems": items_max}
    if items_min:
        rule["minItems"] = items_min
    if unique:
        rule["uniqueItems"] = True
    return rule


def words(kind: type[StrEnum] | Iterable[str]) -> JsonObject:
    """One string of a closed list."""
    return {"enum": [str(word) for word in kind]}


def closed(
    required: Mapping[str, JsonObject], optional: Mapping[str, JsonObject] | None = None
) -> JsonObject:
    """An object that knows its members: anything else is refused."""
    names: list[JsonValue] = list(required)
    members: JsonObject = {**required, **(optional or {})}
    return {"type": "object", "required": names, "additionalProperties": False, "properties": members}


def also(shape: JsonObject, *rules: JsonObject) -> JsonObject:
    """``shape`` with what its members say of each other."""
    listed: list[JsonValue] = list(rules)
    return shape | {"allOf": listed}


def one_of(*rules: JsonObject) -> JsonObject:
    """What any of ``rules`` takes."""
    listed: list[JsonValue] = list(rules)
    return {"anyOf": listed}


def nullable(rule: JsonObject) -> JsonObject:
    """``rule`` or null."""
    return one_of(rule, {"type": "null"})


def member_is(name: str, value: str) -> JsonObject:
    """That member ``name`` is there and is ``value``."""
    return {"properties": {name: {"const": value}}, "required": [name]}


def only_when(condition: JsonObject, *names: str, required: bool) -> JsonObject:
    """That ``names`` are absent unless ``condition`` holds; ``required`` says whether they must be there."""
    there: list[JsonObject] = [{"required": [name]} for name in names]
    rule: JsonObject = {"if": condition, "else": {"not": one_of(*there)}}
    if required:
        listed: list[JsonValue] = list(names)
        rule["then"] = {"required": listed}
    return rule


def reason_of_outcome() -> JsonObject:
    """That the reason belongs to the outcome."""
    pairs: list[JsonObject] = [
        {
            "properties": {
                "outcome": {"const": outcome.value},
                "reason": words(reason for reason in Reason if OUTCOME_OF_REASON[reason] is outcome),
            }
        }
        for outcome in Outcome
    ]
    return one_of(*pairs)


def document(title: str, schema: JsonObject) -> JsonObject:
    """A whole schema document; ``$defs`` only where something refers to it."""
    whole: JsonObject = {"$schema": DIALECT, "title": title, **schema}
    if "#/$defs/value" in repr(schema):
        whole["$defs"] = {"value": _VALUE}
    return whole


FREE: Final[JsonObject] = {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}}
_VALUE: Final[JsonObject] = {
    "description": "the JSON profile: no float, no integer beyond +-(2^53-1)",
    "anyOf": [
        {"type": ["string", "boolean", "null"]},
        integer(-limits.INT_MAX),
        {"type": "array", "items": {"$ref": "#/$defs/value"}},
        FREE,
    ],
}
_ENTITY_MEMBERS: Final = {
    "type": text(ids.ENTITY_TYPE, limits.TYPE_CHARS_MAX),
    "id": text(ids.ENTITY_ID, limits.ID_CHARS_MAX),
}
ENTITY: Final = closed(_ENTITY_MEMBERS)
ACTOR: Final = closed(
    _ENTITY_MEMBERS,
    {"attributes": FREE, "on_behalf_of": array(ENTITY, items_max=limits.ON_BEHALF_OF_MAX)},
)
SURFACE: Final = text(ids.SURFACE, limits.SURFACE_CHARS_MAX)
ACTION: Final = text(ids.ACTION, limits.ACTION_CHARS_MAX)
AUDIENCE: Final = text(ids.AUDIENCE, limits.AUDIENCE_CHARS_MAX)
IDEMPOTENCY_KEY: Final = text(ids.IDEMPOTENCY_KEY, limits.KEY_CHARS_MAX)
CLAIM_ID: Final = text(ids.IDEMPOTENCY_KEY, limits.CLAIM_ID_CHARS_MAX)
RECEIPT_ID: Final = text(ids.RECEIPT_ID, ids.RECEIPT_ID_CHARS)
DIGEST: Final = text(ids.DIGEST, ids.DIGEST_CHARS)
ORIGIN: Final = text(ids.ORIGIN, limits.ORIGIN_CHARS_MAX)
JWS: Final = text(ids.COMPACT_JWS, limits.JWS_BYTES_MAX)
REASON_TEXT: Final = text(None, limits.REASON_CHARS_MAX)
FREEZE_SCOPE: Final = one_of(
    closed({"all": {"const": True}}),
    closed({"tenant": {"const": True}}),
    closed({"surface": SURFACE}),
    closed({"actor": ENTITY}),
)
WOULD: Final = closed({"outcome": words(Outcome), "reason": words(Reason)}) | reason_of_outcome()
