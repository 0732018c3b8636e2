"""Roots and proof verifiers: published vectors, laws for every size, and the tricks of forgers."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.tlog.merkle import (
    EMPTY_ROOT,
    ProofError,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from sample_log import SampleLog, sample_log

INCLUSION_CASES, CONSISTENCY_CASES = 48, 55
DEVIATIONS = {
    "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json": (
        "wants success with 12-byte roots; a hash of another width than SHA-256's is refused here first"
    ),
}
SIZE_MAX = 300


@cache
def log_of(size: int) -> SampleLog:
    return sample_log(size)


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int]:
    """(index, size) with index < size."""
    size = draw(st.integers(1, SIZE_MAX))
    return draw(st.integers(0, size - 1)), size


@st.composite
def growths(draw: st.DrawFn) -> tuple[int, int]:
    """(old, new) with 0 < old < new."""
    new = draw(st.integers(2, SIZE_MAX))
    return draw(st.integers(1, new - 1)), new


def is_included(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> bool:
    try:
        verify_inclusion(index, size, leaf, proof, root)
    except ProofError:
        return False
    return True


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    try:
        verify_consistency(old, new, old_root, new_root, proof)
    except ProofError:
        return False
    return True


def unpack(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def vector_verdicts(
    folder: Path, verdict: Callable[[dict[str, object]], bool]
) -> dict[str, tuple[bool, bool]]:
    """Per file: (ours, expected)."""
    found: dict[str, tuple[bool, bool]] = {}
    for path in sorted(folder.rglob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        found[path.relative_to(folder.parent).as_posix()] = (verdict(case), not case["wantErr"])
    return found


def disagreements(verdicts: dict[str, tuple[bool, bool]]) -> set[str]:
    return {name for name, (ours, expected) in verdicts.items() if ours != expected}


def test_published_inclusion_vectors_answer_as_published(third_party_vectors: Callable[[str], Path]):
    verdicts = vector_verdicts(
        third_party_vectors("merkle/inclusion"),
        lambda case: is_included(
            case["leafIdx"],
            case["treeSize"],
            unpack(case["leafHash"]),
            [unpack(one) for one in case["proof"] or ()],
            unpack(case["root"]),
        ),
    )

    assert len(verdicts) == INCLUSION_CASES
    assert disagreements(verdicts) == set()


def test_published_consistency_vectors_answer_as_published_but_for_one(
    third_party_vectors: Callable[[str], Path],
):
    verdicts = vector_verdicts(
        third_party_vectors("merkle/consistency"),
        lambda case: is_consistent(
            case["size1"],
            case["size2"],
            unpack(case["root1"]),
            unpack(case["root2"]),
            [unpack(one) for one in case["proof"] or ()],
        ),
    )

    assert len(verdicts) == CONSISTENCY_CASES
    assert disagreements(verdicts) == set(DEVIATIONS)


def test_the_roots_of_rfc_6962_for_the_empty_tree_and_one_empty_leaf():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of([]) == EMPTY_ROOT
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_the_root_splits_at_the_largest_power_of_two():
    a, b, c = (leaf_hash(bytes([i])) for i in range(3))

    assert root_of([a, b, c]) == node_hash(node_hash(a, b), c)
    assert node_hash(a, b) == hashlib.sha256(b"\x01" + a + b).digest()


def test_every_leaf_of_every_small_tree_is_included():
    for size in range(1, 66):
        log = log_of(size)
        for index in range(size):
            verify_inclusion(index, size, log.leaves[index], log.proof(index).hashes, log.edge.root)


def test_every_small_tree_begins_every_larger_one():
    for new in range(1, 66):
        log = log_of(new)
        for old in range(1, new + 1):
            verify_consistency(
                old, new, root_of(log.leaves[:old]), log.edge.root, log.consistency(old).hashes
            )


@given(place=places(), data=st.data())
def test_no_changed_inclusion_proof_verifies(place: tuple[int, int], data: st.DataObject):
    index, size = place
    log = log_of(size)
    proof, leaf, root = list(log.proof(index).hashes), log.leaves[index], log.edge.root
    parts = [leaf, root, *proof]
    at, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(parts[at])
    flipped[bit // 8] ^= 1 << bit % 8
    changed = [*parts[:at], bytes(flipped), *parts[at + 1 :]]

    assert is_included(index, size, leaf, proof, root)
    assert not is_included(index, size, changed[0], changed[2:], changed[1])
    assert not is_included(index, size, leaf, [*proof, root], root)
    assert not is_included(index, size, leaf, [root, *proof], root)
    for place_dropped in range(len(proof)):
        assert not is_included(index, size, leaf, proof[:place_dropped] + proof[place_dropped + 1 :], root)


@given(place=places(), other=st.integers(-1, SIZE_MAX))
def test_a_leaf_is_included_at_its_own_index_only(place: tuple[int, int], other: int):
    index, size = place
    log = log_of(size)

    found = is_included(other, size, log.leaves[index], list(log.proof(index).hashes), log.edge.root)

    assert found == (other == index)


@given(growth=growths(), data=st.data())
def test_no_changed_consistency_proof_verifies(growth: tuple[int, int], data: st.DataObject):
    old, new = growth
    log = log_of(new)
    proof, old_root, new_root = list(log.consistency(old).hashes), root_of(log.leaves[:old]), log.edge.root
    parts = [old_root, new_root, *proof]
    at, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(parts[at])
    flipped[bit // 8] ^= 1 << bit % 8
    changed = [*parts[:at], bytes(flipped), *parts[at + 1 :]]

    assert is_consistent(old, new, old_root, new_root, proof)
    assert not is_consistent(old, new, changed[0], changed[1], changed[2:])
    assert not is_consistent(old, new, old_root, new_root, [*proof, new_root])
    for place_dropped in range(len(proof)):
        shorter = proof[:place_dropped] + proof[place_dropped + 1 :]
        assert not is_consistent(old, new, old_root, new_root, shorter)


def test_a_consistency_proof_from_nothing_or_backwards_says_nothing():
    root = log_of(5).edge.root

    assert not is_consistent(0, 5, EMPTY_ROOT, root, [])
    assert not is_consistent(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not is_consistent(5, 4, root, root, [])
    assert not is_consistent(-1, 5, root, root, [])


def test_equal_sizes_need_equal_roots_and_no_hash():
    root = log_of(5).edge.root

    assert is_consistent(5, 5, root, root, [])
    assert not is_consistent(5, 5, root, log_of(6).edge.root, [])
    assert not is_consistent(5, 5, root, root, [root])


@pytest.mark.parametrize("width", [0, 12, 31, 33])
def test_a_hash_of_another_width_is_refused(width: int):
    log = log_of(2)

    assert not is_included(0, 2, log.leaves[0], [bytes(width)], log.edge.root)
    assert not is_included(0, 1, bytes(width), [], bytes(width))
    assert not is_consistent(1, 1, bytes(width), bytes(width), [])


def test_a_refusal_names_what_was_expected_and_found():
    log = log_of(2)

    with pytest.raises(ProofError, match=r"`0` hashes, expected `1`"):
        verify_inclusion(0, 2, log.leaves[0], [], log.edge.root)
    with pytest.raises(ProofError, match=f"expected `{bytes(32).hex()}`.*`{log.edge.root.hex()}`"):
        verify_inclusion(0, 2, log.leaves[0], [log.leaves[1]], bytes(32))


# The holes seen in published verifiers (evidence.md 8).


def test_node_as_leaf():
    """Two leaves' hashes, shown as ONE entry of a smaller tree with the same root."""
    log = log_of(4)
    left, right = node_hash(*log.leaves[:2]), node_hash(*log.leaves[2:])
    shown_as_entry = log.leaves[0] + log.leaves[1]

    assert leaf_hash(shown_as_entry) != left
    assert not is_included(0, 2, leaf_hash(shown_as_entry), [right], log.edge.root)
    assert not is_included(0, 4, left, [right], log.edge.root)


