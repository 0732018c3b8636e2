"""Where a home's unix socket lies: in the home, or under the run-time directory when that path is too long.

A socket address holds 107 bytes (``protocol.md`` 6). The short path is made from the home's own path, so
that the server and those who look for it find the same one.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from licet.errors import SettingsInvalid
from licet.service.listening import UNIX_PATH_BYTES_MAX
from licet.wiring.home import Home
from licet.wiring.settings import load_settings

_NAME_CHARS = 24
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def socket_path(home: Home, configured: str, env: Mapping[str, str]) -> Path:
    """The socket of ``home``, where its settings say, or a short path in its place.

    The folder of a short path may not be there yet: ``licet serve`` makes it.

    Raises:
        SettingsInvalid: the folder of the short path is somebody else's.
    """
    path = home.root / configured
    if len(os.fsencode(path)) <= UNIX_PATH_BYTES_MAX:
        return path
    folder = _folder(env)
    _demand_ours(folder)
    return folder / f"licet-{sha256(os.fsencode(path)).hexdigest()[:_NAME_CHARS]}.sock"


def served_socket(home: Home, env: Mapping[str, str]) -> Path:
    """Where a ``licet serve`` of ``home`` listens unless it was told another place.

    Raises:
        SettingsInvalid: settings that cannot be used, or the folder of a short path is somebody else's.
    """
    return socket_path(home, load_settings(home.settings, env).service.socket, env)


def make_folder(path: Path) -> None:
    """Make the folder of a short path, for us alone; one that is there already is checked.

    Raises:
        SettingsInvalid: it is somebody else's, or cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        told = (error.strerror or "").lower()
        raise SettingsInvalid(
            f"cannot make `{path.parent}`: {told}", mend="choose one with `--socket`"
        ) from error
    _demand_ours(path.parent)


def _folder(env: Mapping[str, str]) -> Path:
    named = env.get("XDG_RUNTIME_DIR", "")
    if named.startswith("/") and len(os.fsencode(named)) < UNIX_PATH_BYTES_MAX // 2:
        return Path(named) / "licet"
    return Path(tempfile.gettempdir()) / f"licet-{os.getuid()}"


def _demand_ours(folder: Path) -> None:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & _OTHERS:
        # Attack: another account of this machine makes the folder first, listens there, and is sent the
        # owner's API key.
        raise SettingsInvalid(
            f"`{folder}` is not a folder of yours alone", mend="remove it, or choose a socket with `--socket`"
        )
