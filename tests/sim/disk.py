"""The simulated disk: a memory store that can die, lie about a commit, or be busy, at any call.

``Disk.tables`` is what survives. A process that died mid-transaction leaves no rows; one that died in its
commit leaves all or none. After a commit of unknown fate a process may see rows that the disk never got
(a page cache after a failed sync), or not see rows that it did get.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from licet.errors import StoreUnknown
from licet.store.memory import MemoryStore
from licet.store.memory_rows import Tables
from licet.store.port import StoreBusy
from sim.ground import copy_of
from support.sources import ORIGIN


class Died(BaseException):
    """The process is gone; no handler of it runs to any effect."""


@dataclass
class Disk:
    """What survives every process: rows, and the newest checkpoint kept outside of them."""

    tables: Tables
    outside: str | None = None


@dataclass
class Plan:
    """What the disk will do wrong, at which call; reset by ``none`` after it happened."""

    busy: bool = False
    die_at: int | None = None
    break_at: int | None = None
    commit: str | None = None
    """``die-before``, ``die-after``, or ``unknown-<shown|hidden>-<kept|lost>``."""
    happened: list[str] = field(default_factory=list)


class FaultyTxn:
    """A transaction of the memory store; each call of it may be the last."""

    def __init__(self, store: FaultyStore, inner: object) -> None:
        self._store = store
        self._inner = inner
        self._calls = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._inner, name)

        def call(*args: object, **named: object) -> object:
            self._calls += 1
            self._store.before(self._calls)
            return method(*args, **named)

        return call

    def rollback(self) -> None:
        self._inner.rollback()

    def commit(self) -> None:
        self._store.commit(self._inner)


class FaultyStore:
    """A store over ``disk`` for one process."""

    TXN: type[FaultyTxn] = FaultyTxn

    def __init__(self, disk: Disk, plan: Plan) -> None:
        self.disk = disk
        self.plan = plan
        self.inner = MemoryStore(ORIGIN, tables=disk.tables)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def begin(self) -> FaultyTxn:
        if self.plan.busy:
            self.plan.busy = False
            self.plan.happened.append("busy")
            raise StoreBusy("somebody else writes", mend="ask again with the same key")
        return self.TXN(self, self.inner.begin())

    def before(self, calls: int) -> None:
        """The ``calls``-th call of a transaction begins."""
        if self.plan.die_at is not None and calls >= self.plan.die_at:
            self.plan.die_at = None
            self.plan.happened.append("died in a transaction")
            raise Died
        if self.plan.break_at is not None and calls >= self.plan.break_at:
            self.plan.break_at = None
            self.plan.happened.append("broke in a transaction")
            self.inner._poisoned = True
            raise StoreUnknown("an input or output error", mend="start again")

    def commit(self, txn: object) -> None:
        """Commit as planned."""
        how, self.plan.commit = self.plan.commit, None
        if how is None:
            txn.commit()
            return
        self.plan.happened.append(how)
        if how == "die-before":
            raise Died
        if how == "die-after":
            txn.commit()
            raise Died
        _, shown, kept = how.split("-")
        if (shown == "shown") != (kept == "kept"):
            # The process and the disk part ways here; only the disk's side is seen by the next process.
            self.disk.tables = copy_of(self.disk.tables)
            if kept == "kept":
                self.disk.tables.take(txn._new)
        self.inner.break_commit(recorded=shown == "shown")
        txn.commit()
