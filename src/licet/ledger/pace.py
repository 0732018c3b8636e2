"""How fast the writer has been writing lately: what a newcomer must expect to wait.

A commit takes so much, and so much more for each job in it: a line through the last commits. How many times
that the slow ones among them took is weather, and allowed for. An estimate never decides whether
something may run. It only says an early no, and whoever hears it comes again with the same key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from licet.protocol import limits

SAMPLES_MAX: Final = 128
SAMPLES_MIN: Final = 8
"""An allowance guessed from fewer commits would refuse callers because of one hiccup."""
SAMPLES_MANY: Final = 100
WINDOW_MS: Final = 10_000
"""Older commits say nothing about the next one; the heartbeat sees to it that there are newer ones."""


class _Sample(NamedTuple):
    ended_ms: int
    took_ms: int
    jobs: int


class _Line(NamedTuple):
    """A commit of ``jobs`` takes ``base_ms + jobs * job_ms``, and seldom more than ``weather`` times that."""

    base_ms: float = 0.0
    job_ms: float = 0.0
    weather: float = 1.0

    def at(self, jobs: int) -> float:
        return self.base_ms + jobs * self.job_ms


class Pace:
    """The last commits. One thread reports them; any thread asks what to expect."""

    def __init__(self) -> None:
        """Nothing is known yet: nobody is refused for what nobody has measured."""
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_MAX)
        self._line = _Line()  # swapped as one value, for readers on other threads

    def committed(self, *, jobs: int, took_ms: int, now_ms: int) -> None:
        """Hear of one commit; a heartbeat is one of no jobs."""
        self._samples.append(_Sample(now_ms, took_ms, jobs))
        while self._samples[0].ended_ms < now_ms - WINDOW_MS:
            self._samples.popleft()
        self._line = _with_weather(_fitted(self._samples), self._samples)

    def running_ms(self, jobs: int) -> int:
        """How long a commit of ``jobs`` takes at most, but for the worst weather."""
        return round(self._line.at(jobs) * self._line.weather)

    def wait_ms(self, jobs: int) -> int:
        """How long it takes at most, but for the worst weather, until ``jobs`` are written."""
        line = self._line
        full, rest = divmod(jobs, limits.BATCH_ENTRIES_MAX)
        batches = full * line.at(limits.BATCH_ENTRIES_MAX) + (line.at(rest) if rest else 0.0)
        return round(batches * line.weather)


def _fitted(samples: Sequence[_Sample]) -> _Line:
    """The line of least squares. Falling neither way: a commit costs something, and so does each job."""
    count = len(samples)
    jobs = sum(sample.jobs for sample in samples) / count
    took_ms = sum(sample.took_ms for sample in samples) / count
    spread = sum((sample.jobs - jobs) ** 2 for sample in samples)
    if not spread:
        # Batches of one size tell nothing of another: a larger one is taken for as many of these.
        return _Line(job_ms=took_ms / jobs) if jobs else _Line(base_ms=took_ms)
    together = sum((sample.jobs - jobs) * (sample.took_ms - took_ms) for sample in samples)
    job_ms = min(max(together / spread, 0.0), took_ms / jobs)
    return _Line(base_ms=took_ms - job_ms * jobs, job_ms=job_ms)


def _with_weather(line: _Line, samples: Sequence[_Sample]) -> _Line:
    if len(samples) < SAMPLES_MIN:
        return line
    percent = 99 if len(samples) >= SAMPLES_MANY else 90
    # A clock of milliseconds tells nothing of what takes less than one.
    rising = sorted(sample.took_ms / max(line.at(sample.jobs), 1.0) for sample in samples)
    return line._replace(weather=max(rising[-(-len(rising) * percent // 100) - 1], 1.0))