def test_duplicated_last_leaf():
    """Trees that pair an odd last leaf with itself give [a, b, c] and [a, b, c, c] one root."""
    a, b, c = log_of(3).leaves

    assert root_of([a, b, c]) != root_of([a, b, c, c])
    assert not is_included(3, 4, c, [c, node_hash(a, b)], log_of(3).edge.root)


def test_zero_padding_leaf():
    """Trees padded to a power of two give [a, b, c] and [a, b, c, 0] one root."""
    leaves, root = log_of(3).leaves, log_of(3).edge.root

    for padding in (bytes(32), leaf_hash(b""), EMPTY_ROOT):
        assert root_of([*leaves, padding]) != root
        assert not is_included(2, 3, leaves[2], [padding, node_hash(*leaves[:2])], root)


def test_truncated_tail():
    """A log that forgot its last leaves is no continuation of the longer one."""
    long, short = log_of(10), log_of(7)

    assert not is_consistent(10, 7, long.edge.root, short.edge.root, list(long.consistency(7).hashes))
    assert not is_consistent(10, 10, long.edge.root, short.edge.root, [])


def test_rewritten_prefix():
    """A log whose third entry was edited cannot be joined to the tree that was published before."""
    published = log_of(7)
    edited = SampleLog()
    edited.grow([*published.entries[:2], b"edited", *log_of(10).entries[3:]])

    proof = list(edited.consistency(7).hashes)

    assert not is_consistent(7, 10, published.edge.root, edited.edge.root, proof)
    assert is_consistent(7, 10, root_of(edited.leaves[:7]), edited.edge.root, proof)


def test_forged_append():
    """A leaf that was never logged is not in any published tree, whatever proof comes with it."""
    log = log_of(9)
    forged = leaf_hash(b"never logged")

    for index in range(9):
        assert not is_included(index, 9, forged, list(log.proof(index).hashes), log.edge.root)
    assert not is_included(9, 10, forged, [log.edge.root], log.edge.root)
