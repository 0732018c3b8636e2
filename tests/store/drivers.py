"""The drivers under the conformance suite, each with the few verbs that the port does not have."""

from __future__ import annotations

import apsw

from licet.store.memory import MemoryStore
from licet.store.sqlite import create, open_store
from store.samples import NOW_MS, ORIGIN
from support.fault_vfs import NAME


class MemoryDriver:
    """A store in memory."""

    name = "memory"

    def __init__(self):
        self.store = MemoryStore(ORIGIN, NOW_MS)

    def reopen(self):
        self.store.close()
        self.store = self.store.reopen()
        return self.store

    def break_commit(self, *, recorded):
        self.store.break_commit(recorded=recorded)

    def close(self):
        self.store.close()


class SqliteDriver:
    """A store in a file, behind a file system that can fail."""

    name = "sqlite"

    def __init__(self, folder, faults=None):
        self.path = folder / "licet.db"
        self._faults = faults
        create(self.path, origin=ORIGIN, now_ms=NOW_MS)
        self.store = self._open()

    def _open(self):
        return open_store(self.path, origin=ORIGIN, vfs=NAME if self._faults else None)

    def reopen(self):
        self.close()
        self.store = self._open()
        return self.store

    def break_commit(self, *, recorded):
        operation = "sync" if recorded else "write"
        self._faults.arm(0, apsw.IOError, only=(operation, "wal"))

    def close(self):
        if self._faults:
            self._faults.disarm()
        self.store.close()
