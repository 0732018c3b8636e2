"""A moment, as a value: what the pure machine is told about time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """One reading: a clock that never goes back, for budgets, and the time of day, for ``exp``."""

    elapsed_ms: int
    unix_s: int
