"""`licet verify`: check receipts and their proofs against a trust folder, offline.

Imports click and cryptography, nothing else from outside the standard library: an auditor's machine is
asked for no more (``tests/test_startup.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from licet.cli.exits import Exit
from licet.cli.files import read_start
from licet.cli.moment import seconds
from licet.cli.options import Verb, talk_of
from licet.cli.talk import Painted, Talk, bad, good, pale, quiet
from licet.cli.trust_file import MEND, read_trust
from licet.errors import LicetError, Usage
from licet.protocol.limits import PROOF_BYTES_MAX
from licet.receipt.read import DecisionReceipt
from licet.verify.evidence import EVIDENCE_BYTES_MAX, open_evidence, verify_evidence
from licet.verify.receipt import verify_receipt
from licet.verify.report import Report, Status, Verdict
from licet.verify.trust import TrustSet

if TYPE_CHECKING:
    from licet.protocol.types import JsonValue

_WORDS = {
    Status.OK: good("ok    "),
    Status.FAILED: bad("FAILED"),
    Status.CANNOT: pale("CANNOT"),
    Status.NOT_EVALUATED: quiet("-     "),
    Status.SKIPPED: quiet("-     "),
}


class Checked(NamedTuple):
    """One file and what was found."""

    name: str
    report: Report


@click.command(
    "verify",
    cls=Verb,
    short_help="Check a receipt and its proof, offline.",
    examples=(
        "licet verify receipt.jws --trust trust/",
        "licet verify receipt.jws --proof receipt.tlog-proof --trust trust/ --json",
        "licet verify evidence/*.jws --trust trust/",
    ),
)
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@click.option("--trust", "trust_name", metavar="DIR", help="The trust folder (or trust.json) of the issuer.")
@click.option(
    "--proof", "proof_name", metavar="FILE", help="The tlog-proof; else the one beside the receipt."
)
@click.option("--at", metavar="TIME", help="The time to judge by: 2026-11-23T09:00:00Z, or seconds.")
@click.pass_context
def verify(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    trust_name: str | None,
    proof_name: str | None,
    at: str | None,
) -> int:
    """Check receipts and their proofs against a trust folder. No network, no clock, no home.

    The trust comes from you: nothing that travels with the evidence is believed. Exit 0 every step is
    ok, 10 FAILED (something is wrong), 11 CANNOT VERIFY (something is missing).
    """
    talk = talk_of(ctx)
    if proof_name is not None and len(names) > 1:
        raise Usage("`--proof` is for one receipt", mend="leave it out: FILE.tlog-proof beside each is taken")
    try:
        trust = _trust(trust_name)
    except LicetError as error:
        # Missing or unusable trust says nothing about the evidence: never FAILED, never success.
        talk.error(error)
        talk.say(pale("CANNOT VERIFY"), "  there is nothing to check it against")
        return Exit.CANNOT_VERIFY
    at_s = None if at is None else seconds(at)
    checked = [Checked(name, _check(name, proof_name, trust, at_s)) for name in names]
    if talk.json:
        _tell_json(talk, checked)
    else:
        for one in checked:
            _tell(talk, one, every_step=len(checked) == 1)
        talk.say("offline: no request was made")
    return worst(one.report for one in checked)


def worst(reports: Iterable[Report]) -> int:
    """FAILED wins over CANNOT VERIFY, which wins over verified."""
    codes = {report.exit_code for report in reports}
    return next(code for code in (Exit.FAILED, Exit.CANNOT_VERIFY, Exit.DONE) if code in codes)


def _trust(name: str | None) -> TrustSet:
    if name is None:
        raise Usage("no trust folder was given, and a receipt cannot vouch for itself", mend=MEND)
    return read_trust(name)


def _check(name: str, proof_name: str | None, trust: TrustSet, at_s: int | None) -> Report:
    # A file too large is FAILED like any other wrong one: it must not keep the others from being told.
    content = read_start(name, bytes_max=EVIDENCE_BYTES_MAX)
    try:
        evidence = open_evidence(content)
    except LicetError:
        return verify_evidence(content, trust=trust, at_s=at_s)
    if evidence.jws is None:
        return verify_evidence(content, trust=trust, at_s=at_s)
    proof = evidence.proof
    if proof_name is not None:
        proof = _text(proof_name)
    elif proof is None and name != "-":
        beside = Path(name).with_suffix(".tlog-proof")
        proof = _text(str(beside)) if beside.is_file() else None
    return verify_receipt(evidence.jws, trust=trust, proof=proof, leaf=evidence.leaf, at_s=at_s)


def _text(name: str) -> str:
    # Bytes that are no UTF-8 become U+FFFD, which no proof holds: V08 fails, as it must.
    return read_start(name, bytes_max=PROOF_BYTES_MAX).decode("utf-8", "replace")


def _tell_json(talk: Talk, checked: list[Checked]) -> None:
    if len(checked) == 1:
        talk.data(checked[0].report.document())
        return
    reports: list[JsonValue] = [{"file": one.name, "report": one.report.document()} for one in checked]
    talk.data({"schema": "licet/verify-reports/v1", "reports": reports})


def _tell(talk: Talk, one: Checked, *, every_step: bool) -> None:
    """Of one file every step; of many the steps of those that did not verify."""
    report = one.report
    talk.out(one.name)
    for step in report.steps if every_step or report.verdict is not Verdict.VERIFIED else ():
        if step.status is not Status.NOT_EVALUATED:
            talk.out("  ", _WORDS[step.status], f"  {step.check.label.ljust(15)}  {step.detail}")
    if every_step and report.verdict is Verdict.VERIFIED:
        talk.out("  ", quiet(f"revoked keys are known up to log size {report.revocations_known_to}"))
    talk.out("  ", *_verdict(report))


def _verdict(report: Report) -> tuple[Painted, str]:
    match report.verdict:
        case Verdict.VERIFIED:
            return good("VERIFIED"), f"  {_what(report)}, index {report.index} of {report.origin}"
        case Verdict.FAILED:
            step = next(step for step in report.steps if step.status is Status.FAILED)
            return bad("FAILED"), f"  at {step.check.label}: {step.detail}"
        case Verdict.CANNOT:
            step = next(step for step in report.steps if step.status is not Status.OK)
            return pale("CANNOT VERIFY"), f"  at {step.check.label}: {step.detail}"


def _what(report: Report) -> str:
    receipt = report.receipt
    if isinstance(receipt, DecisionReceipt):
        return f"{receipt.outcome.value} {receipt.reason.value} on {receipt.request.surface}"
    return type(receipt).__name__.removesuffix("Receipt").lower()
