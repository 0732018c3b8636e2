"""Write one batch: every job, the tree, the checkpoint, in ONE transaction (``trust.md`` 4).

1. begin, read the head, read the clock once
2. each job under its own savepoint; a refused job leaves no trace
3. insert the leaves, read them back, recompute each leaf hash from the stored bytes
4. extend the tree, sign the checkpoint of exactly this size
5. advance the head by compare-and-set, insert tiles and checkpoint
6. commit

Only after step 6 may an answer leave. Nothing unsigned or uncommitted is ever published.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from licet.errors import LicetError, NotRecorded, RaiseTheAlarm, StoreCorrupt, StoreRewound, StoreUnknown
from licet.ledger.checkpointing import sign_checkpoint
from licet.ledger.page import Job, Page
from licet.ledger.ports import Clock, Entropy
from licet.ledger.steady import SteadyClock
from licet.protocol.types import LeafIndex
from licet.receipt.signer import LogSigner, ReceiptSigner
from licet.store.port import Head, Store, TileRow
from licet.tlog.compact import append
from licet.tlog.entry import leaf_of_digest
from licet.tlog.tiles import RowSource, full_tiles

_LOG = logging.getLogger(__name__)

CLOCK_BACK_MS_MAX = 1_000
"""A wall clock further behind the last recorded time refuses to write until time has passed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seals:
    """The keys of one log, and the two sources it draws on."""

    receipts: ReceiptSigner
    log: LogSigner
    clock: Clock
    entropy: Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A committed batch: one result per job, in order, and the head after it."""

    results: Sequence[object]
    head: Head


def write_batch(
    store: Store,
    jobs: Sequence[Job[object]],
    seals: Seals,
    *,
    after: Head | None = None,
    steady: SteadyClock | None = None,
) -> Written:
    """Write ``jobs`` and commit. A result is the job's answer, or the ``LicetError`` it raised.

    ``after`` is the head that this process committed last: the log goes on from there or not at all.
    ``steady`` is the clock as this process has watched it; without it any time not behind the log is taken.

    Raises:
        StoreBusy: definitely nothing was recorded.
        NotRecorded: nothing was recorded: the clock is behind the log, or was set.
        StoreUnknown: the fate of the commit is unknown.
        StoreCorrupt: what was stored is not what was signed; rolled back.
        StoreRewound: the store does not stand where this process left it; rolled back.
    """
    txn = store.begin()  # 1
    try:
        head = txn.head()
        if after is not None:
            _demand_same(after, head)
        now_ms = _now_ms(seals.clock if steady is None else steady, head)
        page = Page(txn, head, now_ms, seals.receipts, seals.entropy)
        results = [_attempt(job, page) for job in jobs]  # 2
        # A batch of retries seals nothing; what it wrote beside leaves is committed all the same.
        new = _append(store, page, head, seals) if page.rows else head  # 3, 4, 5
        if new is head and any(isinstance(result, LicetError) for result in results):
            # A refusal may have been about the time (`permit_expired`): a clock set back afterwards must
            # not make the same thing possible (test_i19_a_refusal_remembers_its_time).
            txn.touch(page.now_ms)
    except StoreUnknown:
        with suppress(StoreUnknown):  # a driver that poisoned itself has nothing to roll back to
            txn.rollback()
        raise
    except BaseException:
        txn.rollback()
        raise
    # INVARIANT: the receipt is durable before anybody hears of it. A crash before this line loses
    # an attempt, a crash after it loses an answer, never a record: the retry finds it by its key
    # (test_crash_after_commit_is_found_by_key).
    txn.commit()  # 6
    return Written(results=results, head=new)


def _demand_same(after: Head, found: Head) -> None:
    if (found.epoch, found.size, found.root) != (after.epoch, after.size, after.root):
        # Attack: an older copy put back under a running authority, which would sign a second checkpoint
        # for a size it has published, and write it over the file that could tell.
        raise StoreRewound(
            f"the store stands at size {found.size}, this process left it at size {after.size}",
            mend="keep every copy: the database was put back, or another process writes to it",
        )


def _now_ms(clock: Clock | SteadyClock, head: Head) -> int:
    now_ms = clock.wall_ms()
    if now_ms < head.updated_ms - CLOCK_BACK_MS_MAX:
        behind = head.updated_ms - now_ms
        # Attack: a clock set back makes spent permits fresh again and reorders the log.
        raise NotRecorded(
            f"the clock is {behind} ms behind the log",
            mend="set the clock right; deciding resumes by itself when time has passed the log",
        )
    return now_ms


def _attempt(job: Job[object], page: Page) -> object:
    mark = page.mark()
    page.txn.savepoint()
    try:
        result = job.write(page)
    except RaiseTheAlarm:
        raise
    except LicetError as refused:
        page.txn.rollback_to()
        page.undo(mark)
        return refused
    except Exception as bug:  # noqa: BLE001 - a fault in one job must not take its batch along
        # A fault of our own in one job: its savepoint takes everything back, the others go on.
        _LOG.exception("a job failed and was taken back")
        page.txn.rollback_to()
        page.undo(mark)
        return _fault(bug)
    page.txn.release()
    return result


def _fault(bug: Exception) -> NotRecorded:
    error = NotRecorded(
        f"the authority met a fault of its own: {type(bug).__name__}",
        mend="ask again with the same key; if it stays, report the authority's log line",
    )
    error.__cause__ = bug
    return error


def _append(store: Store, page: Page, head: Head, seals: Seals) -> Head:
    txn = page.txn
    txn.insert_leaves(page.rows, page.bodies)
    stored = txn.read_back(LeafIndex(head.size), len(page.rows))
    leaves = [leaf_of_digest(sha256(jws.encode("ascii")).digest()) for jws in stored]
    if leaves != [row.leaf_hash for row in page.rows]:
        # One flipped bit between memory and page would be signed for ever.
        raise StoreCorrupt(
            f"the leaves {head.size}..{head.size + len(page.rows) - 1} read back differently",
            mend="check memory and disk, then run `licet log verify`; nothing was signed",
        )
    edge = append(head.size, head.frontier, leaves)
    new = Head(
        origin=head.origin,
        epoch=head.epoch,
        size=edge.size,
        root=edge.root,
        frontier=edge.frontier,
        checkpoint=sign_checkpoint(head.origin, edge.size, edge.root, seals.log),
        updated_ms=max(page.now_ms, head.updated_ms),
    )
    tiles = full_tiles(head.size, leaves, RowSource(store))
    txn.insert_tiles([TileRow(level=t.level, number=t.number, root=t.root, hashes=t.hashes) for t in tiles])
    if not txn.advance_head(head, new):
        # Another authority moved the head: this one is fenced and must not write again.
        raise StoreUnknown(
            f"the head of `{head.origin}` was moved by another authority",
            mend="stop this process; one process owns a log",
        )
    return new
