"""`licet serve` on a disk that fails once a file appears: `broken_disk.py TRIGGER OPERATION serve ...`."""

from __future__ import annotations

import sys
from pathlib import Path

import apsw

from licet.cli.main import main


class Disk(apsw.VFS):
    """The real file system, until the trigger is there; then one operation on the write-ahead log fails."""

    def __init__(self, trigger, operation):
        self.trigger = Path(trigger)
        self.operation = operation
        super().__init__("broken-disk", "unix", makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's own name
        return File(self, name, flags)


class File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        path = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        self._disk = disk
        self._is_log = path.endswith("-wal")
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's own name
        self._met("write")
        super().xWrite(data, offset)

    def xSync(self, flags):  # noqa: N802 - SQLite's own name
        self._met("sync")
        super().xSync(flags)

    def _met(self, operation):
        if self._is_log and operation == self._disk.operation and self._disk.trigger.exists():
            raise apsw.FullError if operation == "write" else apsw.IOError


if __name__ == "__main__":
    disk = Disk(*sys.argv[1:3])
    del sys.argv[1:3]
    main()
