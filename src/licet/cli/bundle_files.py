"""A bundle folder as files by path: what `policy check`, `test`, `activate` and `doctor` read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from licet.errors import Usage

_FILE_BYTES_MAX: Final = 1024 * 1024
_FILES_MAX: Final = 2_000


def read_bundle(folder: Path) -> dict[str, bytes]:
    """The files of the bundle at ``folder``, path relative to it; hidden files are not part of it.

    One byte past the limit of a file is read, so that the bundle's own check refuses it by name.

    Raises:
        Usage: no bundle there, a link in it, or a file that cannot be read.
    """
    if not (folder / "bundle.toml").is_file():
        raise Usage(f"`{folder}` holds no bundle.toml", mend="name the bundle's folder, such as HOME/bundle")
    found: dict[str, bytes] = {}
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if any(part.startswith(".") for part in path.relative_to(folder).parts):
                continue
            if path.is_symlink():
                # Attack: a link in a bundle makes a reviewer read one file and the engine another.
                raise Usage(f"`{path}` is a link", mend="put the file itself into the bundle")
            if path.is_file() and len(found) <= _FILES_MAX:
                with path.open("rb") as file:
                    found[name] = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Usage(
            f"`{error.filename}` cannot be read: {(error.strerror or '').lower()}",
            mend="mend its mode or leave it out",
        ) from error
    return found
