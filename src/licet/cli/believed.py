"""Whether an answer may be believed: what it says must be what the signed receipt inside it says.

A script that runs `licet authorize && pay` trusts the exit code. So exit 0 takes more than the word
PERMIT beside a receipt: the receipt is a decision on these very bytes with that outcome, and where there
is a trust folder (the home's, or ``--trust``) its signature is one of the authority's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from licet.cli.answers import text_of
from licet.errors import LicetError, RaiseTheAlarm
from licet.protocol.parse import parse_decision_ask
from licet.receipt.read import DecisionReceipt, read_receipt
from licet.verify.receipt import verify_receipt
from licet.verify.report import Check, Status

if TYPE_CHECKING:
    from licet.protocol.types import JsonObject
    from licet.verify.trust import TrustSet

_SIGNED: Final = (Check.COMPACT, Check.HEADER, Check.PAYLOAD, Check.CANONICAL, Check.KEY, Check.SIGNATURE)


def demand_believable(answer: JsonObject, body: bytes, trust: TrustSet | None) -> None:
    """Refuse an answer that its own receipt does not bear out.

    Raises:
        RaiseTheAlarm: another outcome, another request, another id, or no signature of a trusted key.
    """
    jws = text_of(answer, "receipt")
    if trust is not None:
        report = verify_receipt(jws, trust=trust)
        bad = next(
            (step for step in report.steps if step.check in _SIGNED and step.status is not Status.OK), None
        )
        if bad is not None:
            raise _unbelievable(f"{bad.check.label}: {bad.detail}")
    try:
        receipt = read_receipt(jws)
        asked = parse_decision_ask(body).request
    except LicetError as error:
        raise _unbelievable(error.message) from error
    if not isinstance(receipt, DecisionReceipt):
        raise _unbelievable("its receipt is no decision")
    if (receipt.outcome, receipt.reason) != (answer.get("outcome"), answer.get("reason")):
        # Attack: PERMIT written around the genuine receipt of a DENY.
        raise _unbelievable(f"its receipt says {receipt.outcome.value} {receipt.reason.value}")
    if receipt.stamp.receipt_id != answer.get("receipt_id"):
        raise _unbelievable("its receipt has another id")
    if receipt.request.digest != asked.digest or receipt.request.idempotency_key != asked.idempotency_key:
        # Attack: a genuine PERMIT for something else.
        raise _unbelievable("its receipt is about another request")


def _unbelievable(why: str) -> RaiseTheAlarm:
    return RaiseTheAlarm(
        f"the answer is not borne out by its receipt: {why}",
        mend="keep the answer and find out who stands between; this is no permit",
    )
