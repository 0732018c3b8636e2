"""`docs/reference/http.md`: every route of the service, in words held against the code.

A route that has no words here, words for a route that is gone, another method or another body limit stop the
generator; `tests/test_reference.py` holds the roles against the running routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from licet import errors
from licet.service import app, door, exchange, routes
from licet.service.problem import status_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a person must know of one route. ``roles``: any one of them; empty needs no caller."""

    does: str
    roles: tuple[str, ...] = ()
    asks: str = "nothing"
    answers: str
    errors: tuple[type[errors.LicetError], ...] = ()


_OFTEN = (errors.Overloaded, errors.NotRecorded)

WORDS: dict[tuple[str, str], Words] = {
    ("POST", "/v1/decisions"): Words(
        does="Decides one request, records the answer, then answers. 200 whatever the outcome is.",
        roles=("caller",),
        asks="an execution request, and `claim_id` when the door itself executes "
        "([schema](../../schemas/decision-ask.schema.json)). `Licet-Deadline-Ms`, `traceparent`",
        answers="the decision and its receipt ([schema](../../schemas/answer.schema.json))",
        errors=(
            errors.IdempotencyConflict,
            errors.AlreadyClaimed,
            errors.WrongAudience,
            errors.PermitExpired,
            errors.PermitRevoked,
            errors.Frozen,
            *_OFTEN,
        ),
    ),
    ("POST", "/v1/permits/claim"): Words(
        does="Uses a permit, once, for the effect about to run. The same `claim_id` of the same caller gets "
        "its own first answer.",
        roles=("executor",),
        asks="`{permit, effect, claim_id?}` ([schema](../../schemas/claim-ask.schema.json)); the audience of "
        "the credential must be the permit's",
        answers="`{claim, receipt_id, index}`; `claim` is the claim receipt",
        errors=(
            errors.PermitInvalid,
            errors.WrongAudience,
            errors.EffectMismatch,
            errors.AlreadyClaimed,
            errors.PermitExpired,
            errors.PermitRevoked,
            errors.Frozen,
            *_OFTEN,
        ),
    ),
    ("POST", "/v1/permits/complete"): Words(
        does="Records what became of a claimed permit. The same report again gets its first answer; a "
        "recorded `unknown` may be settled once.",
        roles=("executor",),
        asks="`{receipt_id, status, result_digest?, actual?}` "
        "([schema](../../schemas/completion-ask.schema.json)); `statement` is refused as `malformed`, since "
        "no executor key is registered in this version",
        answers="`{completion, receipt_id, index}`; `completion` is the completion receipt",
        errors=(
            errors.NotFound,
            errors.WrongAudience,
            errors.NotClaimed,
            errors.AlreadyCompleted,
            *_OFTEN,
        ),
    ),
    ("GET", "/v1/permits"): Words(
        does="Lists open permits of the caller's tenant, newest first: unclaimed ones that have not expired, "
        "and claimed ones without a completion.",
        roles=("auditor", "operator"),
        asks="query `state before limit`, each at most once; `state` is `open`, `limit` is 50 unless given "
        "and at most 1,000",
        answers="`{permits: [{index, receipt_id, surface, actor, audience, expires, claimed, claim_index}], "
        "next}`; `claimed` and `claim_index` are null for an unclaimed one",
    ),
    ("POST", "/v1/permits/{id}/revoke"): Words(
        does="Takes back a permit that nobody has claimed. The same again gets its first answer.",
        roles=("operator",),
        asks="`{reason}` ([schema](../../schemas/reason-ask.schema.json))",
        answers="`{revocation, receipt_id, index}`; `revocation` is the revocation receipt",
        errors=(errors.NotFound, errors.AlreadyClaimed, errors.PermitExpired, *_OFTEN),
    ),
    ("GET", "/v1/freezes"): Words(
        does="Lists freezes of the caller's tenant and those of all, newest first.",
        roles=("auditor", "operator"),
        asks="query `state before limit`, each at most once; `state` is `set` (what stops now, the default) "
        "or `all`, `limit` is 50 unless given and at most 1,000",
        answers="`{freezes: [{id, index, tenant, scope, reason, by, set, lifted_index}], next}`; "
        "`lifted_index` is null while it stops",
    ),
    ("POST", "/v1/freezes"): Words(
        does="Stops an actor, a surface, the caller's tenant or everything. Once this is answered, every new "
        "decision it covers is SILENCE `frozen`, whatever the rules say, and no permit it covers is claimed. "
        "The same scope again gets the freeze that stands.",
        roles=("operator",),
        asks="`{scope, reason}` ([schema](../../schemas/freeze-ask.schema.json)); `scope` is one of "
        '`{"actor": {type, id}}`, `{"surface": name}`, `{"tenant": true}`, `{"all": true}`; the last is for '
        "an operator of the tenant `main` alone",
        answers="`{freeze, receipt_id, index}`; `freeze` is the freeze receipt, `receipt_id` lifts it",
        errors=_OFTEN,
    ),
    ("POST", "/v1/freezes/{id}/lift"): Words(
        does="Lifts the freeze of that receipt id.",
        roles=("operator",),
        asks="`{reason}` ([schema](../../schemas/reason-ask.schema.json))",
        answers="`{freeze, receipt_id, index}`; `freeze` is the receipt that lifts it",
        errors=(errors.NotFound, errors.AlreadyLifted, *_OFTEN),
    ),
    ("GET", "/v1/receipts"): Words(
        does="Lists receipts of the caller's tenant, newest first. Who is no auditor sees those about "
        "itself.",
        roles=("auditor", "caller"),
        asks="query `kind outcome surface actor before limit`, each at most once; `limit` is 50 unless given "
        "and at most 1,000",
        answers="`{receipts: [{index, receipt_id, kind, issued, outcome, reason, surface, actor, receipt}], "
        "next}`; `next` is the `before` of the following page, or null",
    ),
    ("GET", "/v1/receipts/{id}"): Words(
        does="Shows one receipt, what it was made from as far as that is kept, and what became of a permit.",
        roles=("auditor", "caller"),
        answers="the members of a list entry, `detail: {request, facts, explanation, correlation}` or null, "
        "`permit: {audience, expires, claimed, claim_index, completion, completion_index, "
        "revoked_index}` or null",
        errors=(errors.NotFound,),
    ),
    ("GET", "/v1/receipts/{id}/proof"): Words(
        does="The inclusion proof of one receipt, up to the newest checkpoint.",
        roles=("auditor", "caller"),
        answers="`text/plain`: a C2SP tlog-proof",
        errors=(errors.NotFound,),
    ),
    ("GET", "/v1/bundles"): Words(
        does="The active bundle and every activation, oldest first.",
        roles=("auditor", "author", "reviewer", "activator"),
        answers="`{active, activations: [{bundle, version, digest, index}]}`; `active` is "
        "`{bundle, version, digest}` or null",
    ),
    ("POST", "/v1/bundles"): Words(
        does="Builds and tests a bundle and keeps it in reach of an activation; the newest 4 are kept. "
        "Nothing is recorded.",
        roles=("author",),
        asks="`application/x-tar`: the deterministic tar of the bundle",
        answers="`{digest, name, label, surfaces, policies, tests: {passed, failed}, findings}`; a 422 lists "
        "`findings` too",
        errors=(errors.PolicyInvalid, errors.PolicyTestsFailed),
    ),
    ("POST", "/v1/bundles/{digest}/activate"): Words(
        does="Makes a staged or an earlier bundle the active one, under a root key's signature.",
        roles=("activator",),
        asks="`{statement}`: a `licet-bundle+jws` by a root key over this digest and the active one",
        answers="`{receipt, receipt_id, index, bundle, version, digest}`",
        errors=(
            errors.NotFound,
            errors.StaleParent,
            errors.PolicyInvalid,
            errors.PolicyTestsFailed,
            *_OFTEN,
        ),
    ),
    ("GET", "/v1/log/verify"): Words(
        does="Recomputes the whole log from stored bytes. May take minutes.",
        roles=("auditor", "operator"),
        answers="`{origin, size, root, checked, problems: [{index, code, detail}]}`; at most 1,000 problems",
        errors=(errors.StoreCorrupt,),
    ),
    ("GET", "/livez"): Words(does="The process answers.", answers="`{live: true}`"),
    ("GET", "/readyz"): Words(
        does="Whether a commit can succeed, check by check: writer, commit, queue, clock, bundle, stopping.",
        answers="`{ready, checks: [{name, ok, detail}]}`, 200 when every check is ok, else 503",
    ),
    ("GET", "/version"): Words(
        does="What answers here.", answers="`{version, origin, engine, size}`; `size` is that of the log"
    ),
    ("GET", "/log/checkpoint"): Words(
        does="The newest signed checkpoint.", answers="`text/plain`: a C2SP signed note"
    ),
    ("GET", "/log/tile/..."): Words(
        does="A tile of hashes (`/log/tile/<L>/<N>[.p/<W>]`) or of entries "
        "(`/log/tile/entries/<N>[.p/<W>]`), C2SP tlog-tiles.",
        answers="`application/octet-stream`, cacheable for ever",
        errors=(errors.NotFound,),
    ),
    ("GET", "/.well-known/licet"): Words(
        does="Discovery.",
        answers="`{version, protocol, origin, log_vkey, decisions, claim, complete, checkpoint, jwks}`",
    ),
    ("GET", "/.well-known/jwks.json"): Words(
        does="The receipt keys in use, for looking at. Trust comes from the trust file, never from here.",
        answers="a JWK set without `alg`",
    ),
}


