"""A copy of a live database: one consistent moment, compact, durable when this returns (``storage.md`` 11).

A running database is three files that only make sense together; copying the main one alone loses what is
in the write-ahead log. ``VACUUM INTO`` reads one snapshot and writes one whole file, beside the writer.
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from licet.errors import HomeNotEmpty, StoreRefused
from licet.store import sqlite_open as opening
from licet.store.sqlite_poison import name_of
from licet.store.sqlite_schema import check_schema


def copy_database(source: Path, target: Path) -> None:
    """Write the committed state of ``source`` to the new file ``target``, of mode 0600.

    ``source`` may be in use by another process, and must not be by this one: closing its descriptors here
    would drop that store's locks.

    Raises:
        DatabaseMissing, StoreRefused, StoreCorrupt: ``source`` is no store of this build.
        HomeNotEmpty: ``target`` is there.
    """
    real = opening.check_present(source)
    if os.path.lexists(target):
        raise HomeNotEmpty(f"`{target}` is there already", mend="a backup is never overwritten")
    connection = opening.connect(real, mode="ro")
    before = os.umask(0o077)
    try:
        opening.apply_pragmas(connection, opening.READER_PRAGMAS)
        check_schema(connection)
        # `query_only` also forbids writing another file; the connection itself is read-only.
        connection.execute("PRAGMA query_only = OFF").fetchall()
        connection.execute("VACUUM INTO ?1", (str(target),)).fetchall()
    except apsw.Error as error:
        target.unlink(missing_ok=True)
        raise StoreRefused(
            f"`{source}` cannot be copied: `{name_of(error)}`",
            mend="free space where the backup goes; a damaged database is kept as it is",
        ) from error
    finally:
        os.umask(before)
        connection.close()
    target.chmod(0o600)
    _sync(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
