"""How the command line speaks: stdout is data, stderr is talk, and a stranger's text stays visible.

Every line is built from spans. A span is made visible (``protocol/visible.py``) before it is coloured, so
that no caller's text reaches a terminal with an escape sequence in it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TextIO

import click

from licet.errors import LicetError
from licet.protocol.visible import visible

if TYPE_CHECKING:
    from licet.protocol.types import JsonValue

_SPAN_CHARS_MAX = 4_096
_DELETE = "\x7f"


class Painted(NamedTuple):
    """A span with a colour: never the only sign of anything."""

    text: str
    colour: str
    bold: bool = True


def good(text: str) -> Painted:
    """A word that means: it may go on."""
    return Painted(text, "green")


def bad(text: str) -> Painted:
    """A word that means: refused or wrong."""
    return Painted(text, "red")


def pale(text: str) -> Painted:
    """A word that means: nothing is known or nothing was said."""
    return Painted(text, "yellow")


def quiet(text: str) -> Painted:
    """Secondary text."""
    return Painted(text, "bright_black", bold=False)


class Talk:
    """One run's way of speaking; options of the command line set it before a verb runs."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take the environment once: NO_COLOR, FORCE_COLOR and TERM decide until ``--color`` does."""
        self.environment = environment
        self.colour = "auto"
        self.json = False
        self.debug = False
        self.hushed = False

    def out(self, *spans: str | Painted) -> None:
        """One line of data for people."""
        _write(sys.stdout, self._line(spans, sys.stdout) + "\n")

    def say(self, *spans: str | Painted) -> None:
        """One line of talk; ``-q`` silences it."""
        if not self.hushed:
            self._err(*spans)

    def raw(self, text: str) -> None:
        """Exact text on stdout, for forms that other programs read (notes, proofs, receipts)."""
        _write(sys.stdout, text)

    def data(self, document: JsonValue) -> None:
        """One JSON value on stdout, in ASCII: escapes keep every character and hide none."""
        from licet.protocol.canonical import canonical_bytes  # noqa: PLC0415 - only `--json` needs it

        _write(sys.stdout, ascii_json(canonical_bytes(document).decode("utf-8")) + "\n")

    def error(self, error: LicetError) -> None:
        """An error on stderr: what, where, and the next thing to do; with ``--json`` on stdout too."""
        self._err(bad(f"error[{error.code}]"), ": ", error.message)
        if error.pointer is not None:
            self._err("  at:   ", error.pointer or "(the whole document)")
        if error.mend:
            self._err("  mend: ", error.mend)
        if self.json:
            document: dict[str, JsonValue] = {
                "code": error.code,
                "message": error.message,
                "mend": error.mend,
            }
            if error.pointer is not None:
                document["pointer"] = error.pointer
            self.data({"schema": "licet/error/v1", "error": document})

    def coloured(self, stream: TextIO) -> bool:
        """Whether this stream gets colours."""
        if self.colour != "auto":
            return self.colour == "always"
        if self.environment.get("FORCE_COLOR"):
            return True
        if self.environment.get("NO_COLOR") or self.environment.get("TERM") == "dumb":
            return False
        return stream.isatty()

    def _err(self, *spans: str | Painted) -> None:
        _write(sys.stderr, self._line(spans, sys.stderr) + "\n")

    def _line(self, spans: tuple[str | Painted, ...], stream: TextIO) -> str:
        coloured = self.coloured(stream)
        return "".join(_span(span, coloured=coloured) for span in spans)


def _write(stream: TextIO, text: str) -> None:
    """Write and flush, in the order of events; a character the encoding lacks is escaped."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def ascii_json(text: str) -> str:
    """JSON text with every character outside printable ASCII as an escape; the same value."""
    return "".join(_escaped(char) for char in text)


def _escaped(char: str) -> str:
    if char < _DELETE:
        return char
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _span(span: str | Painted, *, coloured: bool) -> str:
    if isinstance(span, str):
        return visible(span, chars_max=_SPAN_CHARS_MAX)
    text = visible(span.text, chars_max=_SPAN_CHARS_MAX)
    return click.style(text, fg=span.colour, bold=span.bold) if coloured else text
