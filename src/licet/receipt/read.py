"""Receipts read back: a payload becomes one typed value, or a refusal that names the place.

Two refusals, never mixed (``evidence.md`` 1, rules 8 and 12): ``Malformed`` says that something is wrong
with the payload, ``UnknownValue`` that this version lacks the words for it. Reading verifies nothing:
``verify/`` and the gate check key and signature over the bytes as received.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from ..errors import KeyInvalid
from ..protocol import ids, limits
from ..protocol.canonical import canonical_bytes
from ..protocol.shape import Members, entity_ref, refuse
from ..protocol.strict import read_strict
from ..protocol.types import (
    OUTCOME_OF_REASON,
    Action,
    Audience,
    CompletionStatus,
    Digest,
    EntityRef,
    IdempotencyKey,
    JsonObject,
    JsonValue,
    Outcome,
    PolicyRef,
    Reason,
    Surface,
    Would,
)
from . import fields
from .jws import BUNDLE_TYP, COMPLETION_TYP, KEY_TYP, RECEIPT_TYP, read_kid, split
from .keyring import ENTRIES_MAX, ROOT_KEYS_MAX, KeyEntry, LogEntry, RootSet, read_entries, read_root
from .statement import VERSION, Activation, Link, Links, Stamp
from .stops import FreezeReceipt, RevocationReceipt, read_freeze, read_revocation
from .turns import ClockReceipt, read_clock

KINDS: Final = frozenset(
    {
        "decision",
        "claim",
        "completion",
        "approval",
        "bundle",
        "break_glass",
        "key",
        "recovery",
        "clock",
        "alarm",
        "erasure",
        "drill",
        "release",
        "freeze",
        "revocation",
        "anchor",
        "archive",
        "route",
    }
)
"""The closed list of ``protocol.md`` 3; ``_READERS`` holds those that this version reads."""

_NAME_CHARS_MAX: Final = 128
_POLICY_IDS_MAX: Final = 1_000

_KIND = re.compile(r"[a-z_]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ENGINE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """The request as a decision receipt names it: no parameters, no context."""

    surface: Surface
    action: Action
    actor: EntityRef
    target: EntityRef | None
    idempotency_key: IdempotencyKey
    digest: Digest
    effect_digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionReceipt:
    """One decision. ``audience`` and ``expires_s`` are set if and only if the outcome is PERMIT."""

    stamp: Stamp
    links: Links
    outcome: Outcome
    reason: Reason
    request: RecordedRequest
    policy: PolicyRef | None
    determining: tuple[str, ...]
    errored: tuple[str, ...]
    facts: Digest
    obligations: tuple[str, ...]
    would: Would | None
    audience: Audience | None
    expires_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReceipt:
    """The one use of a permit."""

    stamp: Stamp
    links: Links
    permit: Link
    audience: Audience
    effect_digest: Digest
    claim_id: str | None
    by: EntityRef


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionReceipt:
    """What became of a claimed permit. ``executor`` is the executor's own JWS, read but not verified."""

    stamp: Stamp
    links: Links
    permit: Link
    audience: Audience
    status: CompletionStatus
    result_digest: Digest | None
    actual: JsonObject | None
    executor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReceipt:
    """One bundle becoming active, and the root key's statement for it (not verified by reading)."""

    stamp: Stamp
    links: Links
    activation: Activation
    kid: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReceipt:
    """The genesis of a log. ``signed`` is what each of the root statements must say, byte for byte."""

    stamp: Stamp
    links: Links
    root: RootSet
    keys: tuple[KeyEntry | LogEntry, ...]
    reason: str
    statements: tuple[str, ...]
    signed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleStatement:
    """What an activator signed. ``parent_digest`` ties it to one moment: it cannot be used twice."""

    op: str
    bundle_digest: Digest
    parent_digest: Digest | None
    reports: tuple[Digest, ...]
    reason: str | None
    issued_s: int
    nonce: str


