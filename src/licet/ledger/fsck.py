"""Recompute the log from stored bytes and say what does not hold (``storage.md`` 11).

``check_edge`` is the quick form that every start runs; ``check_log`` reads everything. Neither repairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from licet.errors import LicetError, LogError, StoreCorrupt, StoreRewound
from licet.ledger.checkpointing import open_checkpoint
from licet.ledger.fsck_report import Findings, LogReport, Problem
from licet.ledger.fsck_rows import RowCheck
from licet.ledger.fsck_tree import TreeCheck, leaf_range
from licet.protocol.ed25519 import verify
from licet.protocol.types import Digest, LeafIndex
from licet.receipt.jws import RECEIPT_TYP, read_kid, split
from licet.receipt.keyring import KeyEntry
from licet.receipt.read import KeyReceipt, read_receipt
from licet.store.port import Head, ReceiptRow, Store
from licet.tlog.compact import root
from licet.tlog.entry import leaf_of_digest
from licet.tlog.merkle import verify_consistency, verify_inclusion
from licet.tlog.note import NoteKey
from licet.tlog.tiles import RowSource, consistency_proof, inclusion_proof

__all__ = ["LogReport", "Problem", "check_continues", "check_edge", "check_log", "check_outside", "hash_of"]

ROWS_A_READ = 1_000
EDGE_LEAVES = 1_024


def check_edge(store: Store, key: NoteKey) -> Head:
    """Check the head against its checkpoint, its frontier and the newest leaves.

    Raises:
        StoreCorrupt: they contradict each other.
    """
    head = store.head()
    if head.size == 0:
        return head
    checkpoint = open_checkpoint(head.checkpoint, key)
    said = (checkpoint.origin, checkpoint.size, checkpoint.root)
    if said != (head.origin, head.size, head.root):
        raise StoreCorrupt(
            f"the head says size {head.size}, its checkpoint says {checkpoint.size}", mend=_MEND
        )
    try:
        recomputed = root(head.size, head.frontier)
    except LogError as error:
        raise StoreCorrupt(f"the right edge is damaged: {error.message}", mend=_MEND) from error
    if recomputed != head.root:
        raise StoreCorrupt("the right edge does not hash to the stored root", mend=_MEND)
    first = max(0, head.size - EDGE_LEAVES)
    for row in store.scan(LeafIndex(first), EDGE_LEAVES):
        if not _genuine(row):
            raise StoreCorrupt(f"leaf {row.index}: {_NOT_LOGGED}", mend=_MEND)
        if row.issued_s * 1000 > head.updated_ms:
            # Attack: the time of the head set back, so that the next receipt may be dated before the last.
            raise StoreCorrupt(f"leaf {row.index} is of a later time than the head", mend=_MEND)
    _prove_last(store, head)
    return head


def check_outside(store: Store, head: Head, note: str, key: NoteKey) -> None:
    """Compare the store with a checkpoint that was kept outside of it.

    Raises:
        StoreCorrupt: what was kept is no checkpoint that this log's key signed.
        StoreRewound: the store is older than the checkpoint, or tells another history.
    """
    try:
        outside = open_checkpoint(note, key)
    except StoreCorrupt as error:
        raise StoreCorrupt(
            f"the checkpoint kept outside: {error.message}",
            mend="put the newest checkpoint of this log there that a backup, witness or verifier holds",
        ) from error
    if outside.origin != head.origin:
        raise StoreRewound(
            f"the checkpoint kept outside is of `{outside.origin}`, the store of `{head.origin}`",
            mend="put the data folder of one log together again",
        )
    check_continues(store, head, outside.size, outside.root)


def check_continues(store: Store, head: Head, size: int, tree_root: bytes) -> None:
    """Prove that the store continues a tree that was published at ``size``.

    Raises:
        StoreRewound: it is older, or tells another history.
    """
    if size > head.size:
        # Attack: an old copy put back, so that spent permits are fresh and decisions are forgotten.
        raise StoreRewound(
            f"the store ends at size {head.size}, but size {size} was published",
            mend="this is an old copy: find the newest one; nothing was changed",
        )
    if size == 0:
        return
    try:
        proof = consistency_proof(size, head.size, RowSource(store))
        verify_consistency(size, head.size, tree_root, head.root, proof)
    except LogError as error:
        raise StoreRewound(
            f"the store does not continue the checkpoint of size {size}",
            mend="keep both copies: one of them was changed",
        ) from error


def check_log(store: Store, key: NoteKey) -> LogReport:
    """Recompute everything that can be recomputed from stored bytes, and compare.

    1. every leaf from its receipt   2. edge, tiles of all levels, every stored checkpoint
    3. the head   4. columns, keys, permits, claims, completions, bodies, activations and bundles against
    the receipts, and their counts against each other   5. the leaf that a broken root is about

    Streams, and may run while the log grows: what comes after the head it began with is left alone.
    """
    head = store.head()
    found = Findings()
    tree = TreeCheck(store, key, found)
    rows = RowCheck(store, head.origin, found)
    for row in _rows(store, head.size):
        if row.index != tree.edge.size:
            found.add(tree.edge.size, "gap", f"the next receipt stands at index {row.index}")
            break
        if not _genuine(row):  # 1
            found.add(row.index, "leaf", _NOT_LOGGED)
        tree.append(leaf_of_digest(_digest(row)))  # 2
        rows.check(row)  # 4
        if row.index == head.size - 1 and row.issued_s * 1000 > head.updated_ms:
            found.add(row.index, "head", "the receipt is of a later time than the head")
    tree.finish(head)  # 3
    if tree.edge.size == head.size:
        rows.finish(head.size)
    _name_changed_leaf(store, tree, found)  # 5
    return LogReport(
        origin=head.origin,
        size=head.size,
        root=f"sha256:{head.root.hex()}",
        checked=tree.edge.size,
        problems=found.all(),
    )


def hash_of(digest: Digest) -> bytes:
    """The 32 bytes of a digest."""
    return bytes.fromhex(digest.removeprefix("sha256:"))


def _rows(store: Store, size: int) -> Iterator[ReceiptRow]:
    first = 0
    while first < size:
        rows = store.scan(LeafIndex(first), min(ROWS_A_READ, size - first))
        if not rows:
            return
        yield from rows
        first = rows[-1].index + 1


def _genuine(row: ReceiptRow) -> bool:
    digest = _digest(row)
    return digest == row.jws_digest and leaf_of_digest(digest) == row.leaf_hash


def _name_changed_leaf(store: Store, tree: TreeCheck, found: Findings) -> None:
    """Name the leaf behind a root that no longer fits: receipt and hashes were changed together."""
    span = leaf_range(tree)
    if span is None:
        return
    first, after = span
    keys = _receipt_keys(store)
    suspects = [
        row.index for row in store.scan(first, min(after - first, ROWS_A_READ)) if not _signed(row, keys)
    ]
    detail = f"among the leaves {first} to {after - 1} one is not what was signed at size {after}"
    for index in suspects or [first]:
        found.add(index, "root", detail)


def _receipt_keys(store: Store) -> dict[str, bytes]:
    genesis = store.receipt(LeafIndex(0))
    try:
        receipt = None if genesis is None or genesis.jws is None else read_receipt(genesis.jws)
    except LicetError:
        return {}
    if not isinstance(receipt, KeyReceipt):
        return {}
    return {entry.kid: entry.public for entry in receipt.keys if isinstance(entry, KeyEntry)}


def _signed(row: ReceiptRow, keys: dict[str, bytes]) -> bool:
    try:
        compact = split(row.jws or "")
        public = keys.get(read_kid(compact.header, RECEIPT_TYP))
    except LicetError:
        return False
    return public is not None and verify(public, compact.signed, compact.signature)


def _prove_last(store: Store, head: Head) -> None:
    """Prove the newest leaf from the rows: tiles and leaf hashes agree with the root."""
    source = RowSource(store)
    last = head.size - 1
    leaves = store.leaf_hashes(LeafIndex(last), 1)
    try:
        proof = inclusion_proof(last, head.size, source)
        verify_inclusion(last, head.size, leaves[0], proof, head.root)
    except (LogError, IndexError) as error:
        raise StoreCorrupt("the newest leaf cannot be proved from the stored rows", mend=_MEND) from error


def _digest(row: ReceiptRow) -> bytes:
    return row.jws_digest if row.jws is None else sha256(row.jws.encode("utf-8")).digest()


_NOT_LOGGED = "the stored receipt is not the one that was logged"
_MEND = "keep everything as it is, run `licet log verify`, and restore the newest backup elsewhere"
