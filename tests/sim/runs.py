"""Runs of many seeds, and what is left of a run that failed when everything it does not need is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sim.simulation import EVENTS, GENUINE, Setting, Simulation, Violation

TRIALS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One run that held: its trace hash, and how much happened in it."""

    trace_hash: str
    happened: Counter[str]


def run(
    seed: int, *, setting: Setting = GENUINE, events: int = EVENTS, without: Collection[int] = ()
) -> Ended:
    """One seed, less the events ``without``.

    Raises:
        Violation: an invariant did not hold.
    """
    simulation = Simulation(seed, setting)
    for number in range(events):
        if number not in without:
            simulation.step(number)
    simulation.end()
    happened = Counter(vars(simulation.history.tallies))
    happened.update(events=simulation.events, leaves=simulation.history.log.size)
    return Ended(trace_hash=simulation.trace_hash(), happened=happened)


def run_all(seeds: Iterable[int], *, setting: Setting = GENUINE, shrink: bool = True) -> Counter[str]:
    """Every seed; the first that fails is shrunk and told.

    Raises:
        Violation: as shrunk, its message ends in the trace that is left.
    """
    happened: Counter[str] = Counter()
    for seed in seeds:
        try:
            happened.update(run(seed, setting=setting).happened)
        except Violation as violation:
            if shrink:
                raise shrunk(violation, setting) from violation
            raise
        happened["seeds"] += 1
    return happened


def shrunk(violation: Violation, setting: Setting = GENUINE) -> Violation:
    """The same failure with fewer events, as few as ``TRIALS_MAX`` further runs can find."""
    last = violation.event
    names = {text.partition(":")[0] for text in violation.texts}
    without: set[int] = set()
    best, trials, size = violation, 0, max(1, last // 2)
    while size and trials < TRIALS_MAX:
        for first in range(0, last, size):
            trial = without | set(range(first, min(first + size, last)))
            if trial == without or trials >= TRIALS_MAX:
                continue
            trials += 1
            found = _fails(violation.seed, setting, last + 1, trial)
            if found is not None and names & {text.partition(":")[0] for text in found.texts}:
                best, without = found, trial
        size //= 2
    return best.told(sorted(set(range(last + 1)) - without))


def _fails(seed: int, setting: Setting, events: int, without: set[int]) -> Violation | None:
    try:
        run(seed, setting=setting, events=events, without=without)
    except Violation as violation:
        return violation
    return None