def http_page() -> Iterator[str]:
    """Every route, and what holds for all of them."""
    limits = dict(_served())
    if limits.keys() != WORDS.keys():
        message = f"routes and their words differ: {sorted(limits.keys() ^ WORDS.keys())}"
        raise LookupError(message)
    yield "# HTTP"
    yield ""
    yield "What the routes mean: [protocol.md](../spec/protocol.md). Codes: [errors.md](errors.md)."
    yield ""
    yield from _everywhere()
    yield ""
    yield "| method, path | needs |"
    yield "|---|---|"
    for (method, path), words in WORDS.items():
        yield f"| {method} [`{path}`](#{_anchor(method, path)}) | {_needs(words)} |"
    for (method, path), words in WORDS.items():
        yield ""
        yield f"## {method} `{path}`"
        yield ""
        yield words.does
        yield ""
        yield "| | |"
        yield "|---|---|"
        yield f"| needs | {_needs(words)} |"
        yield f"| request | {words.asks} |"
        if method == "POST":
            yield f"| body | at most {limits[(method, path)]:,} bytes |"
        yield f"| answer | {words.answers} |"
        if words.errors:
            yield f"| errors | {', '.join(_error(kind) for kind in words.errors)} |"


def _everywhere() -> Iterator[str]:
    """What every route has in common."""
    often = (
        errors.Malformed,
        errors.TooLarge,
        errors.WrongContentType,
        errors.MethodNotAllowed,
        errors.Unauthenticated,
        errors.NotAllowed,
        errors.NotFound,
        errors.NotRecorded,
        errors.LicetError,
    )
    yield "- Every error is an RFC 9457 problem document (`application/problem+json`) with the members"
    yield "  `type title status detail code mend`, and `pointer`, `retry_after_s`, `findings` where they say"
    yield "  something. No error is a permit. 503 carries `Retry-After`: ask again with the same key."
    yield "- Every route may answer, beside its own errors:"
    yield f"  {', '.join(_error(kind) for kind in often)}."
    yield "- Routes that need a role take `Authorization: Bearer lk_<id>_<secret>`, over TCP and over the"
    yield "  Unix socket alike. The others take no caller."
    yield f"- A head has at most {door.HEAD_BYTES_MAX:,} bytes and {door.HEAD_LINES_MAX} lines and arrives"
    yield f"  within {door.HEAD_WAIT_S:g} s, a body within {app.BODY_WAIT_S:g} s. A query has at most"
    yield f"  {exchange.QUERY_FIELDS_MAX} parameters, each of them once."
    yield "- `X-Request-ID` of at most 128 printable characters is echoed. Answers are `no-store`; tiles may"
    yield "  be kept for ever."


def _served() -> Iterator[tuple[tuple[str, str], int]]:
    """Method, path and body limit of every route that the code has."""
    for path in routes._PUBLIC:  # noqa: SLF001 - the page is made from the code's own table
        yield ("GET", path), 0
    yield ("GET", "/log/tile/..."), 0
    for route in routes._PRIVATE:  # noqa: SLF001 - same
        argument = "{digest}" if route.pattern.pattern.startswith("/v1/bundles") else "{id}"
        yield (route.method, route.pattern.pattern.replace("([^/]+)", argument)), route.body_max


def _needs(words: Words) -> str:
    return " or ".join(f"`{role}`" for role in words.roles) or "no caller"


def _error(kind: type[errors.LicetError]) -> str:
    status = status_of(kind("", mend=""))
    return f"{status} [`{kind.code}`](errors.md#{kind.code})"


def _anchor(method: str, path: str) -> str:
    """The anchor that Markdown readers give the heading of a route."""
    kept = "".join(char for char in f"{method} {path}".lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")
