"""Members of an authority's answer, taken by type: what is missing or of another type is no permit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from licet.errors import NotRecorded

if TYPE_CHECKING:
    from licet.protocol.types import JsonObject, JsonValue


def text_of(document: JsonObject, name: str) -> str:
    """A required string."""
    value = document.get(name)
    if not isinstance(value, str):
        raise _lacking(name)
    return value


def count_of(document: JsonObject, name: str) -> int:
    """A required integer."""
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _lacking(name)
    return value


def object_of(document: JsonObject, name: str) -> JsonObject:
    """A required object."""
    value = document.get(name)
    if not isinstance(value, dict):
        raise _lacking(name)
    return value


def objects_of(document: JsonObject, name: str) -> list[JsonObject]:
    """A required array of objects."""
    value = document.get(name)
    if not isinstance(value, list):
        raise _lacking(name)
    return [_an_object(item, name) for item in value]


def _an_object(item: JsonValue, name: str) -> JsonObject:
    if not isinstance(item, dict):
        raise _lacking(name)
    return item


def _lacking(name: str) -> NotRecorded:
    return NotRecorded(
        f"the authority's answer has no usable `{name}`",
        mend="use a client of its version; this is no permit",
    )
