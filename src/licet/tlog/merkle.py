"""The Merkle tree of RFC 6962: hashes, roots, and the two proof verifiers.

Everything here is a function of its arguments. Proofs are checked by their exact length first: the
shape of the tree tells how many hashes a proof of (index, size) or (old, new) has, so that no hash can
be left over, missing, or of another width.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from ..errors import LogError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


class ProofError(LogError):
    """A proof that does not lead to the root; the message names what was expected and found."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(00 + entry) (RFC 6962 section 2.1)."""
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(01 + left + right) (RFC 6962 section 2.1)."""
    # The two prefixes keep a node from being shown as an entry (test_node_as_leaf).
    return hashlib.sha256(_NODE + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (RFC 6962 section 2.1, MTH), level by level; O(n).

    A last node without a sibling rises as it is; it is never paired with itself or with zeros.
    """
    level = list(leaf_hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def verify_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Show that ``leaf_hash`` is leaf ``index`` of the tree (``size``, ``root``); RFC 9162, 2.1.3.2.

    1. the index lies inside the tree; 2. the proof has exactly the number of hashes that this place
    demands; 3. every hash has 32 bytes; 4. the fold equals the root.

    Raises:
        ProofError: at the first step that does not hold.
    """
    # 1. the index lies inside the tree
    if not 0 <= index < size:
        raise ProofError(f"the index `{index}` is outside the tree of size `{size}`")
    # 2. exact length: `inner` levels have siblings on both sides, the rest hang on the right border
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    _demand_count(proof, inner + border)
    # 3. widths
    _demand_widths(proof, leaf=leaf_hash, root=root)
    # 4. fold
    node = _fold_inner(leaf_hash, proof[:inner], index)
    _demand_root(_fold_left(node, proof[inner:]), root, "the root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Show that the tree (``new``, ``new_root``) begins with (``old``, ``old_root``); RFC 9162, 2.1.4.2.

    An old size of 0 is refused: every tree extends the empty one, so such a proof would say nothing;
    who starts from nothing says so instead of calling this.

    1. 0 < old <= new; 2. widths; 3. equal sizes: equal roots and no hash; 4. the exact number of
    hashes; 5. the fold over the old tree equals its root; 6. the fold over the new one equals its root.

    Raises:
        ProofError: at the first step that does not hold.
    """
    # 1. sizes
    if not 0 < old <= new:
        raise ProofError(f"no consistency proof leads from size `{old}` to size `{new}`")
    # 2. widths
    _demand_widths(proof, old_root=old_root, new_root=new_root)
    # 3. equal sizes
    if old == new:
        _demand_count(proof, 0)
        _demand_root(old_root, new_root, "the root of equal size")
        return
    # 4. exact length: the proof starts at the largest full subtree that ends the old tree, which is
    #    the old root itself when the old size is a power of two
    height = (old & -old).bit_length() - 1
    inner = ((old - 1) ^ (new - 1)).bit_length() - height
    border = ((old - 1) >> (inner + height)).bit_count()
    seeded = 0 if old == 1 << height else 1
    _demand_count(proof, seeded + inner + border)
    seed, steps = (proof[0], proof[1:]) if seeded else (old_root, proof)
    path = (old - 1) >> height
    # 5. only the left siblings belong to the old tree
    left_only = [sibling for level, sibling in enumerate(steps[:inner]) if path >> level & 1]
    _demand_root(_fold_left(_fold_left(seed, left_only), steps[inner:]), old_root, "the old root")
    # 6. all of them belong to the new tree
    grown = _fold_left(_fold_inner(seed, steps[:inner], path), steps[inner:])
    _demand_root(grown, new_root, "the new root")


def _fold_inner(node: bytes, siblings: Sequence[bytes], path: int) -> bytes:
    """Climb ``siblings``; bit i of ``path`` says that the node of level i is a right child."""
    for level, sibling in enumerate(siblings):
        node = node_hash(sibling, node) if path >> level & 1 else node_hash(node, sibling)
    return node


def _fold_left(node: bytes, siblings: Sequence[bytes]) -> bytes:
    """Climb ``siblings`` that all stand on the left."""
    for sibling in siblings:
        node = node_hash(sibling, node)
    return node


def _demand_count(proof: Sequence[bytes], expected: int) -> None:
    if len(proof) != expected:
        raise ProofError(f"the proof has `{len(proof)}` hashes, expected `{expected}`")


def _demand_widths(proof: Sequence[bytes], **named: bytes) -> None:
    for name, value in named.items():
        if len(value) != HASH_BYTES:
            raise ProofError(f"{name.replace('_', ' ')} has `{len(value)}` bytes, expected `{HASH_BYTES}`")
    for place, value in enumerate(proof):
        if len(value) != HASH_BYTES:
            raise ProofError(f"proof hash {place} has `{len(value)}` bytes, expected `{HASH_BYTES}`")


def _demand_root(found: bytes, expected: bytes, name: str) -> None:
    if found != expected:
        raise ProofError(f"{name} differs: expected `{expected.hex()}`, the proof leads to `{found.hex()}`")
