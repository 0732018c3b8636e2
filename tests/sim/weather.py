"""What goes wrong, and how often: drawn for each run, so that calm and stormy seas both come."""

from __future__ import annotations

from random import Random

from sim.disk import Plan

FAULTS = {
    "break off": 1.0,
    "drop": 2.0,
    "twice": 3.0,
    "echo": 2.0,
    "forge": 2.0,
    "disk": 1.5,
    "die": 0.7,
    "executor dies": 1.0,
    "clock": 1.0,
    "wait": 0.5,
    "activate": 1.5,
    "stop": 1.0,
}
"""How often each thing goes wrong. A run scales each by a factor of its own: calm seas find other bugs."""
STORMS = (0.0, 0.3, 1.0, 1.0, 3.0)


def drawn(seed: int) -> Random:
    """The generator of one run, or of one event of it."""
    return Random(seed)  # noqa: S311 - a scheduler must draw the same again; nobody guards a secret with it


def storm(rng: Random) -> dict[str, float]:
    """The weights of all faults in one run."""
    return {name: often * rng.choice(STORMS) for name, often in FAULTS.items()}


def planned(rng: Random) -> Plan:
    """What the disk will do wrong next."""
    kind = rng.randrange(8)
    if kind == 0:
        return Plan(busy=True)
    if kind == 1:
        return Plan(die_at=rng.randrange(1, 14))
    if kind == 2:
        return Plan(break_at=rng.randrange(1, 14))
    if kind == 3:
        return Plan(commit=rng.choice(("die-before", "die-after")))
    return Plan(commit=f"unknown-{rng.choice(('shown', 'hidden'))}-{rng.choice(('kept', 'lost'))}")


def stepped(off_ms: int, kind: int, rng: Random) -> int:
    """The authority's clock forward, back within tolerance, back beyond it, or right again."""
    if kind == 0:
        return off_ms + rng.randrange(1, 90_000)
    if kind == 1:
        return off_ms - rng.randrange(1, 1_000)
    if kind == 2:
        return off_ms - rng.randrange(1_001, 120_000)
    return 0
