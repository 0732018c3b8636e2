"""Reading what the command line names: bounded, `-` is stdin, and a fault names the file."""

from __future__ import annotations

import sys
from pathlib import Path

from licet.errors import TooLarge, Usage


def read_file(name: str, *, bytes_max: int) -> bytes:
    """The bytes of the file ``name``, or of stdin for `-`.

    Raises:
        Usage: it cannot be read.
        TooLarge: more than ``bytes_max`` bytes.
    """
    content = read_start(name, bytes_max=bytes_max)
    if len(content) > bytes_max:
        raise TooLarge(f"`{name}` has more than {bytes_max} bytes", mend=f"keep it to {bytes_max} bytes")
    return content


def read_start(name: str, *, bytes_max: int) -> bytes:
    """The file ``name``, or one byte more than ``bytes_max`` of it, for a reader that refuses so much.

    Raises:
        Usage: it cannot be read.
    """
    try:
        if name == "-":
            return sys.stdin.buffer.read(bytes_max + 1)
        with Path(name).open("rb") as file:
            return file.read(bytes_max + 1)
    except OSError as error:
        raise Usage(
            f"`{name}` cannot be read: {(error.strerror or type(error).__name__).lower()}",
            mend="name a file that exists, or `-` for stdin",
        ) from error


def write_file(path: Path, content: bytes) -> None:
    """Write ``content`` to a new or equal file; another content under that name is refused.

    Raises:
        Usage: it cannot be written, or something else is there.
    """
    try:
        if path.exists():
            if path.read_bytes() != content:
                raise Usage(f"`{path}` exists and differs", mend="name another folder with `-o DIR`")
            return
        path.write_bytes(content)
    except OSError as error:
        raise Usage(
            f"`{path}` cannot be written: {(error.strerror or type(error).__name__).lower()}",
            mend="name a folder that can be written with `-o DIR`",
        ) from error
