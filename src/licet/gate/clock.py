"""The enforcing side's own clock, and the only place of this side that reads one or sleeps."""

from __future__ import annotations

import time
from typing import Protocol

from licet.gate.instant import Instant


class Clock(Protocol):
    """What a driver needs to know about time."""

    def now(self) -> Instant:
        """This moment."""
        ...

    def sleep(self, wait_ms: int) -> None:
        """Return after ``wait_ms``."""
        ...


class SystemClock:
    """The host's clocks."""

    __slots__ = ()

    def now(self) -> Instant:
        """This moment; the time of day is rounded down, so no permit lives longer by rounding up ``now``."""
        return Instant(elapsed_ms=time.monotonic_ns() // 1_000_000, unix_s=time.time_ns() // 1_000_000_000)

    def sleep(self, wait_ms: int) -> None:
        """Return after ``wait_ms``."""
        time.sleep(wait_ms / 1000)


def monotonic_s() -> float:
    """A clock that never goes back, in seconds, for the deadline of one exchange."""
    return time.monotonic()
