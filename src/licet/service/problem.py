"""Errors as RFC 9457 problem documents: one table from error class to HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from licet import errors
from licet.policy.findings import Finding
from licet.protocol import fast
from licet.protocol.types import JsonObject, JsonValue
from licet.service.exchange import PROBLEM, Reply

STATUS: Final[Mapping[type[errors.LicetError], int]] = {
    errors.Malformed: 400,
    errors.Usage: 400,
    errors.Unauthenticated: 401,
    errors.NotAllowed: 403,
    errors.WrongAudience: 403,
    errors.PermitInvalid: 403,
    errors.Frozen: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.IdempotencyConflict: 409,
    errors.AlreadyClaimed: 409,
    errors.AlreadyCompleted: 409,
    errors.NotClaimed: 409,
    errors.AlreadyLifted: 409,
    errors.StaleParent: 409,
    errors.EffectMismatch: 409,
    errors.PermitExpired: 410,
    errors.PermitRevoked: 410,
    errors.TooLarge: 413,
    errors.WrongContentType: 415,
    errors.PolicyInvalid: 422,
    errors.PolicyTestsFailed: 422,
    errors.RateLimited: 429,
    errors.Overloaded: 503,
    errors.NotRecorded: 503,
}
"""Any other error is 500: no permit either."""

TITLES: Final[Mapping[int, str]] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def status_of(error: errors.LicetError) -> int:
    """The HTTP status of an error: that of the nearest class in the table."""
    for kind in type(error).__mro__:
        status = STATUS.get(kind)
        if status is not None:
            return status
    return 500


def problem(error: errors.LicetError) -> Reply:
    """The problem document of an error. Says what the error says, and nothing of its cause."""
    if isinstance(error, errors.StoreUnknown):
        # A store that stopped writing is met on reads too; to whoever asks it is "ask again", never a fault.
        error = errors.NotRecorded(error.message, mend="ask again with the same key")
    status = status_of(error)
    document: JsonObject = {
        "type": f"urn:licet:error:{error.code}",
        "title": TITLES[status],
        "status": status,
        "detail": error.message,
        "code": error.code,
        "mend": error.mend,
    }
    if error.pointer is not None:
        document["pointer"] = error.pointer
    headers: dict[str, str] = {}
    if isinstance(error, errors.AskAgain):
        document["retry_after_s"] = error.retry_after_s
        headers["retry-after"] = str(error.retry_after_s)
    if isinstance(error, errors.Unauthenticated):
        headers["www-authenticate"] = 'Bearer realm="licet"'
    if isinstance(error, errors.PolicyInvalid):
        document["findings"] = [_finding(finding) for finding in error.findings]
    return Reply(status=status, content_type=PROBLEM, body=fast.canonical(document), headers=headers)


def internal_problem() -> Reply:
    """The answer to a fault of our own: no permit, and nothing of the fault."""
    return problem(errors.LicetError("the authority met a fault of its own", mend="look at its log"))


def _finding(finding: object) -> JsonValue:
    return dict(finding.document()) if isinstance(finding, Finding) else str(finding)
