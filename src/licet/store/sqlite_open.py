"""Opening a database file: what is refused before, and what each connection is made to promise.

The checks, in order (``open_checked`` and the callers in ``sqlite.py`` repeat the numbers):

1. the engine has the WAL-reset fix
2. the file is there: it is never created here
3. the file system is a local one
4. one process: the lock beside the file
5. one name, one owner's eyes: no second hard link, mode 0600
6. the header is SQLite's
7. every PRAGMA is set and read back
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from pathlib import Path
from typing import Final
from urllib.parse import quote

import apsw

from licet.errors import DatabaseMissing, ModeRefused, StoreCorrupt, StoreRefused

RESTORE: Final = "keep this file, restore the newest backup, then run `licet log verify`"
_ENGINE: Final = "install the `apsw` that licet's requirements name"
_OWNER: Final = "it must belong to the user who runs licet"
APPLICATION_ID: Final = 0x6C696374  # "lict"
_MAGIC: Final = b"SQLite format 3\x00"
_HEADER_BYTES: Final = 100
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_BUSY_MS: Final = 5_000

_WITH_WAL_RESET_FIX: Final = (
    ((3, 44, 6), (3, 45)),
    ((3, 50, 7), (3, 51)),
    ((3, 51, 3), (4,)),
)

_REMOTE_FILE_SYSTEMS: Final = {
    0x00006969: "NFS",
    0x0000517B: "SMB",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x65735546: "FUSE",
    0x01021997: "9P",
    0x00C36400: "Ceph",
    0x01161970: "GFS2",
    0x7461636F: "OCFS2",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
    0x19830326: "BeeGFS",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x73757245: "Coda",
    0x0000564C: "NCP",
    0x786F4256: "VirtualBox shared folder",
    0xBACBACBC: "VMware shared folder",
}
"""``f_type`` of statfs(2), where locks or shared memory are not what SQLite's WAL needs."""

