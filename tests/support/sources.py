"""Time and randomness in a test's hand."""

from __future__ import annotations

from hashlib import sha256

from licet.protocol.types import Origin

ORIGIN = Origin("test.example/licet/main")
LOW_BYTES = 256 * 1024 * 1024
MONDAY_MS = 1_795_424_400_000  # 2026-11-23T09:00:00Z, inside business hours


class ManualClock:
    """Time that passes when told."""

    def __init__(self, wall_ms: int = MONDAY_MS) -> None:
        self.now_ms = wall_ms
        self.ticks_ms = 1_000
        self.stepped_ms = 0

    def wall_ms(self) -> int:
        return self.now_ms

    def monotonic_ms(self) -> int:
        return self.ticks_ms

    def boottime_ms(self) -> int:
        return self.now_ms - self.stepped_ms

    def step_ms(self, ms: int) -> None:
        """Set the wall clock; no time passes."""
        self.now_ms += ms
        self.stepped_ms += ms

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms
        self.ticks_ms += ms


class ManualRoom:
    """A disk as full as told."""

    def __init__(self) -> None:
        self.free = 100 * LOW_BYTES
        self.wal = 0

    def free_bytes(self) -> int:
        return self.free

    def wal_bytes(self) -> int:
        return self.wal


class SeededEntropy:
    """The same bytes on every run."""

    def __init__(self, seed: bytes = b"seed") -> None:
        self._seed = seed
        self._count = 0

    def draw(self, count: int) -> bytes:
        drawn = b""
        while len(drawn) < count:
            self._count += 1
            drawn += sha256(self._seed + self._count.to_bytes(8, "big")).digest()
        return drawn[:count]
