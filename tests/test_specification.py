"""The examples of `docs/spec` are read by the code they specify, and its lists are the code's lists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from licet.authority.callers import Role
from licet.cli.exits import Exit
from licet.gate.decision import Failure
from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.policy.testing import run
from licet.protocol.answer import parse_answer
from licet.protocol.parse import parse_request
from licet.protocol.types import Outcome, Reason
from licet.receipt.read import KINDS, DecisionReceipt, receipt_of
from licet.verify.report import Check
from support.world import starter

SPEC = Path(__file__).resolve().parent.parent / "docs" / "spec"
ID = "01a2054f-1ea8-7539-b60a-66651dde8c21"
DIGEST = "sha256:" + "0" * 64


def text_of(name):
    return (SPEC / name).read_text("utf-8")


def blocks(name, language):
    """The examples of one language, with what stands for an id, a nonce or a digest filled in."""
    found = re.findall(rf"^```{language}\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL)
    filled = [text.replace("01a2054f-...", ID).replace("sha256:...", DIGEST) for text in found]
    return [text.replace("<32 hex digits>", "0" * 32).replace("<compact JWS>", "a.b.c") for text in filled]


def test_the_example_of_a_request_an_answer_and_a_receipt_are_read():
    request, answer, receipt = blocks("protocol.md", "json")

    assert parse_request(request.encode()).surface == "payments.transfer"
    assert parse_answer(answer.encode()).outcome is Outcome.PERMIT
    assert isinstance(receipt_of(json.loads(receipt)), DecisionReceipt)


def test_the_example_of_a_surface_builds_and_the_example_of_a_test_holds():
    surface, tests = blocks("policy.md", "toml")
    kept = {
        name: content for name, content in starter().items() if not name.startswith(("tests/", "policies/"))
    }
    rule = re.search(
        r'@id\("pay-small"\).*?^when [^;]*;',
        starter()["policies/permits.cedar"].decode(),
        re.MULTILINE | re.DOTALL,
    )
    assert rule is not None
    files = {
        **kept,
        "surfaces/payments.toml": surface.encode(),
        "policies/permits.cedar": rule[0].encode(),
        "tests/payments.toml": tests.encode(),
    }

    compiled = build_bundle(Bundle.from_files(files))

    assert compiled.warnings == ()
    assert [result.passed for result in run(compiled)] == [True]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("protocol.md", KINDS),
        ("protocol.md", {reason.value for reason in Reason}),
        ("gate.md", {failure.value for failure in Failure}),
        ("arbiter.md", {role.value for role in Role}),
    ],
    ids=["kinds", "reasons", "failures", "roles"],
)
def test_a_closed_list_is_written_out(name, words):
    written = set(re.findall(r"`([a-z_-]+)`", text_of(name)))

    assert set(words) - written == set()


def test_every_step_of_the_verifier_has_its_row():
    rows = set(re.findall(r"^\| (V\d\d)(?: to (V\d\d))? \|", text_of("evidence.md"), re.MULTILINE))
    covered = {
        f"V{number:02}"
        for first, last in rows
        for number in range(int(first[1:]), int((last or first)[1:]) + 1)
    }

    assert covered == {check.value for check in Check}


def test_every_exit_code_has_its_row():
    section = text_of("protocol.md").partition("\n## 5. ")[2].partition("\n## 6. ")[0]
    rows = re.findall(r"^\| ([\d, ]+) \|", section, re.MULTILINE)

    assert {int(number) for row in rows for number in row.split(",")} == {int(code) for code in Exit}
