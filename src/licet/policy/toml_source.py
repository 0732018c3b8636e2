"""Reading the TOML files of a bundle: every key is taken with its type, what is left over is refused.

``tomllib`` gives no places for keys, so ``TomlSource.place`` finds them again in the text: good enough
for a message, never used for a decision.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from licet.policy import limits
from licet.policy.findings import Findings, Place
from licet.protocol.limits import INT_MAX
from licet.protocol.types import JsonObject, JsonValue

Path = tuple[str | int, ...]
_Index = dict[Path, tuple[Path, int, str, tuple[int, int]]]
"""Path to: the path that stands there, the line's number and text, and the stretch of the key in it."""

_PARTS_MAX: Final = 64

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]\s](?:[^\[\]]*[^\[\]\s])?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\")(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"))*)\s*=")
_PART = r"(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
_DOTTED = re.compile(rf"(?<![A-Za-z0-9_-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_PARTS_MAX}}}")
"""More parts in a row than any key has; ``tomllib`` takes their square in time."""
_FAULT_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlSource:
    """A TOML file that parsed: its name, its text and its document."""

    file: str
    text: str
    document: JsonObject

    def place(self, path: Path) -> Place:
        """Where ``path`` stands: its key, else the nearest key or header above it, else line 1."""
        exact, within = _places(self.text)
        found = within.get(path)
        for cut in range(len(path) - 1, 0, -1):
            found = found or exact.get(path[:cut])
        if found is None:
            return Place(file=self.file)
        here, number, line, span = found
        start, end = _inner(line, span, path[len(here) :])
        return Place(file=self.file, line=number, col=start + 1, end_col=end + 1)


@lru_cache(maxsize=4)
def _places(text: str) -> tuple[_Index, _Index]:
    """Every key and header of ``text``, once by its own path and once by each path above it; first ones."""
    exact: _Index = {}
    within: _Index = {}
    header: Path = ()
    seen: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.match(line):
            header = _header_path(match, seen)
            here, span = header, match.span(2)
        elif match := _KEY.match(line):
            here, span = header + _names(match.group(1)), match.span(1)
        else:
            continue
        exact.setdefault(here, (here, number, line, span))
        for cut in range(1, len(here) + 1):
            within.setdefault(here[:cut], (here, number, line, span))
    return exact, within


