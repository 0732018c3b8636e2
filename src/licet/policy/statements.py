"""Cutting Cedar text into statements with their places (``experience.md`` 3).

cedarpy gives no source span, so each statement is parsed alone and a fault names its statement. The
scanner knows comments, double-quoted strings with escapes, and ``;`` - nothing else of the language.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from licet.policy import limits
from licet.policy.findings import Findings, Place

_TOKEN = re.compile(r'//[^\n]*|"(?:[^"\\]|\\.)*"|"|;', re.DOTALL)
_BLANK = re.compile(r"(?:\s|//[^\n]*)*")
_NESTING = re.compile(
    r'//[^\n]*|"(?:[^"\\]|\\.)*"|[(\[{]|[)\]}]|,|&&|\|\||[=!<>]=|[<>!+*.-]|\b(?:if|then|else)\b', re.DOTALL
)
"""What opens, closes, separates or chains an expression; comments and strings first, to be passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement: its text from its first to its last character, and where that begins (from 1)."""

    file: str
    text: str
    line: int
    col: int

    def place(self) -> Place:
        """The first line of the statement."""
        return self.place_at(0, len(self.text.split("\n", 1)[0].rstrip()))

    def place_at(self, start: int, end: int) -> Place:
        """The stretch ``start..end`` of the text, as far as it stays on one line."""
        before = self.text[:start].split("\n")
        line = self.line + len(before) - 1
        col = len(before[-1]) + (self.col if len(before) == 1 else 1)
        width = len(self.text[start:end].split("\n", 1)[0])
        return Place(file=self.file, line=line, col=col, end_col=col + width)

    def find(self, word: str) -> tuple[Place, int] | None:
        """The first place of ``word`` as a whole word outside comments, and how often it stands there."""
        shape = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(word)}(?![A-Za-z0-9_])")
        visible = _TOKEN.sub(_hide_comment, self.text)
        hits = [match.span() for match in shape.finditer(visible)]
        return (self.place_at(*hits[0]), len(hits)) if hits else None

    def too_deep(self) -> Place | None:
        """Where the statement is nested deeper than the genuine parser can be trusted with.

        Attack: the parser recurses, and a few kilobytes of `(` or `1+1+...` overrun its stack: that ends
        the process, not the build. Chains count as nesting, since they are to the parser.
        """
        open_: list[tuple[int, int]] = []  # for each bracket: the depth before it, the most inside it
        depth = 0
        for match in _NESTING.finditer(self.text):
            mark = match.group()
            if mark in "([{":
                open_.append((depth, 0))
                depth += 1
            elif mark in ")]}" and open_:
                before, most = open_.pop()
                # Clauses stand beside each other; what else is in brackets may stand above what follows.
                depth = (max(depth, most) if open_ else before) + 1
            elif mark == "," and open_:
                before, most = open_[-1]
                open_[-1] = (before, max(depth, most))
                depth = before + 1
            elif mark[0] not in '/",':
                depth += 1
            if len(open_) > limits.BRACKETS_MAX or depth > limits.CHAINED_MAX:
                return self.place_at(*match.span())
        return None


def split_statements(file: str, content: bytes, findings: Findings) -> list[Statement]:
    """The statements of one file, in order; faults become findings."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.error("POL021", Place(file=file), f"byte {error.start} is not UTF-8", "save it as UTF-8")
        return []
    if _hidden(file, text, findings):
        return []
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    statements: list[Statement] = []
    start = 0
    for match in _TOKEN.finditer(text):
        if match.group() == '"':
            # An unterminated string would swallow every rule that follows it.
            place = _at(file, text, lines, match.start(), match.end()).place_at(0, 1)
            findings.error("POL001", place, "a string is not closed", 'close it with `"` on the same line')
            return []
        if match.group() == ";":
            statements.append(_at(file, text, lines, _begin(text, start), match.end()))
            start = match.end()
            if len(statements) > limits.POLICIES_MAX:
                return statements  # refused for their number, whatever follows
    rest = _begin(text, start)
    if rest < len(text):
        statements.append(_at(file, text, lines, rest, len(text.rstrip())))
    return statements


def _begin(text: str, start: int) -> int:
    match = _BLANK.match(text, start)
    return match.end() if match else start


def _at(file: str, text: str, lines: list[int], start: int, end: int) -> Statement:
    """The stretch ``start..end`` of ``text``, whose lines begin at ``lines``."""
    line = bisect_right(lines, start)
    return Statement(file=file, text=text[start:end], line=line, col=start - lines[line - 1] + 1)


def _hidden(file: str, text: str, findings: Findings) -> bool:
    """Refuse control and formatting characters: what a reviewer reads must be what is parsed."""
    for position, char in enumerate(text):
        if char in "\n\t" or (char == "\r" and text[position + 1 : position + 2] == "\n"):
            continue
        if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Co"}:
            # Attack: bidirectional overrides that show a reviewer another rule (CVE-2021-42574).
            lines = [0, *(match.end() for match in re.finditer("\n", text[:position]))]
            place = _at(file, text, lines, position, position + 1).place_at(0, 1)
            findings.error("POL029", place, f"the hidden character U+{ord(char):04X}", "delete it")
            return True
    return False


def _hide_comment(match: re.Match[str]) -> str:
    token = match.group()
    return " " * len(token) if token.startswith("//") else token
