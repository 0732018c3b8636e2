"""A wall clock that is believed only while it agrees with the time since boot (``trust.md`` 5.4).

Nothing outside this machine says what time it is. What the machine itself can tell is whether its wall clock
was set while it ran: the time since boot counts on, asleep or not, and nobody sets it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from licet.errors import NotRecorded
from licet.ledger.ports import Clock

CLOCK_STEP_MS_MAX: Final = 5_000
"""How far the wall clock may move against the time since boot between two looks."""


class SteadyClock:
    """The wall clock of one writer, compared at every look with the last one that was believed."""

    def __init__(self, clock: Clock) -> None:
        """The first look is believed: ``wiring/timing.py`` compared it with the log."""
        self._clock = clock
        self._offset_ms: int | None = None

    def wall_ms(self) -> int:
        """Unix time in milliseconds.

        Raises:
            NotRecorded: the wall clock was set; every look refuses until it agrees again.
        """
        wall_ms, offset_ms = self._look()
        moved_ms = self._moved_ms(offset_ms)
        if abs(moved_ms) > CLOCK_STEP_MS_MAX:
            # Attack: a clock put forward dates one receipt ahead, and the log stands still until that day.
            # The last believed offset stays what it was: a clock that is set back right is believed again.
            raise NotRecorded(
                f"the clock was {described(moved_ms)} while this process ran: it says {shown(wall_ms)}",
                mend="set it right, and deciding resumes; if it is right now, start `licet serve` anew",
            )
        self._offset_ms = offset_ms
        return wall_ms

    def moved_ms(self) -> int:
        """How far the wall clock stands from where the last believed look left it; above 0: ahead."""
        return self._moved_ms(self._look()[1])

    def _look(self) -> tuple[int, int]:
        wall_ms = self._clock.wall_ms()
        return wall_ms, wall_ms - self._clock.boottime_ms()

    def _moved_ms(self, offset_ms: int) -> int:
        return 0 if self._offset_ms is None else offset_ms - self._offset_ms


def described(moved_ms: int) -> str:
    """How a clock was set, for people."""
    return f"set {'forward' if moved_ms > 0 else 'back'} by {abs(moved_ms) // 1000} s"


def shown(unix_ms: int) -> str:
    """A time as people and ``--accept-clock`` write it; one that no calendar holds as its seconds."""
    try:
        return datetime.fromtimestamp(unix_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(unix_ms // 1000)