def read_toml(file: str, content: bytes, findings: Findings) -> TomlSource | None:
    """The document in ``content``; None when it is not TOML of the profile (findings say why)."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.error("POL021", Place(file=file), f"byte {error.start} is not UTF-8", "save it as UTF-8")
        return None
    if (long := _DOTTED.search(text)) is not None:
        line = text.count("\n", 0, long.start()) + 1
        problem = f"more than {_PARTS_MAX} names joined by dots"
        findings.error("POL021", Place(file=file, line=line), problem, "write tables")
        return None
    try:
        document = tomllib.loads(text)
        outside = _outside_profile(document, ())
    except (ValueError, RecursionError) as error:
        findings.error("POL021", _fault_place(file, text, str(error)), _fault_text(error), "write TOML 1.0")
        return None
    source = TomlSource(file=file, text=text, document=document)
    for path, problem, mend in outside[: limits.FINDINGS_SHOWN_MAX]:
        findings.error("POL024", source.place(path), problem, mend)
    return None if outside else source


class _Required:
    """Marks a key without default."""


REQUIRED: Final = _Required()


class Keys:
    """The keys of one table that nobody has taken yet.

    A fault becomes a finding and the call returns a harmless value of the right type: the build goes on
    to find what else is wrong, and then refuses.
    """

    __slots__ = ("_findings", "_known", "_left", "path", "source")

    def __init__(
        self, source: TomlSource, path: Path, table: Mapping[str, JsonValue], findings: Findings
    ) -> None:
        """Open ``table``, which stands at ``path`` of ``source``."""
        self.source = source
        self.path = path
        self._left = dict(table)
        self._known: list[str] = []
        self._findings = findings

    def has(self, name: str) -> bool:
        """Whether key ``name`` is there and untaken."""
        return name in self._left

    def names(self) -> tuple[str, ...]:
        """The untaken keys, in file order."""
        return tuple(self._left)

    def fault(self, name: str | None, problem: str, mend: str, *, code: str = "POL024") -> None:
        """Report what is wrong with key ``name``, or with the table."""
        path = self.path if name is None else (*self.path, name)
        self._findings.error(code, self.source.place(path), problem, mend)

    def value(self, name: str, default: JsonValue | _Required = REQUIRED) -> JsonValue:
        """Take a key of any type; None when it is missing and has no default."""
        self._known.append(name)
        if name in self._left:
            return self._left.pop(name)
        if isinstance(default, _Required):
            where = ".".join(str(part) for part in self.path) or "the file"
            self.fault(None, f"the key `{name}` is missing in `{where}`", f"add `{name}`", code="POL023")
            return None
        return default

    def text(
        self,
        name: str,
        default: str | _Required = REQUIRED,
        *,
        chars_max: int,
        grammar: re.Pattern[str] | None = None,
    ) -> str:
        """Take a string of 1 to ``chars_max`` printable characters that ``grammar`` matches in full."""
        here = self.has(name)
        value = self.value(name, default)
        if not here:
            return value if isinstance(value, str) else ""
        if not isinstance(value, str):
            self.fault(name, f"`{name}` is not a string", "quote it")
            return ""
        problem = text_problem(value, chars_max, grammar)
        if problem is not None:
            self.fault(name, f"`{name}`: {problem[0]}", problem[1])
        return value

    def integer(
        self, name: str, default: int | _Required = REQUIRED, *, low: int, high: int = INT_MAX
    ) -> int:
        """Take an integer within ``low..high``."""
        here = self.has(name)
        value = self.value(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            if here:
                self.fault(name, f"`{name}` is not an integer", f"write {low} to {high}")
            return low
        if here and not low <= value <= high:
            self.fault(name, f"`{name}` is {value}, out of range", f"write {low} to {high}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self.value(name, default)
        if not isinstance(value, bool):
            self.fault(name, f"`{name}` is neither true nor false", "write true or false")
            return default
        return value

    def choice(self, name: str, options: Sequence[str], default: str) -> str:
        """Take one of ``options``."""
        value = self.value(name, default)
        if not isinstance(value, str) or value not in options:
            mend = did_you_mean(str(value), options)
            self.fault(name, f"`{name}` is `{value}`, which does not exist", mend)
            return default
        return value

    def strings(
        self,
        name: str,
        default: Sequence[str] | _Required = REQUIRED,
        *,
        items_max: int,
        chars_max: int,
        grammar: re.Pattern[str] | None = None,
    ) -> tuple[str, ...]:
        """Take an array of different strings."""
        here = self.has(name)
        value = self.value(name, list(default) if not isinstance(default, _Required) else default)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            if here:
                self.fault(name, f"`{name}` is not an array of strings", 'write ["a", "b"]')
            return ()
        texts = tuple(item for item in value if isinstance(item, str))
        if len(texts) > items_max:
            self.fault(name, f"`{name}` has {len(texts)} elements", f"keep it to {items_max}")
        if len(set(texts)) != len(texts):
            self.fault(name, f"`{name}` names something twice", "name each once")
        for item in texts if here else ():
            if problem := text_problem(item, chars_max, grammar):
                self.fault(name, f"`{name}`: {problem[0]}", problem[1])
        return texts

    def table(self, name: str) -> Keys | None:
        """Take a table; None when it is absent or no table."""
        if not self.has(name):
            self._known.append(name)
            return None
        value = self.value(name)
        if not isinstance(value, dict):
            self.fault(name, f"`{name}` is not a table", f"write [{name}]")
            return None
        return Keys(self.source, (*self.path, name), value, self._findings)

    def tables(self, name: str, *, items_max: int) -> tuple[Keys, ...]:
        """Take an array of tables; empty when it is absent."""
        value = self.value(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(name, f"`{name}` is not an array of tables", f"write [[{name}]]")
            return ()
        if len(value) > items_max:
            self.fault(name, f"{len(value)} tables `{name}`", f"keep it to {items_max}")
        return tuple(
            Keys(self.source, (*self.path, name, index), item, self._findings)
            for index, item in enumerate(value)
            if isinstance(item, dict)
        )

    def end(self) -> None:
        """Refuse whatever nobody took: an ignored key would be a rule that nobody applies."""
        for name in self._left:
            where = ".".join(str(part) for part in self.path) or "the file"
            self.fault(
                name,
                f"the key `{name}` is unknown in `{where}`",
                did_you_mean(name, self._known),
                code="POL022",
            )


def text_problem(value: str, chars_max: int, grammar: re.Pattern[str] | None) -> tuple[str, str] | None:
    """Why ``value`` cannot be used, and the mend; None when it can."""
    if not 1 <= len(value) <= chars_max:
        return f"{len(value)} characters", f"write 1 to {chars_max} characters"
    if grammar is not None and grammar.fullmatch(value) is None:
        return f"`{value[:64]}` breaks the grammar", f"match {grammar.pattern}"
    if not value.isprintable():
        return "a character that nobody can see", "leave control and formatting characters out"
    return None


def did_you_mean(got: str, known: Sequence[str], otherwise: str = "leave it out") -> str:
    """A mend: the nearest known name, else all of them, else ``otherwise``."""
    near = get_close_matches(got, known, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known here: {', '.join(known)}" if known else otherwise


def _outside_profile(value: object, path: Path) -> list[tuple[Path, str, str]]:
    """Values that TOML has and the wire contract has not: floats, native times, huge integers."""
    if isinstance(value, dict):
        return [fault for name, item in value.items() for fault in _outside_profile(item, (*path, name))]
    if isinstance(value, list):
        return [fault for index, item in enumerate(value) for fault in _outside_profile(item, (*path, index))]
    if isinstance(value, int) and abs(value) > INT_MAX:
        return [(path, f"the integer `{path[-1]}` is beyond +-(2^53-1)", "write it as a string of digits")]
    if isinstance(value, str | int):
        return []
    kind = "a float" if isinstance(value, float) else "a date or time"
    return [(path, f"`{path[-1]}` is {kind} without quotes", "write minor units or a quoted string")]


def _fault_text(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "not TOML: nested too deep"
    text = _FAULT_AT.sub("", str(error)).rstrip(".")
    return f"not TOML: {text[:1].lower()}{text[1:]}"


def _fault_place(file: str, text: str, message: str) -> Place:
    match = _FAULT_AT.search(message)
    if match is None:
        return Place(file=file)
    if match.group(1) is None:
        return Place(file=file, line=max(1, len(text.splitlines())))
    line, col = int(match.group(1)), int(match.group(2))
    return Place(file=file, line=line, col=col, end_col=col + 1)


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _header_path(match: re.Match[str], seen: dict[Path, int]) -> Path:
    names = _names(match.group(2))
    if match.group(1) != "[[":
        # A sub-table of an array of tables belongs to the element that was opened last.
        for cut in range(len(names), 0, -1):
            if names[:cut] in seen:
                return (*names[:cut], seen[names[:cut]], *names[cut:])
        return names
    seen[names] = seen.get(names, -1) + 1
    return (*names, seen[names])


def _inner(line: str, span: tuple[int, int], rest: Path) -> tuple[int, int]:
    """Narrow to the key inside an inline table, as far as it can be seen on the line."""
    for part in rest:
        match = re.compile(rf"\b{re.escape(str(part))}\b").search(line, span[1])
        if match is None:
            break
        span = match.span()
    return span
