"""The right edge of a growing tree: its size and the roots of its full subtrees, largest first.

This is all a log must keep in order to append (RFC 6962 trees are determined by it): at most one hash
for each set bit of the size. ``store.port.Head`` stores exactly ``size``, ``frontier`` and ``root``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .merkle import EMPTY_ROOT, HASH_BYTES, ProofError, node_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class RightEdge:
    """A tree's size, the roots of its full subtrees (largest first), and its root."""

    size: int
    frontier: tuple[bytes, ...]
    root: bytes

    def append(self, leaf_hashes: Iterable[bytes]) -> RightEdge:
        """The edge after ``leaf_hashes``, in order; this value stays as it is."""
        return append(self.size, self.frontier, leaf_hashes)


EMPTY_EDGE = RightEdge(size=0, frontier=(), root=EMPTY_ROOT)


def append(size: int, frontier: tuple[bytes, ...], leaf_hashes: Iterable[bytes]) -> RightEdge:
    """Grow the tree (``size``, ``frontier``) by ``leaf_hashes``; about two hashes for a leaf.

    Raises:
        ProofError: the frontier is not one of a tree of ``size``, or a hash has not 32 bytes.
    """
    _demand_shape(size, frontier)
    stack = list(frontier)
    for leaf in leaf_hashes:
        if len(leaf) != HASH_BYTES:
            raise ProofError(f"a leaf hash has `{len(leaf)}` bytes, expected `{HASH_BYTES}`")
        node = leaf
        # Each trailing one bit of the size is a full subtree that the new leaf completes into its parent.
        carry = size
        while carry & 1:
            node = node_hash(stack.pop(), node)
            carry >>= 1
        stack.append(node)
        size += 1
    return RightEdge(size=size, frontier=tuple(stack), root=_fold(stack))


def root(size: int, frontier: tuple[bytes, ...]) -> bytes:
    """The root of the tree (``size``, ``frontier``).

    Raises:
        ProofError: the frontier is not one of a tree of ``size``.
    """
    _demand_shape(size, frontier)
    return _fold(frontier)


def _fold(frontier: Iterable[bytes]) -> bytes:
    """Join the subtrees from the right, as RFC 6962 splits them."""
    joined: bytes | None = None
    for subtree in reversed(tuple(frontier)):
        joined = subtree if joined is None else node_hash(subtree, joined)
    return EMPTY_ROOT if joined is None else joined


def _demand_shape(size: int, frontier: tuple[bytes, ...]) -> None:
    if size < 0 or len(frontier) != size.bit_count():
        raise ProofError(f"a tree of size `{size}` has not `{len(frontier)}` full subtrees")
    if any(len(subtree) != HASH_BYTES for subtree in frontier):
        raise ProofError(f"a frontier hash has not `{HASH_BYTES}` bytes")
