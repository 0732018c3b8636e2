"""The verifier's own manners: where it stops, what it skips, what it never claims."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol.canonical import canonical_bytes
from licet.protocol.limits import INT_MAX
from licet.tlog.checkpoint import Checkpoint
from licet.tlog.entry import receipt_leaf
from licet.tlog.merkle import node_hash
from licet.tlog.proof import TlogProof
from licet.verify.receipt import verify_receipt
from licet.verify.report import Check, Level, Report, Status, Verdict
from sample_evidence import (
    NOW_S,
    ORIGIN,
    PERMIT,
    REVOKED_KEY,
    STRANGER,
    SUSPECT_FROM,
    TRUST,
    completed,
    decided,
    executor_statement,
    founded,
    placed,
    root_statements,
    sealed,
    stamp,
)
from sample_log import LOG, WITNESS
from verify_cases import changed

OPENING = tuple(Check)[:6]
BEYOND = tuple(Check)[12:]


def statuses(report: Report, *checks: Check) -> list[Status]:
    return [report.step(check).status for check in checks]


def test_every_step_of_a_good_receipt_is_listed():
    report = verify_receipt(PERMIT, trust=TRUST, proof=placed(PERMIT))

    assert [step.check.value for step in report.steps] == [f"V{number:02}" for number in range(1, 17)]
    assert statuses(report, *tuple(Check)[:12]) == [Status.OK] * 12
    assert statuses(report, *BEYOND) == [Status.NOT_EVALUATED] * 4
    assert all(step.detail for step in report.steps)
    assert (report.index, report.origin, report.receipt.stamp) == (2, ORIGIN, stamp())
    assert (report.revocations_known_to, report.trust_digest) == (5, TRUST.digest)


@pytest.mark.parametrize("failing", range(6))
def test_the_opening_stops_at_the_first_failure(failing: int):
    broken = [
        PERMIT + "=",
        "e30." + PERMIT.partition(".")[2],
        sealed({}),
        sealed(decided())[:-2],
        sealed(decided(), LOG_AS_KEY),
        PERMIT.rpartition(".")[0] + ".AAAA",
    ][failing]
    report = verify_receipt(broken, trust=TRUST, proof=placed(PERMIT))
    failed = next(step.check for step in report.steps if step.status is Status.FAILED)
    behind = tuple(Check)[tuple(Check).index(failed) + 1 : 12]

    assert report.verdict is Verdict.FAILED
    assert statuses(report, *behind) == [Status.SKIPPED] * len(behind)


class _LogAsKey:
    kid = next(kid for kid, role in TRUST.roles.items() if role.value == "log")

    def sign(self, message: bytes) -> bytes:
        return LOG.private.sign(message)


LOG_AS_KEY = _LogAsKey()


def test_an_unknown_key_leaves_the_later_steps_running():
    """Something is missing, nothing is wrong: what can be checked is checked."""
    jws = sealed(decided(), STRANGER)
    report = verify_receipt(jws, trust=TRUST, proof=placed(jws))

    assert statuses(report, Check.KEY, Check.SIGNATURE) == [Status.CANNOT, Status.SKIPPED]
    assert statuses(report, *tuple(Check)[6:11]) == [Status.OK] * 5
    assert report.step(Check.KEY_INDEX).status is Status.SKIPPED


def test_an_unknown_kind_is_still_a_signed_leaf():
    jws = sealed(changed(decided(), kind="approval"))
    report = verify_receipt(jws, trust=TRUST, proof=placed(jws))

    assert report.step(Check.PAYLOAD).status is Status.CANNOT
    assert statuses(report, Check.CANONICAL, Check.KEY, Check.SIGNATURE, Check.INCLUSION) == [Status.OK] * 4
    assert report.step(Check.CHECKPOINT).status is Status.CANNOT
    assert report.verdict is Verdict.CANNOT


def test_without_a_proof_something_is_missing():
    report = verify_receipt(PERMIT, trust=TRUST)

    assert statuses(report, *OPENING) == [Status.OK] * 6
    assert report.step(Check.PROOF).detail == "no proof given"
    assert (report.verdict, report.exit_code) == (Verdict.CANNOT, 11)
    assert report.index is None


def test_a_failure_wins_over_what_is_missing():
    report = verify_receipt(PERMIT, trust=TRUST, leaf=bytes(32))

    assert report.step(Check.PROOF).status is Status.CANNOT
    assert (report.verdict, report.exit_code) == (Verdict.FAILED, 10)


def test_a_missing_quorum_does_not_hide_what_stands():
    report = verify_receipt(PERMIT, trust=TRUST, proof=placed(PERMIT, cosigned=False))

    assert statuses(report, Check.QUORUM, Check.INCLUSION, Check.KEY_INDEX) == [
        Status.CANNOT,
        Status.OK,
        Status.OK,
    ]
    assert report.verdict is Verdict.CANNOT


def test_a_forged_root_statement_is_seen_even_without_a_proof():
    jws = sealed(founded(root_statements()))
    report = verify_receipt(jws, trust=TRUST)

    assert report.step(Check.KEY_INDEX).status is Status.FAILED
    assert report.verdict is Verdict.FAILED


def test_a_suspect_index_keeps_its_word_whatever_the_statements_say():
    jws = sealed(founded(), REVOKED_KEY)
    report = verify_receipt(jws, trust=TRUST, proof=placed(jws, index=SUSPECT_FROM))

    assert "suspect_range" in report.step(Check.KEY_INDEX).detail


def test_an_index_that_was_not_proven_is_not_reported():
    for jws, proof in (
        (PERMIT, placed(sealed(completed()))),
        (sealed(decided(), STRANGER), placed(sealed(decided(), STRANGER))),
        (PERMIT, "index 2"),
    ):
        assert verify_receipt(jws, trust=TRUST, proof=proof).index is None


@pytest.mark.parametrize(
    ("index", "status"), [(INT_MAX, Status.OK), (INT_MAX + 1, Status.FAILED), (2**63 - 2, Status.FAILED)]
)
def test_an_index_that_json_cannot_hold_is_no_index(index: int, status: Status):
    hashes = (bytes(32),) * index.bit_count()
    root = receipt_leaf(PERMIT)
    for left in hashes:
        root = node_hash(left, root)
    body = Checkpoint(origin=ORIGIN, size=index + 1, root=root).body()
    note = WITNESS.cosign(LOG.sign_note(body), body)

    report = verify_receipt(
        PERMIT, trust=TRUST, proof=TlogProof(index=index, hashes=hashes, note=note).text()
    )

    assert report.step(Check.PROOF).status is status
    assert canonical_bytes(report.document())


def test_an_unproven_receipt_is_not_handed_out():
    for jws in (
        sealed(decided(), STRANGER),
        PERMIT.rpartition(".")[0] + ".AAAA",
        sealed(changed(decided(), v=2)),
    ):
        report = verify_receipt(jws, trust=TRUST, proof=placed(PERMIT))
        assert (report.receipt, report.origin) == (None, None)


def test_the_audit_level_misses_what_it_is_not_given():
    report = verify_receipt(PERMIT, trust=TRUST, proof=placed(PERMIT), level=Level.AUDIT)

    assert statuses(report, *BEYOND) == [Status.CANNOT] * 4
    assert (report.verdict, report.exit_code) == (Verdict.CANNOT, 11)


@pytest.mark.parametrize(("at_s", "word"), [(NOW_S + 59, "could still"), (NOW_S + 60, "no longer")])
def test_the_time_asked_about_changes_words_but_no_verdict(at_s: int, word: str):
    report = verify_receipt(PERMIT, trust=TRUST, proof=placed(PERMIT), at_s=at_s)

    assert word in report.step(Check.LINKS).detail
    assert report.verdict is Verdict.VERIFIED


def test_who_told_of_the_outcome_is_said():
    by_api, by_executor = sealed(completed()), sealed(completed(executor=executor_statement()))

    assert "not signed by the executor" in verify_receipt(by_api, trust=TRUST).step(Check.LINKS).detail
    assert "not checked" in verify_receipt(by_executor, trust=TRUST).step(Check.LINKS).detail


@given(st.text(max_size=400), st.none() | st.text(max_size=200))
def test_no_input_at_all_is_a_traceback_or_success(jws: str, proof: str | None):
    assert verify_receipt(jws, trust=TRUST, proof=proof).verdict is Verdict.FAILED


@given(st.text(max_size=400))
def test_no_proof_text_at_all_is_a_traceback_or_success(proof: str):
    report = verify_receipt(PERMIT, trust=TRUST, proof=proof)

    assert report.step(Check.PROOF).status is Status.FAILED
