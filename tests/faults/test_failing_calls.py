"""Each write and sync of a decision, a claim and an activation fails, or is the process's last (I2, I5).

The caller hears ``not_recorded`` or nothing; the process writes no more; and after a restart the same words
find the one receipt, whether it had been written or not.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import apsw
import pytest

import licet
from faults.story import Step, copied, examine, found, opened
from licet.errors import NotRecorded, StoreUnknown
from licet.ledger.publisher import LAG_S, Disk
from support.fault_vfs import Faults

TESTS = Path(__file__).resolve().parent.parent
ASKED = ["decide b", "claim a", "activate"]
BEFORE = "decide a"
CALLS_MIN = 15


@pytest.fixture
def volatile():
    """A folder in memory where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder below it is made anew, for us alone
    folder = Path(tempfile.mkdtemp(prefix="licet-", dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(volatile):
    return found(volatile / "home")


@pytest.fixture
def receipts(home):
    """What was acknowledged before."""
    with opened(home) as running:
        return {BEFORE: Step(BEFORE).ask(running, {})}


def fail_at(home, faults, nth, *, error, key, receipts):
    """Ask ``key`` while the writer's ``nth`` call fails; its receipt when there was no such call."""
    told = []
    with opened(home, fatal=told.append) as running:
        faults.arm(nth, error, thread=running._sequencer._thread.ident)
        try:
            receipt = Step(key).ask(running, receipts)
        except NotRecorded:
            assert isinstance(running._sequencer.poison, StoreUnknown)
            for again in (key, "decide z"):
                with pytest.raises(NotRecorded):
                    Step(again).ask(running, receipts)
            return None
        finally:
            faults.disarm()
            assert len(told) == (running._sequencer.poison is not None)
        return receipt


@pytest.mark.timeout(600)
@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError], ids=["EIO", "ENOSPC"])
@pytest.mark.parametrize("key", ASKED)
def test_i02_i05_no_failed_call_is_an_answer_or_a_loss(home, volatile, receipts, key, error):
    there = []
    faults = Faults(default=True)
    try:
        receipt = None
        while receipt is None:
            mine = copied(home, volatile / f"{len(there)}")
            receipt = fail_at(mine, faults, len(there), error=error, key=key, receipts=receipts)
            with opened(mine) as running:
                there.append(running.head.size == 4)
            acked = receipts if receipt is None else {**receipts, key: receipt}
            examine(mine, size=2, asked=(BEFORE, key), acked=acked)
    finally:
        faults.unregister()

    print(f"{key}: {len(there) - 1} calls failed, {sum(there[:-1])} of them recorded all the same")
    assert len(there) > CALLS_MIN
    assert any(there[:-1]), "a failed sync whose decision is there: nobody may call it failed"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("key", ASKED)
def test_i02_i05_a_process_killed_at_any_call_loses_nothing(home, volatile, receipts, key):
    folder = volatile / "killed"
    command = [
        sys.executable,
        str(TESTS / "faults" / "killed_at_a_call.py"),
        str(home.root),
        str(folder),
        key,
    ]
    sources = os.pathsep.join((str(Path(licet.__file__).parent.parent), str(TESTS)))
    done = subprocess.run(
        [*command, json.dumps(receipts)],
        env={**os.environ, "PYTHONPATH": sources},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    answer = folder / "answer"
    receipt = answer.read_text()
    answer.unlink()
    homes = sorted(folder.iterdir(), key=lambda path: int(path.name))
    print(f"{key}: killed at {len(homes) - 1} calls")
    assert len(homes) > CALLS_MIN
    for root in homes:
        acked = receipts if root != homes[-1] else {**receipts, key: receipt}
        examine(type(home)(root), size=2, asked=(BEFORE, key), acked=acked)


class BrokenDisk(Disk):
    """Fails one call, by its name."""

    def __init__(self, fails, code):
        self._fails = fails
        self._code = code

    def _met(self, name):
        if self._fails == name:
            raise OSError(self._code, os.strerror(self._code))

    def create(self, path, mode):
        self._met("create")
        return super().create(path, mode)

    def write(self, handle, content):
        if self._fails == "write":
            super().write(handle, content[:20])
        self._met("write")
        return super().write(handle, content)

    def sync(self, handle):
        self._met("sync")
        super().sync(handle)

    def rename(self, old, new):
        self._met("rename")
        super().rename(old, new)

    def mend(self):
        self._fails = None


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["create", "write", "sync", "rename"])
def test_i10_a_checkpoint_that_cannot_be_kept_outside_takes_no_answer_back(home, receipts, call, code):
    kept = home.last_checkpoint.read_text()
    disk = BrokenDisk(call, code)
    with opened(home, disk=disk) as running:
        receipts = {**receipts, "decide b": Step("decide b").ask(running, receipts)}
        time.sleep(LAG_S / 4)  # the publisher tries, and fails

        assert home.last_checkpoint.read_text() == kept
        assert running._sequencer.poison is None
        disk.mend()
        head = running._store.head()
    assert home.last_checkpoint.read_text() == head.checkpoint
    examine(home, size=2, asked=tuple(receipts), acked=receipts)
