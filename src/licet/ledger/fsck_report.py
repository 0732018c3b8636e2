"""What a check of the log found: one thing per line, bounded."""

from __future__ import annotations

from dataclasses import dataclass

PROBLEMS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that does not hold. ``index`` is the leaf, None for the log as a whole."""

    index: int | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What was recomputed, and what did not hold."""

    origin: str
    size: int
    root: str
    checked: int
    problems: tuple[Problem, ...]


class Findings:
    """Problems as they are met; the first ``PROBLEMS_MAX`` are kept."""

    def __init__(self) -> None:
        """Nothing is wrong yet."""
        self._problems: list[Problem] = []

    def add(self, index: int | None, code: str, detail: str) -> None:
        """Keep one more problem, unless there are enough."""
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.append(Problem(index=index, code=code, detail=detail))

    def all(self) -> tuple[Problem, ...]:
        """What was kept, in the order it was met."""
        return tuple(self._problems)
