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
from licet.protocol.limits import JWS_BYTES_MAX
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
    if receipt.get("obligations") != answer.get("obligations"):
        # Attack: a duty that the permit hangs on, left out.
        raise _unbelievable("its receipt has other obligations")
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
    from licet.verify.opening import open_receipt  # noqa: PLC0415 - see above
    from licet.verify.report import Steps  # noqa: PLC0415 - see above

    steps = Steps()
    opened = open_receipt(jws, trust, steps, bytes_max=JWS_BYTES_MAX)
    bad = steps.first_not_ok()
    if bad is not None:
        raise _unbelievable(f"{bad.check.label}: {bad.detail}")
    if opened is None or opened.key is None or opened.receipt is None:
        raise _unbelievable("it cannot be read")
    if opened.key.until is not None:
        # Attack: a thief's answers under a key that was retired or revoked; no index tells them apart here.
        raise _unbelievable(f"its key was retired or revoked at index {opened.key.until}")
    if opened.receipt.stamp.origin not in trust.origins:
        raise _unbelievable(f"it is of the log `{opened.receipt.stamp.origin}`")


def _object(document: bytes) -> JsonObject:
    value = read_strict(document)
    return value if isinstance(value, dict) else {}


def _unbelievable(why: str) -> RaiseTheAlarm:
    return RaiseTheAlarm(
        f"the answer is not borne out by its receipt: {why}",
        mend="keep the answer and find out who stands between; this is no permit",
    )
