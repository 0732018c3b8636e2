"""Take one guard out of a copy of the tree and demand that the test which holds it turns red.

    .venv/bin/python tests/mutants/run.py                 every patch
    .venv/bin/python tests/mutants/run.py float-accepted  one patch

A patch is a unified diff against the repository root under a few header lines::

    # test: tests/protocol/test_reading.py::test_a_float_is_refused_by_both_readers
    # why: what would go wrong in the world without this guard
    # red: DID NOT RAISE            (optional) the output must say this: red for the stated reason

Only a *failing* test counts: one that cannot be collected, is skipped or does not exist proves nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS_MAX = 110
_HEADER = re.compile(r"# (test|why|red): (.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One patch, the test that must kill it, and why the guard is there."""

    patch: Path
    test: str
    why: str
    red: str | None

    @property
    def name(self) -> str:
        return self.patch.stem


def mutants() -> list[Mutant]:
    """Every patch of this folder, by name.

    Raises:
        ValueError: a patch without its test or its reason.
    """
    return [read(patch) for patch in sorted(HERE.glob("*.patch"))]


def read(patch: Path) -> Mutant:
    """The header of one patch."""
    head = patch.read_text(encoding="utf-8").partition("\n--- ")[0]
    told = dict(match.groups() for match in map(_HEADER.fullmatch, head.splitlines()) if match)
    if "test" not in told or "why" not in told:
        message = f"{patch.name} does not say `# test: path::name` and `# why: ...` above its diff"
        raise ValueError(message)
    return Mutant(patch=patch, test=told["test"], why=told["why"], red=told.get("red"))


def survivor(mutant: Mutant) -> str | None:
    """What is wrong when the mutant lives or cannot be tried; None when its test turned red."""
    with tempfile.TemporaryDirectory(prefix="licet-mutant-") as folder:
        tree = Path(folder) / "tree"
        copy_tree(tree)
        apply = ["git", "apply", "--whitespace=nowarn", str(mutant.patch)]
        applied = subprocess.run(apply, cwd=tree, check=False, capture_output=True, text=True)
        if applied.returncode != 0:
            return f"the patch does not apply any more, renew it: {applied.stderr.strip()}"
        return judge(mutant, run_test(tree, mutant.test))


def copy_tree(tree: Path) -> None:
    """The working tree as it is, without what is generated or hidden."""
    skip = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")
    shutil.copytree(ROOT, tree, ignore=skip)


def run_test(tree: Path, test: str) -> subprocess.CompletedProcess[str]:
    """Run one test of ``tree`` with the sources of ``tree``."""
    environment = os.environ | {
        "PYTHONPATH": str(tree / "src"),
        "LICET_VECTORS": os.environ.get("LICET_VECTORS") or str(ROOT.parent / "shared" / "vectors"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # Neither the worker's nor the caller's options belong to the inner run.
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        test,
    ]
    return subprocess.run(
        command,
        cwd=tree,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )


def judge(mutant: Mutant, done: subprocess.CompletedProcess[str]) -> str | None:
    """Whether the run is red for the right reason."""
    tail = "\n".join(done.stdout.splitlines()[-30:])
    if done.returncode == 0:
        return f"it lives: `{mutant.test}` passes without the guard, or was skipped\n{tail}"
    if done.returncode != 1 or not re.search(r"^FAILED ", done.stdout, re.MULTILINE):
        return f"`{mutant.test}` could not be run\n{tail}\n{done.stderr.strip()}"
    if mutant.red is not None and mutant.red not in done.stdout:
        return f"`{mutant.test}` is red, but nothing says `{mutant.red}`\n{tail}"
    return None


def main(names: list[str]) -> int:
    """Try the named patches, or all; exit 1 when one lives."""
    known = {mutant.name: mutant for mutant in mutants()}
    unknown = [name for name in names if name not in known]
    if unknown or not known:
        print(f"no such patch: {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    living = 0
    for name in names or known:
        problem = survivor(known[name])
        living += problem is not None
        print(
            f"{'killed' if problem is None else 'ALIVE '}  {name}: {problem or known[name].why}", flush=True
        )
    return 1 if living else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
