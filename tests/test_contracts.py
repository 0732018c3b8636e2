"""Each wall of pyproject.toml falls over when one violation is planted against it, and stands without."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = [  # what licet-verify ships: house rules, last paragraph
    "errors",
    "tlog/merkle",
    "verify/__init__",
    "receipt/jws",
    "receipt/statement",
    *(f"protocol/{name}" for name in ("strict", "canonical", "digest", "ids", "types", "limits", "shape")),
    "protocol/ed25519",
    "protocol/visible",
]
PURE = ["errors", "protocol/ids", "policy/bundle", "decision/decide", "tlog/merkle", "verify/__init__"]

PLANTS: list[tuple[str, Mapping[str, str]]] = [
    ("layers", {"protocol/ids": "import licet.gate"}),
    ("layers", {"store/port": "import licet.authority"}),
    ("layers", {"gate/__init__": "import licet.service"}),  # `|`: siblings that do not know each other
    ("layers", {"stranger": '"""A room that nobody drew."""'}),  # exhaustive
    *(("pure", {module: "import time"}) for module in PURE),
    ("pure", {"receipt/statement": "import secrets"}),
    ("pure", {"gate/flow": "import socket"}),
    ("pure", {"protocol/ids": "from licet.protocol import sideways", "protocol/sideways": "import os"}),
    ("sides", {"gate/__init__": "import licet.policy"}),
    ("sides", {"gate/core": "from licet.decision import decide", "decision/decide": ""}),
    ("front-door", {"__init__": "import licet.store"}),
    ("front-door", {"__init__": "import apsw"}),
    *(("verifier", {module: "import msgspec"}) for module in SHIPPED),
    ("verifier", {"tlog/merkle": "from licet.protocol import fast"}),
    ("verifier", {"verify/__init__": "import licet.decision"}),
    ("drivers", {"store/sqlite": "", "authority/__init__": "import licet.store.sqlite"}),
    ("drivers", {"store/sqlite": "", "cli/__init__": "import licet.store.sqlite"}),
    ("drivers", {"store/sqlite_lock": "", "cli/__init__": "import licet.store.sqlite_lock"}),
    ("twins", {"store/sqlite": "", "store/memory": "import licet.store.sqlite"}),
    ("signer", {"verify/__init__": "import licet.receipt.signer"}),
    ("signer", {"receipt/jws": "import licet.receipt.signer"}),
    (
        "adapters",
        {
            "gate/adapters/__init__": "",
            "gate/adapters/one": "",
            "gate/adapters/two": "import licet.gate.adapters.one",
        },
    ),
    ("acyclic", {"errors": "import licet.protocol.types", "protocol/types": "import licet.errors"}),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("contract", "planted"), PLANTS, ids=[f"{contract}-{'+'.join(files)}" for contract, files in PLANTS]
)
def test_a_planted_violation_turns_the_contract_red(
    tree: Path, contract: str, planted: Mapping[str, str]
) -> None:
    for module, line in planted.items():
        _plant(tree / "src" / "licet" / f"{module}.py", line)

    broken = _lint(tree, contract)

    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert "BROKEN" in broken.stdout


def test_the_wiring_alone_may_name_a_driver(tree: Path) -> None:
    _plant(tree / "src/licet/store/sqlite.py", "")
    _plant(tree / "src/licet/wiring.py", "import licet.store.sqlite")

    kept = _lint(tree, "drivers")

    assert kept.returncode == 0, kept.stdout + kept.stderr


def test_every_contract_has_a_plant() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    named = {contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]}

    assert named == {contract for contract, _ in PLANTS}


def test_every_module_of_a_driver_is_protected() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}

    protected = {name.rpartition(".")[2] for name in contracts["drivers"]["protected_modules"]}

    assert {file.stem for file in (ROOT / "src/licet/store").glob("sqlite*.py")} <= protected


def _plant(file: Path, line: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8") if file.exists() else '"""Planted."""\n'
    file.write_text(f"{before}\n{line}\n", encoding="utf-8")


def _lint(tree: Path, contract: str) -> subprocess.CompletedProcess[str]:
    command = ["lint-imports", "--no-logo", "--no-cache", "--contract", contract]
    run = f"import sys; sys.path.insert(0, 'src'); sys.argv = {command!r}; "
    run += "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", run], cwd=tree, check=False, capture_output=True, text=True, timeout=100
    )
