"""Every route of the service, as functions of an ``Ask`` (``protocol.md`` 4).

A route answers at once (``Reply``) or names what must be written first (``Pending``). No route can
answer a decision before its commit: the only way to one is through the job.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from licet.authority.activating import Activated
from licet.authority.authority import Authority
from licet.authority.callers import Caller
from licet.authority.permits import Recorded
from licet.errors import (
    LogError,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Unauthenticated,
    WrongContentType,
)
from licet.ledger.page import Job
from licet.policy.limits import BUNDLE_BYTES_MAX, FILES_MAX
from licet.protocol import fast, ids, limits
from licet.protocol.answer import Answer, answer_bytes
from licet.protocol.digest import is_digest
from licet.protocol.parse import (
    parse_claim_ask,
    parse_completion_ask,
    parse_decision_ask,
    parse_freeze_ask,
    parse_reason_ask,
)
from licet.protocol.shape import Members
from licet.protocol.types import Digest, JsonValue, ReceiptId
from licet.receipt.keys import jwks
from licet.service import shown
from licet.service.exchange import BYTES, JSON, TEXT, Ask, Pending, Reply, json_reply
from licet.service.problem import problem
from licet.tlog.tiles import parse_tile_path

Answered: TypeAlias = Reply | Pending
PublicRoute: TypeAlias = Callable[["Routes", Ask], Answered]
CallerRoute: TypeAlias = Callable[["Routes", Ask, Caller, str], Answered]

TAR = "application/x-tar"
_TAR_BYTES_PER_FILE = 1_024
PACKED_BYTES_MAX = BUNDLE_BYTES_MAX + (FILES_MAX + 2) * _TAR_BYTES_PER_FILE
DEADLINE_HEADER = "licet-deadline-ms"
_DECIMAL = re.compile(r"[0-9]{1,6}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes over one authority."""

    authority: Authority
    version: str
    engine: str

    def body_max(self, method: str, path: str) -> int:
        """How many body bytes a route reads before it refuses."""
        found = _find(method, path)
        return limits.BODY_BYTES_MAX if found is None else found[0].body_max

    def slow(self, method: str, path: str) -> bool:
        """Whether a route works long enough to belong on a thread of its own."""
        found = _find(method, path)
        return found is not None and found[0].slow

    def handle(self, ask: Ask, *, caller: Caller | None = None) -> Answered:
        """Answer one ask. ``caller`` is given by a door that knows its caller by other means.

        Raises:
            LicetError: the refusal; ``problem.problem`` renders it.
        """
        public = _tile if ask.path.startswith("/log/tile/") else _PUBLIC.get(ask.path)
        if public is not None:
            return public(self, ask) if ask.method == "GET" else _wrong_method(ask, ("GET",))
        found = _find(ask.method, ask.path)
        if found is not None:
            route, argument = found
            return route.answer(self, ask, caller or self._caller(ask), argument)
        methods = tuple(route.method for route in _PRIVATE if route.pattern.fullmatch(ask.path))
        if methods:
            return _wrong_method(ask, methods)
        raise NotFound(
            f"there is no `{ask.path}` here", mend="see the table of routes in docs/reference/http.md"
        )

    def _caller(self, ask: Ask) -> Caller:
        header = ask.headers.get("authorization", "")
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated(
                "the call names no caller", mend="send `Authorization: Bearer <key>`; see data/owner.token"
            )
        return self.authority.caller(key.strip())

    def deadline_ms(self, ask: Ask) -> int:
        """The deadline of an ask on the monotonic clock, from its header or the default.

        Raises:
            Malformed: the header is no number of milliseconds up to the limit.
        """
        text = ask.headers.get(DEADLINE_HEADER)
        if text is None:
            return self.authority.deadline_ms()
        if _DECIMAL.fullmatch(text) is None or int(text) > limits.DEADLINE_MS_MAX:
            raise Malformed(
                f"the deadline `{text[:32]}` is not 0 to {limits.DEADLINE_MS_MAX} milliseconds",
                mend="send `Licet-Deadline-Ms: 2000`",
            )
        return self.authority.deadline_ms(int(text))