Receipt: TypeAlias = (
    DecisionReceipt
    | ClaimReceipt
    | CompletionReceipt
    | BundleReceipt
    | KeyReceipt
    | FreezeReceipt
    | RevocationReceipt
    | ClockReceipt
)


def read_receipt(jws: str) -> Receipt:
    """The receipt in a compact JWS of our own store, or of a stranger: nothing is verified.

    Raises:
        Malformed: header, encoding, shape or canonical form deviate.
        UnknownValue: a version, kind, state or word this version does not know.
    """
    compact = split(jws)
    read_kid(compact.header, RECEIPT_TYP)
    document = parse_payload(compact.payload)
    receipt = receipt_of(document)
    check_canonical(document, compact.payload)
    return receipt


def read_bundle_statement(payload: bytes) -> BundleStatement:
    """The payload of a ``licet-bundle+jws``; whose signature it carries is for the caller to check.

    Raises:
        Malformed: another shape, or not canonical.
        UnknownValue: a version or step this version does not know.
    """
    document = parse_payload(payload)
    members = Members(document)
    _version(members)
    fields.known_state(members, "op", "activate")
    statement = BundleStatement(
        op="activate",
        bundle_digest=fields.digest(members, "bundle_digest"),
        parent_digest=None if members.null("parent_digest") else fields.digest(members, "parent_digest"),
        reports=fields.digests(members, "reports"),
        reason=_reason(members),
        issued_s=members.integer("iat"),
        nonce=fields.nonce(members),
    )
    members.end()
    check_canonical(document, payload)
    return statement


def parse_payload(payload: bytes) -> JsonValue:
    """The JSON value of a payload, by the strict profile.

    Raises:
        Malformed: anything the profile refuses.
    """
    return read_strict(payload, bytes_max=limits.JWS_BYTES_MAX)


def check_canonical(document: JsonValue, payload: bytes) -> None:
    """Refuse a payload that is not the canonical form of what was read from it.

    Raises:
        Malformed: two byte forms of one receipt would be two leaves, and two digests for its links.
    """
    canonical = canonical_bytes(document)
    if canonical != payload:
        pairs = enumerate(zip(canonical, payload, strict=False))
        place = next((at for at, (ours, theirs) in pairs if ours != theirs), len(canonical))
        refuse("", f"byte {place} differs from the canonical form", "give the payload as it was signed")


def receipt_of(document: JsonValue) -> Receipt:
    """The typed receipt in a value that ``parse_payload`` produced.

    Raises:
        Malformed: not the shape of its kind.
        UnknownValue: a version, kind, state or word this version does not know.
    """
    members = Members(document)
    _version(members)
    kind = members.text("kind", chars_max=fields.WORD_CHARS_MAX, grammar=_KIND)
    if kind not in _READERS:
        known = "a kind of a later version" if kind in KINDS else "no kind this version knows"
        raise fields.unknown(members, "kind", kind, f"it is {known}; use a newer verifier")
    links = fields.links(members.members("links"))
    stamp = fields.stamp(members)
    receipt = _READERS[kind](members, stamp, links)
    members.end()
    return receipt


def _decision(members: Members, stamp: Stamp, links: Links) -> Receipt:
    fields.demand_links(links, "supersedes", "anchor", "parent")
    outcome = fields.word(members, "outcome", Outcome)
    reason = fields.word(members, "reason", Reason)
    if OUTCOME_OF_REASON[reason] is not outcome:
        refuse(members.place("reason"), f"`{reason}` is no reason for {outcome.value}", fields.NOT_OURS)
    policy, determining, errored = _policy(members)
    if policy is None and outcome is not Outcome.SILENCE:
        refuse(members.place("policy"), f"{outcome.value} without an active bundle", fields.NOT_OURS)
    for name in ("budgets", "approvals"):
        if members.array(name, items_max=_POLICY_IDS_MAX):
            raise fields.unknown(members, name, f"{name} entry", "this version reads receipts without any")
    audience, expires_s = _permit_only(members, outcome, stamp.issued_s)
    return DecisionReceipt(
        stamp=stamp,
        links=links,
        outcome=outcome,
        reason=reason,
        request=_request(members.members("request")),
        policy=policy,
        determining=determining,
        errored=errored,
        facts=fields.digest(members, "facts"),
        obligations=fields.texts(members, "obligations", items_max=limits.OBLIGATIONS_MAX),
        would=_would(members, reason),
        audience=audience,
        expires_s=expires_s,
    )


