"""Cases of V01 to V04: what must be refused before anybody asks who signed it."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator

from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import JsonObject
from licet.receipt.jws import APPROVAL_TYP, BUNDLE_TYP, KEY_TYP, encode_segment
from sample_evidence import (
    DENIED,
    NOW_S,
    OBSERVED,
    PERMIT,
    RECEIPT_KEY,
    ROOTS,
    SILENT,
    activated,
    claimed,
    completed,
    decided,
    founded,
    frozen,
    lifted,
    placed,
    revoked,
    sealed,
    sealed_bytes,
    stamp,
)
from verify_cases import ABSENT, Case, bad, cannot, changed


def compact() -> Iterator[Case]:
    head, payload, sign = PERMIT.split(".")
    last = "B" if sign[-1] != "B" else "C"
    wide = decided(number=2)
    wide["obligations"] = ["x" * 1000] * 6
    huge = changed(completed(), actual={"text": "x" * 25_000})
    yield bad("V01", "empty", "nothing at all", "")
    yield bad("V01", "two_segments", "no signature segment", f"{head}.{payload}")
    yield bad("V01", "four_segments", "one segment too many", f"{PERMIT}.{sign}")
    yield bad("V01", "padded", "base64url with padding", f"{PERMIT}==")
    yield bad("V01", "trailing_bits", "the last character carries bits", PERMIT[:-1] + last)
    yield bad("V01", "standard_alphabet", "+ and / instead of - and _", f"{head}.{payload}+/.{sign}")
    yield bad("V01", "impossible_length", "a segment of 4n+1 characters", f"{head}.{'A' * 5}.{sign}")
    yield bad("V01", "line_break", "a line break inside", f"{head}\n.{payload}.{sign}")
    yield bad(
        "V01", "not_ascii", "a letter that looks like one of the alphabet", f"{head}.\u0410{payload}.{sign}"
    )
    yield bad("V01", "too_large", "more than 32 KiB", sealed(huge))
    yield bad("V01", "permit_too_large", "a PERMIT of more than 8 KiB", sealed(wide))


def _headed(header: str) -> str:
    """A permit under another header, genuinely signed: only the header is wrong."""
    _, payload, _ = PERMIT.split(".")
    signed = f"{encode_segment(header.encode())}.{payload}"
    return f"{signed}.{encode_segment(RECEIPT_KEY.sign(signed.encode()))}"


def header() -> Iterator[Case]:
    kid, typ = RECEIPT_KEY.kid, "licet-receipt+jws"
    own = f'{{"alg":"Ed25519","kid":"{kid}","typ":"{typ}"}}'
    yield bad("V02", "alg_none", "alg none", _headed(own.replace("Ed25519", "none")))
    yield bad(
        "V02", "alg_hs256", "alg HS256: the public key as a secret", _headed(own.replace("Ed25519", "HS256"))
    )
    yield bad("V02", "alg_eddsa", "the older name of the algorithm", _headed(own.replace("Ed25519", "EdDSA")))
    yield bad("V02", "embedded_jwk", "a key of its own", _headed(f'{own[:-1]},"jwk":{{}}}}'))
    yield bad("V02", "crit", "a critical extension", _headed(f'{{"alg":"Ed25519","crit":["x"],{own[17:]}'))
    yield bad(
        "V02",
        "order",
        "members in another order",
        _headed(f'{{"kid":"{kid}","alg":"Ed25519","typ":"{typ}"}}'),
    )
    yield bad("V02", "space", "white space", _headed(own.replace(":", ": ")))
    yield bad("V02", "duplicate", "a member twice", _headed(f'{{"alg":"none",{own[1:]}'))
    yield bad("V02", "typ_absent", "no typ", _headed(f'{{"alg":"Ed25519","kid":"{kid}"}}'))
    yield bad("V02", "typ_jwt", "typ JWT", _headed(own.replace(typ, "JWT")))
    for name, other in (("bundle", BUNDLE_TYP), ("key", KEY_TYP), ("approval", APPROVAL_TYP)):
        yield bad("V02", f"typ_{name}", "the typ of another slot", sealed(decided(), RECEIPT_KEY, other))
    yield bad("V02", "kid_short", "a kid that is no thumbprint", _headed(own.replace(kid, kid[:-1])))
    yield bad(
        "V02", "kid_trailing_bits", "a kid no encoder writes", _headed(own.replace(kid, kid[:-1] + "B"))
    )
    yield bad("V02", "trailing_byte", "a newline behind the header", _headed(own + "\n"))
    yield bad("V02", "empty", "an empty header", _headed(""))


def payload_form() -> Iterator[Case]:
    own = canonical_bytes(decided())
    nested = b'{"a":' * 40 + b"1" + b"}" * 40
    forms = {
        "empty": (b"", "no payload"),
        "no_json": (b"PERMIT", "no JSON"),
        "array": (b"[]", "JSON, but no object"),
        "bom": (b"\xef\xbb\xbf" + own, "a byte order mark"),
        "utf16": (own.decode().encode("utf-16-le"), "UTF-16, which lenient readers guess"),
        "bad_utf8": (own.replace(b"finance-bot", b"finance-bo\xff"), "a byte that is not UTF-8"),
        "trailing_bytes": (own + b"{}", "a second document behind the first"),
        "duplicate": (own[:-1] + b',"outcome":"DENY"}', "outcome twice: readers keep the last"),
        "duplicate_escaped": (own[:-1] + b',"\\u006futcome":"DENY"}', "outcome twice, once escaped"),
        "float": (own.replace(b'"iat":1795372800', b'"iat":1795372800.0'), "a float"),
        "exponent": (own.replace(b'"iat":1795372800', b'"iat":1795372800e0'), "an exponent"),
        "big_integer": (own.replace(b'"iat":1795372800', b'"iat":9007199254740993'), "beyond 2^53-1"),
        "very_big_integer": (own.replace(b'"iat":1795372800', b'"iat":' + b"9" * 5000), "5,000 digits"),
        "minus_zero": (own.replace(b'"iat":1795372800', b'"iat":-0'), "minus zero"),
        "nan": (own.replace(b'"iat":1795372800', b'"iat":NaN'), "NaN"),
        "lone_surrogate": (own.replace(b"acct-42", b"acct-\\ud800"), "half a character"),
        "deep": (nested, "40 levels"),
        "unsigned_shape": (b'{"decision":"PERMIT","timestamp":1795372800}', "a caller's own words"),
    }
    for name, (content, about) in forms.items():
        yield bad("V03", name, about, sealed_bytes(content))


def payload_shape() -> Iterator[Case]:
    for shapes in (_common_members(), _outcome_members(), _use_members(), _root_members()):
        for name, (document, about) in shapes.items():
            yield bad("V03", name, about, sealed(document))


def _common_members() -> dict[str, tuple[JsonObject, str]]:
    """What every decision has."""
    return {
        "unknown_member": (changed(decided(), admin=True), "a member nobody knows"),
        "nonce_absent": (changed(decided(), nonce=ABSENT), "a nonce is what hides the leaf"),
        "nonce_short": (changed(decided(), nonce="00"), "a nonce of 8 bits"),
        "request_absent": (changed(decided(), request=ABSENT), "outcome, reason and time, but about what?"),
        "request_digest_absent": (changed(decided(), request__digest=ABSENT), "no binding to the request"),
        "effect_digest_absent": (
            changed(decided(), request__effect_digest=ABSENT),
            "no binding to the effect",
        ),
        "digest_upper_case": (changed(decided(), facts=f"sha256:{'F' * 64}"), "a digest in another spelling"),
        "id_of_version_4": (changed(decided(), id="7f9c24e8-3b12-4fef-8f5e-000000000000"), "no uuid7"),
        "origin_with_plus": (changed(decided(), iss="example.com/a+b"), "no origin"),
        "tenant_upper_case": (changed(decided(), tenant="Main"), "no tenant"),
        "iat_text": (changed(decided(), iat="1795372800"), "a number in quotes"),
        "iat_true": (changed(decided(), iat=True), "a boolean is no number"),
        "target_half": (changed(decided(), request__target={"type": "account"}), "a target without id"),
        "links_permit_on_decision": (changed(decided(), links=claimed()["links"]), "a decision of a permit"),
        "links_unknown": (changed(decided(), links={"child": "x"}), "a link nobody knows"),
    }


def _outcome_members() -> dict[str, tuple[JsonObject, str]]:
    """What depends on the outcome."""
    return {
        "reason_of_deny": (changed(decided(), reason="forbidden"), "PERMIT for the reason of a DENY"),
        "permit_without_exp": (changed(decided(), exp=ABSENT), "a permit for ever"),
        "permit_without_aud": (changed(decided(), aud=ABSENT), "a permit for everybody"),
        "permit_exp_at_iat": (changed(decided(), exp=NOW_S), "a permit without a moment to live"),
        "permit_exp_too_far": (changed(decided(), exp=NOW_S + 601), "a permit over 10 minutes"),
        "permit_without_policy": (changed(decided(), policy=None), "PERMIT by no bundle"),
        "deny_with_exp": (changed(decided(DENIED), exp=NOW_S + 60), "only a PERMIT expires"),
        "silence_with_aud": (changed(decided(SILENT), aud="x"), "only a PERMIT has an audience"),
        "would_on_deny": (
            changed(decided(DENIED), would={"outcome": "PERMIT", "reason": "permitted"}),
            "only observed has would",
        ),
        "would_absent": (changed(decided(OBSERVED), would=ABSENT), "observed without would"),
        "would_observed": (
            changed(decided(OBSERVED), would={"outcome": "SILENCE", "reason": "observed"}),
            "would be observed",
        ),
        "would_mixed": (
            changed(decided(OBSERVED), would__reason="forbidden"),
            "would PERMIT because forbidden",
        ),
        "determining_unsorted": (changed(decided(), policy__determining=["b", "a"]), "ids out of order"),
        "determining_twice": (changed(decided(), policy__determining=["a", "a"]), "an id twice"),
        "determining_number": (changed(decided(), policy__determining=[1]), "an id that is no text"),
        "determining_spelled": (
            changed(decided(), policy__determining=["Pay`"]),
            "an id outside the grammar",
        ),
        "version_zero": (changed(decided(), policy__version=0), "versions count from 1"),
    }


def _use_members() -> dict[str, tuple[JsonObject, str]]:
    """Claims and completions."""
    return {
        "claim_without_permit": (changed(claimed(), links={}), "a claim of nothing"),
        "claim_with_parent": (changed(claimed(), links__parent=stamp(9).receipt_id), "a parent on a claim"),
        "claim_id_spelled": (changed(claimed(), claim_id="a b"), "a claim id with a space"),
        "completion_without_executor": (
            changed(completed(), executor=ABSENT),
            "neither a statement nor null",
        ),
        "completion_by_decision": (
            completed(executor=sealed(decided(DENIED))),
            "a decision is no completion",
        ),
        "completion_actual_list": (changed(completed(), actual=[]), "actual is an object"),
        "completion_executor_number": (changed(completed(), executor=1), "a statement that is no text"),
    }


def _root_members() -> dict[str, tuple[JsonObject, str]]:
    """Activations and the genesis."""
    return {
        "bundle_report_spelled": (changed(activated(), reports=["x"]), "a report that is no digest"),
        "bundle_kid_differs": (changed(activated(), by__kid=ROOTS[1].kid), "signed by another than it says"),
        "bundle_anchor_half": (
            changed(activated(), links={"anchor": {"size": 1}}),
            "an anchor without a root",
        ),
        "genesis_with_prev": (changed(founded(), prev={"index": 0}), "a genesis follows nothing"),
        "genesis_weak_key": (changed(founded(), keys=[_weak_key()]), "a key of small order"),
        "genesis_empty_root": (changed(founded(), root__keys=[]), "nobody speaks for the keys"),
        "genesis_high_threshold": (changed(founded(), root__threshold=4), "4 of 3"),
        "genesis_root_twice": (_root_twice(), "one holder counted twice"),
        "genesis_kid_differs": (
            changed(founded(), root__keys=[_misnamed_key()], root__threshold=1),
            "a key under another's name",
        ),
    }


def _weak_key() -> JsonObject:
    x = base64.urlsafe_b64encode(bytes([1]) + bytes(31)).rstrip(b"=").decode()
    return {
        "role": "receipt",
        "kid": RECEIPT_KEY.kid,
        "kty": "OKP",
        "crv": "Ed25519",
        "x": x,
        "from": 0,
        "until": None,
    }


def _misnamed_key() -> JsonObject:
    named = copy.deepcopy(founded()["root"]["keys"][0])
    return {**named, "kid": ROOTS[1].kid}


def _root_twice() -> JsonObject:
    document = founded()
    document["root"]["keys"] = [document["root"]["keys"][0]] * 2
    return document


def stop_shape() -> Iterator[Case]:
    """What a freeze and a revocation may not look like."""
    documents: dict[str, tuple[JsonObject, str]] = {
        "freeze_of_nothing": (changed(frozen(), scope={}), "no scope"),
        "freeze_two_scopes": (changed(frozen(), scope__all=True), "two scopes"),
        "freeze_not_all": (changed(frozen(), scope={"all": False}), "all is not true"),
        "freeze_actor_named": (changed(frozen(), scope={"actor": "agent/x"}), "an actor as text"),
        "freeze_set_of": (changed(frozen(), of=lifted()["of"]), "a freeze that is set lifts nothing"),
        "freeze_lifted_of_nothing": (changed(lifted(), of=ABSENT), "lifted, and of is missing"),
        "freeze_without_reason": (changed(frozen(), reason=ABSENT), "nobody says why"),
        "freeze_with_permit": (changed(frozen(), links=revoked()["links"]), "a link that is not its own"),
        "revocation_without_permit": (changed(revoked(), links={}), "of no permit"),
        "revocation_without_by": (changed(revoked(), by=ABSENT), "nobody did it"),
    }
    for name, (document, about) in documents.items():
        yield bad("V03", name, about, sealed(document))


def unknown() -> Iterator[Case]:
    documents: dict[str, tuple[JsonObject, str]] = {
        "version": (changed(decided(), v=2), "a later version"),
        "kind_of_later_version": (changed(decided(), kind="approval"), "a kind this version does not read"),
        "kind": (changed(decided(), kind="telepathy"), "a kind nobody knows"),
        "outcome": (changed(decided(), outcome="MAYBE"), "a fourth outcome"),
        "reason": (changed(decided(), reason="because"), "a reason nobody knows"),
        "budgets": (changed(decided(), budgets=[{"key": "x"}]), "a budget entry"),
        "approvals": (changed(decided(), approvals=["x"]), "an approval entry"),
        "engine": (changed(decided(), policy__engine__external={"name": "x"}), "a narrowing engine"),
        "status": (changed(completed(), status="half"), "a status nobody knows"),
        "bundle_step": (changed(activated(), op="proposed"), "a step this version does not read"),
        "bundle_role": (changed(activated(), by__role="approver"), "a role this version does not read"),
        "freeze_step": (changed(frozen(), op="softened"), "a step this version does not read"),
        "key_step": (changed(founded(), op="revoke"), "a step this version does not read"),
        "key_role": (changed(founded(), keys=[{"role": "oracle"}]), "a role nobody knows"),
        "key_type": (
            changed(founded(), root__keys=[{"kty": "EC", "crv": "P"}], root__threshold=1),
            "a key type unknown here",
        ),
    }
    for name, (document, about) in documents.items():
        jws = sealed(document)
        yield cannot("V03", name, about, jws, placed(jws))


def canonical() -> Iterator[Case]:
    own = canonical_bytes(decided())
    forms = {
        "space": (own.replace(b'"v":1', b'"v": 1'), "white space"),
        "order": (b'{"v":1,' + own.replace(b',"v":1}', b"}")[1:], "members in another order"),
        "escape": (own.replace(b"acct-42", b"acct\\u002d42"), "an escape nobody needs"),
        "newline": (own + b"\n", "a newline behind the document"),
    }
    for name, (content, about) in forms.items():
        yield bad("V04", name, about, sealed_bytes(content))
    names = canonical_bytes(completed(actual={"\ufb33": 1, "\U0001f600": 2}))
    swapped = names.replace('"😀":2,"\ufb33":1'.encode(), '"\ufb33":1,"😀":2'.encode())
    yield bad("V04", "code_point_order", "names sorted by code points, not by UTF-16", sealed_bytes(swapped))
