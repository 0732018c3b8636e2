"""One process per store: an OS lock beside the database, held for life (``storage.md`` 4)."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from licet.errors import HomeHeld, StoreRefused

LOCK_NAME: Final = "LOCK"
_PID_BYTES_MAX: Final = 32


class StoreLock:
    """The lock of one folder. It is let go by ``release``, or by the kernel when the process ends.

    It keeps a second writer out for the sake of its own users: two writers gain nothing and wait for
    seconds. Correctness does not hang on it: should somebody delete the file, the head's compare-and-set
    still fences the slower writer (``test_two_writers_that_passed_the_lock_are_fenced_by_the_head``).
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock of ``folder`` and write this process's id into it.

        Raises:
            HomeHeld: another opener has it; the message names its process.
            StoreRefused: the lock file cannot be used.
        """
        path = folder / LOCK_NAME
        try:
            # No symbolic link: two names for one lock file would lock different homes against each other.
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreRefused(
                f"`{path}` cannot be opened: {error.strerror}",
                mend=f"it must be a plain file of the user who runs licet, in a folder that user may write: "
                f"`ls -l {path}`",
            ) from error
        try:
            self._take(path)
        except BaseException:
            os.close(self._descriptor)
            raise

    def _take(self, path: Path) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(path.parent, self._descriptor) from error
        except OSError as error:
            raise StoreRefused(
                f"`{path}` cannot be locked: {error.strerror}",
                mend="move the home to a local disk whose file system knows `flock`",
            ) from error
        here = os.fstat(self._descriptor)
        try:
            there = path.stat()
        except FileNotFoundError:
            there = None
        if there is None or (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
            # Somebody replaced the file between open and lock: this lock would guard nothing.
            raise StoreRefused(f"`{path}` was replaced while it was locked", mend="start again")
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        except OSError as error:
            raise StoreRefused(
                f"`{path}` cannot be written: {error.strerror}", mend="free space, or look after the disk"
            ) from error

    def release(self) -> None:
        """Let go of the lock. The file stays: deleting it would let two openers lock two files."""
        os.close(self._descriptor)


def _held(folder: Path, descriptor: int) -> HomeHeld:
    text = os.pread(descriptor, _PID_BYTES_MAX, 0).decode("ascii", "replace").strip()
    pid = text if text.isdigit() else "unknown"
    return HomeHeld(
        f"the store in `{folder}` is held by process `{pid}`",
        mend=f"talk to it: `--url unix:{folder / 'licet.sock'}` while `licet serve` runs; "
        f"or stop process {pid} first",
    )
