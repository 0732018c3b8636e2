"""How stored rows are shown: documents for answers, and queries out of parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from licet.authority.activating import Checked
from licet.authority.reading import Detail, Standing
from licet.errors import Malformed
from licet.ledger.fsck import LogReport
from licet.protocol import fast
from licet.protocol.limits import PAGE_ROWS_MAX
from licet.protocol.types import JsonObject, JsonValue, Tenant
from licet.store.port import ActivationRow, FreezeQuery, OpenQuery, PermitRow, ReceiptQuery, ReceiptRow

_FILTERS = ("kind", "outcome", "surface", "actor", "before", "limit")
_PAGED = ("state", "before", "limit")
_ROWS = 50
_COUNT = re.compile(r"[0-9]{1,15}")


def receipt_query(query: Mapping[str, str], tenant: Tenant) -> ReceiptQuery:
    """The search that query parameters ask for.

    Raises:
        Malformed: an unknown filter, or a value that is no filter.
    """
    _demand_known(query, _FILTERS)
    return ReceiptQuery(
        tenant=tenant,
        kind=query.get("kind"),
        outcome=query.get("outcome"),
        surface=query.get("surface"),
        actor=query.get("actor"),
        before=_count(query, "before"),
        limit=_limit(query),
    )


def open_query(query: Mapping[str, str], tenant: Tenant, *, now_s: int) -> OpenQuery:
    """The page of open permits that query parameters ask for.

    Raises:
        Malformed: an unknown filter, or another state than ``open``.
    """
    _demand_known(query, _PAGED)
    _state(query, "open")
    return OpenQuery(tenant=tenant, now_s=now_s, before=_count(query, "before"), limit=_limit(query))


def freeze_query(query: Mapping[str, str], tenant: Tenant) -> FreezeQuery:
    """The page of freezes that query parameters ask for; those that stop now, unless ``state`` is ``all``.

    Raises:
        Malformed: an unknown filter, or a state that is neither ``set`` nor ``all``.
    """
    _demand_known(query, _PAGED)
    stopping = _state(query, "set", "all") == "set"
    return FreezeQuery(tenant=tenant, stopping=stopping, before=_count(query, "before"), limit=_limit(query))


def open_permits(rows: Sequence[PermitRow], query: OpenQuery) -> JsonObject:
    """A page of open permits; ``next`` as in ``receipts``."""
    listed: list[JsonValue] = [
        {
            "index": row.index,
            "receipt_id": row.receipt_id,
            "surface": row.surface,
            "actor": row.actor,
            "audience": row.audience,
            "expires": row.expires_s,
            "claimed": row.claimed_s,
            "claim_index": row.claim_index,
        }
        for row in rows
    ]
    return {"permits": listed, "next": rows[-1].index if len(rows) == query.limit else None}


def freezes(found: Sequence[Standing], query: FreezeQuery) -> JsonObject:
    """A page of freezes; what only the receipt says is null where that was erased."""
    listed: list[JsonValue] = [
        {
            "id": one.row.freeze_id,
            "index": one.row.index,
            "tenant": one.row.tenant,
            "scope": None if one.receipt is None else one.receipt.scope.document(),
            "reason": None if one.receipt is None else one.receipt.reason,
            "by": None if one.receipt is None else one.receipt.by.document(),
            "set": None if one.receipt is None else one.receipt.stamp.issued_s,
            "lifted_index": one.row.lifted_index,
        }
        for one in found
    ]
    return {"freezes": listed, "next": found[-1].row.index if len(found) == query.limit else None}


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
        "revoked_index": row.revoked_index,
    }


def _version(row: ActivationRow) -> JsonObject:
    return {"bundle": row.bundle, "version": row.version, "digest": row.digest}


def _demand_known(query: Mapping[str, str], filters: Sequence[str]) -> None:
    for name in query:
        if name not in filters:
            raise Malformed(f"there is no filter `{name[:64]}`", mend=f"filters are {', '.join(filters)}")


def _state(query: Mapping[str, str], *states: str) -> str:
    """The state that is asked for; the first of ``states`` unless one is."""
    state = query.get("state", states[0])
    if state not in states:
        raise Malformed(
            f"there is no state `{state[:64]}` here", mend=f"send `state={'` or `state='.join(states)}`"
        )
    return state


def _limit(query: Mapping[str, str]) -> int:
    limit = _count(query, "limit") or _ROWS
    if limit > PAGE_ROWS_MAX:
        raise Malformed(f"a page of {limit} rows", mend=f"ask for at most {PAGE_ROWS_MAX}")
    return limit


def _count(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if _COUNT.fullmatch(text) is None:
        raise Malformed(f"`{text[:32]}` is not a count", mend=f"send `{name}` as digits")
    return int(text)
