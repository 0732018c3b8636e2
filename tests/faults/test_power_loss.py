"""Power is cut after every write, sync and rename of a story: nothing acknowledged is lost (I2, I10).

    make soak                                    100,000 states
    LICET_SEED=7 .venv/bin/python -m pytest tests/faults/test_power_loss.py

A failure prints the seed, the operation and what survived, and keeps the state's home.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, takewhile
from pathlib import Path
from time import perf_counter

import apsw
import pytest

from faults.powerloss import states
from faults.recording import Acked, Asked, Recorder, Rename
from faults.story import Step, copied, examine, found, opened, put
from licet.errors import LicetError

SEED = int(os.environ.get("LICET_SEED", "1"))
STATES = 1_300
"""Of each story, on every change; enough for every operation to have had its turn."""
SOAK_STATES = 25_000
STATES_A_RECORDING = 2_500
NORMAL_STATES = 400
WORST_STATES = 100

PASSIVE, TRUNCATE = apsw.SQLITE_CHECKPOINT_PASSIVE, apsw.SQLITE_CHECKPOINT_TRUNCATE
STORIES = {
    "decisions": [
        ["decide a", "decide b", PASSIVE, "decide c", "decide d", TRUNCATE, "decide e"],
    ],
    "permits": [["decide a", "claim a", "decide b", PASSIVE, "complete a", "claim b", "complete b"]],
    "activation": [["decide a", "activate", "decide b", PASSIVE, "claim b", "decide c", "claim c"]],
    "callers at once": [
        ["decide a", "claim a", "decide b", "complete a", PASSIVE],
        ["decide c", "claim c", TRUNCATE, "decide d"],
        ["decide e", PASSIVE, "claim e", "complete e"],
    ],
}
AFTER = [["decide v", PASSIVE, "claim v", "decide w"]]


@pytest.fixture
def volatile():
    """A folder in memory where there is one: nothing here needs a disk that keeps anything."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder below it is made anew, for us alone
    folder = Path(tempfile.mkdtemp(prefix="licet-", dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(volatile):
    """A new home without the empty log that founding leaves: one restored from a backup has none either."""
    made = found(volatile / "home")
    (made.data / "licet.db-wal").unlink()
    return made


def record(home, story, *, synchronous=None):
    """Run ``story`` over ``home``, one thread for each of its lists, to the close; and its size before."""
    recorder = Recorder(home.data)
    try:
        with opened(home, disk=recorder.disk) as running, ThreadPoolExecutor(len(story)) as callers:
            if synchronous is not None:  # of the writer's connection: what it would be if nobody read it back
                running._store._writer.execute(f"PRAGMA synchronous={synchronous}")
            size = running.head.size
            for told in [callers.submit(_tell, recorder, running, steps) for steps in story]:
                told.result()
    finally:
        recorder.unregister()
    return recorder, size


def _tell(recorder, running, steps):
    receipts = {}
    for step in steps:
        if isinstance(step, int):
            running._store._checkpointer.checkpoint(step)
            continue
        recorder.add(Asked(step))
        receipts[step] = Step(step).ask(running, receipts)
        recorder.add(Acked(step, receipts[step]))


def broken_by(home, size, state):
    """Why a state breaks a promise, if it does."""
    put(home, state.files)
    try:
        examine(home, size=size, asked=state.asked, acked=state.acked)
    except (AssertionError, LicetError) as broken:
        return broken
    return None


def demand_nothing_lost(home, recorder, size, wanted, *, seed=SEED, after=object, kept):
    """Examine the first ``wanted`` states, and give the last.

    Raises:
        AssertionError: one of them broke a promise; its files are in ``kept``.
    """
    began = perf_counter()
    examined = 0
    for state in islice(states(recorder, seed=seed, after=after), wanted):
        examined += 1
        broken = broken_by(home, size, state)
        if broken is not None:
            put(home, state.files)
            copied(home, kept / "state")
            message = (
                f"seed {seed}, after operation {state.index} of {len(recorder.ops)} "
                f"({recorder.ops[state.index - 1]!r:.60}), {state.kind}: {broken!r}; kept in {kept / 'state'}"
            )
            raise AssertionError(message) from broken
    print(f"{len(recorder.ops)} operations, {examined} states, {perf_counter() - began:.1f} s, 0 lost")
    return state


@pytest.mark.timeout(600)
def test_i02_i10_power_loss_right_after_an_answer_or_a_rename_takes_nothing_back(home, volatile, tmp_path):
    again = copied(home, volatile / "again")
    recorder, size = record(home, STORIES["permits"])

    demand_nothing_lost(again, recorder, size, WORST_STATES, after=Acked | Rename, kept=tmp_path)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("story", STORIES)
def test_i02_i10_power_loss_takes_nothing_back(story, home, volatile, tmp_path):
    again = copied(home, volatile / "again")
    recorder, size = record(home, STORIES[story])

    last = demand_nothing_lost(again, recorder, size, STATES, kept=tmp_path)

    assert last.round > 0, "a story so long that some of its operations had no turn"


@pytest.mark.timeout(600)
def test_i02_i10_power_loss_after_power_loss_takes_nothing_back(home, volatile, tmp_path):
    again = copied(home, volatile / "again")
    first, size = record(home, STORIES["permits"])
    cut = max(op for op in range(len(first.ops)) if isinstance(first.ops[op], Acked))
    first.ops = first.ops[: cut - 3]  # the last commit is in the log and in nothing else
    *_, before = (state for state in takewhile(lambda state: not state.round, states(first, seed=SEED)))
    put(again, before.files)
    third = copied(again, volatile / "third")

    second, _ = record(again, AFTER)
    second.heard = (before.asked, before.acked)
    demand_nothing_lost(third, second, size, STATES // 2, kept=tmp_path)


@pytest.mark.timeout(600)
def test_i02_without_a_sync_of_every_commit_the_loss_is_seen(home, volatile):
    again = copied(home, volatile / "again")
    recorder, size = record(home, STORIES["decisions"], synchronous="NORMAL")

    found = [broken_by(again, size, state) for state in islice(states(recorder, seed=SEED), NORMAL_STATES)]

    lost = [broken for broken in found if broken is not None]
    print(f"synchronous=NORMAL: lost in {len(lost)} of {len(found)} states")
    assert any("acknowledged and lost" in str(broken) for broken in lost)


@pytest.mark.soak
@pytest.mark.parametrize("story", STORIES)
def test_i02_i10_power_loss_takes_nothing_back_in_very_many_states(story, home, volatile, tmp_path):
    for turn in range(SOAK_STATES // STATES_A_RECORDING):
        once = copied(home, volatile / f"once-{turn}")
        again = copied(home, volatile / f"again-{turn}")
        recorder, size = record(once, STORIES[story])

        demand_nothing_lost(again, recorder, size, STATES_A_RECORDING, seed=SEED + turn, kept=tmp_path)
