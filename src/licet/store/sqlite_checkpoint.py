"""Moving the write-ahead log into the database beside the commits, never inside one (``storage.md`` 4).

An own connection and an own thread: a checkpoint inside commits cost p99 39.7 ms at 4,000/s, beside them
6.6 ms. PASSIVE waits for nobody. Only above ``TRUNCATE_BYTES`` the writer pauses between two batches.
"""

from __future__ import annotations

import threading
from time import monotonic, sleep
from typing import Final

import apsw

from licet.store.sqlite_poison import Poison

INTERVAL_S: Final = 0.25
PASSIVE_BYTES: Final = 16 * 1024 * 1024
TRUNCATE_BYTES: Final = 64 * 1024 * 1024
_TRUNCATE_WAIT_MS: Final = 250
_TRUNCATE_AGAIN_S: Final = 1.0
_PAUSE_S: Final = 0.02
_FRAME_BYTES: Final = 4096 + 24
_STOP_WAIT_S: Final = 30.0


class Checkpointer:
    """The thread that checkpoints one store; ``connection`` is its own."""

    def __init__(self, connection: apsw.Connection, poison: Poison) -> None:
        self._connection = connection
        connection.set_busy_timeout(_TRUNCATE_WAIT_MS)  # a TRUNCATE waits for readers no longer than this
        self._poison = poison
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._dirty = True
        self._wal_bytes = 0
        self._truncate_after_s = 0.0
        # What a process left behind moves before anything is written after it: where its sync failed, the
        # kernel shows frames that are on no disk, and a commit behind them would be lost with them
        # (test_what_follows_a_failed_sync_survives_a_power_failure).
        self.checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._thread = threading.Thread(target=self._work, name="licet-checkpoint", daemon=True)
        self._thread.start()

    @property
    def wal_bytes(self) -> int:
        """Bytes of the write-ahead log that are in use."""
        return self._wal_bytes

    def committed(self, wal_frames: int) -> None:
        """Hear of a commit: how many frames the log holds now. Called on the writer's thread."""
        self._wal_bytes = wal_frames * _FRAME_BYTES
        self._dirty = True
        if self._wal_bytes > PASSIVE_BYTES:
            self._wake.set()

    def truncate_if_large(self) -> None:
        """Empty a log above ``TRUNCATE_BYTES``; on the writer's thread, between two transactions.

        A reader that holds an old snapshot makes it try again a second later.
        """
        now_s = monotonic()
        if self._wal_bytes <= TRUNCATE_BYTES or now_s < self._truncate_after_s:
            return
        self._truncate_after_s = now_s + _TRUNCATE_AGAIN_S
        self.checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def checkpoint(self, mode: int) -> None:
        """Checkpoint once; an error that is not contention poisons the store."""
        with self._lock:
            if self._poison:
                return  # copying frames of unknown fate into the database would decide what nobody decided
            try:
                self._dirty = False
                frames, _ = self._connection.wal_checkpoint(mode=mode)
            except (apsw.BusyError, apsw.LockedError):
                self._dirty = True
            except apsw.Error as error:
                self._poison.by(error, "checkpointing")
            else:
                if mode == apsw.SQLITE_CHECKPOINT_TRUNCATE:
                    self._wal_bytes = max(frames, 0) * _FRAME_BYTES

    def stop(self) -> None:
        """End the thread and close its connection."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(_STOP_WAIT_S)
        with self._lock:
            self._connection.close()

    def _work(self) -> None:
        while not self._stopping.is_set():
            woken = self._wake.wait(INTERVAL_S)
            if self._stopping.is_set():
                return
            self._wake.clear()
            if self._dirty:
                self.checkpoint(apsw.SQLITE_CHECKPOINT_PASSIVE)
            if woken:
                # A reader that pins the log keeps it large: do not checkpoint once per commit meanwhile.
                sleep(_PAUSE_S)
