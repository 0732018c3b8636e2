"""What one decision costs here, stage by stage, against the raw floors of this very machine.

    .venv/bin/python bench/run.py                       the table, and build/bench/stages.json
    .venv/bin/python bench/run.py --rounds 3 --out DIR  quicker, elsewhere
    .venv/bin/python bench/run.py --busy                although the machine is loaded

Absolute times move by a factor of four with the neighbours, so what counts are ratios of rows measured in
one run, interleaved A B C A B C; each row is the median of its rounds, with the least and the most. A
stage that cannot run says so, in the table and in the JSON, and its goal is not evaluated.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import floors
import stages

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("apsw", "cedarpy", "cryptography", "msgspec", "rfc8785")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound on the ratio of two rows."""

    name: str
    row: str
    against: str
    at_most: float


GOALS = (
    Goal(name="G5 durable decision / raw commit", row="decision", against="sqlite commit of 1", at_most=2.0),
    Goal(name="sealing / raw Ed25519 sign", row="seal a receipt", against="ed25519 sign", at_most=1.5),
    Goal(name="checked verify / raw Ed25519", row="verify", against="ed25519 verify", at_most=1.5),
    Goal(name="whole parse / exact reader", row="parse a request", against="read, exact", at_most=4.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """What a goal came to; a row that did not run leaves it open."""

    goal: Goal
    value: float | None

    @property
    def held(self) -> bool | None:
        """Whether the goal is met; None when it was not evaluated."""
        return None if self.value is None else self.value <= self.goal.at_most

    def document(self) -> dict[str, object]:
        """The ratio as the JSON report holds it."""
        return {"goal": self.goal.name, "value": self.value, "target": self.goal.at_most, "pass": self.held}


@dataclass(slots=True)
class Row:
    """One stage: how to run it ``batch`` times, and microseconds per operation of each round."""

    name: str
    run: Callable[[], object]
    batch: int
    operations: int = 1
    wall_us: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def round(self) -> None:
        """One more round."""
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(self.batch):
            self.run()
        done = self.batch * self.operations
        self.wall_us.append((time.perf_counter() - wall) * 1e6 / done)
        self.cpu_us.append((time.process_time() - cpu) * 1e6 / done)

    @property
    def runs(self) -> int:
        """Operations that were timed."""
        return self.batch * self.operations * len(self.wall_us)

    def document(self) -> dict[str, object]:
        """The row as the JSON report holds it."""
        return {
            "name": self.name,
            "wall_us": {"median": median(self.wall_us), "min": min(self.wall_us), "max": max(self.wall_us)},
            "cpu_us": median(self.cpu_us),
            "n": self.runs,
        }


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, write the report; exit 1 when a goal was missed, 2 when nothing could run."""
    options = read(arguments)
    with ExitStack() as stack:
        holder = stack.enter_context((ROOT / "pyproject.toml").open("rb"))
        fcntl.flock(holder, fcntl.LOCK_EX)  # two runs at once would measure each other
        load = os.getloadavg()[0]
        if load > (os.cpu_count() or 1) and not options.busy:
            print(
                f"bench: the load is {load:.1f} on {os.cpu_count()} cores; wait, or say --busy",
                file=sys.stderr,
            )
            return 2
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.out)))
        rows, skipped = gather(folder, stack)
        for row in rows:
            row.run()  # warm: imports, caches, the file's first extent
        for _ in range(options.rounds):
            for row in rows:
                row.round()
    ratios = [judged(goal, {row.name: row for row in rows}) for goal in GOALS]
    report = machine(load) | {
        "rows": [row.document() for row in rows],
        "skipped": skipped,
        "ratios": [ratio.document() for ratio in ratios],
    }
    (options.out / "stages.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    show(rows, skipped, ratios)
    return 1 if any(ratio.held is False for ratio in ratios) else 0


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line; makes the output folder."""
    parser = argparse.ArgumentParser(prog="bench/run.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="at least 3 (default 7)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="where stages.json goes")
    parser.add_argument("--busy", action="store_true", help="measure although the machine is loaded")
    options = parser.parse_args(arguments)
    if options.rounds < 3:  # noqa: PLR2004 - a median of fewer says nothing
        parser.error("--rounds: a median needs at least 3")
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def gather(folder: Path, stack: ExitStack) -> tuple[list[Row], dict[str, str]]:
    """The rows that can run, and why the others cannot."""
    rows = [
        Row(name, run, batch, operations)
        for name, run, batch, operations in floors.all_of_them(folder, stack)
    ]
    skipped: dict[str, str] = {}
    for name, prepare, batch in stages.ALL:
        try:
            run = prepare(folder, stack)
        except (ImportError, stages.Missing) as error:
            skipped[name] = str(error)
        else:
            rows.append(Row(name, run, batch))
    return rows, skipped


def machine(load: float) -> dict[str, object]:
    """Where this was measured: without it the figures mean nothing."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return {
        "suite": "stages",
        "commit": commit.stdout.strip() or "unknown",
        "machine": {
            "cpu": cpu_name(),
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "load": [load, os.getloadavg()[0]],
        },
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def judged(goal: Goal, rows: dict[str, Row]) -> Ratio:
    """The ratio of one goal; None when one of its rows did not run."""
    if goal.row not in rows or goal.against not in rows:
        return Ratio(goal=goal, value=None)
    value = median(rows[goal.row].wall_us) / median(rows[goal.against].wall_us)
    return Ratio(goal=goal, value=round(value, 3))


def show(rows: list[Row], skipped: dict[str, str], ratios: list[Ratio]) -> None:
    """The table."""
    print(f"{'stage':<28}{'us':>10}{'min':>10}{'max':>10}{'cpu us':>10}{'n':>9}")
    for row in rows:
        times = (median(row.wall_us), min(row.wall_us), max(row.wall_us), median(row.cpu_us))
        print(f"{row.name:<28}{''.join(f'{time_us:>10.2f}' for time_us in times)}{row.runs:>9}")
    for name, why in skipped.items():
        print(f"{name:<28}  skipped: {why}")
    print()
    for ratio in ratios:
        word = {True: "ok", False: "MISSED", None: "not evaluated"}[ratio.held]
        value = "-" if ratio.value is None else f"{ratio.value:.2f}"
        print(f"{ratio.goal.name:<36}{value:>8}  at most {ratio.goal.at_most:.1f}  {word}")


def cpu_name() -> str:
    """The processor's name, where the kernel tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def median(values: list[float]) -> float:
    """The middle, rounded as far as it means anything."""
    return round(statistics.median(values), 3)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
