"""A circuit breaker that can only say no: a fast refusal while an authority is known to be away."""

from __future__ import annotations

import threading
from typing import Final

FAILURES_MAX: Final = 5
OPEN_MS: Final = 1_000


class Breaker:
    """After five failures in a row, one second of no; then one probe decides.

    INVARIANT: it holds no answer, so nothing it does can become a permit.
    """

    __slots__ = ("_failures", "_lock", "_opened_ms", "_probing")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_ms = 0
        self._probing = False

    def admits(self, now_ms: int) -> bool:
        """Whether to ask at all. An admitted ask must be followed by ``heard``, whatever happens."""
        with self._lock:
            if self._failures < FAILURES_MAX:
                return True
            if self._probing or now_ms - self._opened_ms < OPEN_MS:
                return False
            self._probing = True
            return True

    def heard(self, *, answered: bool, now_ms: int) -> None:
        """Count one admitted ask."""
        with self._lock:
            self._probing = False
            if answered:
                self._failures = 0
                return
            self._failures += 1
            self._opened_ms = now_ms
