"""Holes found in published verifiers, one test each (``evidence.md`` 8). The names are the document's."""

from __future__ import annotations

import json
import socket

import pytest

from licet.errors import EffectMismatch, Malformed, PermitExpired, PermitInvalid, WrongAudience
from licet.protocol.canonical import canonical_bytes
from licet.protocol.parse import effect_of
from licet.protocol.types import Audience, CompletionStatus, JsonObject, Tenant
from licet.receipt.jws import (
    APPROVAL_TYP,
    BUNDLE_TYP,
    COMPLETION_TYP,
    KEY_TYP,
    RECEIPT_TYP,
    encode_segment,
    header_segment,
    read_kid,
    split,
)
from licet.receipt.keys import named_jwk
from licet.receipt.read import read_receipt
from licet.verify.evidence import verify_evidence
from licet.verify.permit import check_permit
from licet.verify.receipt import verify_receipt
from licet.verify.report import Check, Status, Verdict
from sample_evidence import (
    APPROVER_KEY,
    AUDIENCE,
    DENIED,
    EFFECT,
    EFFECT_DOCUMENT,
    EXECUTOR_KEY,
    NOW_S,
    ORIGIN,
    PERMIT,
    RECEIPT_KEY,
    RETIRED_AT,
    RETIRED_KEY,
    ROOTS,
    SILENT,
    STRANGER,
    TRUST,
    activated,
    claimed,
    completed,
    decided,
    executor_statement,
    founded,
    placed,
    sealed,
    sealed_bytes,
    trust_json,
)

TYPS = (RECEIPT_TYP, COMPLETION_TYP, APPROVAL_TYP, BUNDLE_TYP, KEY_TYP)


def verdict_of(jws: str, proof: str | None = None) -> Verdict:
    return verify_receipt(jws, trust=TRUST, proof=proof or placed(jws)).verdict


def with_payload(jws: str, payload: bytes) -> str:
    """The same header and signature around other words."""
    header, _, signature = jws.split(".")
    return f"{header}.{encode_segment(payload)}.{signature}"


def refused_at(token: str) -> str:
    """The first check that a gate names."""
    with pytest.raises(PermitInvalid) as refusal:
        check_permit(token, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S)
    return refusal.value.message


def test_changed_body_under_carried_hash():
    """A DENY made PERMIT, every digest it carries left as it was."""
    denied = canonical_bytes(decided(DENIED))
    document: JsonObject = json.loads(denied)
    document.update(outcome="PERMIT", reason="permitted", aud=AUDIENCE, exp=NOW_S + 60)
    forged = with_payload(sealed(decided(DENIED)), canonical_bytes(document))

    assert (
        verify_receipt(forged, trust=TRUST, proof=placed(forged)).step(Check.SIGNATURE).status
        is Status.FAILED
    )
    assert refused_at(forged).startswith("V06 signature: bad signature")


