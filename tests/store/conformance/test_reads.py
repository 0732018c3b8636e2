"""Searches, bundles and API keys."""

from __future__ import annotations

import pytest

from licet.errors import StoreRefused
from licet.protocol.limits import PAGE_ROWS_MAX
from licet.store.port import ReceiptQuery
from store.samples import append, bundle, claim_receipt, digest_of, id_of, receipt, token


@pytest.fixture
def filled(store):
    """Six receipts: three outcomes, two surfaces, two actors, two tenants, a claim."""
    append(
        store,
        rows=lambda _: [
            receipt(0),
            receipt(1, outcome="DENY", reason="forbidden"),
            receipt(2, outcome="SILENCE", reason="no_permit", surface="infra.apply"),
            receipt(3, tenant="other"),
            claim_receipt(4, actor=None),
            receipt(5, actor="ops-bot", surface="infra.apply", bundle=None),
        ],
    )
    return store


@pytest.mark.parametrize(
    ("restriction", "found"),
    [
        ({}, [5, 4, 2, 1, 0]),
        ({"kind": "claim"}, [4]),
        ({"outcome": "PERMIT"}, [5, 0]),
        ({"outcome": "DENY"}, [1]),
        ({"surface": "infra.apply"}, [5, 2]),
        ({"actor": "ops-bot"}, [5]),
        ({"actor": "finance-bot", "outcome": "SILENCE"}, [2]),
        ({"surface": "infra.apply", "outcome": "PERMIT", "kind": "decision", "actor": "ops-bot"}, [5]),
        ({"before": 2}, [1, 0]),
        ({"before": 0}, []),
        ({"limit": 2}, [5, 4]),
        ({"limit": 0}, []),
        ({"limit": -1}, []),
        ({"before": 5, "surface": "infra.apply"}, [2]),
        ({"actor": "' OR 1=1 --"}, []),
        ({"actor": "\ud800"}, []),
    ],
)
def test_a_search_restricts_and_runs_newest_first(filled, restriction, found):
    rows = filled.receipts(ReceiptQuery(tenant="main", **restriction))

    assert [row.index for row in rows] == found


def test_a_search_never_crosses_tenants(filled):
    assert [row.index for row in filled.receipts(ReceiptQuery(tenant="other"))] == [3]
    assert filled.receipts(ReceiptQuery(tenant="nobody")) == []


def test_a_search_is_at_most_one_page(store):
    for _ in range(5):
        append(store, 256)

    rows = store.receipts(ReceiptQuery(tenant="main", limit=10_000))

    assert len(rows) == PAGE_ROWS_MAX
    assert rows[0].index == 1279


def test_a_receipt_is_found_by_index_and_by_id(filled):
    assert filled.receipt(4) == claim_receipt(4, actor=None)
    assert filled.receipt_by_id(id_of(5)) == filled.receipt(5)
    assert filled.receipt(6) is None
    assert filled.receipt(-1) is None
    assert filled.receipt(2**70) is None
    assert filled.receipt_by_id("nothing") is None


def test_a_bundle_is_kept_once_by_its_digest(store):
    txn = store.begin()
    txn.insert_bundle(bundle())
    txn.insert_bundle(bundle(label="again"))
    txn.commit()

    assert store.bundle(bundle().digest) == bundle()
    assert store.bundle(digest_of("another")) is None


@pytest.mark.parametrize(
    "change",
    [{}, {"roles": ()}, {"roles": ("caller",)}, {"audience": None}, {"expires_s": 5}, {"revoked": True}],
)
def test_an_api_key_comes_back_as_it_was(store, change):
    txn = store.begin()
    txn.insert_token(token(**change))
    txn.commit()

    assert store.token("owner") == token(**change)
    assert store.token("another") is None


def test_an_api_key_is_never_replaced(store):
    txn = store.begin()
    txn.insert_token(token())

    with pytest.raises(StoreRefused):
        txn.insert_token(token(revoked=True))
    txn.rollback()


def test_the_engine_says_what_it_is(driver):
    assert driver.name in driver.store.engine


def test_an_honest_store_is_whole(filled):
    filled.verify_integrity()
