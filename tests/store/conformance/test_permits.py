"""Keys, permits and activations: each state change is one guarded statement, and each guard counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from licet.errors import StoreRefused
from store.samples import (
    NOW_S,
    activation,
    append,
    bundle,
    claim,
    digest_of,
    id_of,
    key,
    permit,
    receipt,
)


@pytest.fixture
def permitted(store):
    """A store with leaves 0..4 and an unclaimed permit for leaf 0."""
    append(store, 5, also=lambda txn, _: txn.insert_permit(permit()))
    return store


def _in_transaction(store, act):
    txn = store.begin()
    result = act(txn)
    txn.commit()
    return result


def _complete(store, status="executed", index=2, tenant="main"):
    return _in_transaction(
        store, lambda txn: txn.complete(id_of(0), tenant=tenant, status=status, completion_index=index)
    )


def test_a_key_is_taken_once(store):
    append(store, 2, also=lambda txn, _: txn.insert_key(key()))

    other = key(index=1, request_digest=digest_of("another request"))
    assert _in_transaction(store, lambda txn: txn.insert_key(other)) is False
    assert store.find_key(key().key) == key()


def test_a_key_is_taken_once_inside_one_transaction(store):
    txn = store.begin()

    assert txn.insert_key(key())
    assert not txn.insert_key(key())
    txn.rollback()


def test_an_unknown_key_is_not_found(store):
    assert store.find_key(b"\0" * 32) is None
    assert store.find_key(b"") is None


def test_a_permit_is_claimed_once(permitted):
    assert _in_transaction(permitted, lambda txn: claim(txn, claim_id="c-1"))
    assert not _in_transaction(permitted, lambda txn: claim(txn, claim_id="c-2", claim_index=2))

    row = permitted.permit(id_of(0))
    assert row == replace(permit(), claimed_s=NOW_S, claim_id="c-1", claim_index=1)


def test_a_permit_can_be_claimed_in_the_transaction_that_issued_it(store):
    def issue_and_claim(txn, first):
        txn.insert_permit(permit(first))
        assert claim(txn, claim_index=first + 1)

    append(store, 2, also=issue_and_claim)

    assert store.permit(id_of(0)).claim_index == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"tenant": "other"},
        {"audience": "another-executor"},
        {"effect_digest": digest_of("another effect")},
        {"effect_digest": "no digest at all"},
        {"now_s": NOW_S + 60},
        {"now_s": NOW_S + 61},
    ],
    ids=["tenant", "audience", "effect", "not-a-digest", "expires-now", "expired"],
)
def test_each_guard_of_a_claim_holds_alone(permitted, wrong):
    assert not _in_transaction(permitted, lambda txn: claim(txn, **wrong))

    assert permitted.permit(id_of(0)) == permit()


def test_a_permit_can_be_claimed_until_its_last_second(permitted):
    assert _in_transaction(permitted, lambda txn: claim(txn, now_s=NOW_S + 59))


def test_a_permit_that_never_was_is_not_claimed(permitted):
    assert not _in_transaction(permitted, lambda txn: claim(txn, index=3))


def test_a_claim_taken_back_can_be_made_again(permitted):
    txn = permitted.begin()
    txn.savepoint()
    assert claim(txn)
    txn.rollback_to()

    assert claim(txn)
    txn.commit()


def test_a_claim_comes_after_its_permit(permitted):
    txn = permitted.begin()

    with pytest.raises(StoreRefused):
        claim(txn, claim_index=0)
    txn.rollback()


def test_an_unclaimed_permit_cannot_be_completed(permitted):
    assert not _complete(permitted)


def test_a_claimed_permit_is_completed_once(permitted):
    _in_transaction(permitted, claim)

    assert _complete(permitted, "failed")
    assert not _complete(permitted, "executed", 3)
    assert permitted.permit(id_of(0)).completion_status == "failed"
    assert permitted.permit(id_of(0)).completion_index == 2


def test_another_tenant_completes_nothing(permitted):
    _in_transaction(permitted, claim)

    assert not _complete(permitted, tenant="other")


def test_an_unknown_completion_is_settled_once(permitted):
    _in_transaction(permitted, claim)

    assert _complete(permitted, "unknown", 2)
    assert not _complete(permitted, "unknown", 3)
    assert _complete(permitted, "not_executed", 3)
    assert not _complete(permitted, "executed", 4)
    assert permitted.permit(id_of(0)).completion_status == "not_executed"


def test_a_settled_completion_never_becomes_unknown(permitted):
    _in_transaction(permitted, claim)
    _complete(permitted, "executed", 2)

    assert not _complete(permitted, "unknown", 3)


@pytest.mark.parametrize(("status", "index"), [("perhaps", 2), ("executed", 1), ("executed", 0)])
def test_a_completion_has_a_known_status_and_comes_after_its_claim(permitted, status, index):
    _in_transaction(permitted, claim)
    txn = permitted.begin()

    with pytest.raises(StoreRefused):
        txn.complete(id_of(0), tenant="main", status=status, completion_index=index)
    txn.rollback()


def test_activations_count_from_one_without_a_gap(store):
    def activate(version):
        def also(txn, first):
            txn.insert_bundle(bundle())
            assert txn.insert_activation(activation(version, first))

        append(store, also=also)

    activate(1)
    activate(2)

    assert store.active() == activation(2, 1)
    assert store.activations() == [activation(1, 0), activation(2, 1)]


def test_a_version_is_activated_once(store):
    def also(txn, first):
        txn.insert_bundle(bundle())
        assert txn.insert_activation(activation(1, first))
        assert not txn.insert_activation(activation(1, first))

    append(store, also=also)

    assert not _in_transaction(store, lambda txn: txn.insert_activation(activation(1, 0, "other")))


@pytest.mark.parametrize("version", [0, -1, 2, 7])
def test_a_version_that_leaves_a_gap_is_refused(store, version):
    txn = store.begin()

    with pytest.raises(StoreRefused):
        txn.insert_activation(activation(version))
    txn.rollback()


def test_a_bundle_that_is_not_kept_cannot_be_active(store):
    txn = store.begin()
    head = txn.head()
    txn.insert_activation(activation())
    txn.insert_leaves([receipt(0)], [])
    txn.advance_head(head, replace(head, size=1, root=b"r" * 32, checkpoint="note"))

    with pytest.raises(StoreRefused):
        txn.commit()
    assert store.active() is None
    store.begin().rollback()


def test_an_activation_is_seen_by_its_own_transaction(store):
    txn = store.begin()
    assert txn.active() is None
    txn.savepoint()
    txn.insert_bundle(bundle())
    txn.insert_activation(activation())
    assert txn.active() == activation()
    txn.rollback_to()

    assert txn.active() is None
    txn.rollback()
