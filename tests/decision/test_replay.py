"""Replay: the recorded decision comes out again byte for byte, or the members that differ are named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from licet.decision.decide import decide
from licet.decision.facts import look
from licet.decision.replay import RecordedDecision, replay
from licet.decision.snapshot import HALTS, ActiveBundle
from licet.errors import Malformed
from licet.policy.compiled import CompiledBundle
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import (
    MAIN_TENANT,
    Audience,
    Digest,
    EntityRef,
    ExecutionRequest,
    LeafIndex,
    Origin,
    Outcome,
    Reason,
    ReceiptId,
    Tenant,
)
from licet.receipt.statement import Anchor, Link, Stamp, claim_document, decision_document
from sample_bundles import (
    FORBID,
    NOW_MS,
    PERMIT,
    SURFACE,
    compiled,
    door_request,
    payment,
    small,
    starter_files,
)

ID = ReceiptId("01999999-9999-7999-8999-999999999999")
DIGEST = Digest("sha256:" + "0" * 64)
STAMP = Stamp(
    receipt_id=ID,
    origin=Origin("example.com/licet/main"),
    tenant=Tenant("acme"),
    issued_s=NOW_MS // 1000,
    nonce="0" * 32,
)
STARTER = compiled(starter_files())


def recorded(
    request: ExecutionRequest, bundle: CompiledBundle | None, halt: Reason | None = None, **links: object
) -> RecordedDecision:
    """The decision as an authority would have stored it."""
    active = None if bundle is None else ActiveBundle(compiled=bundle, version=5)
    seen = look(request, active=active, tenant=STAMP.tenant, now_ms=NOW_MS, salt=bytes(32))
    freeze = STAMP.receipt_id if halt is Reason.FROZEN else None
    seen = replace(seen, halt=halt, freeze=freeze)
    document = decision_document(
        request, decide(request, seen), facts=seen.facts_digest(), stamp=STAMP, **links
    )
    return RecordedDecision(
        request_body=request.body,
        idempotency_key=request.idempotency_key,
        facts_document=seen.facts_document(),
        payload=canonical_bytes(document),
    )


OBSERVING = small(surface=SURFACE.replace("[parameters]", 'mode = "observe"\n[parameters]'))
FAILING = small(
    PERMIT
    + FORBID.replace(
        "context.parameters.count > 50", "context.parameters.count * 9007199254740991 * 9007199254740991 > 0"
    )
)
DECISIONS = {
    "permit": (payment(4_000), STARTER),
    "deny": (payment(400_000), STARTER),
    "no permit": (payment(80_000), STARTER),
    "invalid": (payment(0), STARTER),
    "unknown surface": (payment(1, surface="x"), STARTER),
    "obligations and a short life": (
        payment(50, action="refund", target={"type": "payee", "id": "acme"}),
        STARTER,
    ),
    "indeterminate": (door_request(), FAILING),
    "observed": (door_request(), OBSERVING),
    "too old": (door_request(min_policy_version=6), small()),
    "no bundle": (door_request(), None),
    "everything a request may hold": (
        door_request(
            actor={
                "type": "human",
                "id": "m",
                "attributes": {"a": [1]},
                "on_behalf_of": [{"type": "agent", "id": "b"}],
            },
            context={"ticket": "\u00e4\U0001f4a9"},
            target={"type": "lock", "id": "7"},
            audience="door-executor",
            parent="01999999-9999-7999-8999-999999999998",
            min_policy_version=5,
        ),
        small(),
    ),
}


@pytest.mark.parametrize("name", sorted(DECISIONS))
def test_a_decision_replays_to_the_same_bytes(name):
    request, bundle = DECISIONS[name]
    record = recorded(request, bundle)

    result = replay(record, bundle)

    assert result.same
    assert result.differences == ()
    assert result.payload == record.payload


@pytest.mark.parametrize("halt", sorted(HALTS))
def test_a_halted_decision_halts_again(halt):
    record = recorded(payment(4_000), STARTER, halt)

    result = replay(record, STARTER)

    assert result.same
    assert result.decision.reason is halt


def test_links_of_the_record_come_out_again():
    link = Link(receipt_id=ID, index=LeafIndex(3), digest=DIGEST)
    record = recorded(payment(4_000), STARTER, supersedes=link, anchor=Anchor(size=9, root=DIGEST))

    assert replay(record, STARTER).same


def test_a_later_bundle_is_told_by_its_digest_and_by_what_changes():
    record = recorded(payment(4_000), STARTER)
    files = starter_files()
    files["policies/permits.cedar"] = files["policies/permits.cedar"].replace(b"<= 10000", b"<= 100")

    result = replay(record, compiled(files))

    assert not result.same
    assert result.decision.outcome is Outcome.SILENCE
    assert {"/outcome", "/reason", "/policy/digest", "/policy/determining", "/aud", "/exp"} <= set(
        result.differences
    )


def test_a_record_without_its_bundle_differs():
    assert "/policy" in replay(recorded(payment(4_000), STARTER), None).differences
    assert "/policy" in replay(recorded(door_request(), None), small()).differences


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b'"amount_minor":4000', b'"amount_minor":4001', "/request/digest"),
        (b'"payee":"acme"', b'"payee":"acne"', "/request/effect_digest"),
        (b'"id":"finance-bot"', b'"id":"finance-bit"', "/request/actor/id"),
    ],
)
def test_a_changed_request_is_named(old, new, place):
    record = recorded(payment(4_000), STARTER)
    assert old in record.request_body

    result = replay(replace(record, request_body=record.request_body.replace(old, new)), STARTER)

    assert place in result.differences


def test_a_changed_key_is_named():
    record = replace(recorded(payment(4_000), STARTER), idempotency_key="other")

    assert replay(record, STARTER).differences == ("/request/idempotency_key",)


def test_changed_facts_are_named():
    record = recorded(payment(9_000), STARTER)
    night = record.facts_document.replace(b'"open":true', b'"open":false')
    assert night != record.facts_document

    result = replay(replace(record, facts_document=night), STARTER)

    assert {"/facts", "/outcome", "/reason"} <= set(result.differences)


@pytest.mark.parametrize("change", [(b'"PERMIT"', b'"DENY"'), (b'"permitted"', b'"forbidden"')])
def test_a_payload_that_contradicts_itself_is_refused(change):
    record = recorded(payment(4_000), STARTER)

    with pytest.raises(Malformed):
        replay(replace(record, payload=record.payload.replace(*change)), STARTER)


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"idempotency_key":"k"}', b"{}"])
def test_a_body_that_is_no_request_is_refused(body):
    with pytest.raises(Malformed):
        replay(replace(recorded(payment(4_000), STARTER), request_body=body), STARTER)


def test_a_payload_that_is_not_canonical_is_refused():
    record = recorded(payment(4_000), STARTER)

    with pytest.raises(Malformed):
        replay(replace(record, payload=record.payload.replace(b",", b", ", 1)), STARTER)


def test_the_tenant_of_the_record_is_kept():
    record = recorded(payment(4_000), STARTER)

    assert b'"tenant":"acme"' in replay(record, STARTER).payload
    assert MAIN_TENANT != "acme"


def test_another_kind_of_receipt_is_no_decision():
    link = Link(receipt_id=ID, index=LeafIndex(3), digest=DIGEST)
    claim = claim_document(
        permit=link,
        audience=Audience("a"),
        effect_digest=DIGEST,
        claim_id=None,
        by=EntityRef(type="service", id="x"),
        stamp=STAMP,
    )

    with pytest.raises(Malformed, match="not a decision"):
        replay(replace(recorded(payment(4_000), STARTER), payload=canonical_bytes(claim)), STARTER)
