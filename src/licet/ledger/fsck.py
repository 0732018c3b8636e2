"""Recompute the log from stored bytes and say what does not hold (``storage.md`` 11).

``check_edge`` is the quick form that every start runs; ``check_log`` reads everything. Neither repairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from licet.errors import LogError, StoreCorrupt, StoreRewound
from licet.ledger.checkpointing import open_checkpoint
from licet.protocol.types import LeafIndex
from licet.store.port import Head, ReceiptRow, Store
from licet.tlog.compact import EMPTY_EDGE, RightEdge, root
from licet.tlog.entry import leaf_of_digest
from licet.tlog.merkle import verify_consistency, verify_inclusion
from licet.tlog.note import NoteKey
from licet.tlog.tiles import RowSource, consistency_proof, inclusion_proof

ROWS_A_READ = 1_000
EDGE_LEAVES = 1_024
PROBLEMS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that does not hold. ``index`` is the leaf, None for the log as a whole."""

    index: int | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What was recomputed, and what did not hold."""

    origin: str
    size: int
    root: str
    checked: int
    problems: tuple[Problem, ...]


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
        problem = _leaf_problem(row)
        if problem is not None:
            raise StoreCorrupt(f"leaf {row.index}: {problem.detail}", mend=_MEND)
    _prove_last(store, head)
    return head


def check_outside(store: Store, head: Head, note: str, key: NoteKey) -> None:
    """Compare the store with a checkpoint that was kept outside of it.

    Raises:
        StoreRewound: the store is older than the checkpoint, or tells another history.
    """
    outside = open_checkpoint(note, key)
    if outside.origin != head.origin:
        raise StoreRewound(
            f"the checkpoint kept outside is of `{outside.origin}`, the store of `{head.origin}`",
            mend="put the data folder of one log together again",
        )
    if outside.size > head.size:
        # Attack: an old copy put back, so that spent permits are fresh and decisions are forgotten.
        raise StoreRewound(
            f"the store ends at size {head.size}, but size {outside.size} was published",
            mend="this is an old copy: find the newest one; nothing was changed",
        )
    if outside.size == 0:
        return
    try:
        proof = consistency_proof(outside.size, head.size, RowSource(store))
        verify_consistency(outside.size, head.size, outside.root, head.root, proof)
    except LogError as error:
        raise StoreRewound(
            f"the store does not continue the checkpoint of size {outside.size}",
            mend="keep both copies: one of them was changed",
        ) from error


def check_log(store: Store, key: NoteKey) -> LogReport:
    """Recompute every leaf, the root and every tile from stored bytes.

    Streams: memory does not grow with the log.
    """
    head = store.head()
    problems: list[Problem] = []
    edge = EMPTY_EDGE
    for row in _rows(store, head.size):
        if row.index != edge.size:
            problems.append(_gap(edge.size, row.index))
            break
        problem = _leaf_problem(row)
        if problem is not None and len(problems) < PROBLEMS_MAX:
            problems.append(problem)
        digest = row.jws_digest if row.jws is None else _digest(row.jws)
        edge = edge.append([leaf_of_digest(digest)])
    problems += _head_problems(head, edge, key)
    problems += _tile_problems(store, head)
    return LogReport(
        origin=head.origin,
        size=head.size,
        root=f"sha256:{head.root.hex()}",
        checked=edge.size,
        problems=tuple(problems),
    )


def _rows(store: Store, size: int) -> Iterator[ReceiptRow]:
    first = 0
    while first < size:
        rows = store.scan(LeafIndex(first), ROWS_A_READ)
        if not rows:
            return
        yield from rows
        first = rows[-1].index + 1


def _leaf_problem(row: ReceiptRow) -> Problem | None:
    digest = row.jws_digest if row.jws is None else _digest(row.jws)
    if digest != row.jws_digest or leaf_of_digest(digest) != row.leaf_hash:
        return Problem(
            index=row.index, code="leaf", detail="the stored receipt is not the one that was logged"
        )
    return None


def _gap(expected: int, found: int) -> Problem:
    return Problem(index=expected, code="gap", detail=f"the next receipt stands at index {found}")


def _head_problems(head: Head, edge: RightEdge, key: NoteKey) -> list[Problem]:
    problems: list[Problem] = []
    if edge.size != head.size:
        detail = f"the log says size {head.size}, the receipts end at {edge.size}"
        problems.append(Problem(index=edge.size, code="truncated", detail=detail))
    elif edge.root != head.root:
        detail = "the receipts do not hash to the signed root"
        problems.append(Problem(index=None, code="root", detail=detail))
    if head.size:
        try:
            checkpoint = open_checkpoint(head.checkpoint, key)
        except StoreCorrupt as error:
            problems.append(Problem(index=None, code="checkpoint", detail=error.message))
        else:
            if (checkpoint.size, checkpoint.root) != (head.size, head.root):
                detail = f"the newest checkpoint is of size {checkpoint.size}"
                problems.append(Problem(index=None, code="checkpoint", detail=detail))
    return problems


def _tile_problems(store: Store, head: Head) -> list[Problem]:
    source = RowSource(store)
    problems: list[Problem] = []
    for number in range(head.size // 256):
        tile = store.tile(0, number)
        hashes = b"".join(source.tile(0, number, 256))
        if tile is None or tile.hashes != hashes:
            detail = f"tile/0/{number} does not hold the hashes of its leaves"
            problems.append(Problem(index=number * 256, code="tile", detail=detail))
    return problems


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


def _digest(jws: str) -> bytes:
    return sha256(jws.encode("ascii")).digest()


_MEND = "keep everything as it is, run `licet log verify`, and restore the newest backup elsewhere"
