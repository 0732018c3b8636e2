"""The deciding side's clock: the one place that reads the time."""

from __future__ import annotations

import time
from typing import Final

_BOOTTIME: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux counts sleep in CLOCK_BOOTTIME alone; where there is none (macOS), CLOCK_MONOTONIC counts it."""


class SystemClock:
    """The machine's own clocks."""

    def wall_ms(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Milliseconds since some start; never goes back."""
        return time.monotonic_ns() // 1_000_000

    def boottime_ms(self) -> int:
        """Milliseconds since boot, asleep or not."""
        return time.clock_gettime_ns(_BOOTTIME) // 1_000_000
