"""`licet serve` on a disk whose log writes take time: `slow_disk.py MILLISECONDS serve ...`."""

from __future__ import annotations

import sys
import time

import apsw

from licet.cli.main import main


class Disk(apsw.VFS):
    """The real file system; each page that is written to the write-ahead log waits."""

    def __init__(self, wait_s):
        self.wait_s = wait_s
        super().__init__("slow-disk", "unix", makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's own name
        return File(self, name, flags)


class File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        path = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        self._wait_s = disk.wait_s if path.endswith("-wal") else 0
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's own name
        if self._wait_s and len(data) > 1_000:  # pages, not their headers
            time.sleep(self._wait_s)
        super().xWrite(data, offset)


if __name__ == "__main__":
    disk = Disk(float(sys.argv[1]) / 1_000)
    del sys.argv[1]
    main()
