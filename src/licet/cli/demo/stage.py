"""What the demo shows and demands: every line that is listed is compared, and the first miss is kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from licet.cli.talk import Painted, Talk, bad, good, pale, quiet

if TYPE_CHECKING:
    from licet.protocol.types import JsonValue

_INDENT = "    "
_LABEL_CHARS = 10
_WORDS = {
    "PERMIT": good,
    "executed": good,
    "VERIFIED": good,
    "DENY": bad,
    "FAILED": bad,
    "SILENCE": pale,
    "CANNOT": pale,
}


class Stage:
    """The story so far."""

    def __init__(self, talk: Talk, *, wait: bool) -> None:
        """``wait`` for Enter before each step."""
        self._talk = talk
        self._wait = wait
        self._steps: list[JsonValue] = []
        self._lines: list[JsonValue] = []
        self.first_miss: str | None = None

    def step(self, title: str, *, at_once: bool = False) -> None:
        """Begin a step; ``at_once`` when it needs a permit that a pause would outlive."""
        if self._wait and self._steps and not at_once:
            self._talk.say(quiet("    (Enter goes on)"))
            sys.stdin.readline()
        self._lines = []
        self._steps.append({"title": title, "lines": self._lines})
        self._out("")
        self._out(f"{len(self._steps):>2}  {title}")

    def note(self, text: str) -> None:
        """A sentence for people; nothing depends on it."""
        self._out(f"{_INDENT}{text}")

    def command(self, text: str) -> None:
        """The command or call that this stands for."""
        self._out(_INDENT, quiet(f"$ {text}"))

    def tell(self, label: str, text: str) -> None:
        """A fact that differs from run to run."""
        self._lines.append({"label": label, "got": text})
        self._out(f"{_INDENT}{label.ljust(_LABEL_CHARS)}{text}")

    def demand(self, label: str, got: str, expected: str) -> None:
        """A line that must come out as listed."""
        self._lines.append({"label": label, "got": got, "expected": expected, "ok": got == expected})
        word, space, rest = got.partition(" ")
        shown: str | Painted = _WORDS[word](word) if word in _WORDS else word
        self._out(f"{_INDENT}{label.ljust(_LABEL_CHARS)}", shown, space + rest)
        if got != expected:
            self._out(_INDENT, bad("NOT AS LISTED"), f": expected `{expected}`")
            if self.first_miss is None:
                self.first_miss = f"step {len(self._steps)}, {label}: expected `{expected}`, got `{got}`"

    def document(self) -> dict[str, JsonValue]:
        """The whole story as data."""
        return {"schema": "licet/demo/v1", "passed": self.first_miss is None, "steps": self._steps}

    def _out(self, *spans: str | Painted) -> None:
        if not self._talk.json:
            self._talk.out(*spans)
