"""What the ledger is given from outside: time and randomness. The simulator hands in its own."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Three clocks that never stand for each other."""

    def wall_ms(self) -> int:
        """Unix time in milliseconds; may step either way."""
        ...

    def monotonic_ms(self) -> int:
        """Milliseconds since some start; never goes back; for deadlines only."""
        ...

    def boottime_ms(self) -> int:
        """Milliseconds since boot, asleep or not; never set by anybody; to see the wall clock being set."""
        ...


class Entropy(Protocol):
    """A source of bytes nobody can guess."""

    def draw(self, count: int) -> bytes:
        """``count`` fresh random bytes."""
        ...
