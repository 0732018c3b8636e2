"""Savepoints, rollback, commit, and the order of calls: the same for every driver."""

from __future__ import annotations

import threading

import pytest

from licet.errors import StoreRefused
from licet.store.port import StoreBusy
from store.samples import NOW_MS, activation, append, bytes_of, grown, key, permit, receipt, token


def test_a_new_log_is_empty(store):
    head = store.head()

    assert (head.size, head.epoch, head.frontier, head.checkpoint) == (0, 1, (), "")
    assert head.updated_ms == NOW_MS
    assert store.scan(0, 10) == []
    assert store.checkpoint_covering(0) is None


def test_nothing_is_seen_before_the_commit_and_everything_after(store):
    txn = store.begin()
    head = txn.head()
    txn.insert_leaves([receipt(0)], [])
    txn.advance_head(head, grown(head))

    assert store.receipt(0) is None
    assert store.head().size == 0

    txn.commit()

    assert store.receipt(0) == receipt(0)
    assert store.head() == grown(head)


def test_a_transaction_sees_its_own_rows(store):
    txn = store.begin()
    head = txn.head()
    txn.insert_leaves([receipt(0)], [])
    txn.insert_key(key())
    txn.insert_permit(permit())
    txn.advance_head(head, grown(head))

    assert txn.receipt(0) == receipt(0)
    assert txn.find_key(key().key) == key()
    assert txn.permit(permit().receipt_id) == permit()
    assert txn.head() == grown(head)
    assert txn.body(0) is None
    txn.rollback()


def test_a_rollback_leaves_no_trace(store):
    txn = store.begin()
    head = txn.head()
    txn.insert_key(key())
    txn.insert_leaves([receipt(0)], [])
    txn.advance_head(head, grown(head))
    txn.rollback()

    assert store.head() == head
    assert store.find_key(key().key) is None
    assert append(store) == 0


def test_a_rollback_twice_is_harmless(store):
    txn = store.begin()
    txn.rollback()
    txn.rollback()

    store.begin().rollback()


def test_a_savepoint_takes_back_only_what_came_after_it(store):
    txn = store.begin()
    head = txn.head()
    txn.insert_key(key("before"))
    txn.savepoint()
    txn.insert_key(key("inside"))
    txn.insert_permit(permit())
    txn.rollback_to()
    txn.savepoint()
    txn.insert_key(key("after"))
    txn.release()
    txn.insert_leaves([receipt(0)], [])
    txn.advance_head(head, grown(head))
    txn.commit()

    assert [store.find_key(bytes_of(name)) is not None for name in ("before", "inside", "after")] == [
        True,
        False,
        True,
    ]
    assert store.permit(permit().receipt_id) is None


def test_a_key_taken_back_is_free_again(store):
    txn = store.begin()
    txn.savepoint()
    assert txn.insert_key(key())
    txn.rollback_to()

    assert txn.insert_key(key())
    txn.rollback()


def test_leaves_taken_back_leave_no_gap(store):
    txn = store.begin()
    head = txn.head()
    txn.savepoint()
    txn.insert_leaves([receipt(0), receipt(1)], [])
    txn.rollback_to()
    txn.insert_leaves([receipt(0)], [])
    txn.advance_head(head, grown(head))
    txn.commit()

    assert store.scan(0, 10) == [receipt(0)]


def test_a_savepoint_can_take_back_the_head(store):
    txn = store.begin()
    head = txn.head()
    txn.savepoint()
    txn.insert_leaves([receipt(0)], [])
    txn.advance_head(head, grown(head))
    txn.rollback_to()
    txn.commit()

    assert store.head() == head
    assert store.checkpoint(1) is None


def test_savepoints_do_not_nest(store):
    txn = store.begin()
    txn.savepoint()

    with pytest.raises(StoreRefused):
        txn.savepoint()
    txn.rollback()


@pytest.mark.parametrize("verb", ["release", "rollback_to"])
def test_a_savepoint_must_be_open_to_be_ended(store, verb):
    txn = store.begin()

    with pytest.raises(StoreRefused):
        getattr(txn, verb)()
    txn.rollback()


def test_an_open_savepoint_cannot_be_committed(store):
    txn = store.begin()
    txn.savepoint()

    with pytest.raises(StoreRefused):
        txn.commit()
    store.begin().rollback()


def test_after_a_refusal_only_a_rollback_goes_on(store):
    txn = store.begin()
    txn.savepoint()
    with pytest.raises(StoreRefused):
        txn.insert_token(token(secret_sha256=b"short"))

    for call in (txn.head, txn.release, lambda: txn.insert_token(token())):
        with pytest.raises(StoreRefused):
            call()
    txn.rollback_to()
    txn.insert_token(token())
    txn.commit()

    assert store.token("owner") == token()


