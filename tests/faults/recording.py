"""Records, call by call, what an authority asks of its disk: the database, its log, the last checkpoint.

``Recorder`` is an ``apsw`` VFS over the real one, the default one while it is registered, so that the real
``open_home`` runs over it unchanged. ``Recorder.disk`` does the same for the file outside the database.
"""

# ruff: noqa: N802 -- the methods of SQLite's own file interface

from __future__ import annotations

import os
import stat
import threading
from dataclasses import dataclass
from pathlib import Path

import apsw

from licet.ledger.publisher import Disk

NAME = "licet-recorder"
NEVER_DURABLE = "-shm"  # an index of the log in shared memory: the first opener after a crash makes it anew
_CREATES = apsw.SQLITE_OPEN_CREATE


@dataclass(frozen=True, slots=True)
class Write:
    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Link:
    """A new, empty file under ``name``."""

    name: str
    inode: int


@dataclass(frozen=True, slots=True)
class Unlink:
    name: str


@dataclass(frozen=True, slots=True)
class Rename:
    inode: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Sync:
    """What was asked of ``inode`` before operation ``upto`` is durable; of the folder, when it is None."""

    inode: int | None
    upto: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A caller asked; from here on a leaf may be there."""

    key: str


@dataclass(frozen=True, slots=True)
class Acked:
    """A caller was answered; from here on the receipt must be there."""

    key: str
    receipt: str


class Recorder(apsw.VFS):
    """Records in ``ops`` what happens in ``folder``, from what stands there now (``base``)."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.base = {
            path.name: path.read_bytes()
            for path in folder.iterdir()
            if path.is_file() and not path.name.endswith(NEVER_DURABLE)
        }
        self.names = {name: number for number, name in enumerate(self.base)}
        self.inodes = dict(self.names)
        self._next = len(self.names)
        self.ops = []
        self.heard = ((), {})  # what had been asked and acknowledged before
        self.lock = threading.Lock()
        self.disk = _Disk(self)
        self.real = apsw.vfs_names()[0]
        super().__init__(NAME, self.real, makedefault=True)

    def add(self, op):
        with self.lock:
            self.ops.append(op)

    def synced(self, inode, sync):
        """Run ``sync`` and record that it has returned; it covers what was asked before it began."""
        upto = len(self.ops)
        sync()
        self.add(Sync(inode, upto))

    def opened(self, name, *, existed):
        """The inode of ``name``; a new one is a name in the folder first."""
        with self.lock:
            if not existed:
                self.inodes[name] = self._next = self._next + 1
                self.ops.append(Link(name, self.inodes[name]))
            return self.inodes[name]

    def renamed(self, old, new):
        with self.lock:
            self.inodes[new] = self.inodes.pop(old)
            self.ops.append(Rename(self.inodes[new], old, new))

    def xOpen(self, name, flags):
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "/")
        if path.parent != self.folder or path.name.endswith(NEVER_DURABLE):
            return apsw.VFSFile(self.real, name, flags)
        return _File(self, path, name, flags)

    def xDelete(self, filename, syncdir):
        self.add(Unlink(Path(filename).name))
        if syncdir:
            self.synced(None, lambda: super(Recorder, self).xDelete(filename, syncdir))
        else:
            super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, recorder, path, name, flags):
        existed = path.exists()
        self._recorder = recorder
        # unix: the first sync of a log also syncs the folder that it was made in
        self._syncs_folder = bool(flags[0] & _CREATES and flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__(recorder.real, name, flags)
        self._inode = recorder.opened(path.name, existed=existed)

    def xWrite(self, data, offset):
        self._recorder.add(Write(self._inode, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size):
        self._recorder.add(Truncate(self._inode, size))
        super().xTruncate(size)

    def xSync(self, flags):
        self._recorder.synced(self._inode, lambda: super(_File, self).xSync(flags))
        if self._syncs_folder:
            self._syncs_folder = False
            self._recorder.synced(None, lambda: None)


class _Disk(Disk):
    def __init__(self, recorder):
        self._recorder = recorder
        self._handles = {}

    def create(self, path, mode):
        existed = path.exists()
        handle = super().create(path, mode)
        inode = self._recorder.opened(path.name, existed=existed)
        if existed:
            self._recorder.add(Truncate(inode, 0))
        self._handles[handle] = inode
        return handle

    def write(self, handle, content):
        offset = os.lseek(handle, 0, os.SEEK_CUR)
        count = super().write(handle, content)
        self._recorder.add(Write(self._handles[handle], offset, bytes(content[:count])))
        return count

    def sync(self, handle):
        folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        inode = None if folder else self._handles[handle]
        self._recorder.synced(inode, lambda: super(_Disk, self).sync(handle))

    def rename(self, old, new):
        super().rename(old, new)
        self._recorder.renamed(old.name, new.name)
