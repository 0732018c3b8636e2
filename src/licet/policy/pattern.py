r"""The subset of regular expressions a declaration may use: every match is linear in the text.

A pattern is a sequence of items, matched in full:

* a literal character, or an escaped one (``\.``);
* a class of ASCII characters and ranges: ``[A-Za-z0-9_-]``;
* an alternation of literals: ``(USD|EUR)``.

Literals and classes take one repeat: ``?``, ``*``, ``+``, ``{m}``, ``{m,}``, ``{m,n}``. Linear time is
checked, not hoped for: where a repeat may stop at several places, the next item must begin with a
character the repeat cannot take, and no alternative may begin another. So a matcher never has two ways to
go on (the language is one-unambiguous), and a caller's text cannot make it slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from licet.policy import limits

_SPECIAL: Final = frozenset(".^$*+?()[]{}|\\")
_REPEAT = re.compile(r"\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}")
_SHORT: Final = {"?": (0, 1), "*": (0, None), "+": (1, None)}


class PatternRefused(ValueError):
    """A pattern outside the subset; the message is the problem, ``mend`` the way out."""

    def __init__(self, problem: str, mend: str) -> None:
        """Keep both halves of what the author is told."""
        super().__init__(problem)
        self.mend = mend


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One item: the characters it may begin with, and how its length may vary."""

    first: frozenset[str]
    low: int
    high: int | None


def compile_pattern(text: str) -> re.Pattern[str]:
    """The compiled ``text``; use ``fullmatch``.

    Raises:
        PatternRefused: it is outside the subset.
    """
    if not 1 <= len(text) <= limits.PATTERN_CHARS_MAX:
        _refuse(f"the pattern has {len(text)} characters", f"keep it to {limits.PATTERN_CHARS_MAX}")
    if not (text.isascii() and text.isprintable()):
        _refuse("the pattern is not printable ASCII", "write ASCII classes and literals")
    _check_unambiguous(_Reader(text).items())
    return re.compile(text, re.ASCII)


class _Reader:
    """Reads a pattern from left to right into items."""

    __slots__ = ("_at", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def items(self) -> list[_Item]:
        """All items; refuses what the subset does not know."""
        found: list[_Item] = []
        while self._at < len(self._text):
            if self._peek() == "(":
                found.append(self._alternation())
                if self._peek() in {"?", "*", "+", "{"}:
                    _refuse("an alternation is repeated", "repeat classes and literals only")
            else:
                first = self._class() if self._peek() == "[" else frozenset({self._literal()})
                low, high = self._repeat()
                found.append(_Item(first=first, low=low, high=high))
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        if self._at >= len(self._text):
            _refuse("the pattern ends too early", "close every bracket")
        char = self._text[self._at]
        self._at += 1
        return char

    def _literal(self) -> str:
        char = self._take()
        if char == "\\":
            escaped = self._take()
            if escaped.isalnum():
                _refuse(f"`\\{escaped}` is not in the subset", "write a class such as [0-9] or [A-Za-z0-9_]")
            return escaped
        if char in _SPECIAL:
            _refuse(f"`{char}` is not in the subset here", "escape it, or write a class such as [0-9A-Za-z]")
        return char

    def _class(self) -> frozenset[str]:
        self._take()
        if self._peek() == "^":
            _refuse("a negated class is not in the subset", "list the characters that are allowed")
        chars: set[str] = set()
        while self._peek() != "]":
            low = self._class_char()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in {"]", ""}:
                self._take()
                high = self._class_char()
                if high < low:
                    _refuse(f"the range `{low}-{high}` runs backwards", "write it from low to high")
                chars |= {chr(code) for code in range(ord(low), ord(high) + 1)}
            else:
                chars.add(low)
        self._take()
        if not chars:
            _refuse("an empty class matches nothing", "list the characters that are allowed")
        return frozenset(chars)

    def _class_char(self) -> str:
        char = self._take()
        if char == "\\":
            escaped = self._take()
            if escaped.isalnum():
                _refuse(f"`\\{escaped}` is not in the subset", "list characters and ranges")
            return escaped
        if char in "[&~|":
            # Python warns of set operations to come; other languages have them.
            _refuse(f"`{char}` inside a class", f"escape it: `\\{char}`")
        return char

    def _alternation(self) -> _Item:
        self._take()
        words = [""]
        while self._peek() != ")":
            if self._peek() == "|":
                self._take()
                words.append("")
            elif self._peek() in {"[", "("}:
                _refuse("an alternation holds more than literals", "write (one|two) with literals only")
            else:
                words[-1] += self._literal()
        self._take()
        for index, word in enumerate(words):
            others = words[:index] + words[index + 1 :]
            if not word or any(other.startswith(word) for other in others):
                mend = "make no alternative empty or the start of another"
                _refuse(f"the alternative `{word}` begins another one", mend)
        return _Item(first=frozenset(word[0] for word in words), low=1, high=1)

    def _repeat(self) -> tuple[int, int | None]:
        low, high = self._one_repeat()
        if self._peek() in {"?", "*", "+", "{"}:
            _refuse("a repeat is repeated", "write one repeat")
        return low, high

    def _one_repeat(self) -> tuple[int, int | None]:
        if self._peek() in _SHORT:
            return _SHORT[self._take()]
        if self._peek() != "{":
            return 1, 1
        match = _REPEAT.match(self._text, self._at)
        if match is None:
            _refuse("a repeat cannot be read", "write {m}, {m,} or {m,n}")
        self._at = match.end()
        low = int(match.group(1))
        high = low if match.group(2) is None else None if match.group(3) is None else int(match.group(3))
        if max(low, high or 0) > limits.PATTERN_REPEAT_MAX or (high is not None and high < low):
            _refuse(
                f"the repeat `{match.group()}` is out of range", f"keep it to {limits.PATTERN_REPEAT_MAX}"
            )
        return low, high


def _check_unambiguous(items: list[_Item]) -> None:
    open_chars: frozenset[str] = frozenset()  # what an earlier repeat could still take here
    for item in items:
        if open_chars & item.first:
            char = min(open_chars & item.first)
            _refuse(
                f"the character `{char}` could belong to a repeat or to what follows it",
                "let what follows a repeat begin with a character the repeat does not take",
            )
        varies = item.first if item.low != item.high else frozenset()
        open_chars = varies | (open_chars if item.low == 0 else frozenset())


def _refuse(problem: str, mend: str) -> NoReturn:
    raise PatternRefused(problem, mend)
