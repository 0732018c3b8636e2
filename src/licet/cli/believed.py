"""Whether an answer may be believed: what it says must be what the signed receipt inside it says.

A script that runs `licet authorize && pay` trusts the exit code. So exit 0 takes more than the word
PERMIT beside a receipt: the receipt is a decision on these very bytes with that outcome, and where there
is a trust folder (the home's, or ``--trust``) its signature is one of the authority's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from licet.cli.answers import text_of
from licet.errors import LicetError, RaiseTheAlarm
from licet.protocol.canonical import canonical_bytes
from licet.protocol.digest import REQUEST_TAG, tagged_digest
from licet.protocol.strict import read_strict
from licet.receipt.jws import split

if TYPE_CHECKING:
    from licet.protocol.types import JsonObject
    from licet.verify.trust import TrustSet

_NOT_DIGESTED = ("idempotency_key", "claim_id")


def demand_believable(answer: JsonObject, body: bytes, trust: TrustSet | None) -> None:
    """Refuse an answer that its own receipt does not bear out.

    Raises:
        RaiseTheAlarm: another outcome, another request, another id, or no signature of a trusted key.
    """
    jws = text_of(answer, "receipt")
    if trust is not None:
        _demand_signed(jws, trust)
    try:
        receipt, asked = _object(split(jws).payload), _object(body)
    except LicetError as error:
        raise _unbelievable(error.message) from error
    request = receipt.get("request")
    if receipt.get("kind") != "decision" or not isinstance(request, dict):
        raise _unbelievable("its receipt is no decision")
    if any(receipt.get(name) != answer.get(name) for name in ("outcome", "reason")):
        # Attack: PERMIT written around the genuine receipt of a DENY.
        raise _unbelievable(f"its receipt says {receipt.get('outcome')} {receipt.get('reason')}")
    if receipt.get("id") != answer.get("receipt_id"):
        raise _unbelievable("its receipt has another id")
    digested: JsonObject = {name: value for name, value in asked.items() if name not in _NOT_DIGESTED}
    digest = tagged_digest(REQUEST_TAG, canonical_bytes(digested))
    key = asked.get("idempotency_key")
    if request.get("digest") != digest or request.get("idempotency_key") != key:
        # Attack: a genuine PERMIT for something else.
        raise _unbelievable("its receipt is about another request")


def _demand_signed(jws: str, trust: TrustSet) -> None:
    # Imported here: without a trust folder there is nothing to verify with, and most of a start is imports.
    from licet.verify.receipt import verify_receipt  # noqa: PLC0415 - see above
    from licet.verify.report import Check, Status  # noqa: PLC0415 - see above

    signed = (Check.COMPACT, Check.HEADER, Check.PAYLOAD, Check.CANONICAL, Check.KEY, Check.SIGNATURE)
    for step in verify_receipt(jws, trust=trust).steps:
        if step.check in signed and step.status is not Status.OK:
            raise _unbelievable(f"{step.check.label}: {step.detail}")


def _object(document: bytes) -> JsonObject:
    value = read_strict(document)
    return value if isinstance(value, dict) else {}


def _unbelievable(why: str) -> RaiseTheAlarm:
    return RaiseTheAlarm(
        f"the answer is not borne out by its receipt: {why}",
        mend="keep the answer and find out who stands between; this is no permit",
    )
