"""Time in the scheduler's hand: one true time, and clocks that are wrong about it."""

from __future__ import annotations

from licet.gate.instant import Instant
from support.sources import MONDAY_MS


class Time:
    """Milliseconds since the start; passes when the scheduler says so."""

    def __init__(self) -> None:
        self.ms = 1_000

    def until(self, ms: int) -> None:
        """Pass to ``ms``, if that is ahead."""
        self.ms = max(self.ms, ms)


class SteppedClock:
    """The authority's clock: the wall side may be stepped either way."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.off_ms = 0

    def wall_ms(self) -> int:
        return MONDAY_MS + self._time.ms + self.off_ms

    def monotonic_ms(self) -> int:
        return self._time.ms

    def boottime_ms(self) -> int:
        return self._time.ms


class PartyClock:
    """The clock of an agent or executor; ``off_s`` is how wrong it is."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.off_s = 0

    def now(self) -> Instant:
        return Instant(elapsed_ms=self._time.ms, unix_s=(MONDAY_MS + self._time.ms) // 1000 + self.off_s)
