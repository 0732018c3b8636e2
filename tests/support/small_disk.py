"""A disk of a few MiB: a tmpfs in a mount namespace of its own, which ends with its holder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support.served import LAUNCH

_MOUNT = """
cp -a "$1" "$1.kept" && mount -t tmpfs -o size={mib}m,mode=700 licet "$1" && cp -a "$1.kept/." "$1/" &&
echo there && exec cat
"""


class SmallDisk:
    """Holds ``folder`` on a tmpfs of ``mib`` MiB; ``launch`` starts commands that see it there."""

    def __init__(self, folder, mib):
        self.folder = Path(folder)
        self._holder = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                _MOUNT.format(mib=mib),
                "sh",
                str(self.folder),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._holder.stdout.readline() != "there\n":
            self.close()
            message = "the tmpfs could not be mounted"
            raise OSError(message)

    @property
    def seen(self):
        """The folder on the small disk, as this process can reach it."""
        return Path(f"/proc/{self._holder.pid}/root") / self.folder.relative_to("/")

    def launch(self, command=LAUNCH):
        """``command``, with the small disk in its place."""
        return ("nsenter", "--mount", f"--target={self._holder.pid}", "--wd=/", "--", *command)

    def fill(self, leave_bytes):
        """Take all room but so much."""
        found = os.statvfs(self.seen)
        with (self.seen / "filler").open("ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), found.f_bavail * found.f_frsize - leave_bytes)

    def free_bytes(self):
        found = os.statvfs(self.seen)
        return found.f_bavail * found.f_frsize

    def clear(self):
        """Give the room back."""
        (self.seen / "filler").unlink()

    def close(self):
        self._holder.stdin.close()
        self._holder.wait(10)
        self._holder.stdout.close()
        shutil.rmtree(f"{self.folder}.kept", ignore_errors=True)


def why_not():
    """What is missing for a small disk; None when nothing is."""
    if os.name != "posix" or not Path("/proc/self/ns/mnt").exists():
        return "mount namespaces are Linux's"
    missing = [name for name in ("unshare", "nsenter", "mount") if shutil.which(name) is None]
    if missing:
        return f"`{missing[0]}` is not installed"
    tried = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=1m licet /mnt"],
        check=False,
        capture_output=True,
        text=True,
    )
    return None if tried.returncode == 0 else f"this account may not mount: {tried.stderr.strip()}"
