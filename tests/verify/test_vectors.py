"""``vectors/verify``: every case ends as its name says, from the files alone, and the files are ours."""

from __future__ import annotations

import json

import pytest

import verify_vectors
from licet.verify.receipt import verify_receipt
from licet.verify.report import Report, Verdict
from licet.verify.trust import parse_trust
from verify_vectors import FOLDER

CASES = {case.name: case for case in verify_vectors.cases()}
NAMES = sorted(folder.name for folder in FOLDER.iterdir() if (folder / "case.json").exists())

MUST_FAIL = {f"V{number:02}" for number in range(1, 13)}
MUST_BE_UNABLE = {"V03", "V05", "V08", "V09", "V10", "V12"}
"""The table of ``evidence.md`` 5: every code that can be FAILED, and every one that can be CANNOT."""


def from_disk(name: str) -> Report:
    folder = FOLDER / name
    case = json.loads((folder / "case.json").read_bytes())
    proof, leaf = folder / "proof.tlog-proof", folder / "leaf.txt"
    return verify_receipt(
        (folder / "receipt.jws").read_text("utf-8"),
        trust=parse_trust((FOLDER / "trust" / f"{case['trust']}.json").read_bytes()),
        proof=proof.read_bytes().decode() if proof.exists() else None,
        leaf=bytes.fromhex(leaf.read_text("ascii")) if leaf.exists() else None,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_case_ends_as_its_name_says(name: str):
    report = from_disk(name)
    status = {step.check.value: step.status.value for step in report.steps}
    expected = json.loads((FOLDER / name / "case.json").read_bytes())
    code = name.split("_", maxsplit=1)[0].upper()

    assert status == expected["steps"]
    assert (report.verdict.value, report.exit_code) == (expected["verdict"], expected["exit"])
    if name.endswith("_ok"):
        assert report.verdict is Verdict.VERIFIED
    elif name.endswith("_fail"):
        assert report.verdict is Verdict.FAILED
        assert status[code] == "failed"
    else:
        assert report.verdict is Verdict.CANNOT
        assert status[code] == "cannot"


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("_ok")])
def test_the_first_step_that_does_not_stand_is_the_one_the_case_is_about(name: str):
    first = next(step for step in from_disk(name).steps if step.status.value != "ok")

    assert (first.check.value, first.status.value) == CASES[name].expects


def test_every_code_fails_somewhere_and_every_cannot_is_reached():
    reached = {case.expects for case in CASES.values()}

    assert {(code, "failed") for code in MUST_FAIL} <= reached
    assert {(code, "cannot") for code in MUST_BE_UNABLE} <= reached
    assert len(CASES) >= 60


def test_the_files_are_what_the_generator_writes():
    stored = {
        str(file.relative_to(FOLDER)): file.read_bytes() for file in FOLDER.rglob("*") if file.is_file()
    }

    assert stored == verify_vectors.files(), "run: python tests/verify_vectors.py"
