"""The one writer of a log: takes all that is queued the moment it is free, writes it as one batch.

There is no timer. Idle, a job is a batch of one, at once; busy, a batch is what arrived during the last
commit. A job belongs to the writer, not to the connection that brought it: a caller that goes away
changes nothing (``trust.md`` 4.6). Who would be too late hears so before anything is decided (4.7): an
early no, of which nothing is kept, not even under the idempotency key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from licet.errors import LicetError, NotRecorded, Overloaded, RaiseTheAlarm, StoreCorrupt
from licet.ledger.batch import Seals, Written, write_batch
from licet.ledger.pace import Pace
from licet.ledger.page import Job
from licet.ledger.steady import SteadyClock
from licet.ledger.waiting import Entry, Mailbox, Waiting
from licet.protocol import limits
from licet.protocol.types import MAIN_TENANT, Tenant
from licet.store.port import Head, Store

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

COMMIT_WAIT_S = 30.0
"""How long a caller waits for a commit that has begun; past it the caller hears `not_recorded`."""

WAIT_PERCENT_MAX = 75
"""How much of the time that is left may be spent waiting: the answer has a way back, behind others."""

HEARTBEAT_S = 2.0
"""An idle writer commits a row of no meaning this often, so that readiness is a fact, not a hope."""


class FutureMailbox:
    """Answers into ``concurrent.futures.Future`` tickets, for callers on threads of their own."""

    def deliver(self, settled: Sequence[tuple[object, object]]) -> None:
        """Resolve each future that nobody has cancelled."""
        for ticket, result in settled:
            # A cancelled future must not keep the rest of the batch from being released.
            if not isinstance(ticket, Future) or not ticket.set_running_or_notify_cancel():
                continue
            if isinstance(result, LicetError):
                ticket.set_exception(result)
            else:
                ticket.set_result(result)


class Sequencer:
    """Queue and writer thread of one log."""

    def __init__(
        self,
        store: Store,
        seals: Seals,
        *,
        committed: Callable[[Head], None],
        fatal: Callable[[LicetError], None],
    ) -> None:
        """Not running yet: ``start`` starts the writer.

        ``committed`` is told each new head, after its commit and before the answers leave.
        ``fatal`` is told once when this process must not write again.
        """
        self._store = store
        self._seals = seals
        self._committed = committed
        self._fatal = fatal
        self._waiting = Waiting()
        self._pace = Pace()
        self._writing = 0
        self._began_ms = 0
        self._wake = threading.Condition()
        self._closing = False
        self._committed_ms = 0
        self._steady = SteadyClock(seals.clock)
        self._head: Head | None = None
        self._poison: LicetError | None = None
        self._thread = threading.Thread(target=self._run, name="licet-writer", daemon=True)
        self._futures = FutureMailbox()

    @property
    def poison(self) -> LicetError | None:
        """Why this process must not write any more, if it must not."""
        return self._poison

    @property
    def depth(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    @property
    def closing(self) -> bool:
        """Whether the writer is draining."""
        return self._closing

    def commit_age_ms(self) -> int:
        """Milliseconds since the last commit or heartbeat."""
        return self._seals.clock.monotonic_ms() - self._committed_ms

    def clock_moved_ms(self) -> int:
        """How far the wall clock was set since the last commit or heartbeat; above 0: forward."""
        return self._steady.moved_ms()

    def demand_alive(self) -> None:
        """Refuse when this process must not write any more.

        Raises:
            NotRecorded: the fate of an earlier commit is unknown.
        """
        if self._poison is not None:
            raise _not_recorded(self._poison)

    def demand_time(self, tenant: Tenant, deadline_ms: int) -> None:
        """Refuse a job that would be written too late, before anything is decided for it.

        Raises:
            Overloaded: what waits, at the recent rate, and one commit take longer than is left.
        """
        now_ms = self._seals.clock.monotonic_ms()
        wait_ms = self._wait_ms(tenant, now_ms)
        if wait_ms > (deadline_ms - now_ms) * WAIT_PERCENT_MAX // 100:
            raise Overloaded(
                f"the wait is about {wait_ms} ms and {max(deadline_ms - now_ms, 0)} ms are left",
                mend="ask again with the same key after the time in `Retry-After`",
                retry_after_s=_retry_after_s(wait_ms),
            )

    def start(self) -> None:
        """Prove that a commit can succeed, then start the writer thread.

        Raises:
            StoreBusy, StoreUnknown: it cannot.
        """
        # The first commit also makes everything durable that a crashed process left behind, so that
        # rows found from now on are as durable as fresh ones (`storage.md` 1.6).
        self._prove()
        self._head = self._store.head()
        self._thread.start()

    def submit(
        self,
        job: Job[object],
        *,
        deadline_ms: int,
        mailbox: Mailbox,
        ticket: object,
        tenant: Tenant = MAIN_TENANT,
    ) -> None:
        """Queue ``job``; its result reaches ``mailbox`` with ``ticket`` after its commit.

        ``deadline_ms`` is on the monotonic clock: a job not begun by then is dropped, unrecorded.

        Raises:
            Overloaded: it would be too late, the queue is full or the tenant's share of it is, or the
                writer is closing; nothing was recorded.
            NotRecorded: this process must not write any more.
        """
        entry = Entry(job=job, tenant=tenant, deadline_ms=deadline_ms, mailbox=mailbox, ticket=ticket)
        with self._wake:
            if self._poison is not None:
                raise _not_recorded(self._poison)
            if self._closing:
                raise Overloaded("the authority is stopping", mend="ask again with the same key")
            self.demand_time(tenant, deadline_ms)
            try:
                displaced = self._waiting.put(entry)
            except Overloaded as full:
                full.retry_after_s = _retry_after_s(self._wait_ms(tenant, self._seals.clock.monotonic_ms()))
                raise
            self._wake.notify()
        if displaced is not None:
            _release([displaced], [_displaced()])

    def settle(self, job: Job[T], *, deadline_ms: int, tenant: Tenant = MAIN_TENANT) -> T:
        """Queue ``job`` and wait for its commit, on a thread of the caller's own."""
        ticket: Future[T] = Future()
        self.submit(job, deadline_ms=deadline_ms, mailbox=self._futures, ticket=ticket, tenant=tenant)
        try:
            return ticket.result(COMMIT_WAIT_S)
        except TimeoutError as error:
            # The commit goes on without us: its fate is unknown here, never "failed".
            raise NotRecorded("the commit did not end in time", mend="ask again with the same key") from error

    def close(self) -> None:
        """Stop accepting, write what is queued, stop the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _wait_ms(self, tenant: Tenant, now_ms: int) -> int:
        """What a new job of ``tenant`` must expect: the commit that runs, those ahead of it, its own commit.

        The commit that runs counts whole: whoever waits already has waited for all of it, and is answered
        together with the newcomer.
        """
        own_ms = self._pace.wait_ms(self._waiting.ahead(tenant) + 1)
        if not self._writing:
            return own_ms
        # A commit that hangs now is a better witness than those that went well before it.
        return own_ms + max(self._pace.running_ms(self._writing), now_ms - self._began_ms)

    def _run(self) -> None:
        while True:
            batch = self._take()
            if batch is None:
                return
            if batch:
                self._write(batch)
            # A crowd that comes too late keeps the writer busy and commits nothing: beat all the same.
            if self._poison is None and (not batch or self.commit_age_ms() > HEARTBEAT_S * 1_000):
                self._idle()

    def _idle(self) -> None:
        try:
            self._prove()
        except NotRecorded as refused:  # the store is busy, or the clock was set: it may come back
            _LOG.warning("no heartbeat: %s", refused.message)
        except RaiseTheAlarm as alarm:
            self._stop_writing(alarm, [])
        except BaseException as bug:  # noqa: BLE001 - the rim of the writer: it never dies in silence
            self._stop_writing(_bug(bug), [])

    def _prove(self) -> None:
        began_ms = self._seals.clock.monotonic_ms()
        self._beat()
        self._pace.committed(jobs=0, took_ms=self._committed_ms - began_ms, now_ms=self._committed_ms)

    def _beat(self) -> None:
        # A heartbeat is remembered as the log's time: one from a clock that was set would stop the log.
        self._store.heartbeat(self._steady.wall_ms())
        self._committed_ms = self._seals.clock.monotonic_ms()

    def _take(self) -> list[Entry] | None:
        with self._wake:
            while not self._waiting and not self._closing:
                if not self._wake.wait(timeout=HEARTBEAT_S):
                    return []
            if not self._waiting:
                return None
            batch = self._waiting.take(limits.BATCH_ENTRIES_MAX)
            self._writing, self._began_ms = len(batch), self._seals.clock.monotonic_ms()
            return batch

    def _write(self, batch: list[Entry]) -> None:
        try:
            self._write_live(batch)
        finally:
            self._writing = 0

    def _write_live(self, batch: list[Entry]) -> None:
        now_ms = self._seals.clock.monotonic_ms()
        # A commit once begun is never abandoned: who cannot be answered in time by it is let go before.
        least_ms = now_ms + max(self._pace.running_ms(1), 1)
        live = [entry for entry in batch if entry.deadline_ms >= least_ms]
        late = [entry for entry in batch if entry.deadline_ms < least_ms]
        _release(late, [_too_late()] * len(late))
        if not live:
            return
        if self._poison is not None:
            _release(live, [_not_recorded(self._poison)] * len(live))
            return
        try:
            written = self._attempt(live)
        except RaiseTheAlarm as alarm:
            self._stop_writing(alarm, live)
        except LicetError as refused:
            _release(live, [refused] * len(live))
        except BaseException as bug:  # noqa: BLE001 - the rim of the writer: no answer may be lost
            # Rolled back by `write_batch`, but a writer that meets a bug cannot vouch for the next batch.
            self._stop_writing(_bug(bug), live)
        else:
            _release(live, written.results)

    def _attempt(self, live: list[Entry]) -> Written:
        jobs = [entry.job for entry in live]
        written = write_batch(self._store, jobs, self._seals, after=self._head, steady=self._steady)
        self._head = written.head
        self._committed_ms = self._seals.clock.monotonic_ms()
        took_ms, self._writing = self._committed_ms - self._began_ms, 0
        self._pace.committed(jobs=len(live), took_ms=took_ms, now_ms=self._committed_ms)
        self._committed(written.head)
        return written

    def _stop_writing(self, alarm: LicetError, live: list[Entry]) -> None:
        # UNKNOWN is never "failed": everybody who waits may ask again with the same key, and the
        # next process finds out (`trust.md` 4.5).
        with self._wake:
            self._poison = alarm
            waiting = self._waiting.take(len(self._waiting))
        answer = _not_recorded(alarm)
        try:
            self._fatal(alarm)
        finally:
            _release([*live, *waiting], [answer] * (len(live) + len(waiting)))


def _release(entries: Sequence[Entry], results: Sequence[object]) -> None:
    by_mailbox: dict[int, tuple[Mailbox, list[tuple[object, object]]]] = {}
    for entry, result in zip(entries, results, strict=True):
        _, settled = by_mailbox.setdefault(id(entry.mailbox), (entry.mailbox, []))
        settled.append((entry.ticket, result))
    for mailbox, settled in by_mailbox.values():
        try:
            mailbox.deliver(settled)
        except Exception:  # noqa: BLE001 - the records stand, whatever a mailbox does
            # The records stand and a retry finds them; the writer must go on for everybody else.
            _LOG.exception("%d answers could not be delivered", len(settled))


def _too_late() -> Overloaded:
    return Overloaded(
        "the deadline passed in the queue; nothing was recorded", mend="ask again with the same key"
    )


def _displaced() -> Overloaded:
    return Overloaded(
        "the queue is full and others wait for their first place; nothing was recorded",
        mend="ask again with the same key",
    )


def _retry_after_s(wait_ms: int) -> int:
    return min(max(-(-wait_ms // 1_000), 1), limits.RETRY_AFTER_S_MAX)


def _not_recorded(cause: LicetError) -> NotRecorded:
    return NotRecorded(
        f"the decision may or may not be recorded: {cause.message}", mend="ask again with the same key"
    )


def _bug(bug: BaseException) -> StoreCorrupt:
    error = StoreCorrupt(
        f"the writer met a fault of its own: {type(bug).__name__}",
        mend="restart the authority, and report the log line before this one",
    )
    error.__cause__ = bug
    return error
