"""The tree half of a full check: leaves into edge, tiles of every level and every stored checkpoint.

Leaves stream through; what is held is one right edge and at most 255 hashes a level.
"""

from __future__ import annotations

from collections.abc import Iterator

from licet.errors import StoreCorrupt
from licet.ledger.checkpointing import open_checkpoint
from licet.ledger.fsck_report import Findings
from licet.protocol.types import LeafIndex
from licet.store.port import CheckpointRow, Head, Store
from licet.tlog.compact import EMPTY_EDGE, RightEdge
from licet.tlog.merkle import root_of
from licet.tlog.note import NoteKey
from licet.tlog.tiles import TILE_WIDTH

CHECKPOINTS_A_READ = 256


class TreeCheck:
    """The tree as far as leaves were appended to it."""

    def __init__(self, store: Store, key: NoteKey, found: Findings) -> None:
        """Begin with the empty tree."""
        self.edge: RightEdge = EMPTY_EDGE
        self.good_size = 0
        """The largest size whose genuine checkpoint the leaves lead to."""
        self.bad_size: int | None = None
        """The first size whose genuine checkpoint they do not lead to."""
        self._store = store
        self._key = key
        self._found = found
        self._pending: list[list[bytes]] = [[]]
        self._tiles: list[int] = [0]
        self._checkpoints = self._stored()
        self._next: CheckpointRow | None = next(self._checkpoints, None)

    def append(self, leaf_hash: bytes) -> None:
        """Take the next leaf hash, recomputed from the stored receipt."""
        self.edge = self.edge.append([leaf_hash])
        self._fill(0, leaf_hash)
        while self._next is not None and self._next.size <= self.edge.size:
            self._compare(self._next)
            self._next = next(self._checkpoints, None)

    def finish(self, head: Head) -> None:
        """Compare the whole tree with the head and its checkpoint."""
        if self.edge.size != head.size:
            detail = f"the log says size {head.size}, the receipts end at {self.edge.size}"
            self._found.add(self.edge.size, "truncated", detail)
            return
        if self.edge.root != head.root:
            self._found.add(None, "root", "the receipts do not hash to the root of the head")
        if self.edge.frontier != head.frontier:
            self._found.add(None, "head", "the right edge of the head is not that of its receipts")
        if head.size and self._store.checkpoint(head.size) != head.checkpoint:
            self._found.add(None, "checkpoint", "the newest stored checkpoint is not the head's")
        if head.size and self._signed(head.size, head.checkpoint) not in {None, head.root}:
            self._found.add(None, "checkpoint", "the head's checkpoint is not of its root")

    def _fill(self, level: int, node: bytes) -> None:
        if level == len(self._pending):
            self._pending.append([])
            self._tiles.append(0)
        pending = self._pending[level]
        pending.append(node)
        if len(pending) < TILE_WIDTH:
            return
        number, root = self._tiles[level], root_of(pending)
        tile = self._store.tile(level, number)
        if tile is None or tile.hashes != b"".join(pending) or tile.root != root:
            first = number * TILE_WIDTH ** (level + 1)
            detail = f"tile/{level}/{number} does not hold the hashes of its leaves"
            self._found.add(first, "tile", detail)
        self._tiles[level] = number + 1
        pending.clear()
        self._fill(level + 1, root)

    def _compare(self, row: CheckpointRow) -> None:
        """Hold one stored checkpoint against the tree of its size."""
        signed = self._signed(row.size, row.note)
        if signed is None:
            return
        if row.root != signed:
            self._found.add(
                None, "checkpoint", f"the checkpoint of size {row.size} is kept under another root"
            )
        if self.bad_size is not None:
            return  # every later root differs for the same reason
        if signed == self.edge.root:
            self.good_size = row.size
        else:
            self.bad_size = row.size

    def _signed(self, size: int, note: str) -> bytes | None:
        """The root that a note of ``size`` signs, or None when it is no such note."""
        try:
            checkpoint = open_checkpoint(note, self._key)
        except StoreCorrupt as error:
            self._found.add(None, "checkpoint", f"size {size}: {error.message}")
            return None
        if (checkpoint.origin, checkpoint.size) != (self._key.name, size):
            detail = f"the checkpoint kept for size {size} is of size {checkpoint.size}"
            self._found.add(None, "checkpoint", detail)
            return None
        return checkpoint.root

    def _stored(self) -> Iterator[CheckpointRow]:
        after = 0
        while rows := self._store.checkpoints(after, CHECKPOINTS_A_READ):
            yield from rows
            after = rows[-1].size


def leaf_range(tree: TreeCheck) -> tuple[LeafIndex, LeafIndex] | None:
    """The leaves among which one was changed, when a signed checkpoint says so."""
    if tree.bad_size is None:
        return None
    return LeafIndex(tree.good_size), LeafIndex(tree.bad_size)
