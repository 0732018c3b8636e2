"""Freezes and revocations: what stops a claim is a guard of the one statement that claims."""

from __future__ import annotations

from dataclasses import replace

import pytest

from licet.errors import StoreRefused
from licet.protocol.types import ScopeKind
from licet.store.port import FreezeQuery, OpenQuery
from store.samples import NOW_S, append, claim, freeze, id_of, permit

SCOPES = {
    "all": freeze(1, ScopeKind.ALL, ""),
    "tenant": freeze(1, ScopeKind.TENANT, ""),
    "surface": freeze(1, ScopeKind.SURFACE, "payments.transfer"),
    "actor": freeze(1, ScopeKind.ACTOR, "agent/finance-bot"),
}
PAST = {
    "another surface": freeze(1, ScopeKind.SURFACE, "payments.refund"),
    "another actor": freeze(1, ScopeKind.ACTOR, "agent/finance"),
    "a surface named as the actor": freeze(1, ScopeKind.SURFACE, "agent/finance-bot"),
    "an actor named as the surface": freeze(1, ScopeKind.ACTOR, "payments.transfer"),
    "another tenant": freeze(1, ScopeKind.TENANT, "", tenant="other"),
    "a surface of another tenant": freeze(1, tenant="other"),
    "an actor of another tenant": freeze(1, ScopeKind.ACTOR, "agent/finance-bot", tenant="other"),
}
ASKED = {"tenant": "main", "surface": "payments.transfer", "actor": "agent/finance-bot"}


@pytest.fixture
def permitted(store):
    """A store with leaves 0..6 and an unclaimed permit for leaf 0."""
    append(store, 7, also=lambda txn, _: txn.insert_permit(permit()))
    return store


def commit(store, act):
    txn = store.begin()
    result = act(txn)
    txn.commit()
    return result


def lift(store, freeze_index=1, index=2, tenant="main"):
    return commit(store, lambda txn: txn.lift(id_of(freeze_index), tenant=tenant, lifted_index=index))


def revoke(txn, index=0, **changed):
    right = {"tenant": "main", "now_s": NOW_S, "revoked_index": index + 1}
    return txn.revoke(id_of(index), **{**right, **changed})


@pytest.mark.parametrize("scope", SCOPES)
def test_each_scope_of_a_freeze_stops_a_claim(permitted, driver, scope):
    row = SCOPES[scope]
    assert commit(permitted, lambda txn: txn.insert_freeze(row))

    assert not commit(permitted, claim)
    assert permitted.permit(id_of(0)) == permit()
    assert commit(permitted, lambda txn: txn.frozen_by(**ASKED)) == row
    again = driver.reopen()
    assert not commit(again, claim), "a freeze outlives the process"
    assert lift(again)
    assert commit(again, lambda txn: txn.frozen_by(**ASKED)) is None
    assert commit(again, lambda txn: claim(txn, claim_index=3))


@pytest.mark.parametrize("scope", PAST)
def test_a_freeze_of_something_else_stops_nothing_here(permitted, scope):
    assert commit(permitted, lambda txn: txn.insert_freeze(PAST[scope]))

    assert commit(permitted, lambda txn: txn.frozen_by(**ASKED)) is None
    assert commit(permitted, lambda txn: claim(txn, claim_index=2))


def test_a_freeze_of_this_transaction_stops_its_claims_already(permitted):
    txn = permitted.begin()
    txn.savepoint()
    assert txn.insert_freeze(freeze(1))
    assert not claim(txn, claim_index=2)
    txn.rollback_to()

    assert txn.frozen_by(**ASKED) is None
    assert claim(txn, claim_index=2)
    txn.commit()


def test_one_scope_is_frozen_once_at_a_time(permitted):
    first, second = freeze(1), freeze(2)
    assert commit(permitted, lambda txn: txn.insert_freeze(first))

    assert not commit(permitted, lambda txn: txn.insert_freeze(second))
    assert commit(permitted, lambda txn: txn.same_freeze("main", first.kind, first.name)) == first
    assert permitted.freeze(second.freeze_id) is None
    assert lift(permitted, 1, 2)
    assert commit(permitted, lambda txn: txn.insert_freeze(freeze(3)))
    assert permitted.freeze(first.freeze_id) == replace(first, lifted_index=2)


def test_two_freezes_of_one_permit_stop_until_both_are_lifted(permitted):
    commit(permitted, lambda txn: txn.insert_freeze(freeze(1)))
    commit(permitted, lambda txn: txn.insert_freeze(freeze(2, ScopeKind.ALL, "")))

    assert commit(permitted, lambda txn: txn.frozen_by(**ASKED)).index == 1
    assert lift(permitted, 1, 3)
    assert commit(permitted, lambda txn: txn.frozen_by(**ASKED)).index == 2
    assert not commit(permitted, claim)
    assert lift(permitted, 2, 4)
    assert commit(permitted, lambda txn: claim(txn, claim_index=5))


def test_a_freeze_is_lifted_once_and_by_its_own_tenant(permitted):
    commit(permitted, lambda txn: txn.insert_freeze(freeze(1)))

    assert not lift(permitted, tenant="other")
    assert lift(permitted, index=2)
    assert not lift(permitted, index=3)
    assert not lift(permitted, freeze_index=5)
    assert permitted.freeze(id_of(1)).lifted_index == 2


