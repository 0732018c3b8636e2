"""Text of strangers, made safe to print: nothing moves the cursor, hides, or turns the line around.

A file name, a member of a receipt or a key's name may be written by an attacker. Printed raw, ESC
rewrites the terminal, a right-to-left override shows `DENY` where the bytes say something else, and a
zero-width character makes two names look like one (``trust.md`` T18).
"""

from __future__ import annotations

import unicodedata
from typing import Final

_CHARS_MAX: Final = 200

_HIDING_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp", "Zs"})
"""Controls, formats (bidi, zero width, tags), unassigned, surrogates, private use, every space but one."""

_VARIATION_SELECTORS: Final = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_HIDING_LETTERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(code) for codes in _VARIATION_SELECTORS for code in codes
}
"""Characters that Unicode calls letters, marks or symbols and that show nothing: any text hides in them."""


def visible(text: str, *, chars_max: int = _CHARS_MAX) -> str:
    """``text`` with every hiding character written as ``<U+202E>``; the tail past ``chars_max`` cut.

    Printable text comes back unchanged. Total: takes any string, lone surrogates included, and what it
    returns always encodes to UTF-8.
    """
    shown = text[:chars_max]
    cut = f"... ({len(text)} characters)" if len(text) > chars_max else ""
    if shown.isascii() and shown.isprintable():
        return shown + cut
    return "".join(f"<U+{ord(char):04X}>" if _hides(char) else char for char in shown) + cut


def _hides(char: str) -> bool:
    if char == " ":
        return False
    return char in _HIDING_LETTERS or unicodedata.category(char) in _HIDING_CATEGORIES
