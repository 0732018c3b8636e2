"""The result: no truth value, no "valid", hostile text made visible."""

from __future__ import annotations

import pytest

from licet.verify.receipt import verify_receipt
from licet.verify.report import Check, Level, Report, Status, Steps, Verdict
from sample_evidence import PERMIT, TRUST, placed


def report_of(level: Level = Level.RECEIPT, **ends: Status) -> Report:
    steps = Steps()
    for check in Check:
        steps.note(check, ends.get(check.value, Status.OK), "x")
    return Report(
        level=level,
        steps=steps.finish(),
        receipt=None,
        origin=None,
        index=None,
        revocations_known_to=5,
        trust_digest=TRUST.digest,
    )


@pytest.mark.parametrize("check", [check.value for check in Level.RECEIPT.checks])
@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_verified_takes_every_step_of_the_level(check: str, status: Status):
    verdict = report_of(**{check: status}).verdict

    assert verdict is (Verdict.FAILED if status is Status.FAILED else Verdict.CANNOT)


def test_failed_wins_wherever_it_stands():
    assert report_of(V12=Status.FAILED, V01=Status.CANNOT).verdict is Verdict.FAILED
    assert report_of(V16=Status.FAILED).verdict is Verdict.FAILED
    assert report_of(Level.AUDIT, V16=Status.NOT_EVALUATED).verdict is Verdict.CANNOT
    assert report_of(V16=Status.NOT_EVALUATED).verdict is Verdict.VERIFIED


def test_the_exit_codes_are_those_of_the_protocol():
    assert report_of().exit_code == 0
    assert report_of(V03=Status.FAILED).exit_code == 10
    assert report_of(V03=Status.CANNOT).exit_code == 11


def test_a_report_is_not_a_condition():
    with pytest.raises(TypeError, match="truth value"):
        bool(report_of())


def test_a_step_nobody_took_was_skipped():
    steps = Steps()
    steps.note(Check.COMPACT, Status.FAILED, "x")

    assert [step.status for step in steps.finish()] == [Status.FAILED] + [Status.SKIPPED] * 15


def test_the_first_step_that_is_not_ok_is_found_in_the_order_of_codes():
    steps = Steps()
    steps.note(Check.KEY, Status.CANNOT, "x")
    steps.note(Check.COMPACT, Status.OK, "x")
    steps.note(Check.HEADER, Status.FAILED, "x")

    assert steps.first_not_ok().check is Check.HEADER
    assert Check.HEADER.label == "V02 header"
    assert Check.KEY_INDEX.label == "V12 key_index"


def test_the_json_result_has_the_members_of_the_design():
    document = verify_receipt(PERMIT, trust=TRUST, proof=placed(PERMIT)).document()

    assert set(document) == {
        "schema",
        "level",
        "verdict",
        "index",
        "origin",
        "steps",
        "revocations_known_to",
        "trust_digest",
    }
    assert document["schema"] == "licet/verify-report/v1"
    assert (document["level"], document["verdict"], document["index"]) == ("receipt", "verified", 2)
    assert document["steps"][5] == {
        "code": "V06",
        "status": "ok",
        "detail": "Ed25519 over the bytes as received",
    }
    assert "valid" not in str(document).replace("invalid", "")


def test_hostile_text_is_made_visible_and_short():
    steps = Steps()
    steps.note(Check.HEADER, Status.FAILED, "\x1b[2J\u202eTIMREP" + "x" * 5_000)
    detail = steps.finish()[1].detail

    assert detail.startswith("<U+001B>[2J<U+202E>TIMREP")
    assert len(detail) < 700