_EVERY_CONNECTION: Final = (
    ("busy_timeout", str(_BUSY_MS), _BUSY_MS),
    ("foreign_keys", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("cell_size_check", "ON", 1),
    ("mmap_size", "0", 0),  # a stray write through a mapping would reach the file
    ("temp_store", "MEMORY", 2),  # no receipt ever lands in a temporary file
    ("secure_delete", "ON", 1),  # an erased body is overwritten, not only unlinked
)
_MACOS: Final = (("fullfsync", "ON", 1), ("checkpoint_fullfsync", "ON", 1))
WRITER_PRAGMAS: Final = (
    *_EVERY_CONNECTION,
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("wal_autocheckpoint", "0", 0),
    ("cache_size", "-65536", -65536),
    *(_MACOS if sys.platform == "darwin" else ()),
)
"""Name, what is set, what must read back. ``synchronous`` belongs to the connection and is not stored:
NORMAL lost acknowledged decisions in 312 of 523 power-loss states, FULL in none of 513."""
READER_PRAGMAS: Final = (*_EVERY_CONNECTION, ("query_only", "ON", 1), ("cache_size", "-8192", -8192))

_SWITCHES: Final = (
    (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
    (apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),  # the schema has none: one that is there was planted
    (apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0),  # same
    (apsw.SQLITE_DBCONFIG_DQS_DML, 0),
    (apsw.SQLITE_DBCONFIG_DQS_DDL, 0),
    (apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1),  # what is copied after an error is our decision
)


def check_engine(version: str) -> None:
    """Refuse SQLite 3.7.0 - 3.51.2: a checkpoint beside a commit could lose pages (WAL-reset).

    ``version`` is that of the library that runs, which may be another than apsw was built with. Fixed in
    3.51.3, and in 3.50.7 and 3.44.6.

    Raises:
        StoreRefused: an engine without the fix.
    """
    number = tuple(int(part) for part in version.split("."))
    if not any(first <= number < after for first, after in _WITH_WAL_RESET_FIX):
        raise StoreRefused(
            f"SQLite `{version}` can corrupt a log when a checkpoint meets a commit",
            mend="install `apsw` 3.54.1 or newer: it brings its own SQLite",
        )


def check_present(path: Path) -> Path:
    """The one real path of the database; it is never created here.

    Raises:
        DatabaseMissing: there is no database.
        StoreRefused: there is a write-ahead log without its database, or something that is no file.
    """
    try:
        real = path.resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError) as error:
        if Path(f"{path}-wal").exists():
            # The log holds commits that only exist there: an empty database beside it would drop them.
            raise StoreRefused(
                f"`{path}-wal` is here and its database `{path.name}` is not",
                mend="put the database back beside it, or restore the newest backup; keep the -wal file",
            ) from error
        raise DatabaseMissing(
            f"no database at `{path}`",
            mend="`licet init DIR` makes a new home; a lost database is restored from its backup, "
            "never made anew",
        ) from error
    except OSError as error:
        raise StoreRefused(f"`{path}` cannot be reached: {error.strerror}", mend=_OWNER) from error
    if not stat.S_ISREG(real.stat().st_mode):
        raise StoreRefused(f"`{path}` is not a plain file", mend="name the database file of a home")
    return real


def check_file_system(folder: Path, magic: int | None = None) -> None:
    """Refuse network file systems; ``magic`` is the ``f_type`` of statfs(2) unless it is given.

    Raises:
        StoreRefused: locks and synced writes cannot be trusted there.
    """
    kind = _REMOTE_FILE_SYSTEMS.get(_file_system(folder) if magic is None else magic)
    if kind is not None:
        raise StoreRefused(
            f"`{folder}` is on a network file system ({kind})",
            mend="move the home to a local disk; several machines share a PostgreSQL store instead",
        )


def _file_system(folder: Path) -> int:
    if not sys.platform.startswith("linux"):
        return 0  # other systems have other numbers; the operator's guide says local disks only
    buffer = (ctypes.c_long * 64)()  # struct statfs is 120 bytes and begins with f_type
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.statfs(os.fsencode(folder), ctypes.byref(buffer)) != 0:
        code = ctypes.get_errno()
        raise StoreRefused(
            f"`{folder}` has no file system to ask: {os.strerror(code)}", mend="check the mount"
        )
    return int(buffer[0]) & 0xFFFFFFFF


def check_modes(path: Path) -> None:
    """Refuse files of another user or that others can read or write, and a database with two names.

    Raises:
        ModeRefused: with the ``chmod`` or ``chown`` that mends it.
        StoreRefused: a folder that cannot be written; a second hard link: another opener would lock and log
            beside another name.
    """
    folder = path.parent.stat()
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreRefused(
            f"`{path.parent}` cannot be written by user {os.geteuid()}",
            mend="mount it for writing, or give it to the user who runs licet; nothing is decided read-only",
        )
    if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        raise ModeRefused(
            f"everybody can replace files in `{path.parent}`", mend=f"`chmod go-w {path.parent}`"
        )
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        try:
            found = name.stat()
        except FileNotFoundError:
            continue
        if found.st_uid != os.geteuid():
            # Root may write here, and what root makes beside the database locks its real owner out.
            raise ModeRefused(
                f"`{name}` belongs to user {found.st_uid}, and user {os.geteuid()} runs licet",
                mend=f"run it as user {found.st_uid}, or give the whole home to one user: `chown -R`",
            )
        if found.st_mode & _OTHERS:
            mode = stat.S_IMODE(found.st_mode)
            raise ModeRefused(f"`{name}` is open to others (mode {mode:04o})", mend=f"`chmod 600 {name}`")
    links = path.stat().st_nlink
    if links != 1:
        raise StoreRefused(
            f"`{path}` has {links} names (hard links)", mend="remove the other names: a log has one place"
        )


def check_header(path: Path) -> None:
    """Refuse a file that is no SQLite database.

    Only before this process opens it: closing any descriptor of the file drops SQLite's POSIX locks.

    Raises:
        StoreCorrupt: no header, another one, or a file that ends before its last page.
        StoreRefused: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise StoreRefused(f"`{path}` cannot be read: {error.strerror}", mend=_OWNER) from error
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise StoreCorrupt(f"`{path}` is not a database: its header is damaged", mend=RESTORE)
    whole, size = _whole_bytes(header), path.stat().st_size
    wal = Path(f"{path}-wal")
    if size < whole and not (wal.exists() and wal.stat().st_size):
        # With a write-ahead log beside it the missing pages may stand there: page 1 is checkpointed first.
        raise StoreCorrupt(
            f"`{path}` is cut short: {size} of {whole} bytes are there",
            mend="it was copied or restored in part: keep this file, and copy or restore it whole",
        )


def _whole_bytes(header: bytes) -> int:
    """How long the file must be by its header; 0 when it does not say (SQLite file format, 1.3)."""
    changed, said_at = header[24:28], header[92:96]
    if changed != said_at:
        return 0
    page = int.from_bytes(header[16:18], "big")
    return int.from_bytes(header[28:32], "big") * (65_536 if page == 1 else page)


def connect(path: Path, *, mode: str, vfs: str | None = None) -> apsw.Connection:
    """A connection to a file that exists, with every switch of ours set; ``mode`` is ``rw`` or ``ro``.

    Raises:
        StoreRefused: the file cannot be opened, or the engine does not keep a switch.
    """
    # INVARIANT: no CREATE flag and `mode=rw`: a lost database never becomes an empty one
    # (test_a_missing_database_is_never_made).
    uri = f"file:{quote(os.fsencode(path))}?mode={mode}"
    access = apsw.SQLITE_OPEN_READWRITE if mode == "rw" else apsw.SQLITE_OPEN_READONLY
    flags = access | apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_NOFOLLOW
    try:
        connection = apsw.Connection(uri, flags=flags, vfs=vfs)
    except apsw.Error as error:
        raise StoreRefused(f"`{path}` cannot be opened: {error}", mend=_OWNER) from error
    for switch, value in _SWITCHES:
        if connection.config(switch, value) != value:
            raise StoreRefused(f"the engine does not keep its switch {switch} at {value}", mend=_ENGINE)
    return connection


def apply_pragmas(connection: apsw.Connection, pragmas: tuple[tuple[str, str, int | str], ...]) -> None:
    """Set each PRAGMA and read it back.

    Raises:
        StoreRefused: one reads back differently: its promise would not be kept.
        StoreCorrupt: the file is damaged.
    """
    for name, value, expected in pragmas:
        try:
            connection.execute(f"PRAGMA {name} = {value}").fetchall()
            row = connection.execute(f"PRAGMA {name}").fetchone()
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise StoreCorrupt(f"the database is damaged: {error}", mend=RESTORE) from error
        except apsw.Error as error:
            raise StoreRefused(f"PRAGMA {name} cannot be set: {error}", mend=_ENGINE) from error
        if row is None or row[0] != expected:
            seen = None if row is None else row[0]
            raise StoreRefused(f"PRAGMA {name} is `{seen}` and must be `{expected}`", mend=_ENGINE)
