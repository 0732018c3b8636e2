"""What a receipt says, member by member (``protocol.md`` 3), and that reading gives it back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol import fast
from licet.protocol.canonical import canonical_bytes
from licet.protocol.parse import request_of
from licet.protocol.types import Audience, CompletionStatus, Decision, Outcome, Reason, Would
from licet.receipt.read import (
    BundleReceipt,
    ClaimReceipt,
    CompletionReceipt,
    DecisionReceipt,
    KeyReceipt,
    parse_payload,
    receipt_of,
)
from licet.receipt.statement import (
    claim_document,
    completion_document,
    decision_document,
    genesis_statement,
    jws_digest,
)
from sample_evidence import (
    ACTIVATION,
    AUDIENCE,
    DENIED,
    EFFECT,
    FACTS,
    GENESIS,
    NO_POLICY,
    NOW_S,
    OBSERVED,
    ORIGIN,
    PERMIT,
    PERMIT_LINK,
    PERMITTED,
    POLICY_REF,
    REQUEST,
    REQUEST_DOCUMENT,
    ROOTS,
    SILENT,
    activated,
    claimed,
    completed,
    decided,
    founded,
    stamp,
)

COMMON = {"v", "kind", "id", "iss", "iat", "nonce", "tenant", "links"}
DECISION = COMMON | {"outcome", "reason", "request", "policy", "facts", "budgets", "approvals", "obligations"}


def test_the_members_of_each_kind_are_those_of_the_protocol():
    assert set(decided(PERMITTED)) == DECISION | {"aud", "exp"}
    assert set(decided(DENIED)) == DECISION
    assert set(decided(SILENT)) == DECISION
    assert set(decided(OBSERVED)) == DECISION | {"would"}
    assert set(claimed()) == COMMON | {"aud", "effect_digest", "claim_id", "by"}
    assert set(completed()) == COMMON | {"aud", "status", "result_digest", "executor"}
    assert set(activated()) == COMMON | {
        "op",
        "bundle",
        "version",
        "digest",
        "parent",
        "reason",
        "reports",
        "by",
    }
    assert set(founded()) == COMMON | {"op", "root", "keys", "reason", "prev", "statements"}


def test_a_permit_receipt_is_the_one_of_the_protocol():
    assert decided() == {
        "v": 1,
        "kind": "decision",
        "id": stamp().receipt_id,
        "iss": ORIGIN,
        "aud": AUDIENCE,
        "iat": NOW_S,
        "exp": NOW_S + 60,
        "nonce": stamp().nonce,
        "tenant": "main",
        "outcome": "PERMIT",
        "reason": "permitted",
        "request": {
            "surface": "payments.transfer",
            "action": "transfer",
            "actor": {"type": "agent", "id": "finance-bot"},
            "target": {"type": "account", "id": "acct-42"},
            "idempotency_key": "01J9ZK3T-finance-bot-7",
            "digest": REQUEST.digest,
            "effect_digest": EFFECT.digest,
        },
        "policy": {
            "bundle": "payments",
            "version": 3,
            "digest": POLICY_REF.digest,
            "determining": ["pay-small"],
            "errored": [],
            "engine": {
                "language": "cedar/4.5",
                "evaluator": "cedarpy/4.12.2",
                "reference": "cedarpy/4.12.2",
            },
        },
        "facts": FACTS,
        "budgets": [],
        "approvals": [],
        "obligations": ["notify:secops"],
        "links": {},
    }


def test_parameters_and_context_never_enter_a_receipt():
    written = canonical_bytes(decided())

    for secret in (b"acme", b"4000", b"FIN-7", b"parameters", b"context"):
        assert secret in canonical_bytes(REQUEST_DOCUMENT)
        assert secret not in written


def test_absence_is_written_as_the_protocol_says():
    bare = request_of(
        {name: REQUEST_DOCUMENT[name] for name in ("surface", "action", "actor", "idempotency_key")}
    )
    document = decision_document(bare, NO_POLICY, facts=FACTS, stamp=stamp())

    assert document["request"]["target"] is None
    assert document["policy"] is None
    assert document["links"] == {}
    assert decided(OBSERVED)["would"] == {"outcome": "PERMIT", "reason": "permitted"}
    assert completed()["executor"] is None


def test_a_parent_is_copied_into_the_links():
    child = replace(REQUEST, parent=stamp(9).receipt_id)

    assert decision_document(child, SILENT, facts=FACTS, stamp=stamp())["links"] == {
        "parent": stamp(9).receipt_id
    }


def test_claim_and_completion_point_at_their_permit():
    link = {"id": stamp().receipt_id, "index": 2, "digest": jws_digest(PERMIT)}

    assert claimed()["links"] == {"permit": link}
    assert completed()["links"] == {"permit": link}


def test_the_genesis_statement_names_its_log_and_repeats_the_receipt():
    statement = genesis_statement(GENESIS, ORIGIN)
    receipt = founded()

    assert statement["origin"] == ORIGIN
    assert {name: receipt[name] for name in ("op", "root", "keys", "reason", "prev")} == {
        name: statement[name] for name in ("op", "root", "keys", "reason", "prev")
    }


@pytest.mark.parametrize(
    "decision",
    [
        replace(PERMITTED, audience=None),
        replace(PERMITTED, permit_ttl_s=None),
        replace(PERMITTED, permit_ttl_s=0),
        replace(PERMITTED, permit_ttl_s=601),
        replace(PERMITTED, reason=Reason.FORBIDDEN),
        replace(PERMITTED, policy=None),
        replace(DENIED, audience=Audience("x")),
        replace(DENIED, permit_ttl_s=60),
        replace(DENIED, policy=None, determining=()),
        replace(SILENT, policy=None, errored=("x",)),
        replace(SILENT, would=Would(outcome=Outcome.PERMIT, reason=Reason.PERMITTED)),
        replace(OBSERVED, would=None),
    ],
)
def test_a_decision_that_contradicts_itself_is_never_stated(decision: Decision):
    with pytest.raises(ValueError, match=r"permit|reason|PERMIT|would|bundle"):
        decision_document(REQUEST, decision, facts=FACTS, stamp=stamp())


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (decided(), DecisionReceipt),
        (decided(DENIED), DecisionReceipt),
        (decided(OBSERVED), DecisionReceipt),
        (decided(NO_POLICY), DecisionReceipt),
        (claimed(), ClaimReceipt),
        (completed(actual={"amount_minor": 1}), CompletionReceipt),
        (activated(), BundleReceipt),
        (founded(), KeyReceipt),
    ],
)
def test_what_is_written_is_read_back(document: dict, kind: type):
    payload = canonical_bytes(document)
    receipt = receipt_of(parse_payload(payload))

    assert type(receipt) is kind
    assert fast.canonical(document) == payload
    assert receipt.stamp.receipt_id == document["id"]


def test_a_decision_reads_back_as_what_was_decided():
    receipt = receipt_of(decided())

    assert isinstance(receipt, DecisionReceipt)
    assert (receipt.outcome, receipt.reason) == (PERMITTED.outcome, PERMITTED.reason)
    assert (receipt.policy, receipt.determining, receipt.errored) == (POLICY_REF, ("pay-small",), ())
    assert (receipt.audience, receipt.expires_s) == (AUDIENCE, NOW_S + 60)
    assert receipt.request.effect_digest == EFFECT.digest
    assert receipt.request.digest == REQUEST.digest
    assert receipt.request.actor == REQUEST.actor.ref()
    assert receipt.obligations == PERMITTED.obligations
    assert receipt.stamp == stamp()


def test_an_activation_and_a_genesis_read_back():
    bundle, genesis = receipt_of(activated()), receipt_of(founded())

    assert isinstance(bundle, BundleReceipt)
    assert bundle.activation == ACTIVATION
    assert bundle.kid == ROOTS[0].kid
    assert isinstance(genesis, KeyReceipt)
    assert genesis.root.threshold == 2
    assert list(genesis.root.keys.values()) == list(GENESIS.roots)
    assert genesis.signed == canonical_bytes(genesis_statement(GENESIS, ORIGIN))


def test_what_is_optional_stays_absent_or_null():
    plain = replace(ACTIVATION, parent=None, reason=None, reports=(FACTS, EFFECT.digest))
    bundle = receipt_of(activated(plain))
    claim = claim_document(
        permit=PERMIT_LINK,
        audience=AUDIENCE,
        effect_digest=EFFECT.digest,
        claim_id=None,
        by=REQUEST.actor.ref(),
        stamp=stamp(),
    )
    completion = completion_document(
        permit=PERMIT_LINK,
        audience=AUDIENCE,
        status=CompletionStatus.NOT_EXECUTED,
        result_digest=None,
        actual=None,
        executor=None,
        stamp=stamp(),
    )

    assert isinstance(bundle, BundleReceipt)
    assert bundle.activation == plain
    assert (activated(plain)["parent"], activated(plain)["reason"]) == (None, None)
    assert "claim_id" not in claim
    assert not {"result_digest", "actual"} & set(completion)
    assert receipt_of(claim).claim_id is None
    assert receipt_of(completion).result_digest is None


@given(ttl=st.integers(1, 600), reason=st.sampled_from(list(Reason)))
def test_every_reason_is_stated_and_read(ttl: int, reason: Reason):
    permit = reason in {Reason.PERMITTED, Reason.BREAK_GLASS}
    outcome = Outcome.PERMIT if permit else Outcome.DENY if reason is Reason.FORBIDDEN else Outcome.SILENCE
    would = Would(outcome=Outcome.DENY, reason=Reason.FORBIDDEN) if reason is Reason.OBSERVED else None
    decision = Decision(
        outcome=outcome,
        reason=reason,
        policy=POLICY_REF,
        audience=AUDIENCE if permit else None,
        permit_ttl_s=ttl if permit else None,
        would=would,
    )
    receipt = receipt_of(decided(decision))

    assert isinstance(receipt, DecisionReceipt)
    assert (receipt.outcome, receipt.reason, receipt.would) == (outcome, reason, would)
    assert receipt.expires_s == (NOW_S + ttl if permit else None)