def _claim(members: Members, stamp: Stamp, links: Links) -> Receipt:
    return ClaimReceipt(
        stamp=stamp,
        links=links,
        permit=fields.permit_link(links),
        audience=fields.audience(members),
        effect_digest=fields.digest(members, "effect_digest"),
        claim_id=members.text_or_none(
            "claim_id", chars_max=limits.CLAIM_ID_CHARS_MAX, grammar=ids.IDEMPOTENCY_KEY
        ),
        by=entity_ref(members.members("by")),
    )


def _completion(members: Members, stamp: Stamp, links: Links) -> Receipt:
    return CompletionReceipt(
        stamp=stamp,
        links=links,
        permit=fields.permit_link(links),
        audience=fields.audience(members),
        status=fields.word(members, "status", CompletionStatus),
        result_digest=fields.digest(members, "result_digest") if members.has("result_digest") else None,
        actual=members.objects("actual") if members.has("actual") else None,
        executor=None
        if members.null("executor")
        else fields.statement(members, "executor", COMPLETION_TYP)[0],
    )


def _bundle(members: Members, stamp: Stamp, links: Links) -> Receipt:
    fields.demand_links(links, "anchor")
    fields.known_state(members, "op", "activated")
    activation = Activation(
        bundle=members.text("bundle", chars_max=_NAME_CHARS_MAX, grammar=_NAME),
        version=members.integer("version", low=1),
        digest=fields.digest(members, "digest"),
        parent=None if members.null("parent") else fields.digest(members, "parent"),
        reason=_reason(members),
        reports=fields.digests(members, "reports"),
    )
    by = members.members("by")
    fields.known_state(by, "role", "root")
    kid = by.text("kid", chars_max=fields.WORD_CHARS_MAX)
    statement, signer = fields.statement(by, "statement", BUNDLE_TYP)
    if signer != kid:
        refuse(by.place("kid"), f"`{kid}` did not sign the statement, `{signer}` did", fields.NOT_OURS)
    by.end()
    return BundleReceipt(stamp=stamp, links=links, activation=activation, kid=kid, statement=statement)


def _key(members: Members, stamp: Stamp, links: Links) -> Receipt:
    fields.demand_links(links, "anchor")
    fields.known_state(members, "op", "genesis")
    signed: JsonObject = {"v": VERSION, "origin": stamp.origin, "op": "genesis", "prev": None}
    signed["root"] = members.objects("root")
    place, listed = members.place("keys"), members.array("keys", items_max=ENTRIES_MAX)
    signed["keys"] = listed
    reason = members.text("reason", chars_max=fields.TEXT_CHARS_MAX)
    signed["reason"] = reason
    if not members.null("prev"):
        refuse(members.place("prev"), "a genesis follows no other key receipt", fields.NOT_OURS)
    place_statements = members.place("statements")
    statements = members.array("statements", items_max=ROOT_KEYS_MAX)
    try:
        root = read_root(Members(signed["root"], members.place("root")))
        keys = read_entries(listed, place)
    except KeyInvalid as error:
        refuse(error.pointer or place, error.message, error.mend)
    return KeyReceipt(
        stamp=stamp,
        links=links,
        root=root,
        keys=keys,
        reason=reason,
        statements=tuple(
            fields.statement_text(value, f"{place_statements}/{position}", KEY_TYP)[0]
            for position, value in enumerate(statements)
        ),
        signed=canonical_bytes(signed),
    )