@pytest.mark.parametrize("index", [0, 1])
def test_a_freeze_is_lifted_after_it_was_set(permitted, index):
    commit(permitted, lambda txn: txn.insert_freeze(freeze(1)))
    txn = permitted.begin()

    with pytest.raises(StoreRefused):
        txn.lift(id_of(1), tenant="main", lifted_index=index)
    txn.rollback()


@pytest.mark.parametrize("again", [freeze(1, name="b"), freeze(2, name="b", freeze_id=id_of(1))])
def test_a_freeze_has_its_own_leaf_and_id(permitted, again):
    commit(permitted, lambda txn: txn.insert_freeze(freeze(1)))
    txn = permitted.begin()

    with pytest.raises(StoreRefused):
        txn.insert_freeze(again)
    txn.rollback()


def test_a_freeze_whose_leaf_was_never_logged_is_not_committed(permitted):
    txn = permitted.begin()
    txn.insert_freeze(freeze(7))

    with pytest.raises(StoreRefused):
        txn.commit()
    assert permitted.freezes(FreezeQuery(tenant="main", stopping=False)) == []


def test_freezes_are_listed_newest_first_page_by_page(permitted):
    rows = [freeze(1), freeze(2, ScopeKind.ALL, ""), freeze(3, name="b"), freeze(4, name="c", tenant="other")]
    for row in rows:
        commit(permitted, lambda txn, row=row: txn.insert_freeze(row))
    lift(permitted, 1, 5)
    lifted = replace(rows[0], lifted_index=5)

    assert permitted.freezes(FreezeQuery(tenant="main")) == [rows[2], rows[1]]
    assert permitted.freezes(FreezeQuery(tenant="main", stopping=False)) == [rows[2], rows[1], lifted]
    assert permitted.freezes(FreezeQuery(tenant="main", limit=1)) == [rows[2]]
    assert permitted.freezes(FreezeQuery(tenant="main", before=3)) == [rows[1]]
    assert permitted.freezes(FreezeQuery(tenant="other")) == [rows[3], rows[1]]
    assert permitted.freezes(FreezeQuery(tenant="main", limit=-1)) == []


def test_a_revoked_permit_is_never_claimed(permitted, driver):
    assert commit(permitted, revoke)

    assert not commit(permitted, lambda txn: claim(txn, claim_index=2))
    assert driver.reopen().permit(id_of(0)) == replace(permit(), revoked_index=1)


def test_a_permit_is_revoked_once(permitted):
    assert commit(permitted, revoke)

    assert not commit(permitted, lambda txn: revoke(txn, revoked_index=2))


@pytest.mark.parametrize("wrong", [{"tenant": "other"}, {"now_s": NOW_S + 60}])
def test_each_guard_of_a_revocation_holds_alone(permitted, wrong):
    assert not commit(permitted, lambda txn: revoke(txn, **wrong))

    assert permitted.permit(id_of(0)) == permit()


def test_a_claimed_permit_is_not_revoked(permitted):
    commit(permitted, claim)

    assert not commit(permitted, lambda txn: revoke(txn, revoked_index=2))
    assert permitted.permit(id_of(0)).revoked_index is None


def test_a_permit_that_never_was_is_not_revoked(permitted):
    assert not commit(permitted, lambda txn: revoke(txn, 3))


def test_a_revocation_comes_after_its_permit(permitted):
    txn = permitted.begin()

    with pytest.raises(StoreRefused):
        revoke(txn, revoked_index=0)
    txn.rollback()


def test_open_is_what_may_be_claimed_and_what_was_without_an_outcome(store):
    def several(txn, _):
        for index in range(6):
            txn.insert_permit(permit(index))
        txn.insert_permit(permit(6, tenant="other"))
        txn.insert_permit(permit(7, expires_s=NOW_S + 5))

    append(store, 20, also=several)
    commit(store, lambda txn: claim(txn, 1, claim_index=8))
    commit(store, lambda txn: claim(txn, 2, claim_index=9))
    commit(store, lambda txn: txn.complete(id_of(2), tenant="main", status="executed", completion_index=10))
    commit(store, lambda txn: revoke(txn, 3, revoked_index=11))

    def listed(now_s=NOW_S, **more):
        rows = store.open_permits(OpenQuery(tenant="main", now_s=now_s, **more))
        return [row.index for row in rows]

    assert listed() == [7, 5, 4, 1, 0]
    assert listed(NOW_S + 5) == [5, 4, 1, 0]
    assert listed(NOW_S + 60) == [1], "an expired claim still runs until it is reported"
    assert listed(limit=2) == [7, 5]
    assert listed(before=5) == [4, 1, 0]
    assert listed(before=0) == []


def test_freezes_are_counted_up_to_a_size(permitted):
    commit(permitted, lambda txn: txn.insert_freeze(freeze(1)))
    commit(permitted, lambda txn: txn.insert_freeze(freeze(4, name="b")))

    assert permitted.tally(4).freezes == 1
    assert permitted.tally(7).freezes == 2
