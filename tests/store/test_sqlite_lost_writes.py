"""A failed sync makes the kernel drop what it could not write, while it goes on showing it to readers.

So a process that starts again after such an error reads a decision that is on no disk, and whatever it
writes behind it in the same write-ahead log is lost with it when the power fails.
"""

# ruff: noqa: N802 -- the methods of SQLite's own file interface

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from licet.errors import StoreUnknown
from licet.store.sqlite import create, open_store
from store.samples import NOW_MS, ORIGIN, append

NAME = "licet-disk"


class Disk(apsw.VFS):
    """The real files are what readers are shown; ``durable`` is what a power failure leaves of them."""

    def __init__(self):
        self.durable = {}
        self.pending = {}
        self.fails = False
        super().__init__(NAME, "")

    def xOpen(self, name, flags):
        return _File(self, name, flags)

    def power_failure(self, folder):
        """Put what is durable into ``folder``, as the files of a machine that starts again."""
        folder.mkdir(mode=0o700)
        for path, image in self.durable.items():
            place = folder / Path(path).name
            place.write_bytes(bytes(image))
            place.chmod(0o600)
        return folder / "licet.db"


class _File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        super().__init__("", name, flags)
        if self._path not in disk.durable:
            disk.durable[self._path] = bytearray(Path(self._path).read_bytes())

    def xWrite(self, data, offset):
        super().xWrite(data, offset)
        self._disk.pending.setdefault(self._path, []).append((offset, bytes(data)))

    def xTruncate(self, size):
        super().xTruncate(size)
        self._disk.pending.setdefault(self._path, []).append((size, None))

    def xSync(self, flags):
        changes = self._disk.pending.pop(self._path, [])
        if self._disk.fails:
            self._disk.fails = False
            raise apsw.IOError  # and nobody tries again: the pages count as written
        super().xSync(flags)
        image = self._disk.durable[self._path]
        for offset, data in changes:
            if data is None:
                del image[offset:]
                continue
            image.extend(bytes(max(0, offset - len(image))))
            image[offset : offset + len(data)] = data


@pytest.fixture
def disk():
    vfs = Disk()
    yield vfs
    vfs.unregister()


def test_what_follows_a_failed_sync_survives_a_power_failure(tmp_path, disk):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    path = home / "licet.db"
    create(path, origin=ORIGIN, now_ms=NOW_MS)
    store = open_store(path, origin=ORIGIN, vfs=NAME)
    append(store)
    disk.fails = True
    with pytest.raises(StoreUnknown):
        append(store)
    store.close()

    again = open_store(path, origin=ORIGIN, vfs=NAME)
    again.heartbeat(NOW_MS)
    found = append(again)
    left = disk.power_failure(tmp_path / "after")
    again.close()

    assert found == 2, "the decision whose sync failed is shown to the next process"
    survivor = open_store(left, origin=ORIGIN)
    assert survivor.head().size == 3
    survivor.close()
