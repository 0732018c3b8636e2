"""How fast the writer has been writing lately: what a newcomer must expect to wait.

An estimate never decides whether something may run. It only says an early no: whoever would be too late
hears so before anything is decided, and comes again with the same key.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

SAMPLES_MAX: Final = 128
SAMPLES_MIN: Final = 16
"""A tail guessed from fewer commits would refuse callers because of one hiccup."""
WINDOW_MS: Final = 10_000
"""Older commits say nothing about the next one; the heartbeat sees to it that there are newer ones."""
_PERCENT: Final = 99


class _Sample(NamedTuple):
    ended_ms: int
    took_ms: int
    jobs: int


class Pace:
    """The last commits. One thread reports them; any thread reads the two figures."""

    def __init__(self) -> None:
        """Nothing is known yet: nobody is refused for what nobody has measured."""
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_MAX)
        self._commit_ms = 0
        self._rate = (0, 0)  # milliseconds, jobs: swapped as one value, for readers on other threads

    @property
    def commit_ms(self) -> int:
        """What all but one in a hundred of the recent commits took at most; 0 while too few are known."""
        return self._commit_ms

    def committed(self, *, jobs: int, took_ms: int, now_ms: int) -> None:
        """Hear of one commit; a heartbeat is one of no jobs."""
        self._samples.append(_Sample(now_ms, took_ms, jobs))
        while self._samples[0].ended_ms < now_ms - WINDOW_MS:
            self._samples.popleft()
        counted = [sample for sample in self._samples if sample.jobs]
        self._rate = (sum(sample.took_ms for sample in counted), sum(sample.jobs for sample in counted))
        self._commit_ms = self._tail_ms() if len(self._samples) >= SAMPLES_MIN else 0

    def wait_ms(self, ahead: int) -> int:
        """How long ``ahead`` jobs take at the recent rate."""
        took_ms, jobs = self._rate
        return ahead * took_ms // jobs if jobs else 0

    def _tail_ms(self) -> int:
        rising = sorted(sample.took_ms for sample in self._samples)
        return rising[-(-len(rising) * _PERCENT // 100) - 1]