def test_a_refused_call_is_never_committed_by_half(store):
    txn = store.begin()
    head = txn.head()
    with pytest.raises(StoreRefused):
        txn.insert_leaves([receipt(0), receipt(1, jws="")], [])

    with pytest.raises(StoreRefused):
        txn.commit()
    assert store.head() == head
    assert store.scan(0, 10) == []
    assert append(store) == 0


@pytest.mark.parametrize("leaves", [0, 2])
def test_the_head_covers_exactly_the_leaves(store, leaves):
    txn = store.begin()
    head = txn.head()
    txn.insert_leaves([receipt(n) for n in range(leaves)], [])
    txn.advance_head(head, grown(head, 1))

    with pytest.raises(StoreRefused):
        txn.commit()
    assert store.head() == head


def test_leaves_without_a_head_are_not_committed(store):
    txn = store.begin()
    txn.insert_leaves([receipt(0)], [])

    with pytest.raises(StoreRefused):
        txn.commit()
    assert store.receipt(0) is None


@pytest.mark.parametrize(
    "name_a_leaf",
    [
        lambda txn: txn.insert_key(key(index=1)),
        lambda txn: txn.insert_permit(permit(1)),
        lambda txn: txn.insert_activation(activation(index=1)),
    ],
)
def test_no_row_names_a_leaf_that_was_never_logged(store, name_a_leaf):
    txn = store.begin()
    head = txn.head()
    name_a_leaf(txn)
    txn.insert_leaves([receipt(0)], [])
    txn.advance_head(head, grown(head))

    with pytest.raises(StoreRefused):
        txn.commit()
    assert store.head() == head


def test_an_ended_transaction_takes_nothing_more(store):
    txn = store.begin()
    txn.commit()

    for call in (txn.head, txn.commit, txn.savepoint, lambda: txn.insert_key(key())):
        with pytest.raises(StoreRefused):
            call()


def test_a_thread_has_one_transaction(store):
    txn = store.begin()

    with pytest.raises(StoreRefused):
        store.begin()
    with pytest.raises(StoreRefused):
        store.heartbeat(NOW_MS)
    txn.rollback()
    store.begin().rollback()


def _elsewhere(call):
    met = []

    def run():
        try:
            call()
        except Exception as error:  # noqa: BLE001 -- handed to the test, which names the class
            met.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return met


def test_another_thread_is_busy_not_in(store):
    txn = store.begin()

    assert [type(error) for error in _elsewhere(store.begin)] == [StoreBusy]
    txn.rollback()


def test_a_transaction_stays_on_its_thread(store):
    txn = store.begin()

    assert [type(error) for error in _elsewhere(lambda: txn.insert_key(key()))] == [StoreRefused]
    assert [type(error) for error in _elsewhere(txn.commit)] == [StoreRefused]
    txn.rollback()


def test_a_heartbeat_moves_the_highest_time_forward_only(store):
    store.heartbeat(NOW_MS + 10)
    store.heartbeat(NOW_MS + 5)

    assert store.head().updated_ms == NOW_MS + 10


def test_a_heartbeat_of_a_time_that_is_none_is_refused(store):
    with pytest.raises(StoreRefused):
        store.heartbeat(2**63)

    store.heartbeat(NOW_MS)


def test_a_commit_does_not_turn_the_highest_time_back(store):
    store.heartbeat(NOW_MS + 1000)
    txn = store.begin()
    head = txn.head()
    txn.insert_leaves([receipt(0)], [])
    txn.advance_head(head, grown(head, updated_ms=NOW_MS))
    txn.commit()

    assert store.head().updated_ms == NOW_MS + 1000


def test_a_closed_store_answers_nothing(store):
    store.close()
    store.close()

    for call in (store.begin, store.head, lambda: store.heartbeat(NOW_MS), lambda: store.receipt(0)):
        with pytest.raises(StoreRefused):
            call()


def test_what_was_committed_is_there_after_a_restart(driver):
    append(driver.store, 3, also=lambda txn, first: txn.insert_key(key(index=first)))
    head = driver.store.head()

    again = driver.reopen()

    assert again.head() == head
    assert again.scan(0, 10) == [receipt(0), receipt(1), receipt(2)]
    assert again.find_key(key().key) == key()


def test_what_was_not_committed_is_gone_after_a_restart(driver):
    txn = driver.store.begin()
    txn.insert_key(key())

    assert driver.reopen().find_key(key().key) is None
