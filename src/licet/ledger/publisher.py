"""Keeps the newest checkpoint in a file outside the database (``trust.md`` 5.2).

A database restored from an old copy is caught by comparing the two at start. The file is replaced
atomically (write aside, fsync, rename, fsync of the folder), at most ``LAG_S`` after its commit: that lag
is the window in which a rewind would stay unseen.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from licet.store.port import Head

_LOG = logging.getLogger(__name__)

LAG_S = 0.2


class Disk:
    """What keeping a file asks of a disk, call by call; tests put in its place one that records or fails."""

    def create(self, path: Path, mode: int) -> int:
        """Open ``path``, empty."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)

    def write(self, handle: int, content: memoryview) -> int:
        """Write some of ``content``; how many bytes."""
        return os.write(handle, content)

    def sync(self, handle: int) -> None:
        """Make the file or the folder durable."""
        os.fsync(handle)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file its name, in place of the one that has it."""
        old.replace(new)


class CheckpointFile:
    """The file's one writer, with a thread of its own: publishing never blocks a permit."""

    def __init__(self, path: Path, *, disk: Disk | None = None) -> None:
        """Nothing is written before the first ``offer``. ``disk`` is given by tests."""
        self._path = path
        self._disk = disk or Disk()
        self._note: str | None = None
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="licet-publisher", daemon=True)

    def start(self) -> None:
        """Start the publishing thread."""
        self._thread.start()

    def offer(self, head: Head) -> None:
        """Take a committed head; only the newest one is written."""
        with self._wake:
            self._note = head.checkpoint
            self._wake.notify()

    def close(self) -> None:
        """Write what was offered last, and stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._note is None and not self._closing:
                    self._wake.wait()
                note, self._note = self._note, None
                closing = self._closing
            written = note is None or self._publish(note)
            if closing:
                return
            with self._wake:
                if not written and self._note is None:
                    self._note = note  # again, unless a newer one has come
                self._wake.wait_for(lambda: self._closing, timeout=LAG_S)

    def _publish(self, note: str) -> bool:
        try:
            replace_durably(self._path, note.encode("utf-8"), disk=self._disk)
        except OSError as error:
            # The log goes on and the window of 5.2 stays open until a write succeeds: say so, every time.
            _LOG.warning("the checkpoint was not kept in `%s`: %s", self._path, error.strerror)
            return False
        return True


def replace_durably(path: Path, content: bytes, *, mode: int = 0o600, disk: Disk | None = None) -> None:
    """Put ``content`` at ``path`` so that a crash leaves the old file or the new one, whole."""
    disk = disk or Disk()
    aside = path.with_name(f".{path.name}.new")
    handle = disk.create(aside, mode)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[disk.write(handle, rest) :]
        # INVARIANT: whole on the disk before it has its name (test_i02_i10_power_loss_takes_nothing_back):
        # a crash between the two would leave a checkpoint that nobody can read, and a home that refuses.
        disk.sync(handle)
    finally:
        os.close(handle)
    disk.rename(aside, path)
    sync_folder(path.parent, disk=disk)


def sync_folder(folder: Path, *, disk: Disk | None = None) -> None:
    """Make the names in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        (disk or Disk()).sync(handle)
    finally:
        os.close(handle)
