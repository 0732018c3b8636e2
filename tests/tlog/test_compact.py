"""The right edge: equal to the whole tree's root, for every size and every way of batching."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.tlog.compact import EMPTY_EDGE, append, root
from licet.tlog.merkle import ProofError, leaf_hash, root_of

LEAVES = [leaf_hash(index.to_bytes(2, "big")) for index in range(600)]


def test_the_edge_is_the_root_for_every_size():
    edge = EMPTY_EDGE
    for size in range(300):
        assert edge.size == size
        assert edge.root == root_of(LEAVES[:size]) == root(size, edge.frontier)
        assert len(edge.frontier) == size.bit_count()
        edge = edge.append([LEAVES[size]])


@given(batches=st.lists(st.integers(0, 60), max_size=10))
def test_how_leaves_are_batched_changes_nothing(batches: list[int]):
    edge = EMPTY_EDGE
    for count in batches:
        edge = append(edge.size, edge.frontier, LEAVES[edge.size : edge.size + count])

    assert edge == EMPTY_EDGE.append(LEAVES[: sum(batches)])


def test_the_frontier_holds_full_subtrees_largest_first():
    edge = EMPTY_EDGE.append(LEAVES[:13])

    assert edge.frontier == (root_of(LEAVES[:8]), root_of(LEAVES[8:12]), LEAVES[12])


def test_appending_leaves_the_old_edge_as_it_was():
    edge = EMPTY_EDGE.append(LEAVES[:3])
    before = (edge.size, edge.frontier, edge.root)

    edge.append(LEAVES[3:5])

    assert (edge.size, edge.frontier, edge.root) == before


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 0), (3, 1), (4, 2), (-1, 1)])
def test_a_frontier_of_another_size_is_refused(size: int, count: int):
    frontier = tuple(LEAVES[:count])

    with pytest.raises(ProofError, match="full subtrees"):
        append(size, frontier, [])
    with pytest.raises(ProofError, match="full subtrees"):
        root(size, frontier)


def test_a_hash_of_another_width_is_refused():
    with pytest.raises(ProofError, match="has not `32` bytes"):
        root(1, (bytes(31),))
    with pytest.raises(ProofError, match="`31` bytes"):
        EMPTY_EDGE.append([bytes(31)])
