"""Many seeds of one small world in which everything goes wrong, and nothing may come of it.

A failure prints ``SIM_SEED=... EVENT=...`` and the trace of the events that are left after shrinking.
``SIM_SEEDS=7:8 make soak`` runs that seed alone; ``SIM_SEEDS=0:100000`` is the long run.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sim.broken import BROKEN
from sim.runs import run, run_all, shrunk
from sim.simulation import Violation

SEEDS = 240
PARTS = 4
SEEDS_TO_FIND = 400
HASHES = "from sim.runs import run; print([run(seed).trace_hash for seed in range(3)])"


@pytest.mark.parametrize("part", range(PARTS))
def test_i01_i02_i03_i04_i09_hold_after_every_event(part):
    size = SEEDS // PARTS

    happened = run_all(range(part * size, (part + 1) * size))

    assert happened["seeds"] == size
    # A world in which nothing happens violates nothing.
    assert happened["acknowledged"] > 8 * size
    assert happened["effects"] > size // 2
    assert happened["conflicts"] > size
    assert happened["refused_claims"] > size
    assert happened["unrecorded"] > size // 2
    assert happened["forgeries_refused"] > size // 2


@pytest.mark.parametrize("name", BROKEN)
def test_a_world_without_one_guard_is_found(name):
    setting, invariants = BROKEN[name]

    with pytest.raises(Violation) as found:
        run_all(range(SEEDS_TO_FIND), setting=setting, shrink=False)

    seen = {text.partition(":")[0] for text in found.value.texts}
    assert seen & invariants, found.value


def test_a_failure_is_told_with_its_seed_and_the_few_events_it_takes():
    setting, _ = BROKEN["key ignored"]
    with pytest.raises(Violation) as found:
        run(0, setting=setting)

    told = shrunk(found.value, setting)

    assert str(told).startswith(f"SIM_SEED=0 EVENT={told.event} I3: ")
    assert len(told.trace) <= len(found.value.trace)
    events = [int(number) for number in str(told).partition(" WITH=")[2].partition("\n")[0].split(",")]
    with pytest.raises(Violation) as again:
        run(0, setting=setting, without=set(range(found.value.event)) - set(events))
    assert again.value.texts == told.texts


def test_one_seed_is_one_history_whatever_the_hash_seed():
    told = {
        subprocess.run(
            [sys.executable, "-c", HASHES],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }

    assert len(told) == 1
    assert told != {""}


@pytest.mark.soak
def test_i01_i02_i03_i04_i09_hold_for_as_long_as_one_has_time():
    first, _, end = os.environ.get("SIM_SEEDS", "0:100000").partition(":")

    happened = run_all(range(int(first), int(end)))

    print(dict(happened))
    assert happened["seeds"] == int(end) - int(first)
