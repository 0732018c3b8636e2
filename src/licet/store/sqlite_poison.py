"""Poison: after an I/O-class error this process never writes to its store again (``storage.md`` 1.3).

SQLite goes on acknowledging after a failed sync, and the transaction that failed is often there after
recovery. So nobody may say "failed", and nobody may write on: the fate is unknown until a restart reads
the file anew and the caller asks again with the same key.
"""

from __future__ import annotations

import threading

import apsw

from licet.errors import StoreUnknown

_MEND = "stop this process and start it again, then ask again with the same key"


class Poison:
    """Whether this process may still write; set once, never cleared."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._why: str | None = None

    def __bool__(self) -> bool:
        """Whether the store is poisoned."""
        return self._why is not None

    def check(self) -> None:
        """Pass while nothing has gone wrong.

        Raises:
            StoreUnknown: something has.
        """
        if self._why is not None:
            raise StoreUnknown(f"the store stopped writing: {self._why}", mend=_MEND)

    def by(self, error: BaseException, during: str) -> StoreUnknown:
        """Poison the store because of ``error``; the first reason is the one that is kept and told."""
        with self._lock:
            if self._why is None:
                self._why = f"`{name_of(error)}` while {during}"
        return StoreUnknown(
            f"`{name_of(error)}` while {during}: whether it was recorded is unknown", mend=_MEND
        )


def name_of(error: BaseException) -> str:
    """SQLite's own name of an error, the extended one where there is one."""
    if not isinstance(error, apsw.Error):
        return type(error).__name__
    extended = getattr(error, "extendedresult", -1)
    names = apsw.mapping_extended_result_codes
    if extended in names:
        return str(names[extended])
    return str(apsw.mapping_result_codes.get(getattr(error, "result", -1), type(error).__name__))
