"""Deciding: the order of refusals, and the demo's three answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from licet.decision.decide import decide
from licet.decision.facts import look, recall
from licet.decision.snapshot import HALTS, ActiveBundle, Snapshot
from licet.errors import Malformed
from licet.policy.compiled import CompiledBundle
from licet.protocol.digest import FACTS_TAG, tagged_digest
from licet.protocol.types import MAIN_TENANT, Decision, ExecutionRequest, Outcome, Reason, ReceiptId
from sample_bundles import NOW_MS, SURFACE, compiled, door_request, payment, small, starter_files

SALT = bytes(range(32))


def active(bundle: CompiledBundle | None = None, version: int = 3) -> ActiveBundle:
    return ActiveBundle(compiled=bundle or small(), version=version)


FREEZE = ReceiptId("01999999-9999-7999-8999-999999999998")


def seen(request: ExecutionRequest, bundle: ActiveBundle | None, halt: Reason | None = None) -> Snapshot:
    snapshot = look(request, active=bundle, tenant=MAIN_TENANT, now_ms=NOW_MS, salt=SALT)
    return replace(snapshot, halt=halt, freeze=FREEZE if halt is Reason.FROZEN else None)


def decided(request: ExecutionRequest, bundle: ActiveBundle | None, halt: Reason | None = None) -> Decision:
    return decide(request, seen(request, bundle, halt))


def answer(decision: Decision) -> tuple[str, str]:
    return decision.outcome.value, decision.reason.value


@pytest.mark.parametrize(
    ("amount_minor", "outcome", "reason", "determining"),
    [
        (4_000, "PERMIT", "permitted", ("pay-small",)),
        (80_000, "SILENCE", "no_permit", ()),
        (400_000, "DENY", "forbidden", ("pay-cap",)),
    ],
)
def test_the_demo_gets_its_three_answers(amount_minor, outcome, reason, determining):
    bundle = active(compiled(starter_files()))

    decision = decided(payment(amount_minor), bundle)

    assert answer(decision) == (outcome, reason)
    assert decision.determining == determining


def test_a_permit_carries_version_audience_and_lifetime():
    decision = decided(door_request(), active(version=7))

    assert (decision.policy.bundle, decision.policy.version) == ("small", 7)
    assert (decision.audience, decision.permit_ttl_s) == ("door-executor", 60)


def test_without_a_bundle_nothing_is_permitted_and_no_policy_is_named():
    decision = decided(door_request(), None)

    assert answer(decision) == ("SILENCE", "policy_unavailable")
    assert decision.policy is None


@pytest.mark.parametrize(
    ("demanded", "reason"),
    [(None, "permitted"), (0, "permitted"), (3, "permitted"), (4, "policy_unavailable")],
)
def test_an_older_version_than_demanded_is_no_policy(demanded, reason):
    decision = decided(door_request(min_policy_version=demanded), active(version=3))

    assert decision.reason.value == reason
    assert decision.policy.version == 3


@pytest.mark.parametrize("halt", sorted(HALTS))
def test_a_condition_of_the_host_halts_before_the_rules(halt):
    decision = decided(door_request(), active(), halt)

    assert (decision.outcome, decision.reason) == (Outcome.SILENCE, halt)
    assert (decision.determining, decision.audience) == ((), None)
    assert decision.explanation[0].text


def test_a_missing_bundle_is_told_before_a_halt_and_a_halt_before_the_request():
    assert decided(door_request(), None, Reason.DEADLINE_EXCEEDED).reason is Reason.POLICY_UNAVAILABLE
    wrong = door_request(101)
    assert decided(wrong, active(), Reason.DEADLINE_EXCEEDED).reason is Reason.DEADLINE_EXCEEDED
    assert decided(wrong, active()).reason is Reason.REQUEST_INVALID


def test_an_unknown_surface_is_told_before_its_request_is_read():
    assert decided(door_request(101, surface="x"), active()).reason is Reason.SURFACE_UNKNOWN


def test_a_freeze_is_told_before_everything_else():
    """Whatever the rules would say, and whether there are any: nothing is evaluated under a freeze."""
    too_old = door_request(min_policy_version=6)

    for request, bundle in ((door_request(), None), (too_old, active()), (door_request(101), active())):
        decision = decided(request, bundle, Reason.FROZEN)

        assert (decision.outcome, decision.reason) == (Outcome.SILENCE, Reason.FROZEN)
        assert FREEZE in decision.explanation[0].text
        assert (decision.policy is None) is (bundle is None)
    assert decided(payment(400_000), active(compiled(starter_files()))).outcome is Outcome.DENY
    frozen = decided(payment(400_000), active(compiled(starter_files())), Reason.FROZEN)
    assert frozen.outcome is Outcome.SILENCE


def test_an_observed_surface_still_halts_by_its_own_reason():
    observing = active(small(surface=SURFACE.replace("[parameters]", 'mode = "observe"\n[parameters]')))

    assert decided(door_request(), observing).reason is Reason.OBSERVED
    assert decided(door_request(), observing, Reason.STATE_UNAVAILABLE).reason is Reason.STATE_UNAVAILABLE


def test_a_fact_that_is_gone_is_state_unavailable():
    bundle = active(compiled(starter_files()))
    snapshot = seen(payment(1), bundle)

    blind = replace(snapshot, facts={"now": NOW_MS})

    assert decide(payment(1), snapshot).outcome is Outcome.PERMIT
    assert decide(payment(1), blind).reason is Reason.STATE_UNAVAILABLE


def test_the_surface_sees_its_declared_facts_and_now():
    bundle = active(compiled(starter_files()))

    assert seen(payment(1), bundle).facts == {
        "now": NOW_MS,
        "business": {"open": True, "holiday": False, "freeze": False},
    }
    assert seen(payment(1, surface="other"), bundle).facts == {"now": NOW_MS}
    assert seen(payment(1), None).facts == {"now": NOW_MS}


def test_the_facts_document_is_canonical_and_its_digest_is_salted():
    snapshot = seen(door_request(), active())

    document = snapshot.facts_document()

    assert document == b'{"facts":{"now":%d},"salt":"%s"}' % (NOW_MS, SALT.hex().encode())
    assert snapshot.facts_digest() == tagged_digest(FACTS_TAG, document)
    assert replace(snapshot, salt=bytes(32)).facts_digest() != snapshot.facts_digest()


@pytest.mark.parametrize("halt", [None, *sorted(HALTS)])
def test_what_was_seen_is_recalled_from_its_document(halt):
    bundle = active(compiled(starter_files()))
    snapshot = seen(payment(1), bundle, halt)

    assert recall(snapshot.facts_document(), active=bundle, tenant=MAIN_TENANT) == snapshot


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"[]",
        b'{"facts":{},"salt":""}',
        b'{"facts":{"now":1},"salt":"00"}',
        b'{"facts":{"now":"1"},"salt":"%s"}' % (b"0" * 64),
        b'{"facts":{},"salt":"%s"}' % (b"0" * 64),
        b'{"facts":{"now":1},"more":1,"salt":"%s"}' % (b"0" * 64),
        b'{"facts":{"host":{"halt":"permitted"},"now":1},"salt":"%s"}' % (b"0" * 64),
        b'{"facts":{"host":{"halt":"frozen","x":1},"now":1},"salt":"%s"}' % (b"0" * 64),
        b'{"facts":{"host":{"halt":"frozen"},"now":1},"salt":"%s"}' % (b"0" * 64),
        b'{"facts":{"host":{"halt":"frozen","freeze":"x"},"now":1},"salt":"%s"}' % (b"0" * 64),
        b'{"facts":{"host":{"halt":"state_unavailable","freeze":"%s"},"now":1},"salt":"%s"}'
        % (FREEZE.encode(), b"0" * 64),
        b'{"facts":{"host":null,"now":1},"salt":"%s"}' % (b"0" * 64),
        b'{"facts":{"now":1},"facts":{"now":2},"salt":"%s"}' % (b"0" * 64),
    ],
)
def test_a_facts_document_that_was_never_written_is_refused(document):
    with pytest.raises(Malformed):
        recall(document, active=None, tenant=MAIN_TENANT)


@pytest.mark.parametrize(
    "change",
    [
        {"salt": b""},
        {"salt": bytes(31)},
        {"facts": {}},
        {"facts": {"now": NOW_MS + 1}},
        {"facts": {"now": NOW_MS, "host": {}}},
        {"halt": Reason.FROZEN},
        {"freeze": FREEZE},
        {"halt": Reason.STATE_UNAVAILABLE, "freeze": FREEZE},
        *({"halt": reason} for reason in set(Reason) - HALTS),
    ],
)
def test_a_snapshot_that_could_not_be_recorded_cannot_be_held(change):
    with pytest.raises(ValueError, match=r".+"):
        replace(seen(door_request(), active()), **change)
