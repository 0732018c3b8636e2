"""JSON Schemas of evidence: receipt payloads by kind, the trust file, the verification report.

The readers live in rooms above this one (``receipt/read.py``, ``verify/``), so what only they bound stands
here a second time; ``tests/protocol/test_schema.py`` fails when the two differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from licet.protocol import ids, limits
from licet.protocol.schema_blocks import (
    ACTION,
    AUDIENCE,
    CLAIM_ID,
    DIGEST,
    ENTITY,
    FREE,
    FREEZE_SCOPE,
    IDEMPOTENCY_KEY,
    JWS,
    ORIGIN,
    RECEIPT_ID,
    SURFACE,
    WOULD,
    also,
    array,
    closed,
    integer,
    member_is,
    nullable,
    one_of,
    only_when,
    reason_of_outcome,
    text,
    words,
)
from licet.protocol.types import CompletionStatus, JsonObject, Outcome, Reason

VERSION: Final = 1
STEPS: Final = tuple(f"V{number:02}" for number in range(1, 17))
STATUSES: Final = ("ok", "failed", "cannot", "not_evaluated", "skipped")
VERDICTS: Final = ("verified", "failed", "cannot")
LEVELS: Final = ("receipt", "audit")
REPORT: Final = "licet/verify-report/v1"
DETAIL_CHARS_MAX: Final = 8_192
NAME_CHARS_MAX: Final = 128
SENTENCE_CHARS_MAX: Final = 1_024
POLICY_IDS_MAX: Final = 1_000
REPORTS_MAX: Final = 64
ROOT_KEYS_MAX: Final = 32
KEYS_MAX: Final = 4_096
VKEY_CHARS_MAX: Final = 4_096
BUNDLE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ENGINE_NAME: Final = re.compile(r"[\x21-\x7e]+")

_KEY_32: Final = text(ids.THUMBPRINT, 43)
"""32 bytes in base64url: a public key, or its thumbprint."""
_INDEX: Final = integer()
_LINK: Final = closed({"id": RECEIPT_ID, "index": _INDEX, "digest": DIGEST})
_ANCHOR: Final = closed({"size": integer(), "root": DIGEST})
_SENTENCE: Final = text(None, SENTENCE_CHARS_MAX)


def titled() -> dict[str, tuple[str, JsonObject]]:
    """Name to title and schema."""
    return {
        "receipt-bundle": ("The payload of a bundle receipt: one version becoming active", _bundle()),
        "receipt-claim": ("The payload of a claim receipt: the one use of a permit", _claim()),
        "receipt-clock": ("The payload of a clock receipt: an operator vouched for the clock", _clock()),
        "receipt-completion": ("The payload of a completion receipt", _completion()),
        "receipt-decision": ("The payload of a decision receipt; of a PERMIT it is the permit", _decision()),
        "receipt-freeze": ("The payload of a freeze receipt: set, or lifted", _freeze()),
        "receipt-key": ("The payload of leaf 0: who speaks for the keys of this log", _key()),
        "receipt-revocation": ("The payload of a revocation receipt: one unclaimed permit", _revocation()),
        "trust": ("The trust file: what a verifier is given from outside", _trust()),
        "verification-report": ("What a verification found, step by step", _report()),
    }


def _stamped(
    kind: str,
    links: JsonObject,
    required: Mapping[str, JsonObject],
    optional: Mapping[str, JsonObject] | None = None,
) -> JsonObject:
    shared: dict[str, JsonObject] = {
        "v": {"const": VERSION},
        "kind": {"const": kind},
        "id": RECEIPT_ID,
        "iss": ORIGIN,
        "tenant": text(ids.TENANT, limits.TENANT_CHARS_MAX),
        "iat": integer(),
        "nonce": text(ids.NONCE, ids.NONCE_CHARS),
        "links": links,
    }
    return closed(shared | dict(required), optional)


def _decision() -> JsonObject:
    links = closed({}, {"supersedes": _LINK, "anchor": _ANCHOR, "parent": RECEIPT_ID})
    later = array({}, items_max=0)  # entries come with a later version; until then the array is empty
    shape = _stamped(
        "decision",
        links,
        {
            "outcome": words(Outcome),
            "reason": words(Reason),
            "request": _request(),
            "policy": nullable(_policy()),
            "facts": DIGEST,
            "budgets": later,
            "approvals": later,
            "obligations": array(_SENTENCE, items_max=limits.OBLIGATIONS_MAX),
        },
        {"aud": AUDIENCE, "exp": integer(1), "would": WOULD},
    )
    without_bundle: JsonObject = {"properties": {"policy": {"type": "null"}}}
    observed_twice: JsonObject = {
        "properties": {"would": member_is("reason", Reason.OBSERVED.value)},
        "required": ["would"],
    }
    return also(
        shape,
        reason_of_outcome(),
        only_when(member_is("outcome", Outcome.PERMIT.value), "aud", "exp", required=True),
        only_when(member_is("reason", Reason.OBSERVED.value), "would", required=True),
        {"if": without_bundle, "then": member_is("outcome", Outcome.SILENCE.value)},
        {"not": observed_twice},
    )


def _request() -> JsonObject:
    return closed({
        "surface": SURFACE,
        "action": ACTION,
        "actor": ENTITY,
        "target": nullable(ENTITY),
        "idempotency_key": IDEMPOTENCY_KEY,
        "digest": DIGEST,
        "effect_digest": DIGEST,
    })  # fmt: skip


def _policy() -> JsonObject:
    policy_ids = array(text(ids.POLICY_ID, limits.POLICY_ID_CHARS_MAX), items_max=POLICY_IDS_MAX, unique=True)
    engine_name = text(ENGINE_NAME, NAME_CHARS_MAX)
    return closed({
        "bundle": text(BUNDLE_NAME, NAME_CHARS_MAX),
        "version": integer(1),
        "digest": DIGEST,
        "determining": policy_ids,
        "errored": policy_ids,
        "engine": closed({"language": engine_name, "evaluator": engine_name, "reference": engine_name}),
    })  # fmt: skip


def _permit_links() -> JsonObject:
    return closed({"permit": _LINK}, {"anchor": _ANCHOR})


def _claim() -> JsonObject:
    required = {"aud": AUDIENCE, "effect_digest": DIGEST, "by": ENTITY}
    return _stamped("claim", _permit_links(), required, {"claim_id": CLAIM_ID})


def _completion() -> JsonObject:
    required = {"aud": AUDIENCE, "status": words(CompletionStatus), "executor": nullable(JWS)}
    return _stamped("completion", _permit_links(), required, {"result_digest": DIGEST, "actual": FREE})


def _freeze() -> JsonObject:
    required = {"op": words(("set", "lifted")), "scope": FREEZE_SCOPE, "reason": _SENTENCE, "by": ENTITY}
    shape = _stamped("freeze", closed({}, {"anchor": _ANCHOR}), required, {"of": RECEIPT_ID})
    return also(shape, only_when(member_is("op", "lifted"), "of", required=True))


def _clock() -> JsonObject:
    operator: JsonObject = {"const": "operator"}
    required = {"previous": integer(), "now": integer(), "reason": operator}
    return _stamped("clock", closed({}, {"anchor": _ANCHOR}), required)


def _revocation() -> JsonObject:
    return _stamped("revocation", _permit_links(), {"reason": _SENTENCE, "by": ENTITY})


def _bundle() -> JsonObject:
    return _stamped(
        "bundle",
        closed({}, {"anchor": _ANCHOR}),
        {
            "op": {"const": "activated"},
            "bundle": text(BUNDLE_NAME, NAME_CHARS_MAX),
            "version": integer(1),
            "digest": DIGEST,
            "parent": nullable(DIGEST),
            "reason": nullable(_SENTENCE),
            "reports": array(DIGEST, items_max=REPORTS_MAX),
            "by": closed({"role": {"const": "root"}, "kid": _KEY_32, "statement": JWS}),
        },
    )


def _key() -> JsonObject:
    return _stamped(
        "key",
        closed({}, {"anchor": _ANCHOR}),
        {
            "op": {"const": "genesis"},
            "root": _root(),
            "keys": _keys(),
            "reason": _SENTENCE,
            "prev": {"type": "null"},
            "statements": array(JWS, items_max=ROOT_KEYS_MAX),
        },
    )


def _public() -> dict[str, JsonObject]:
    return {"kid": _KEY_32, "kty": {"const": "OKP"}, "crv": {"const": "Ed25519"}, "x": _KEY_32}


def _root() -> JsonObject:
    keys = array(closed(_public()), items_max=ROOT_KEYS_MAX, items_min=1)
    return closed({"threshold": integer(1, ROOT_KEYS_MAX), "keys": keys})


def _keys() -> JsonObject:
    validity: dict[str, JsonObject] = {"from": _INDEX, "until": nullable(_INDEX)}
    log = closed({"role": {"const": "log"}, "vkey": text(None, VKEY_CHARS_MAX), **validity})
    role = words(("receipt", "approver", "executor"))
    signing = closed(
        {"role": role, **_public(), **validity},
        {"suspect_from": _INDEX},
    )
    return array(one_of(log, signing), items_max=KEYS_MAX)


def _trust() -> JsonObject:
    return closed({
        "v": {"const": VERSION},
        "kind": {"const": "trust"},
        "policy": text(None, limits.TRUST_BYTES_MAX),
        "root": _root(),
        "keys": _keys(),
        "as_of": _ANCHOR,
    })  # fmt: skip


def _report() -> JsonObject:
    step = closed({
        "code": words(STEPS),
        "status": words(STATUSES),
        "detail": text(None, DETAIL_CHARS_MAX, chars_min=0),
    })  # fmt: skip
    return closed({
        "schema": {"const": REPORT},
        "level": words(LEVELS),
        "verdict": words(VERDICTS),
        "index": nullable(_INDEX),
        "origin": nullable(ORIGIN),
        "steps": array(step, items_max=len(STEPS), items_min=len(STEPS)),
        "revocations_known_to": integer(),
        "trust_digest": DIGEST,
    })  # fmt: skip
