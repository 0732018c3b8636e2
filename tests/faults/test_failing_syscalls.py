"""The same faults, put into the kernel's own calls by strace; and the recorder held against the kernel.

Long, and needs strace: ``make soak``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

import licet
from faults.story import Step, copied, examine, found, opened

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(shutil.which("strace") is None, reason="`strace` is not installed here"),
]

TESTS = Path(__file__).resolve().parent.parent
ASK = TESTS / "faults" / "asked_once.py"
BEFORE = "decide a"
CHANGES = (
    "write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,sync_file_range,ftruncate,truncate,fallocate,"
    "rename,renameat,renameat2,unlink,unlinkat,copy_file_range,sendfile,io_uring_setup"
)
FAULTS = ["error=EIO", "error=ENOSPC", "signal=KILL"]
CALLS = ["fdatasync", "fsync", "pwrite64", "write", "ftruncate", "rename"]
MOMENTS = [("start", "decide b"), ("ask", "decide b"), ("ask", "claim a"), ("ask", "activate")]
CALL_OF_A_FILE = re.compile(r"(\w+)\(\d+<([^>]+)>(.*)")
RENAMED = re.compile(r'rename\w*\(.*?"([^"]+)", .*?"([^"]+)"')


@pytest.fixture
def home(tmp_path):
    return found(tmp_path / "home")


@pytest.fixture
def receipts(home):
    with opened(home) as running:
        return {BEFORE: Step(BEFORE).ask(running, {})}


def child(home, key, receipts, *more, under=()):
    """The program that asks, under strace from its start, or not yet."""
    sources = os.pathsep.join((str(Path(licet.__file__).parent.parent), str(TESTS)))
    return subprocess.Popen(
        [*under, sys.executable, str(ASK), str(home.root), key, json.dumps(receipts), *more],
        env={**os.environ, "PYTHONPATH": sources, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told_from_start(strace, home, key, receipts, *more):
    """What was answered, traced from the first instruction on."""
    with child(home, key, receipts, *more, under=strace) as asking:
        out, err = asking.communicate("\n")
    return _answer(out, err)


def told_from_ask(strace, home, key, receipts):
    """What was answered, traced from when the home is open: strace counts calls from there, by thread."""
    with child(home, key, receipts) as asking:
        assert asking.stdout.readline() == "ready\n"
        tracer = subprocess.Popen([*strace, "-p", str(asking.pid)], stderr=subprocess.PIPE, text=True)
        assert "attached" in tracer.stderr.readline()
        out, err = asking.communicate("\n")
        tracer.communicate()
    return _answer(out, err)


def _answer(out, err):
    lines = [line for line in out.splitlines() if line != "ready"]
    assert "Traceback" not in err, err
    return json.loads(lines[0]) if lines else {}


@pytest.mark.parametrize(("moment", "key"), MOMENTS)
@pytest.mark.parametrize("call", CALLS)
def test_i02_i05_no_failed_system_call_is_an_answer_or_a_loss(home, tmp_path, receipts, *, moment, key, call):
    ask = told_from_start if moment == "start" else told_from_ask
    log = tmp_path / "log"
    for fault in FAULTS:
        told = Counter()
        for nth in count(1):
            mine = copied(home, tmp_path / "mine")
            inject = ["-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={nth}"]
            only = [option for path in _files(mine) for option in ("-P", str(path))]
            answer = ask(["strace", "-f", "-o", str(log), *only, *inject], mine, key, receipts)

            acked = receipts | ({key: answer["receipt"]} if "receipt" in answer else {})
            examine(mine, size=2, asked=(BEFORE, key), acked=acked)
            shutil.rmtree(mine.root)
            told[answer.get("code", "answered" if answer else "killed")] += 1
            if not re.search("INJECTED|killed by", log.read_text()):
                break
        print(f"{moment}, {key}, {call}, {fault}: {dict(told)}")
        assert told["answered"] > 0


def _files(home):
    kept = [home.last_checkpoint, home.last_checkpoint.with_name(".last-checkpoint.new")]
    return [home.database, Path(f"{home.database}-wal"), home.data, home.data / "LOCK", *kept]


def test_i02_the_recorder_sees_every_call_that_the_kernel_sees(home, tmp_path, receipts):
    ops, log = tmp_path / "ops", tmp_path / "log"
    strace = ["strace", "-f", "-qq", "-y", "-s", "4096", "-o", str(log), "-e", f"trace={CHANGES}"]
    assert "receipt" in told_from_start(strace, home, "decide b", receipts, str(ops))

    recorded = Counter(map(tuple, json.loads(ops.read_text())))
    assert _seen(home, log.read_text()) == recorded
    assert recorded["sync", "."] > 0


def _seen(home, log):
    """Every call that changes a file of the data folder, in the recorder's words."""
    seen = Counter()
    offsets = Counter()
    for line in log.splitlines():
        found = CALL_OF_A_FILE.search(line)
        call, where, rest = found.groups() if found else ("", "", "")
        renamed = RENAMED.search(line)
        if renamed:
            seen["rename", *(Path(path).name for path in renamed.groups())] += 1
            offsets.clear()
        path = Path(where)
        ours = home.data in {path, path.parent}
        if not ours or path.name.endswith("-shm") or path.name == "LOCK":
            continue
        name = "." if path == home.data else path.name
        numbers = [int(number) for number in re.findall(r", (\d+)", re.sub(r'"(\\.|[^"\\])*"', '""', rest))]
        if call == "pwrite64":
            seen["write", name, numbers[1], numbers[0]] += 1
        elif call == "write":
            seen["write", name, offsets[name], numbers[0]] += 1
            offsets[name] += numbers[0]
        elif call == "ftruncate":
            seen["truncate", name, numbers[0]] += 1
        elif call in {"fsync", "fdatasync"}:
            seen["sync", name] += 1
        else:
            seen[call, name] += 1  # a call that the recorder does not know
    return seen
