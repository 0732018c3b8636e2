"""The demo, with all but loopback refused in every process, says exactly what the committed transcript says.

``python tests/test_demo.py`` writes the transcript anew after a deliberate change.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.cli.demo.stage import Stage
from licet.cli.talk import Talk

TESTS = Path(__file__).resolve().parent
TRANSCRIPT = TESTS.parent / "docs" / "demo-transcript.txt"
CPU_BUDGET_S = 15.0
"""Of the demo and all its processes; the wall clock of a busy machine says nothing about them."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SIZE = re.compile(r"size [0-9]+")
_PORT = re.compile(r"127\.0\.0\.1:[0-9]+")


def environment(guard: Path) -> dict[str, str]:
    """This environment, with a guard that every Python child takes up at its start."""
    (guard / "sitecustomize.py").write_text("import loopback\nloopback.install()\n")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LICET", "FORCE_COLOR"))
    }
    return {**kept, "PYTHONPATH": f"{guard}:{TESTS}", "TMPDIR": str(guard), "NO_COLOR": "1"}


def demo(guard: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "licet.cli.main", "demo", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment(guard),
        cwd=guard,
        timeout=90,
    )


def cpu_of_children_s() -> float:
    """CPU seconds of every process that this one has waited for, and of those they waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def normalised(transcript: str) -> str:
    return _SIZE.sub("size N", _PORT.sub("127.0.0.1:PORT", _ID.sub("ID", transcript)))


@pytest.fixture
def guard() -> Iterator[Path]:
    # Short: the demo's Unix socket must fit 107 bytes.
    with tempfile.TemporaryDirectory(prefix="licet-t-") as folder:
        yield Path(folder)


def test_the_transcript_is_the_committed_one(guard: Path) -> None:
    before_s = cpu_of_children_s()
    done = demo(guard)
    took_s = cpu_of_children_s() - before_s

    assert done.returncode == 0, done.stdout + done.stderr
    assert normalised(done.stdout) == TRANSCRIPT.read_text(encoding="utf-8")
    assert took_s < CPU_BUDGET_S
    left = sorted(path.name for path in guard.iterdir() if path.name != "sitecustomize.py")
    assert left == [], "the demo leaves nothing behind"


def test_every_child_of_the_demo_is_under_the_guard(guard: Path) -> None:
    reach = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    done = subprocess.run(
        [sys.executable, "-c", reach], check=False, capture_output=True, text=True, env=environment(guard)
    )

    assert done.returncode != 0
    assert "ForeignHostError" in done.stderr


def test_what_is_kept_can_be_verified_afterwards(guard: Path) -> None:
    done = demo(guard, "--json", "--keep", str(guard / "kept"))

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["passed"] is True
    assert [step["title"].partition(":")[0] for step in told["steps"]][1:6] == [
        "PERMIT",
        "Replay",
        "SILENCE",
        "DENY",
        "Swap",
    ]
    assert len((guard / "kept" / "bank" / "ledger.jsonl").read_text().splitlines()) == 1
    receipts = sorted(str(path) for path in (guard / "kept" / "evidence").glob("*-*.jws"))
    verified = subprocess.run(
        [
            sys.executable,
            "-m",
            "licet.cli.main",
            "verify",
            *receipts,
            "--trust",
            str(guard / "kept/home/trust"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (len(receipts), verified.returncode) == (3, 0), verified.stdout


def test_a_demo_that_is_ended_ends_its_processes(guard: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "licet.cli.main", "demo", "--step", "--keep", str(guard / "kept")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(guard),
        cwd=guard,
    )
    assert running.stdout is not None
    assert running.stdin is not None
    for line in running.stdout:
        if "0 -> 0 transfers" in line:
            break

    running.send_signal(signal.SIGTERM)

    assert running.wait(20) == 128 + signal.SIGTERM
    assert not (guard / "kept" / "home" / "data" / "licet.sock").exists(), "the authority stopped cleanly"
    running.stdout.close()
    running.stdin.close()


def test_a_line_that_comes_out_otherwise_is_named_and_the_exit_code_is_one() -> None:
    stage = Stage(Talk({}), wait=False)
    stage.step("a step")
    stage.demand("bank", "1 -> 2 transfers", "1 -> 1 transfers")
    stage.demand("answer", "PERMIT permitted", "DENY forbidden")

    assert stage.first_miss == "step 1, bank: expected `1 -> 1 transfers`, got `1 -> 2 transfers`"
    assert stage.document()["passed"] is False


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="licet-t-") as folder:
        TRANSCRIPT.write_text(normalised(demo(Path(folder)).stdout), encoding="utf-8")