_READERS: Mapping[str, Callable[[Members, Stamp, Links], Receipt]] = {
    "decision": _decision,
    "claim": _claim,
    "completion": _completion,
    "bundle": _bundle,
    "key": _key,
    "freeze": read_freeze,
    "revocation": read_revocation,
    "clock": read_clock,
}


def _request(members: Members) -> RecordedRequest:
    request = RecordedRequest(
        surface=Surface(members.text("surface", chars_max=limits.SURFACE_CHARS_MAX, grammar=ids.SURFACE)),
        action=Action(members.text("action", chars_max=limits.ACTION_CHARS_MAX, grammar=ids.ACTION)),
        actor=entity_ref(members.members("actor")),
        target=None if members.null("target") else entity_ref(members.members("target")),
        idempotency_key=IdempotencyKey(
            members.text("idempotency_key", chars_max=limits.KEY_CHARS_MAX, grammar=ids.IDEMPOTENCY_KEY)
        ),
        digest=fields.digest(members, "digest"),
        effect_digest=fields.digest(members, "effect_digest"),
    )
    members.end()
    return request


def _policy(members: Members) -> tuple[PolicyRef | None, tuple[str, ...], tuple[str, ...]]:
    if members.null("policy"):
        return None, (), ()
    policy = members.members("policy")
    engine = policy.members("engine")
    ref = PolicyRef(
        bundle=policy.text("bundle", chars_max=_NAME_CHARS_MAX, grammar=_NAME),
        version=policy.integer("version", low=1),
        digest=fields.digest(policy, "digest"),
        language=engine.text("language", chars_max=_NAME_CHARS_MAX, grammar=_ENGINE),
        evaluator=engine.text("evaluator", chars_max=_NAME_CHARS_MAX, grammar=_ENGINE),
        reference=engine.text("reference", chars_max=_NAME_CHARS_MAX, grammar=_ENGINE),
    )
    if engine.has("external"):
        raise fields.unknown(engine, "external", "external", "this version knows no narrowing engine")
    engine.end()
    determining, errored = _policy_ids(policy, "determining"), _policy_ids(policy, "errored")
    policy.end()
    return ref, determining, errored


def _policy_ids(members: Members, name: str) -> tuple[str, ...]:
    place = members.place(name)
    found = fields.texts(members, name, items_max=_POLICY_IDS_MAX, grammar=ids.POLICY_ID)
    if list(found) != sorted(set(found)):
        refuse(place, "the policy ids are not sorted, or one stands twice", fields.NOT_OURS)
    return found


def _permit_only(members: Members, outcome: Outcome, issued_s: int) -> tuple[Audience | None, int | None]:
    """``aud`` and ``exp``: required on a PERMIT, left for ``end`` to refuse on anything else."""
    if outcome is not Outcome.PERMIT:
        return None, None
    audience = fields.audience(members)
    return audience, members.integer("exp", low=issued_s + 1, high=issued_s + limits.PERMIT_TTL_S_MAX)


def _would(members: Members, reason: Reason) -> Would | None:
    if reason is not Reason.OBSERVED:
        return None
    inner = members.members("would")
    would = Would(outcome=fields.word(inner, "outcome", Outcome), reason=fields.word(inner, "reason", Reason))
    inner.end()
    if OUTCOME_OF_REASON[would.reason] is not would.outcome or would.reason is Reason.OBSERVED:
        refuse(
            inner.place("reason"), f"`{would.reason}` is no reason for {would.outcome.value}", fields.NOT_OURS
        )
    return would


def _version(members: Members) -> None:
    version = members.integer("v")
    if version != VERSION:
        raise fields.unknown(members, "v", str(version), f"this version reads v {VERSION}")


def _reason(members: Members) -> str | None:
    if members.null("reason"):
        return None
    return members.text("reason", chars_max=fields.TEXT_CHARS_MAX)
