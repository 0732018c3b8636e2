"""What is wrong with a bundle: a closed list of codes, each finding with its place and its mend.

Building collects all findings before it refuses, so that an author mends a bundle in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from licet.errors import PolicyInvalid
from licet.policy import limits

Severity = Literal["error", "warning"]

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "POL001": "a statement is not Cedar",
        "POL002": "a statement has no @id",
        "POL003": "an @id breaks its grammar",
        "POL004": "an @id stands twice",
        "POL005": "a forbid has no @reason",
        "POL006": "an annotation is unknown",
        "POL007": "an annotation's value cannot be used",
        "POL008": "a template cannot decide",
        "POL009": "an annotation of a later version",
        "POL010": "an action is not declared",
        "POL011": "an entity type does not exist",
        "POL012": "an attribute does not exist",
        "POL013": "an optional attribute is read without `has`",
        "POL014": "types do not fit",
        "POL015": "a literal of an extension type cannot be read",
        "POL016": "a rule can never apply",
        "POL017": "an expression is nested too deep",
        "POL018": "a group or surface is named that nobody declared",
        "POL020": "a file name or size is refused",
        "POL021": "a file cannot be read",
        "POL022": "a key is unknown",
        "POL023": "a key is missing",
        "POL024": "a value cannot be used",
        "POL025": "a setting of a later version",
        "POL026": "a name stands twice",
        "POL027": "the entities contradict the schema",
        "POL028": "a pattern cannot be checked in linear time",
        "POL029": "hidden or misleading characters in policy text",
        "POL040": "a permit names neither action nor resource",
        "POL041": "no rule can permit anything on a surface",
        "POL042": "a surface has no test",
        "POL099": "the engine says something unknown to this version",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stretch of one line. ``line`` and ``col`` count from 1; ``end_col`` is exclusive."""

    file: str
    line: int = 1
    col: int = 1
    end_col: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend. ``statement`` is the ``@id`` of the policy concerned, where there is one."""

    code: str
    severity: Severity
    file: str
    line: int
    col: int
    end_col: int
    message: str
    mend: str
    statement: str | None = None

    def document(self) -> dict[str, str | int | None]:
        """The form of ``licet policy check --json``."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "col": self.col,
            "end_col": self.end_col,
            "statement": self.statement,
            "message": self.message,
            "mend": self.mend,
        }


class Findings:
    """The findings of one build, collected in any order and read in file order."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def error(
        self, code: str, place: Place, message: str, mend: str, *, statement: str | None = None
    ) -> None:
        """Add what forbids the bundle; the same finding twice counts once."""
        self._add(_finding(code, "error", place, (message, mend), statement))

    def warning(
        self, code: str, place: Place, message: str, mend: str, *, statement: str | None = None
    ) -> None:
        """Add what a reviewer should see."""
        self._add(_finding(code, "warning", place, (message, mend), statement))

    def all(self) -> tuple[Finding, ...]:
        """Every finding, by file, line, column and code."""
        return tuple(
            sorted(
                self._found, key=lambda found: (found.file, found.line, found.col, found.code, found.message)
            )
        )

    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(found.severity == "error" for found in self._found)

    def failed_in(self, *folders: str) -> bool:
        """Whether a file of one of ``folders`` has an error."""
        return any(found.severity == "error" and found.file.startswith(folders) for found in self._found)

    def refuse(self) -> None:
        """Refuse when there is an error.

        Raises:
            PolicyInvalid: with all findings, warnings included.
        """
        if self.failed():
            raise self.refusal()

    def refusal(self) -> PolicyInvalid:
        """The error that carries all findings, at least one error among them."""
        found = self.all()
        first = next(one for one in found if one.severity == "error")
        count = sum(one.severity == "error" for one in found)
        more = f", and {count - 1} more" if count > 1 else ""
        message = f"the bundle cannot be built: {first.file}:{first.line}:{first.col}: {first.message}{more}"
        return PolicyInvalid(message, mend=first.mend, findings=found)

    def _add(self, finding: Finding) -> None:
        self._found.setdefault(finding)


def _finding(
    code: str, severity: Severity, place: Place, text: tuple[str, str], statement: str | None
) -> Finding:
    if code not in CODES:
        unknown = f"the code `{code}` is not in the list"
        raise ValueError(unknown)
    return Finding(
        code=code,
        severity=severity,
        file=place.file,
        line=place.line,
        col=place.col,
        end_col=max(place.end_col, place.col),
        message=text[0],
        mend=text[1],
        statement=statement,
    )


def render(finding: Finding, files: Mapping[str, bytes]) -> str:
    """One finding as people read it: what, where, the line with its place marked, and the mend."""
    lines = [
        f"{finding.severity}[{finding.code}]: {finding.message}",
        f"  --> {finding.file}:{finding.line}:{finding.col}",
    ]
    source = files.get(finding.file, b"").decode("utf-8", "replace").splitlines()
    if 1 <= finding.line <= len(source):
        width = max(1, finding.end_col - finding.col)
        lines.append(f"   |  {source[finding.line - 1]}")
        lines.append(f"   |  {' ' * (finding.col - 1)}{'^' * width}")
    lines.append(f"  mend: {finding.mend}            more: licet help {finding.code}")
    return "\n".join(lines)


def render_all(findings: tuple[Finding, ...], files: Mapping[str, bytes]) -> str:
    """The first findings in full, then how many more there are."""
    shown = [render(finding, files) for finding in findings[: limits.FINDINGS_SHOWN_MAX]]
    left = len(findings) - len(shown)
    if left:
        shown.append(f"and {left} more findings")
    return "\n\n".join(shown)
