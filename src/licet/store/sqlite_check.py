"""What an opened database says of itself: its pages fit; head, log and checkpoint agree."""

from __future__ import annotations

from typing import Final

import apsw

from licet.errors import StoreCorrupt, StoreRefused
from licet.protocol.types import Origin
from licet.store import sqlite_rows as rows
from licet.store.port import Tally
from licet.store.sqlite_open import RESTORE
from licet.store.sqlite_poison import name_of

QUICK_CHECK_BYTES_MAX: Final = 256 * 1024 * 1024
"""Above it only the small tables are read at open; ``licet log verify`` reads the rest."""
_SMALL_TABLES: Final = ("meta", "log_head", "activations", "freezes", "tokens")
_FINDINGS_MAX: Final = 10


def check_pages(connection: apsw.Connection, size_bytes: int) -> None:
    """The quick check of every start.

    Raises:
        StoreCorrupt: a page is malformed or missing.
    """
    whole = size_bytes <= QUICK_CHECK_BYTES_MAX
    checks = ["PRAGMA quick_check"] if whole else [f"PRAGMA quick_check({name})" for name in _SMALL_TABLES]
    try:
        for check in checks:
            _demand_ok(connection, check)
    except apsw.Error as error:
        raise _damaged(name_of(error)) from error


def check_everything(connection: apsw.Connection) -> None:
    """Every page, every index, every CHECK, every reference; minutes for a large log.

    Raises:
        StoreCorrupt: something does not hold.
    """
    try:
        _demand_ok(connection, f"PRAGMA integrity_check({_FINDINGS_MAX})")
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    except (apsw.Error, UnicodeDecodeError) as error:
        raise _damaged(name_of(error)) from error
    if dangling:
        raise _damaged("an activation names a bundle that is not kept")


def count_rows(connection: apsw.Connection, size: int) -> Tally:
    """Rows by table up to ``size``, and those that have no place, in one snapshot.

    Raises:
        StoreCorrupt: the file is damaged.
    """
    try:
        counted = connection.execute(rows.TALLY, (size,)).fetchone()
    except apsw.Error as error:
        raise _damaged(name_of(error)) from error
    if counted is None:
        raise _damaged("the log has no head")
    return rows.tally(counted)


def check_edges(connection: apsw.Connection, origin: Origin | None) -> None:
    """The head, the last leaf, the newest checkpoint and ``meta`` tell one story, that of ``origin``.

    Raises:
        StoreRefused: the store of another log.
        StoreCorrupt: they contradict each other.
    """
    try:
        found = connection.execute(rows.HEAD).fetchone()
        (last,) = connection.execute(rows.LAST_INDEX).fetchall()[0]
        newest = connection.execute(rows.CHECKPOINT_NEWEST).fetchone()
        named = connection.execute("SELECT value FROM meta WHERE name = 'origin'").fetchone()
    except (apsw.Error, UnicodeDecodeError) as error:
        raise _damaged(name_of(error)) from error
    if found is None:
        raise _damaged("the log has no head")
    head = rows.head(found)
    if named != (head.origin,):
        raise _damaged("the head belongs to another log")
    if origin is not None and head.origin != origin:
        raise StoreRefused(
            f"this is the store of `{head.origin}`, not of `{origin}`", mend="name the home it belongs to"
        )
    leaves = last + 1 if isinstance(last, int) else 0
    if head.size != leaves:
        # Attack: rows cut off the end of the log, or a head set back, with a tool that knows no checksums.
        raise _damaged(f"the head says {head.size}, the log has {leaves} leaves")
    if (newest or None) != ((head.size, head.checkpoint) if head.size else None):
        raise _damaged("the newest checkpoint is not the head's")


def _demand_ok(connection: apsw.Connection, statement: str) -> None:
    findings = [str(row[0]) for row in connection.execute(statement)]
    if findings != ["ok"]:
        raise _damaged("; ".join(findings))


def _damaged(what: str) -> StoreCorrupt:
    return StoreCorrupt(f"the database is damaged: {what}", mend=RESTORE)