def _decide(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    _demand_content(ask, JSON)
    deadline_ms = routes.deadline_ms(ask)
    parsed = parse_decision_ask(ask.body)
    decided = routes.authority.decide(parsed, caller, deadline_ms=deadline_ms, correlation=_correlation(ask))
    if isinstance(decided, Answer):
        return _answer(decided)
    # A decision that came too late to be useful is recorded all the same, as SILENCE: it is final.
    write_by_ms = routes.authority.deadline_ms() if decided.late else deadline_ms
    return Pending(job=decided, deadline_ms=write_by_ms, render=_answer, tenant=caller.tenant)


def _claim(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    _demand_content(ask, JSON)
    job = routes.authority.claim(parse_claim_ask(ask.body), caller)
    return _pending(routes, ask, caller, job, partial(_recorded, "claim"))


def _complete(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    _demand_content(ask, JSON)
    job = routes.authority.complete(parse_completion_ask(ask.body), caller)
    return _pending(routes, ask, caller, job, partial(_recorded, "completion"))


def _revoke(routes: Routes, ask: Ask, caller: Caller, receipt_id: str) -> Answered:
    _demand_content(ask, JSON)
    job = routes.authority.revoke(_receipt_id(receipt_id), parse_reason_ask(ask.body), caller)
    return _pending(routes, ask, caller, job, partial(_recorded, "revocation"))


def _open_permits(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    query = shown.open_query(ask.query, caller.tenant, now_s=routes.authority.clock.wall_ms() // 1000)
    return json_reply(shown.open_permits(routes.authority.reading.open_permits(query, caller), query))


def _freeze(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    _demand_content(ask, JSON)
    job = routes.authority.freeze(parse_freeze_ask(ask.body), caller)
    return _pending(routes, ask, caller, job, partial(_recorded, "freeze"))


def _lift(routes: Routes, ask: Ask, caller: Caller, freeze_id: str) -> Answered:
    _demand_content(ask, JSON)
    job = routes.authority.lift(_receipt_id(freeze_id), parse_reason_ask(ask.body), caller)
    return _pending(routes, ask, caller, job, partial(_recorded, "freeze"))


def _freezes(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    query = shown.freeze_query(ask.query, caller.tenant)
    return json_reply(shown.freezes(routes.authority.reading.freezes(query, caller), query))


def _stage(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    _demand_content(ask, TAR)
    return json_reply(shown.checked(routes.authority.stage(ask.body, caller)))


def _activate(routes: Routes, ask: Ask, caller: Caller, digest: str) -> Answered:
    _demand_content(ask, JSON)
    members = Members(fast.read(ask.body))
    statement = members.text("statement", chars_max=limits.JWS_BYTES_MAX)
    members.end()
    if not is_digest(digest):
        raise Malformed(f"`{digest[:80]}` is not a digest", mend="name the bundle by its `sha256:` digest")
    job = routes.authority.activate(Digest(digest), statement, caller)
    return _pending(routes, ask, caller, job, _activated)


def _bundles(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    return json_reply(shown.bundles(routes.authority.reading.activations(caller)))


def _receipt(routes: Routes, ask: Ask, caller: Caller, receipt_id: str) -> Answered:
    return json_reply(shown.detail(routes.authority.reading.receipt(_receipt_id(receipt_id), caller)))


def _proof(routes: Routes, ask: Ask, caller: Caller, receipt_id: str) -> Answered:
    text = routes.authority.reading.proof(_receipt_id(receipt_id), caller)
    return Reply(status=200, content_type=TEXT, body=text.encode("utf-8"))


def _receipts(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    query = shown.receipt_query(ask.query, caller.tenant)
    return json_reply(shown.receipts(routes.authority.reading.receipts(query, caller), query))


def _verify_log(routes: Routes, ask: Ask, caller: Caller, _: str) -> Answered:
    return json_reply(shown.log_report(routes.authority.reading.verify_log(caller)))


def _livez(routes: Routes, ask: Ask) -> Answered:
    return json_reply({"live": True})


def _readyz(routes: Routes, ask: Ask) -> Answered:
    checks = routes.authority.ready()
    ready = all(check.ok for check in checks)
    lines: list[JsonValue] = [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks]
    return json_reply({"ready": ready, "checks": lines}, status=200 if ready else 503)


def _version(routes: Routes, ask: Ask) -> Answered:
    return json_reply(
        {
            "version": routes.version,
            "origin": routes.authority.origin,
            "engine": routes.engine,
            "size": routes.authority.reading.store.head().size,
        }
    )


def _discovery(routes: Routes, ask: Ask) -> Answered:
    return json_reply(
        {
            "version": routes.version,
            "protocol": 1,
            "origin": routes.authority.origin,
            "log_vkey": routes.authority.reading.log_key.vkey(),
            "decisions": "/v1/decisions",
            "claim": "/v1/permits/claim",
            "complete": "/v1/permits/complete",
            "checkpoint": "/log/checkpoint",
            "jwks": "/.well-known/jwks.json",
        }
    )


def _jwks(routes: Routes, ask: Ask) -> Answered:
    return json_reply(jwks(routes.authority.receipt_keys))


def _checkpoint(routes: Routes, ask: Ask) -> Answered:
    note = routes.authority.reading.checkpoint()
    return Reply(status=200, content_type=TEXT, body=note.encode("utf-8"))


def _tile(routes: Routes, ask: Ask) -> Answered:
    try:
        tile = parse_tile_path(ask.path.removeprefix("/log/"))
    except LogError as error:
        raise NotFound(error.message, mend="C2SP tlog-tiles gives the paths") from error
    data = routes.authority.reading.tile(tile)
    # Full tiles never change; partial ones neither, for their width is in the path.
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Reply(status=200, content_type=BYTES, body=data, headers=headers)


def _pending(
    routes: Routes, ask: Ask, caller: Caller, job: Job[Any], render: Callable[[Any], Reply]
) -> Pending:
    return Pending(job=job, deadline_ms=routes.deadline_ms(ask), render=render, tenant=caller.tenant)


def _answer(answer: Answer) -> Reply:
    return Reply(status=200, content_type=JSON, body=answer_bytes(answer))


def _recorded(name: str, recorded: Recorded) -> Reply:
    return json_reply({name: recorded.receipt, "receipt_id": recorded.receipt_id, "index": recorded.index})


def _activated(activated: Activated) -> Reply:
    return json_reply(
        {
            "receipt": activated.receipt,
            "receipt_id": activated.receipt_id,
            "index": activated.index,
            "bundle": activated.bundle,
            "version": activated.version,
            "digest": activated.digest,
        }
    )


def _receipt_id(text: str) -> ReceiptId:
    if not ids.is_receipt_id(text):
        raise NotFound(f"`{text[:64]}` is not a receipt id", mend="receipt ids are lower-case uuid7")
    return ReceiptId(text)


def _correlation(ask: Ask) -> str | None:
    """The trace id of W3C Trace Context, when the header is well formed: recorded, never policy input."""
    match = _TRACEPARENT.fullmatch(ask.headers.get("traceparent", ""))
    return match.group(1) if match else None


def _wrong_method(ask: Ask, methods: tuple[str, ...]) -> Reply:
    """405, and what the path does take (RFC 9110 section 15.5.6)."""
    allowed = ", ".join(sorted(methods))
    error = MethodNotAllowed(f"`{ask.method}` is not for `{ask.path}`", mend=f"use {allowed}")
    return replace(problem(error), headers={"allow": allowed})


def _find(method: str, path: str) -> tuple[Route, str] | None:
    """The route of a method and path, and the one argument that its path holds."""
    route = _BY_PATH.get((method, path))
    if route is not None:
        return route, ""
    for route in _WITH_ARGUMENT:
        match = route.pattern.fullmatch(path)
        if match is not None and route.method == method:
            return route, str(match.group(1))
    return None


def _demand_content(ask: Ask, expected: str) -> None:
    found = ask.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != expected:
        raise WrongContentType(f"the body is `{found[:64]}`", mend=f"send `Content-Type: {expected}`")


_PUBLIC: Final[Mapping[str, PublicRoute]] = {
    "/livez": _livez,
    "/readyz": _readyz,
    "/version": _version,
    "/log/checkpoint": _checkpoint,
    "/.well-known/licet": _discovery,
    "/.well-known/jwks.json": _jwks,
}
"""What anybody may read."""


class Route(NamedTuple):
    """A route that needs a caller; ``slow`` ones work on a thread of their own."""

    method: str
    pattern: re.Pattern[str]
    answer: CallerRoute
    slow: bool = False
    body_max: int = limits.BODY_BYTES_MAX


_RECEIPT: Final = r"/v1/receipts/([^/]+)"
_ACTIVATE: Final = r"/v1/bundles/([^/]+)/activate"
_FREEZES: Final = "/v1/freezes"
_PRIVATE: Final = (
    Route("POST", re.compile("/v1/decisions"), _decide),
    Route("POST", re.compile("/v1/permits/claim"), _claim, body_max=limits.CLAIM_BYTES_MAX),
    Route("POST", re.compile("/v1/permits/complete"), _complete),
    Route("GET", re.compile("/v1/permits"), _open_permits, slow=True),
    Route("POST", re.compile(r"/v1/permits/([^/]+)/revoke"), _revoke),
    Route("GET", re.compile(_FREEZES), _freezes, slow=True),
    Route("POST", re.compile(_FREEZES), _freeze),
    Route("POST", re.compile(_FREEZES + r"/([^/]+)/lift"), _lift),
    Route("GET", re.compile("/v1/receipts"), _receipts, slow=True),
    Route("GET", re.compile(_RECEIPT), _receipt),
    Route("GET", re.compile(_RECEIPT + "/proof"), _proof),
    Route("GET", re.compile("/v1/bundles"), _bundles),
    Route("POST", re.compile("/v1/bundles"), _stage, slow=True, body_max=PACKED_BYTES_MAX),
    Route("POST", re.compile(_ACTIVATE), _activate, slow=True),
    Route("GET", re.compile("/v1/log/verify"), _verify_log, slow=True),
)
"""What needs a caller; the authority knows which role each of them takes."""
_WITH_ARGUMENT: Final = tuple(route for route in _PRIVATE if route.pattern.groups)
_BY_PATH: Final = {
    (route.method, route.pattern.pattern): route for route in _PRIVATE if not route.pattern.groups
}
