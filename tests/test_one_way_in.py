"""`make` on a machine that is not ready: it says what is missing, how to mend it, and exits 2."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOO_OLD = "#!/bin/sh\nexit 1\n"
# New enough (the first question names version_info alone), but Debian's python3 without python3-venv.
WITHOUT_VENV = """\
#!/bin/sh
case "$2" in
  *ensurepip*) exit 1 ;;
  *"%d.%d"*) echo 3.11 ;;
  *) exit 0 ;;
esac
"""


def find(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".ci" / "python"], env=environment, check=False, capture_output=True, text=True, timeout=30
    )


def program(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return file


def test_the_python_that_is_found_can_build_venvs() -> None:
    found = find(dict(os.environ))

    assert found.returncode == 0, found.stderr
    ask = "import sys, ensurepip, venv; print(sys.version_info >= (3, 11))"
    done = subprocess.run([found.stdout.strip(), "-c", ask], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"


def test_no_python_at_all_names_the_packages_to_install(tmp_path: Path) -> None:
    found = find({**os.environ, "PYTHON": str(tmp_path / "none")})

    assert found.returncode == 2
    assert "sudo apt install python3 python3-venv" in found.stderr
    assert "PYTHON=/path/to/python3 make demo" in found.stderr


def test_a_python_without_venv_names_the_one_package(tmp_path: Path) -> None:
    bare = program(tmp_path, "python3", WITHOUT_VENV)

    found = find({**os.environ, "PYTHON": str(bare)})

    assert found.returncode == 2
    assert "sudo apt install python3-venv" in found.stderr
    assert "python3.11-venv" in found.stderr


def test_an_old_python3_is_passed_over_for_a_newer_one(tmp_path: Path) -> None:
    program(tmp_path, "python3", TOO_OLD)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    good = find(environment).stdout.strip()
    program(tmp_path, "python3.11", f'#!/bin/sh\nexec "{good}" "$@"\n')

    found = find(environment | {"PATH": f"{tmp_path}:{os.environ['PATH']}"})

    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("target", ["demo", "test", "check", "bench", "fuzz", "soak", "model", "docs"])
def test_every_target_prepares_what_it_runs(target: str) -> None:
    planned = subprocess.run(
        ["make", "-n", target], cwd=ROOT, check=True, capture_output=True, text=True, timeout=30
    ).stdout

    assert ".ci/venv.py" in planned
    assert planned.index(".ci/venv.py") < planned.index(".venv/bin/")


def test_a_target_stops_when_no_python_is_found(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "demo", f"PYTHON={tmp_path / 'none'}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.returncode == 2
    assert "mend:" in done.stderr
