"""Taking members out of a JSON object: each refusal names its place and its mend.

A reader of a licet document takes every member it knows from an ``Members`` and then calls ``end``:
what is left is unknown, and unknown members are refused (``protocol.md`` 1).
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NoReturn

from ..errors import Malformed
from . import ids, limits
from .strict import escape_pointer
from .types import EntityRef, JsonObject, JsonValue


class Members:
    """The members of one object that nobody has taken yet."""

    __slots__ = ("_known", "_left", "pointer")

    def __init__(self, value: JsonValue, pointer: str = "") -> None:
        """Open ``value``.

        Raises:
            Malformed: it is not an object.
        """
        if not isinstance(value, dict):
            refuse(pointer, f"{kind_of(value)} stands where an object belongs", "send an object")
        self._left = dict(value)
        self._known: list[str] = []
        self.pointer = pointer

    def place(self, name: str) -> str:
        """The JSON pointer of member ``name``."""
        return f"{self.pointer}/{escape_pointer(name)}"

    def has(self, name: str) -> bool:
        """Whether member ``name`` is there and untaken."""
        return name in self._left

    def value(self, name: str) -> JsonValue:
        """Take a required member of any type."""
        self._known.append(name)
        if name not in self._left:
            refuse(self.place(name), f"the member `{name}` is missing", f"add `{name}`")
        return self._left.pop(name)

    def text(self, name: str, *, chars_max: int, grammar: re.Pattern[str] | None = None) -> str:
        """Take a required string of 1 to ``chars_max`` characters that ``grammar`` matches in full."""
        value = self.value(name)
        if not isinstance(value, str):
            refuse(self.place(name), f"{kind_of(value)} stands where a string belongs", "quote it")
        if not 1 <= len(value) <= chars_max:
            refuse(
                self.place(name),
                f"the string has {len(value)} characters",
                f"send 1 to {chars_max} characters",
            )
        if grammar is not None and grammar.fullmatch(value) is None:
            refuse(
                self.place(name),
                f"`{value[:64]}` is not a valid `{name}`",
                f"match {grammar.pattern}",
            )
        return value

    def text_or_none(
        self, name: str, *, chars_max: int, grammar: re.Pattern[str] | None = None
    ) -> str | None:
        """Take an optional string; absent is None, null is refused."""
        if not self.has(name):
            self._known.append(name)
            return None
        return self.text(name, chars_max=chars_max, grammar=grammar)

    def integer(self, name: str, *, low: int = 0, high: int = limits.INT_MAX) -> int:
        """Take a required integer within ``low..high``."""
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int):
            refuse(self.place(name), f"{kind_of(value)} stands where an integer belongs", "send digits")
        if not low <= value <= high:
            refuse(self.place(name), f"{value} is out of range", f"send {low} to {high}")
        return value

    def objects(self, name: str) -> JsonObject:
        """Take a required free object."""
        value = self.value(name)
        if not isinstance(value, dict):
            refuse(
                self.place(name),
                f"{kind_of(value)} stands where an object belongs",
                "send an object",
            )
        return value

    def array(self, name: str, *, items_max: int) -> list[JsonValue]:
        """Take a required array of at most ``items_max`` elements."""
        value = self.value(name)
        if not isinstance(value, list):
            refuse(self.place(name), f"{kind_of(value)} stands where an array belongs", "send an array")
        if len(value) > items_max:
            refuse(self.place(name), f"{len(value)} elements", f"send at most {items_max}")
        return value

    def members(self, name: str) -> Members:
        """Take a required object, to be taken apart in turn."""
        return Members(self.value(name), self.place(name))

    def end(self) -> None:
        """Refuse whatever nobody took.

        Raises:
            Malformed: an unknown member is left.
        """
        for name in self._left:
            near = get_close_matches(name, self._known, 1)
            mend = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(self._known)}"
            refuse(self.place(name), f"the member `{name[:64]}` is unknown", mend)


def entity_ref(members: Members) -> EntityRef:
    """Take ``type`` and ``id``, and nothing else."""
    ref = entity_ref_part(members)
    members.end()
    return ref


def entity_ref_part(members: Members) -> EntityRef:
    """Take ``type`` and ``id`` and leave the rest."""
    return EntityRef(
        type=members.text("type", chars_max=limits.TYPE_CHARS_MAX, grammar=ids.ENTITY_TYPE),
        id=members.text("id", chars_max=limits.ID_CHARS_MAX, grammar=ids.ENTITY_ID),
    )


def kind_of(value: JsonValue) -> str:
    """What JSON calls ``value``, with its article, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "an object"


def refuse(pointer: str, problem: str, mend: str) -> NoReturn:
    """Raise ``Malformed`` for one place."""
    raise Malformed(problem, mend=mend, pointer=pointer)
