"""The disk of a home: what is free, and a reserve to give up when nothing is (``trust.md`` 7.8)."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from licet.authority.disk import Room
from licet.errors import LicetError

_LOG = logging.getLogger(__name__)
_BLOCK_BYTES = 512  # the unit of `st_blocks`, whatever the file system's own (POSIX stat)


@dataclass(frozen=True, slots=True)
class DatabaseRoom:
    """The room beside a database file."""

    database: Path

    def free_bytes(self) -> int:
        """Bytes that an account without privileges may still write."""
        found = os.statvfs(self.database.parent)
        return found.f_bavail * found.f_frsize

    def wal_bytes(self) -> int:
        """Bytes of the write-ahead log's file."""
        try:
            return Path(f"{self.database}-wal").stat().st_size
        except FileNotFoundError:
            return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """A file that holds disk space, so that a full disk leaves room for the end and the next start."""

    path: Path
    size_bytes: int
    low_bytes: int
    room: Room

    def make(self) -> bool:
        """Make the file unless it is there; False when the disk has no room for it above the low mark."""
        try:
            # Blocks, not length: a copy with holes in it holds nothing.
            if self.path.stat().st_blocks * _BLOCK_BYTES >= self.size_bytes:
                return True
        except FileNotFoundError:
            if self.size_bytes == 0:
                return True
        try:
            return self._allocate()
        except OSError as error:
            self._remove()
            _LOG.warning("no reserve of disk space at `%s`: %s", self.path, error.strerror)
            return False

    def give_up(self, why: LicetError) -> None:
        """Delete the file when the store stopped writing on a disk below its mark; keep it otherwise."""
        try:
            if self.room.free_bytes() >= self.low_bytes:
                return
        except OSError:
            return
        # Now there is room for the checkpoint outside and for the recovery of the next start. A crash
        # before this line only means that an operator frees the space.
        self._remove()
        _LOG.error("the disk is full: gave up `%s` for a clean stop (%s)", self.path, why.message)

    def _allocate(self) -> bool:
        if self.room.free_bytes() < self.low_bytes + self.size_bytes:
            _LOG.warning("no reserve of disk space at `%s`: too little is free", self.path)
            return False
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(handle, 0, self.size_bytes)
            os.fsync(handle)
        finally:
            os.close(handle)
        return True

    def _remove(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            _LOG.warning("`%s` could not be deleted: %s", self.path, error.strerror)
