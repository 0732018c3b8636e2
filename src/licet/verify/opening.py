"""V01 to V06: from a string to a receipt whose signature stands, or the first step that does not.

1. V01 compact: size, three segments, one spelling of base64url
2. V02 header: exactly the bytes this slot demands
3. V03 payload: strict JSON, the shape of its kind
4. V04 canonical: the payload is its own canonical form
5. V05 key: the trust file lists ``kid`` for receipts
6. V06 signature: Ed25519 over the bytes as received

Order matters only for cost and for words: each step runs on bytes that later steps vouch for, and nothing
read here means anything before V06. Stops at the first failure.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import LicetError, Malformed, TooLarge, UnknownValue
from ..protocol import limits
from ..protocol.ed25519 import verify
from ..protocol.types import JsonValue, Outcome
from ..receipt.jws import RECEIPT_TYP, Compact, read_kid, split
from ..receipt.keyring import KeyEntry, Role
from ..receipt.read import DecisionReceipt, Receipt, check_canonical, parse_payload, receipt_of
from .report import Check, Status, Steps
from .trust import TrustSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What V01 to V06 could read. Worth something only as far as ``Steps`` says so."""

    receipt: Receipt | None
    """None when V03 could not: a version, kind or word this version does not know."""
    key: KeyEntry | None
    """None when V05 could not: nobody vouches for the key."""


class _StopError(Exception):
    """A step failed; the steps behind it are not taken."""


def open_receipt(jws: str, trust: TrustSet, steps: Steps, *, bytes_max: int) -> Opened | None:
    """Take V01 to V06 and note each in ``steps``; None at the first failure."""
    try:
        compact = _compact(jws, steps, bytes_max)  # 1
        kid = _header(compact, steps)  # 2
        receipt, document = _payload(jws, compact, steps)  # 3
        _canonical(document, compact, steps)  # 4
        key = _key(kid, trust, steps)  # 5
        if key is not None:
            _signature(compact, key, steps)  # 6
    except _StopError:
        return None
    return Opened(receipt=receipt, key=key)


def _compact(jws: str, steps: Steps, bytes_max: int) -> Compact:
    try:
        compact = split(jws, bytes_max=bytes_max)
    except Malformed as error:
        raise _failed(steps, Check.COMPACT, error) from error
    steps.note(Check.COMPACT, Status.OK, f"{len(jws)} characters in three segments")
    return compact


def _header(compact: Compact, steps: Steps) -> str:
    try:
        kid = read_kid(compact.header, RECEIPT_TYP)
    except Malformed as error:
        raise _failed(steps, Check.HEADER, error) from error
    steps.note(Check.HEADER, Status.OK, f"Ed25519, {RECEIPT_TYP}")
    return kid


def _payload(jws: str, compact: Compact, steps: Steps) -> tuple[Receipt | None, JsonValue]:
    try:
        document = parse_payload(compact.payload)
        receipt = _typed(document, steps)
    except (Malformed, TooLarge) as error:
        raise _failed(steps, Check.PAYLOAD, error) from error
    if isinstance(receipt, DecisionReceipt) and receipt.outcome is Outcome.PERMIT:
        _demand_portable(jws, steps)
    return receipt, document


def _typed(document: JsonValue, steps: Steps) -> Receipt | None:
    try:
        receipt = receipt_of(document)
    except UnknownValue as error:
        steps.note(Check.PAYLOAD, Status.CANNOT, f"unknown_value: {_words(error)}")
        return None
    steps.note(Check.PAYLOAD, Status.OK, f"a {_kind(receipt)} receipt, version 1")
    return receipt


def _demand_portable(jws: str, steps: Steps) -> None:
    """V01 again: how long a receipt may be depends on what it says."""
    if len(jws) > limits.PERMIT_BYTES_MAX:
        detail = f"a PERMIT of {len(jws)} characters; {limits.PERMIT_BYTES_MAX} are the most that one has"
        steps.note(Check.COMPACT, Status.FAILED, detail)
        raise _StopError


def _canonical(document: JsonValue, compact: Compact, steps: Steps) -> None:
    try:
        check_canonical(document, compact.payload)
    except Malformed as error:
        raise _failed(steps, Check.CANONICAL, error) from error
    steps.note(Check.CANONICAL, Status.OK, "the payload is its own RFC 8785 form")


def _key(kid: str, trust: TrustSet, steps: Steps) -> KeyEntry | None:
    role = trust.roles.get(kid)
    if role is None:
        detail = f"no matching key: the trust file does not list `{kid}`"
        steps.note(Check.KEY, Status.CANNOT, detail)
        return None
    if role is not Role.RECEIPT:
        # Attack: an executor, or a log, that signs its own permits.
        steps.note(Check.KEY, Status.FAILED, f"`{kid}` is trusted as {role.value}, not for receipts")
        raise _StopError
    steps.note(Check.KEY, Status.OK, f"`{kid}` is trusted for receipts")
    return trust.keys[kid]


def _signature(compact: Compact, key: KeyEntry, steps: Steps) -> None:
    if not compact.signature:
        steps.note(Check.SIGNATURE, Status.FAILED, "no signature: the third segment is empty")
        raise _StopError
    if not verify(key.public, compact.signed, compact.signature):
        steps.note(Check.SIGNATURE, Status.FAILED, f"bad signature: not made by `{key.kid}` over these bytes")
        raise _StopError
    steps.note(Check.SIGNATURE, Status.OK, "Ed25519 over the bytes as received")


def _failed(steps: Steps, check: Check, error: LicetError) -> _StopError:
    steps.note(check, Status.FAILED, _words(error))
    return _StopError()


def _words(error: LicetError) -> str:
    return f"{error.pointer}: {error.message}" if error.pointer else error.message


def _kind(receipt: Receipt) -> str:
    return type(receipt).__name__.removesuffix("Receipt").lower()
