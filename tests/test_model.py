"""The formal model of `model/`: each guard has a run without it, and what README.md maps it to exists.

The checker itself runs a few configurations here, when Java and its jar are there; `make model` runs all.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "model"
_SPEC = importlib.util.spec_from_file_location("licet_model", MODEL / "check.py")
assert _SPEC is not None
assert _SPEC.loader is not None
check = importlib.util.module_from_spec(_SPEC)
sys.modules["licet_model"] = check  # dataclasses look their module up
_SPEC.loader.exec_module(check)

README = (MODEL / "README.md").read_text(encoding="utf-8")
COUNTS = "576 states generated, 223 distinct states found, 110 states left on queue.\n"
HELD = "Model checking completed. No error has been found.\n"


def switches() -> set[str]:
    """The guards that the module declares."""
    text = check.MODULE.read_text(encoding="utf-8")
    declared = text[text.index("\\* The writer") : text.index("ASSUME")]
    return set(re.findall(r"^  ([A-Z]\w+),? +\\\*", declared, re.MULTILINE))


def promises() -> set[str]:
    """The invariants that a configuration with every guard on must keep."""
    lines = check.lines_of(MODEL / "whole.cfg")
    return {line.strip() for line in lines[lines.index("INVARIANTS") + 1 :]}


def configuration(breaks: str | None) -> check.Configuration:
    return check.Configuration(name="some", file=MODEL / "some.cfg", breaks=breaks)


@pytest.mark.parametrize("name", check.QUICK)
def test_the_checker_finds_what_the_configuration_says(name: str) -> None:
    chosen = next(one for one in check.configurations() if one.name == name)
    try:
        java, jar = check.find_java(), check.find_jar()
    except check.MissingToolError as missing:
        pytest.skip(f"the model is not checked here: {missing}")

    ran = check.run(chosen, java, jar)

    assert ran.as_wanted, check.row(ran)


def test_every_guard_has_a_run_without_it() -> None:
    without = {file.stem for file in (MODEL / "without").glob("*.cfg")}

    assert switches()
    assert without == switches()


def test_every_promise_falls_without_some_guard() -> None:
    fallen = {one.breaks for one in check.configurations() if one.file.parent.name == "without"}

    assert fallen == promises() - {"TypeOK"}


def test_every_base_keeps_every_promise() -> None:
    bases = [one.file for one in check.configurations() if one.breaks is None]

    assert len(bases) > 1
    for base in bases:
        lines = check.lines_of(base)
        assert {line.strip() for line in lines[lines.index("INVARIANTS") + 1 :]} == promises()


@pytest.mark.parametrize(
    ("line", "instead"),
    [("  HeadCAS = TRUE", "  HeadCAS = FALSE"), ("  MaxLog = 4", "  MaxLog = 9"), ("  AckedSurvives", "")],
)
def test_a_configuration_that_changes_more_than_it_says_is_refused(
    line: str, instead: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "without").mkdir()
    shutil.copy(MODEL / "permits.cfg", tmp_path)
    text = (MODEL / "without" / "ClaimGuard.cfg").read_text(encoding="utf-8")
    assert line in text
    (tmp_path / "without" / "ClaimGuard.cfg").write_text(text.replace(line, instead), encoding="utf-8")
    monkeypatch.setattr(check, "HERE", tmp_path)

    with pytest.raises(check.ConfigurationError, match=r"ClaimGuard\.cfg is not permits\.cfg"):
        check.configurations()


def test_a_guard_that_is_off_and_breaks_nothing_is_refused(tmp_path: Path) -> None:
    base = (MODEL / "permits.cfg").read_text(encoding="utf-8")
    quiet = tmp_path / "permits.cfg"
    quiet.write_text(base.replace("ClaimGuard = TRUE", "ClaimGuard = FALSE"), encoding="utf-8")

    with pytest.raises(check.ConfigurationError, match="turns OneIntent, ClaimGuard off"):
        check.read(quiet)


def test_only_the_named_invariant_counts() -> None:
    said = f"Error: Invariant AckedSurvives is violated.\nState 1: x\nState 2: y\n{COUNTS}"

    found = check.judge(configuration("AckedSurvives"), said, 1.0)

    assert found.as_wanted
    assert (found.generated, found.distinct, found.depth) == (576, 223, 2)
    assert not check.judge(configuration("ClaimedOnce"), said, 1.0).as_wanted
    assert not check.judge(configuration(None), said, 1.0).as_wanted


def test_a_guard_that_nothing_misses_is_wrong() -> None:
    assert check.judge(configuration(None), HELD + COUNTS, 1.0).as_wanted
    assert not check.judge(configuration("ClaimedOnce"), HELD + COUNTS, 1.0).as_wanted


@pytest.mark.parametrize(
    "said",
    ["", "Error: Parsing or semantic analysis failed.\n", HELD, f"java.lang.OutOfMemoryError\n{COUNTS}"],
)
def test_a_checker_that_did_not_end_proves_nothing(said: str) -> None:
    found = check.judge(configuration(None), said, 1.0)

    assert found.trouble
    assert not found.as_wanted
    assert "WRONG" in check.row(found)


def test_a_machine_without_java_is_told_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    assert check.main(["quick"]) == 2
    assert "mend: Debian, Ubuntu: sudo apt install default-jre-headless" in capsys.readouterr().err


def test_an_old_java_is_told_the_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(check.MissingToolError, match="is not Java 11 or newer"):
        check.find_java()


def test_the_readme_maps_every_guard() -> None:
    mapped = set(re.findall(r"^\| `(\w+)` \| `\w+` \|", README, re.MULTILINE))

    assert mapped == switches()


def test_the_readme_names_code_and_patches_that_exist() -> None:
    code = re.findall(r"`((?:src|tests)/[\w/]+\.py)`: `([^`]+)`", README)
    patches = re.findall(r"`(\w+(?:-\w+){2,})`", README)

    assert code
    assert [f"{file}: {words}" for file, words in code if words not in (ROOT / file).read_text()] == []
    assert patches
    assert [name for name in patches if not (ROOT / "tests" / "mutants" / f"{name}.patch").is_file()] == []


def test_the_readme_has_a_figure_for_every_configuration() -> None:
    figures = re.findall(r"^\| (\w+) +\| +\d+ \|", README, re.MULTILINE)

    assert sorted(figures) == sorted(one.name for one in check.configurations())
