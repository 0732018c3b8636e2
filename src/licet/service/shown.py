"""How stored rows are shown: documents for answers, and queries out of parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from licet.authority.activating import Checked
from licet.authority.reading import Detail
from licet.errors import Malformed
from licet.ledger.fsck import LogReport
from licet.protocol import fast
from licet.protocol.limits import PAGE_ROWS_MAX
from licet.protocol.types import JsonObject, JsonValue, Tenant
from licet.store.port import ActivationRow, PermitRow, ReceiptQuery, ReceiptRow

_FILTERS = ("kind", "outcome", "surface", "actor", "before", "limit")
_COUNT = re.compile(r"[0-9]{1,15}")


def receipt_query(query: Mapping[str, str], tenant: Tenant) -> ReceiptQuery:
    """The search that query parameters ask for.

    Raises:
        Malformed: an unknown filter, or a value that is no filter.
    """
    for name in query:
        if name not in _FILTERS:
            raise Malformed(f"there is no filter `{name[:64]}`", mend=f"filters are {', '.join(_FILTERS)}")
    limit = _count(query, "limit") or 50
    if limit > PAGE_ROWS_MAX:
        raise Malformed(f"a page of {limit} receipts", mend=f"ask for at most {PAGE_ROWS_MAX}")
    return ReceiptQuery(
        tenant=tenant,
        kind=query.get("kind"),
        outcome=query.get("outcome"),
        surface=query.get("surface"),
        actor=query.get("actor"),
        before=_count(query, "before"),
        limit=limit,
    )


def receipts(rows: Sequence[ReceiptRow], query: ReceiptQuery) -> JsonObject:
    """A page of receipts; ``next`` is the ``before`` of the page that follows, or null."""
    following = rows[-1].index if len(rows) == query.limit else None
    return {"receipts": [_summary(row) for row in rows], "next": following}


def detail(found: Detail) -> JsonObject:
    """One receipt with what it was made from, as far as that is kept."""
    document: JsonObject = {**_summary(found.receipt), "detail": None, "permit": None}
    if found.body is not None:
        document["detail"] = {
            "request": fast.read(found.body.request),
            "facts": fast.read(found.body.facts),
            "explanation": fast.read(found.body.explanation),
            "correlation": found.body.correlation,
        }
    if found.permit is not None:
        document["permit"] = _permit(found.permit)
    return document


def checked(staged: Checked) -> JsonObject:
    """What staging a bundle found."""
    compiled = staged.compiled
    findings: list[JsonValue] = [dict(finding.document()) for finding in compiled.warnings]
    return {
        "digest": compiled.digest,
        "name": compiled.head.name,
        "label": compiled.head.label,
        "surfaces": [str(name) for name in sorted(compiled.surfaces)],
        "policies": len(compiled.policies),
        "tests": {"passed": staged.tests_passed, "failed": 0},
        "findings": findings,
    }


def bundles(activations: Sequence[ActivationRow]) -> JsonObject:
    """The active bundle and every activation, oldest first."""
    shown: list[JsonValue] = [{**_version(row), "index": row.index} for row in activations]
    return {"active": _version(activations[-1]) if activations else None, "activations": shown}


def log_report(report: LogReport) -> JsonObject:
    """What recomputing the log found."""
    problems: list[JsonValue] = [
        {"index": problem.index, "code": problem.code, "detail": problem.detail}
        for problem in report.problems
    ]
    return {
        "origin": report.origin,
        "size": report.size,
        "root": report.root,
        "checked": report.checked,
        "problems": problems,
    }


def _summary(row: ReceiptRow) -> JsonObject:
    return {
        "index": row.index,
        "receipt_id": row.receipt_id,
        "kind": row.kind,
        "issued": row.issued_s,
        "outcome": row.outcome,
        "reason": row.reason,
        "surface": row.surface,
        "actor": row.actor,
        "receipt": row.jws,
    }


def _permit(row: PermitRow) -> JsonObject:
    return {
        "audience": row.audience,
        "expires": row.expires_s,
        "claimed": row.claimed_s,
        "claim_index": row.claim_index,
        "completion": row.completion_status,
        "completion_index": row.completion_index,
    }


def _version(row: ActivationRow) -> JsonObject:
    return {"bundle": row.bundle, "version": row.version, "digest": row.digest}


def _count(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if _COUNT.fullmatch(text) is None:
        raise Malformed(f"`{text[:32]}` is not a count", mend=f"send `{name}` as digits")
    return int(text)
