"""Taking members out of a JSON object: each refusal names its place and its mend.

A reader of a licet document takes every member it knows from an ``Members`` and then calls ``end``:
what is left is unknown, and unknown members are refused (``protocol.md`` 1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Final, NoReturn, TypeVar

from ..errors import Malformed
from . import ids, limits
from .strict import escape_pointer
from .types import EntityRef, FreezeScope, JsonObject, JsonValue, ScopeKind, Surface
from .visible import visible

_QUOTED_CHARS_MAX: Final = 64
_HINTS_MAX: Final = 12
_KIND_NAMES: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    str: "a string",
    list: "an array",
    dict: "an object",
}
_Word = TypeVar("_Word", bound=StrEnum)


class Members:
    """The members of one object that nobody has taken yet."""

    __slots__ = ("_known", "_left", "document", "pointer")

    def __init__(self, value: JsonValue, pointer: str = "") -> None:
        """Open ``value``, which stays as it is.

        Raises:
            Malformed: it is not an object.
        """
        if not isinstance(value, dict):
            refuse(pointer, f"{kind_of(value)} stands where an object belongs", "send an object")
        self.document: JsonObject = value
        self._left = value.copy()
        self._known: list[str] = []
        self.pointer = pointer

    def place(self, name: str) -> str:
        """The JSON pointer of member ``name``."""
        return f"{self.pointer}/{escape_pointer(name)}"

    def has(self, name: str) -> bool:
        """Whether member ``name`` is there and untaken."""
        if name in self._left:
            return True
        self._known.append(name)
        return False

    def null(self, name: str) -> bool:
        """Whether member ``name`` is there and null; if so it is taken."""
        if name not in self._left or self._left[name] is not None:
            return False
        self.value(name)
        return True

    def value(self, name: str) -> JsonValue:
        """Take a required member of any type."""
        self._known.append(name)
        try:
            return self._left.pop(name)
        except KeyError:
            refuse(self.place(name), f"the member `{name}` is missing", f"add `{name}`")

    def text(
        self, name: str, *, chars_max: int, grammar: re.Pattern[str] | None = None, chars_min: int = 1
    ) -> str:
        """Take a required string within the bounds that ``grammar`` matches in full."""
        value = self.value(name)
        if not isinstance(value, str):
            refuse(self.place(name), f"{kind_of(value)} stands where a string belongs", "send a string")
        if not chars_min <= len(value) <= chars_max:
            problem = f"the string has {len(value)} characters"
            refuse(self.place(name), problem, f"send {chars_min} to {chars_max} characters")
        if grammar is not None and grammar.fullmatch(value) is None:
            problem = f"`{visible(value, chars_max=_QUOTED_CHARS_MAX)}` is not a valid `{name}`"
            refuse(self.place(name), problem, f"match {grammar.pattern}")
        return value

    def text_or_none(
        self, name: str, *, chars_max: int, grammar: re.Pattern[str] | None = None, chars_min: int = 1
    ) -> str | None:
        """Take an optional string; absent is None, null is refused."""
        if not self.has(name):
            return None
        return self.text(name, chars_max=chars_max, grammar=grammar, chars_min=chars_min)

    def one_of(self, name: str, words: type[_Word]) -> _Word:
        """Take a required string of a closed list; an unknown word is refused, never guessed."""
        value = self.text(name, chars_max=_QUOTED_CHARS_MAX)
        try:
            return words(value)
        except ValueError:
            problem = f"`{visible(value)}` is not a `{name}` that this version knows"
            refuse(self.place(name), problem, f"send one of {', '.join(words)}")

    def integer(self, name: str, *, low: int = 0, high: int = limits.INT_MAX) -> int:
        """Take a required integer within ``low..high``."""
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int):
            refuse(self.place(name), f"{kind_of(value)} stands where an integer belongs", "send an integer")
        if not low <= value <= high:
            refuse(self.place(name), f"{value} is out of range", f"send {low} to {high}")
        return value

    def integer_or_none(self, name: str, *, low: int = 0, high: int = limits.INT_MAX) -> int | None:
        """Take an optional integer; absent is None, null is refused."""
        return self.integer(name, low=low, high=high) if self.has(name) else None

    def objects(self, name: str) -> JsonObject:
        """Take a required free object."""
        value = self.value(name)
        if not isinstance(value, dict):
            problem = f"{kind_of(value)} stands where an object belongs"
            refuse(self.place(name), problem, "send an object")
        return value

    def object_or_none(self, name: str) -> JsonObject | None:
        """Take an optional free object; absent is None, null is refused."""
        return self.objects(name) if self.has(name) else None

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

    def members_or_none(self, name: str) -> Members | None:
        """Take an optional object, to be taken apart in turn; absent is None, null is refused."""
        return self.members(name) if self.has(name) else None

    def end(self) -> None:
        """Refuse whatever nobody took.

        Raises:
            Malformed: an unknown member is left.
        """
        for name in self._left:
            shown = visible(name, chars_max=_QUOTED_CHARS_MAX)
            near = get_close_matches(name[:_QUOTED_CHARS_MAX], self._known, 1)
            known = ", ".join(sorted(set(self._known))[:_HINTS_MAX])
            mend = f"did you mean `{near[0]}`?" if near else f"known here: {known}"
            refuse(self.place(name), f"the member `{shown}` is unknown", mend)


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


def freeze_scope(members: Members) -> FreezeScope:
    """Take exactly one of ``all``, ``tenant`` (both ``true``), ``surface`` (a name) and ``actor``."""
    found = [kind for kind in ScopeKind if members.has(kind)]
    if len(found) != 1:
        problem = f"{len(found)} members say what is frozen"
        refuse(members.pointer, problem, f"send one of {', '.join(ScopeKind)}")
    (kind,) = found
    surface = actor = None
    if kind is ScopeKind.SURFACE:
        surface = Surface(members.text(kind, chars_max=limits.SURFACE_CHARS_MAX, grammar=ids.SURFACE))
    elif kind is ScopeKind.ACTOR:
        actor = entity_ref(members.members(kind))
    elif members.value(kind) is not True:
        refuse(members.place(kind), f"`{kind}` is not true", f'send `{{"{kind}": true}}`')
    members.end()
    return FreezeScope(kind=kind, surface=surface, actor=actor)


def kind_of(value: JsonValue) -> str:
    """What JSON calls ``value``, with its article, for messages."""
    return _KIND_NAMES[type(value)]


def refuse(pointer: str, problem: str, mend: str) -> NoReturn:
    """Raise ``Malformed`` for one place."""
    raise Malformed(problem, mend=mend, pointer=pointer)