def leaves_of(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    if isinstance(value, dict):
        return [leaf for name in value for leaf in leaves_of(value[name], (*path, name))] or [path]
    if isinstance(value, list):
        return [leaf for at in range(len(value)) for leaf in leaves_of(value[at], (*path, at))] or [path]
    return [path]


@pytest.mark.parametrize("path", leaves_of(decided()), ids=lambda path: "/".join(map(str, path)))
def test_every_member_is_signed(path: tuple[object, ...]):
    document = json.loads(canonical_bytes(decided()))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    old = inner[path[-1]]
    inner[path[-1]] = old + 1 if isinstance(old, int) else [*old, "x"] if isinstance(old, list) else {"x": 1}
    if isinstance(old, str):
        inner[path[-1]] = old[:-1] + ("0" if old[-1] != "0" else "1")
    forged = with_payload(PERMIT, canonical_bytes(document))

    assert verdict_of(forged) is not Verdict.VERIFIED
    with pytest.raises(PermitInvalid):
        check_permit(forged, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S)


def test_resigned_with_embedded_key():
    """Re-signed by a key that the evidence itself brings along: shown nowhere, used nowhere."""
    stranger = sealed(decided(), STRANGER)
    bundle = {"receipt": stranger, "proof": placed(stranger), "jwks": {"keys": [named_jwk(STRANGER.public)]}}

    assert verify_evidence(json.dumps(bundle).encode(), trust=TRUST).verdict is Verdict.FAILED
    assert (
        verify_receipt(stranger, trust=TRUST, proof=placed(stranger)).step(Check.KEY).status is Status.CANNOT
    )
    assert refused_at(stranger).startswith("V05 key: no matching key")
    with pytest.raises(TypeError, match="trust"):
        verify_receipt(stranger)


@pytest.mark.parametrize("member", ['"jwk":{}', '"jku":"https://example.com/jwks.json"', '"x5c":[]'])
def test_key_from_request_header(member: str):
    header = f'{{"alg":"Ed25519",{member},"kid":"{RECEIPT_KEY.kid}","typ":"{RECEIPT_TYP}"}}'
    signed = f"{encode_segment(header.encode())}.{PERMIT.split('.')[1]}"
    token = f"{signed}.{encode_segment(RECEIPT_KEY.sign(signed.encode()))}"

    assert refused_at(token).startswith("V02 header")


def test_offline_opens_no_socket(monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("verification reached for the network")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)

    assert verdict_of(PERMIT) is Verdict.VERIFIED
    assert verdict_of(sealed(decided(), STRANGER)) is Verdict.CANNOT
    check_permit(PERMIT, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S)


@pytest.mark.parametrize("literal", ["unsigned", "", "none", "AAAA"])
def test_unsigned_literal(literal: str):
    token = f"{PERMIT.rpartition('.')[0]}.{literal}"

    assert refused_at(token).startswith("V06 signature")


@pytest.mark.parametrize(
    "payload",
    [
        {"decision": "PERMIT", "timestamp": NOW_S},
        {"outcome": "PERMIT", "reason": "permitted"},
        {**decided(), "v": None},
        {},
    ],
)
def test_shape_is_not_proof(payload: JsonObject):
    """Words that look like a permit: alone, under a stranger's key, and even under a genuine one."""
    alone = canonical_bytes(payload)

    assert verify_evidence(alone, trust=TRUST).verdict is Verdict.FAILED
    assert refused_at(sealed_bytes(alone, STRANGER)).startswith("V03 payload")
    assert refused_at(sealed_bytes(alone)).startswith("V03 payload")


def test_other_surface_target_audience():
    others = [
        {**EFFECT_DOCUMENT, "surface": "payments.refund"},
        {**EFFECT_DOCUMENT, "action": "refund"},
        {**EFFECT_DOCUMENT, "target": {"type": "account", "id": "acct-43"}},
        {**EFFECT_DOCUMENT, "parameters": {"amount_minor": 4001, "currency": "USD", "payee": "acme"}},
        {name: value for name, value in EFFECT_DOCUMENT.items() if name != "parameters"},
    ]
    for other in others:
        with pytest.raises(EffectMismatch, match="effect_digest"):
            check_permit(PERMIT, effect_of(other), audience=AUDIENCE, trust=TRUST, now_s=NOW_S)
    with pytest.raises(WrongAudience, match="aud"):
        check_permit(PERMIT, EFFECT, audience=Audience("other"), trust=TRUST, now_s=NOW_S)
    with pytest.raises(PermitInvalid, match="tenant"):
        check_permit(PERMIT, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S, tenant=Tenant("b"))


def test_replayed_and_expired():
    expires_s = NOW_S + 60

    check_permit(PERMIT, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=expires_s - 1)
    for later_s in (expires_s, expires_s + 1, expires_s + 86_400):
        with pytest.raises(PermitExpired, match="exp"):
            check_permit(PERMIT, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=later_s)
    with pytest.raises(PermitInvalid, match="iat"):
        check_permit(PERMIT, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S - 6)


@pytest.mark.parametrize(
    "member", ["request", "digest", "effect_digest", "surface", "actor", "idempotency_key"]
)
def test_receipt_without_request_binding(member: str):
    document = json.loads(canonical_bytes(decided()))
    del (document if member == "request" else document["request"])[member]

    assert refused_at(sealed(document)).startswith("V03 payload")


def test_retired_key_still_verifies():
    jws = sealed(decided(), RETIRED_KEY)

    assert verdict_of(jws, placed(jws, index=RETIRED_AT - 1)) is Verdict.VERIFIED
    assert verdict_of(jws, placed(jws, index=RETIRED_AT)) is Verdict.FAILED
    # A gate has no index: there, a retired key is no key.
    assert refused_at(jws).startswith("V05 key")


def test_second_decision_is_not_completion():
    """An outcome "attested" by another decision, however genuine, in the executor's slot."""
    for other in (sealed(decided(DENIED)), PERMIT, sealed(claimed())):
        attested = sealed(completed(executor=other))

        assert (
            verify_receipt(attested, trust=TRUST, proof=placed(attested)).step(Check.PAYLOAD).status
            is Status.FAILED
        )
    signed = sealed(completed(executor=executor_statement()))

    assert verdict_of(signed) is Verdict.VERIFIED


@pytest.mark.parametrize("slot", TYPS)
@pytest.mark.parametrize("typ", TYPS)
def test_typ_matrix(slot: str, typ: str):
    """N x N: a statement of one typ in the slot of another, whoever signed it."""
    header = header_segment(RECEIPT_KEY.kid, typ)
    raw = split(f"{header}.AA.AA").header

    if slot == typ:
        assert read_kid(raw, slot) == RECEIPT_KEY.kid
    else:
        with pytest.raises(Malformed, match="typ"):
            read_kid(raw, slot)


@pytest.mark.parametrize("typ", TYPS)
@pytest.mark.parametrize(
    "owner",
    [RECEIPT_KEY, EXECUTOR_KEY, APPROVER_KEY, ROOTS[0]],
    ids=["receipt", "executor", "approver", "root"],
)
def test_typ_matrix_of_roles(typ: str, owner: object):
    """In the receipt slot only the receipt key with the receipt typ stands."""
    jws = sealed(decided(), owner, typ)
    stands = typ == RECEIPT_TYP and owner is RECEIPT_KEY

    assert (verdict_of(jws) is Verdict.VERIFIED) is stands
    for slot in ("completion", "bundle", "key"):
        carried = {
            "completion": lambda: completed(executor=jws),
            "bundle": lambda: _activation_by(jws, owner.kid),
            "key": lambda: founded([jws, jws]),
        }[slot]()
        outer = sealed(carried)
        if f"licet-{slot}+jws" != typ:
            assert verify_receipt(outer, trust=TRUST).step(Check.PAYLOAD).status is Status.FAILED
        elif slot != "completion":
            # The right typ over a decision's payload: read, and then refused by what it says.
            assert verdict_of(outer) is Verdict.FAILED


def _activation_by(jws: str, kid: str) -> JsonObject:
    document = activated()
    document["by"] = {"role": "root", "kid": kid, "statement": jws}
    return document


def test_float_and_utf16_order():
    """`RFC 8785` is not `sort_keys`: floats are refused, and names sort by UTF-16 code units."""
    document = completed(actual={"\ufb33": 1, "\U0001f600": 2})
    exact = canonical_bytes(document)
    by_code_point = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    assert exact != by_code_point
    assert verdict_of(sealed_bytes(exact)) is Verdict.VERIFIED
    report = verify_receipt(sealed_bytes(by_code_point), trust=TRUST)
    assert report.step(Check.CANONICAL).status is Status.FAILED
    for number in (b"1.0", b"1e0", b"1E0", b"0.1"):
        floated = sealed_bytes(exact.replace('"😀":2'.encode(), '"😀":'.encode() + number))
        assert verify_receipt(floated, trust=TRUST).step(Check.PAYLOAD).status is Status.FAILED


def test_no_result_is_not_not_executed():
    """Nobody reported: the words say so, and never that nothing ran."""
    for document in (decided(), claimed()):
        said = verify_receipt(sealed(document), trust=TRUST, at_s=NOW_S + 3600).step(Check.LINKS).detail
        assert "no outcome reported" in said
        assert "not_executed" not in said
        assert "did not" not in said
    unknown = sealed(completed(CompletionStatus.UNKNOWN))
    assert read_receipt(unknown).status is CompletionStatus.UNKNOWN
    assert "`unknown` reported" in verify_receipt(unknown, trust=TRUST).step(Check.LINKS).detail


def test_a_permit_of_a_log_the_trust_file_does_not_know_is_no_permit():
    """Genuinely signed by a pinned key, for another log."""
    elsewhere = sealed(decided(origin=f"{ORIGIN}-2"))

    assert refused_at(elsewhere).startswith("iss")


def test_nothing_but_a_permit_permits():
    for document in (
        decided(DENIED),
        decided(SILENT),
        claimed(),
        completed(),
        founded(),
    ):
        assert refused_at(sealed(document)).startswith(("outcome", "kind"))


def test_trust_is_never_found_in_the_evidence():
    """A trust file beside the receipt changes nothing."""
    content = {"receipt": PERMIT, "proof": placed(PERMIT), "trust": trust_json()}

    assert verify_evidence(json.dumps(content).encode(), trust=TRUST).verdict is Verdict.FAILED
