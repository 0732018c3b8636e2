"""Room on the disk: below the low mark nothing new is permitted, refusals go on being recorded.

A permit that is out in the world still needs its claim and its completion written. A disk that is filled
to the end by new permits would leave no room for either (``trust.md`` 7.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

MIB: Final = 1024 * 1024
WAL_BYTES_MAX: Final = 256 * MIB
"""A write-ahead log beyond this is not being moved into the database: readiness goes red."""


class Room(Protocol):
    """The disk that the store lies on; an ``OSError`` is taken for a disk without room."""

    def free_bytes(self) -> int:
        """Bytes that this process may still write."""
        ...

    def wal_bytes(self) -> int:
        """Bytes of the store's write-ahead log; 0 for a store that keeps none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskWatch:
    """A disk and the mark below which nothing new is permitted."""

    room: Room
    low_bytes: int

    def free_bytes(self) -> int:
        """Bytes free; a disk that cannot be asked has none."""
        try:
            return self.room.free_bytes()
        except OSError:
            return 0

    def low(self) -> bool:
        """Whether a new PERMIT must become SILENCE ``state_unavailable``."""
        return self.free_bytes() < self.low_bytes

    def fact(self) -> tuple[bool, str]:
        """Whether there is room, and the words for people."""
        free_bytes = self.free_bytes()
        if free_bytes < self.low_bytes:
            mark_mib = self.low_bytes // MIB
            return False, f"{free_bytes // MIB} MiB free, below the mark of {mark_mib} MiB: no new PERMIT"
        return True, f"{free_bytes // MIB} MiB free"

    def wal_fact(self) -> tuple[bool, str]:
        """Whether the write-ahead log is within its bound, and the words for people."""
        try:
            size = self.room.wal_bytes()
        except OSError as error:
            return False, f"its size cannot be read: {(error.strerror or '').lower()}"
        return size <= WAL_BYTES_MAX, f"{size // MIB} of at most {WAL_BYTES_MAX // MIB} MiB"
