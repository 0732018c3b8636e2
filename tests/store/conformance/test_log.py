"""Leaves, head, checkpoints and tiles: gapless, fenced, one root for one size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from licet.errors import StoreCorrupt, StoreRefused
from store.samples import append, body, bytes_of, grown, id_of, jws_of, receipt, tile


@pytest.mark.parametrize("indexes", [[1], [0, 2], [0, 0], [1, 0], [-1]])
def test_leaves_continue_the_log_without_a_gap(store, indexes):
    txn = store.begin()

    with pytest.raises(StoreRefused):
        txn.insert_leaves([receipt(index) for index in indexes], [])
    txn.rollback()


def test_leaves_continue_a_log_that_has_some(store):
    append(store, 3)
    txn = store.begin()

    with pytest.raises(StoreRefused):
        txn.insert_leaves([receipt(2)], [])
    txn.rollback()
    assert append(store) == 3


def test_leaves_may_come_in_several_calls(store):
    txn = store.begin()
    head = txn.head()
    txn.insert_leaves([receipt(0)], [])
    txn.insert_leaves([receipt(1), receipt(2)], [])
    txn.advance_head(head, grown(head, 3))
    txn.commit()

    assert [row.index for row in store.scan(0, 9)] == [0, 1, 2]


def test_a_batch_of_each_size_is_gapless(store):
    for size in (1, 2, 64, 256):
        append(store, size)

    assert [row.index for row in store.scan(0, 1000)] == list(range(323))
    assert store.head().size == 323


def test_a_receipt_id_is_logged_once(store):
    append(store)
    txn = store.begin()

    with pytest.raises(StoreRefused):
        txn.insert_leaves([receipt(1, receipt_id=id_of(0))], [])
    txn.rollback()


def test_a_body_belongs_to_a_receipt_of_its_call(store):
    append(store)
    txn = store.begin()

    with pytest.raises(StoreRefused):
        txn.insert_leaves([receipt(1)], [body(0)])
    txn.rollback()


def test_a_receipt_has_one_body(store):
    txn = store.begin()

    with pytest.raises(StoreRefused):
        txn.insert_leaves([receipt(0)], [body(0), body(0)])
    txn.rollback()


def test_bodies_are_kept_where_there_are_some(store):
    kept = body(1, correlation="00-trace-01")
    append(store, 2, bodies=[kept])

    txn = store.begin()
    assert (txn.body(0), txn.body(1)) == (None, kept)
    txn.rollback()
    assert store.body(0) is None
    assert store.body(1) == kept


def test_a_stale_head_is_fenced(store):
    append(store)
    stale = store.head()
    append(store)
    txn = store.begin()
    txn.insert_leaves([receipt(2)], [])

    assert not txn.advance_head(stale, grown(stale, 2))
    with pytest.raises(StoreRefused):
        txn.commit()
    assert store.head().size == 2


def test_another_epoch_fences_its_elders(store):
    append(store)
    elder = store.head()
    txn = store.begin()
    assert txn.advance_head(elder, replace(elder, epoch=2))
    txn.commit()

    txn = store.begin()
    assert not txn.advance_head(elder, grown(elder))
    txn.rollback()
    assert store.head() == replace(elder, epoch=2)


def test_an_empty_log_can_be_taken_over(store):
    elder = store.head()
    txn = store.begin()
    assert txn.advance_head(elder, replace(elder, epoch=2))
    txn.commit()

    assert store.head() == replace(elder, epoch=2)


def test_one_size_never_gets_two_roots(store):
    append(store)
    head = store.head()
    txn = store.begin()

    assert not txn.advance_head(head, replace(head, root=bytes_of("another")))
    txn.rollback()


@pytest.mark.parametrize(
    "back", [{"size": 0, "checkpoint": ""}, {"epoch": 0}, {"origin": "example.com/other"}]
)
def test_a_head_only_moves_forward_in_its_own_log(store, back):
    append(store)
    head = store.head()
    txn = store.begin()

    with pytest.raises(StoreRefused):
        txn.advance_head(head, replace(head, **back))
    txn.rollback()


def test_a_head_of_another_origin_is_fenced(store):
    head = replace(store.head(), origin="example.com/other")
    txn = store.begin()

    assert not txn.advance_head(head, grown(head))
    txn.rollback()


@pytest.mark.parametrize(
    "lie",
    [
        {"root": b"short"},
        {"frontier": (b"short",)},
        {"frontier": (b"x" * 32,) * 65},
        {"checkpoint": ""},
        {"checkpoint": "n" * 65_537},
    ],
)
def test_a_head_that_lies_is_refused(store, lie):
    txn = store.begin()
    head = txn.head()
    txn.insert_leaves([receipt(0)], [])

    with pytest.raises(StoreRefused):
        txn.advance_head(head, grown(head, **lie))
    txn.rollback()


def test_what_was_written_reads_back_inside_the_transaction(store):
    append(store, 2)
    txn = store.begin()
    txn.insert_leaves([receipt(2), receipt(3)], [])

    assert txn.read_back(2, 2) == [jws_of(2), jws_of(3)]
    assert txn.read_back(0, 4) == [jws_of(n) for n in range(4)]
    assert txn.read_back(4, 0) == []
    txn.rollback()


@pytest.mark.parametrize("jws", [None, jws_of(1)])
def test_a_leaf_that_does_not_read_back_raises_the_alarm(store, jws):
    txn = store.begin()
    txn.insert_leaves([receipt(0), receipt(1, jws=jws)], [])

    with pytest.raises(StoreCorrupt):
        txn.read_back(0, 3 if jws else 2)
    txn.rollback()


def test_each_batch_keeps_its_checkpoint(store):
    append(store, 2)
    append(store, 3)

    assert [store.checkpoint(size) for size in (0, 1, 2, 3, 5)] == [
        None,
        None,
        "example.com/licet/main\n2\n",
        None,
        "example.com/licet/main\n5\n",
    ]


def test_the_newest_checkpoint_covers_what_is_below_it(store):
    append(store, 2)
    append(store, 3)

    assert store.checkpoint_covering(4) == (5, "example.com/licet/main\n5\n")
    assert store.checkpoint_covering(0) == (5, "example.com/licet/main\n5\n")
    assert store.checkpoint_covering(5) is None


def test_a_checkpoint_may_gain_signatures_over_the_same_root(store):
    append(store)
    head = store.head()
    cosigned = replace(head, checkpoint=head.checkpoint + "cosigned")
    txn = store.begin()
    assert txn.advance_head(head, cosigned)
    txn.commit()

    assert store.checkpoint(1) == cosigned.checkpoint
    assert store.head() == cosigned


def test_tiles_are_found_by_place(store):
    txn = store.begin()
    txn.insert_tiles([tile(0, 0), tile(0, 1), tile(1, 0)])
    txn.commit()

    assert store.tile(0, 1) == tile(0, 1)
    assert store.tile(2, 0) is None
    assert store.tile_roots(0, 0, 9) == [tile(0, 0).root, tile(0, 1).root]
    assert store.tile_roots(0, 1, 9) == [tile(0, 1).root]
    assert store.tile_roots(0, 0, 1) == [tile(0, 0).root]
    assert store.tile_roots(0, 0, -1) == []


def test_a_tile_is_written_once(store):
    txn = store.begin()
    txn.insert_tiles([tile()])

    with pytest.raises(StoreRefused):
        txn.insert_tiles([tile()])
    txn.rollback()


def test_hashes_come_in_index_order_and_end_with_the_log(store):
    append(store, 5)

    assert store.leaf_hashes(1, 2) == [receipt(1).leaf_hash, receipt(2).leaf_hash]
    assert store.jws_digests(3, 9) == [receipt(3).jws_digest, receipt(4).jws_digest]
    assert store.leaf_hashes(5, 1) == store.leaf_hashes(0, 0) == store.jws_digests(0, -3) == []


def test_a_range_over_many_pages_has_no_seam(store):
    for _ in range(9):
        append(store, 256)

    assert [row.index for row in store.scan(0, 5000)] == list(range(2304))
    assert [row.index for row in store.scan(-7, 2000)] == list(range(2000))
    assert store.leaf_hashes(900, 1200) == [receipt(n).leaf_hash for n in range(900, 2100)]
