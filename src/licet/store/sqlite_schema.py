"""The schema: numbered migrations with checksums, the birth of a database, and what an open one must be.

Migrations are forward only and additive (``storage.md`` 11). ``meta`` keeps the SHA-256 of each one that ran.
A database whose schema is not exactly what its migrations make is refused: a dropped CHECK or index is a
guard taken out, a planted trigger is code.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

import apsw

from licet.errors import HomeMissing, HomeNotEmpty, StoreCorrupt, StoreRefused
from licet.protocol.ids import is_origin
from licet.protocol.types import Origin
from licet.store import sqlite_open as opening
from licet.store.sqlite_lock import StoreLock
from licet.store.sqlite_poison import name_of
from licet.store.sqlite_rows import LOG_ID

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves (RFC 9162 section 2.1.1)."""
FORMAT: Final = "licet-store/1"
_FIRST_EPOCH: Final = 1
_FRESH: Final = ".new"
_BESIDE: Final = ("", "-wal", "-shm", "-journal")
_SECRET_MODE: Final = 0o600
_OBJECTS: Final = (
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
)
_MIGRATE: Final = "`licet store migrate`, after a backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema; ``number`` counts from 1."""

    number: int
    name: str
    statements: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the statements, as ``meta`` keeps it."""
        return sha256(self.statements.encode("utf-8")).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """Every migration of this build, in order, gapless from 1."""
    folder = files("licet.store") / "migrations" / "sqlite"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        Migration(number=int(name[:4]), name=name, statements=(folder / name).read_text("utf-8"))
        for name in names
    )


def create(path: Path, *, origin: Origin, now_ms: int) -> None:
    """Make the empty store of a new log at ``path``; ``init`` alone does this.

    It is made under another name and renamed when it is whole, so a crash leaves no half store.

    Raises:
        HomeNotEmpty: something is there.
        HomeMissing: its folder is not there.
        HomeHeld: another process is at work there.
        StoreRefused: the origin, the engine or the file system is not usable.
    """
    opening.check_engine(apsw.sqlite_lib_version())
    if not is_origin(origin):
        raise StoreRefused(f"`{origin}` is no origin", mend="a host and a path, without spaces or `+`")
    folder = path.parent
    if not folder.is_dir():
        raise HomeMissing(f"no folder `{folder}`", mend="make the folder first")
    opening.check_file_system(folder)
    lock = StoreLock(folder)
    try:
        _refuse_overwriting(path)
        fresh = path.with_name(path.name + _FRESH)
        _discard(fresh)
        _make(fresh, origin, now_ms)
        fresh.rename(path)
        # A crash before this line may lose the whole new store: nothing was recorded in it yet.
        _sync(folder)
    except OSError as error:
        raise StoreRefused(
            f"`{path}` cannot be made: {error.strerror}", mend="free space, then again"
        ) from error
    finally:
        _discard(path.with_name(path.name + _FRESH))
        lock.release()


def check_schema(connection: apsw.Connection) -> None:
    """Refuse a schema that this build did not make, is older or newer, or was changed.

    Raises:
        StoreRefused: with the migration that mends it where there is one.
        StoreCorrupt: the file is damaged, or somebody changed its schema.
    """
    known = migrations()
    try:
        application = connection.pragma("application_id")
        version = connection.pragma("user_version")
        if application != opening.APPLICATION_ID:
            raise StoreRefused("this SQLite file is no licet store", mend="name `data/licet.db` of a home")
        if version != len(known):
            age = "older" if version < len(known) else "newer"
            raise StoreRefused(
                f"the store's schema is {version}, {age} than this build's {len(known)}",
                mend=_MIGRATE
                if age == "older"
                else f"install the licet that wrote it; {_MIGRATE} never goes back",
            )
        meta = dict(connection.execute("SELECT name, value FROM meta"))
        objects = connection.execute(_OBJECTS).fetchall()
    except (apsw.Error, UnicodeDecodeError) as error:
        raise StoreCorrupt(f"the store cannot be read: {error}", mend=opening.RESTORE) from error
    for step in known:
        if meta.get(f"migration.{step.number:04d}") != step.checksum:
            raise StoreRefused(
                f"migration `{step.name}` is not the one that made this store",
                mend=f"install the licet that wrote it, or {_MIGRATE}",
            )
    if objects != _expected(known):
        # Attack: an UPDATE of sqlite_schema drops a CHECK or a UNIQUE index, and a guard is gone.
        raise StoreCorrupt("the schema is not what its migrations make", mend=opening.RESTORE)


def _expected(known: Sequence[Migration]) -> list[tuple[object, ...]]:
    model = apsw.Connection(":memory:")
    try:
        for step in known:
            model.execute(step.statements).fetchall()
        return model.execute(_OBJECTS).fetchall()
    finally:
        model.close()


def _refuse_overwriting(path: Path) -> None:
    for name in (Path(f"{path}{suffix}") for suffix in _BESIDE):
        if os.path.lexists(name):
            raise HomeNotEmpty(
                f"`{name}` is there already", mend="a store is never overwritten: choose an empty folder"
            )


def _make(path: Path, origin: Origin, now_ms: int) -> None:
    descriptor = os.open(
        path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _SECRET_MODE
    )
    os.close(descriptor)
    path.chmod(_SECRET_MODE)  # whatever the umask says, SQLite's own files copy this mode
    connection = opening.connect(path, mode="rw")
    try:
        connection.execute("PRAGMA page_size = 4096").fetchall()
        connection.execute(f"PRAGMA application_id = {opening.APPLICATION_ID}").fetchall()
        opening.apply_pragmas(connection, opening.WRITER_PRAGMAS)
        with connection:
            _fill(connection, origin, now_ms)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.Error as error:
        raise StoreRefused(
            f"`{path}` cannot be made: `{name_of(error)}`", mend="check the disk, then make the home again"
        ) from error
    finally:
        connection.close()
    _sync(path)


def _fill(connection: apsw.Connection, origin: Origin, now_ms: int) -> None:
    known = migrations()
    for step in known:
        connection.execute(step.statements).fetchall()
    connection.execute(f"PRAGMA user_version = {len(known)}").fetchall()
    meta = {
        "format": FORMAT,
        "log_id": LOG_ID,
        "origin": origin,
        "created_ms": str(now_ms),
        "engine": f"sqlite {apsw.sqlite_lib_version()}",
        "heartbeats": "0",
        **{f"migration.{step.number:04d}": step.checksum for step in known},
    }
    connection.executemany("INSERT INTO meta (name, value) VALUES (?1, ?2)", meta.items())
    connection.execute(
        "INSERT INTO log_head (log_id, origin, epoch, size, root, frontier, checkpoint, updated_ms) "
        "VALUES (?1, ?2, ?3, 0, ?4, x'', '', ?5)",
        (LOG_ID, origin, _FIRST_EPOCH, EMPTY_ROOT, now_ms),
    )


def _discard(path: Path) -> None:
    """Remove what an attempt to make ``path`` left: the log was emptied before, or is worth nothing."""
    for suffix in _BESIDE:
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
