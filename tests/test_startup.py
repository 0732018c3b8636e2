"""What each path may load, and how long a newcomer waits for it (ratios against a bare Python, G11)."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

RUNS = 12
TRIES = 3
DENIED = {  # performance: none of these after one decision
    *("pydantic", "fastapi", "starlette", "rich", "typer", "sqlalchemy", "alembic", "structlog", "httpx"),
    "opentelemetry",
}
LIBRARY = {"msgspec", "typing_extensions", "cryptography", "_cffi_backend", "_openssl", "cffi"}
ROOMS_OF_THE_SERVER = {
    f"licet.{room}"
    for room in ("policy", "decision", "store", "ledger", "authority", "service", "wiring", "cli", "embedded")
}
DECIDE = """
from licet import Gate
decision = Gate.local(sys.argv[1]).decide(
    "payments.transfer",
    "transfer",
    actor=("agent", "finance-bot"),
    target=("account", "acct-42"),
    parameters={"amount_minor": 4000, "currency": "USD", "payee": "acme"},
    key="startup-1",
)
assert decision.outcome.value == "PERMIT", decision
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], check=False, capture_output=True, text=True, timeout=60
    )


def loaded_by(program: str, *arguments: str) -> set[str]:
    """Modules that a fresh interpreter holds after ``program``, beyond those of an idle one."""
    report = "\nprint(file=sys.stderr)\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    done = python("-c", f"import json, sys\n{program}\n{report}", *arguments)
    assert done.returncode == 0, done.stderr
    idle = python("-c", f"import json, sys\n{report}")
    return set(json.loads(done.stderr.splitlines()[-1])) - set(json.loads(idle.stderr.splitlines()[-1]))


def foreign(modules: set[str]) -> set[str]:
    """The packages among them that are neither ours nor the standard library's."""
    tops = {module.partition(".")[0] for module in modules}
    return {top for top in tops if top not in sys.stdlib_module_names and top != "licet"}


def run_cli(*arguments: str) -> str:
    return (
        f"sys.argv = ['licet', *{list(arguments)!r}]\n"
        "from licet.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert not done.code, done.code\n"
    )


def ratio(arguments: Sequence[str]) -> float:
    """Wall time of one command over that of a bare Python: medians of interleaved runs."""
    own: list[float] = []
    bare: list[float] = []
    for _ in range(RUNS):
        for command, times in (((*arguments,), own), (("-c", "pass"), bare)):
            started = time.perf_counter()
            done = python(*command)
            times.append(time.perf_counter() - started)
            assert done.returncode == 0, done.stderr
    return statistics.median(own) / statistics.median(bare)


def test_import_licet_stays_light() -> None:
    loaded = loaded_by("import licet")

    assert foreign(loaded) <= LIBRARY
    assert {module for module in loaded if module in ROOMS_OF_THE_SERVER} == set()


def test_the_gate_itself_brings_the_library_and_nothing_else() -> None:
    loaded = loaded_by("from licet import *")

    assert foreign(loaded) <= LIBRARY
    assert {module for module in loaded if module in ROOMS_OF_THE_SERVER} == set()


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_loads_click_and_the_standard_library(argument: str) -> None:
    assert foreign(loaded_by(run_cli(argument))) == {"click"}


def test_verify_loads_the_verifier_only() -> None:
    assert foreign(loaded_by(run_cli("verify", "--help"))) <= {"click"} | LIBRARY - {"msgspec"}


def test_one_embedded_decision_loads_nothing_of_the_deny_list(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = python("-c", "from licet.cli.main import main; main()", "init", str(home), "--template", "minimal")
    assert made.returncode == 0, made.stderr

    loaded = loaded_by(DECIDE, str(home))

    assert foreign(loaded) & DENIED == set()


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_g11_help_answers_within_six_bare_starts(argument: str) -> None:
    budget = 6.0
    command = ["-c", "from licet.cli.main import main; main()", argument]
    assert python(*command).returncode == 0  # also writes the byte code, once

    seen: list[float] = []
    while len(seen) < TRIES and (not seen or min(seen) > budget):
        seen.append(ratio(command))

    assert min(seen) <= budget, f"`licet {argument}` took {min(seen):.1f} times a bare start"
