"""A guard exists only if a named test turns red without it: every patch of this folder, one by one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("licet_mutants", Path(__file__).parent / "run.py")
assert _SPEC is not None
assert _SPEC.loader is not None
run = importlib.util.module_from_spec(_SPEC)
sys.modules["licet_mutants"] = run  # dataclasses look their module up
_SPEC.loader.exec_module(run)


@pytest.mark.mutants
@pytest.mark.parametrize("mutant", run.mutants(), ids=lambda mutant: mutant.name)
def test_a_guard_taken_out_is_missed(mutant: run.Mutant) -> None:
    assert run.survivor(mutant) is None


def test_there_are_mutants() -> None:
    assert run.mutants()


def test_a_patch_that_changes_nothing_is_reported_alive(tmp_path: Path) -> None:
    harmless = tmp_path / "harmless.patch"
    harmless.write_text(
        "# test: tests/protocol/test_types.py::test_an_outcome_is_no_condition\n"
        "# why: a run of the runner on itself\n"
        "--- a/LICENSE\n+++ b/LICENSE\n@@ -1,1 +1,2 @@\n"
        f"+harmless\n {(run.ROOT / 'LICENSE').read_text().splitlines()[0]}\n"
    )

    problem = run.survivor(run.read(harmless))

    assert problem is not None
    assert problem.startswith("it lives")


def test_a_patch_whose_test_is_gone_is_not_taken_for_red(tmp_path: Path) -> None:
    gone = tmp_path / "gone.patch"
    gone.write_text(
        "# test: tests/protocol/test_types.py::test_that_nobody_wrote\n"
        "# why: a run of the runner on itself\n"
        "--- a/LICENSE\n+++ b/LICENSE\n@@ -1,1 +1,2 @@\n"
        f"+harmless\n {(run.ROOT / 'LICENSE').read_text().splitlines()[0]}\n"
    )

    problem = run.survivor(run.read(gone))

    assert problem is not None
    assert "could not be run" in problem


def test_a_patch_without_its_reason_is_refused(tmp_path: Path) -> None:
    silent = tmp_path / "silent.patch"
    silent.write_text("# test: a::b\n--- a/LICENSE\n+++ b/LICENSE\n")

    with pytest.raises(ValueError, match="does not say"):
        run.read(silent)
