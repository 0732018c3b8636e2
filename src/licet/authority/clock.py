"""The deciding side's clock: the one place that reads the time."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's own clocks."""

    def wall_ms(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Milliseconds since some start; never goes back."""
        return time.monotonic_ns() // 1_000_000
