"""A file system that fails one write, sync or truncation: an ``apsw`` VFS over the real one.

Only calls of one thread count, by default of the one that armed it, so that a checkpoint beside the test
changes nothing.
"""

# ruff: noqa: N802 -- the methods of SQLite's own file interface

from __future__ import annotations

import threading

import apsw

NAME = "licet-faults"


class Faults(apsw.VFS):
    """Registered under ``NAME`` while it lives; as the ``default`` one, what names no VFS opens over it."""

    def __init__(self, *, default=False):
        self.calls = []
        self._thread = None
        self._fails_at = None
        self._error = apsw.IOError
        self._only = None
        self.real = apsw.vfs_names()[0]
        super().__init__(NAME, self.real, makedefault=default)

    def record(self):
        """Count calls of this thread, fail none."""
        self.arm(None)

    def arm(self, nth, error=apsw.IOError, only=None, thread=None):
        """Fail the ``nth`` (from 0) call of a thread; ``only`` restricts to (operation, file suffix).

        ``error`` makes what is raised, or ends the process.
        """
        self.calls = []
        self._thread = thread or threading.get_ident()
        self._fails_at = nth
        self._error = error
        self._only = only

    def disarm(self):
        self._thread = None

    def xOpen(self, name, flags):
        return _File(self, name, flags)

    def met(self, operation, path):
        if self._thread != threading.get_ident():
            return
        call = (operation, "wal" if path.endswith("-wal") else "db")
        if self._only is not None and call != self._only:
            return
        self.calls.append(call)
        if self._fails_at is not None and len(self.calls) - 1 == self._fails_at:
            raise self._error()


class _File(apsw.VFSFile):
    def __init__(self, faults, name, flags):
        self._faults = faults
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        super().__init__(faults.real, name, flags)

    def xWrite(self, data, offset):
        self._faults.met("write", self._path)
        super().xWrite(data, offset)

    def xSync(self, flags):
        self._faults.met("sync", self._path)
        super().xSync(flags)

    def xTruncate(self, size):
        self._faults.met("truncate", self._path)
        super().xTruncate(size)
