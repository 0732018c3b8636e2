"""The packed form of a bundle: the part of POSIX ustar (IEEE 1003.1-1988) that a bundle needs.

Writing: regular files only, sorted by path, mode 0644, owner 0, time 0, two zero blocks at the end, so
equal bundles give equal bytes. Reading: nothing but that. The reader computes each header it would have
written and compares bytes, so links, devices, long-name records, sparse files, other owners and times
have no way in, and no length is believed before it is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn

from licet.errors import PolicyInvalid
from licet.policy import limits
from licet.policy.findings import Finding

_BLOCK: Final = 512
_NAME: Final = slice(0, 100)
_SIZE: Final = slice(124, 136)
_KIND: Final = slice(156, 157)
_PREFIX: Final = slice(345, 500)
_NAME_BYTES_MAX: Final = 100
_END: Final = bytes(2 * _BLOCK)
_PACKED_BYTES_MAX: Final = limits.BUNDLE_BYTES_MAX + (limits.FILES_MAX + 1) * 2 * _BLOCK

_KINDS: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder",
    b"6": "a pipe",
    b"g": "a pax header",
    b"x": "a pax header",
    b"K": "a long link name",
    b"L": "a long name",
    b"S": "a sparse file",
}


def pack(files: Mapping[str, bytes]) -> bytes:
    """``files`` as a tar; the same files give the same bytes. Names are those of ``bundle.py``."""
    parts: list[bytes] = []
    for path in sorted(files):
        content = files[path]
        parts += [_header(path, len(content)), content, bytes(-len(content) % _BLOCK)]
    return b"".join([*parts, _END])


def unpack(packed: bytes) -> dict[str, bytes]:
    """The files in ``packed``.

    Raises:
        PolicyInvalid: any byte differs from what ``pack`` would have written.
    """
    if len(packed) > _PACKED_BYTES_MAX:
        _refuse("", f"the archive has {len(packed)} bytes", f"keep it to {_PACKED_BYTES_MAX} bytes")
    if len(packed) % _BLOCK:
        _refuse("", "the archive is cut off inside a block", "pack it again")
    files: dict[str, bytes] = {}
    offset = 0
    last = ""
    while packed[offset : offset + len(_END)] != _END:
        path, size = _read_header(packed[offset : offset + _BLOCK], files)
        if path <= last:
            _refuse(
                path, f"`{path}` does not come after `{last}`", "pack it again: paths are sorted and unique"
            )
        body = offset + _BLOCK
        padded = size + -size % _BLOCK
        if body + padded > len(packed):
            _refuse(path, f"`{path}` is longer than the archive", "pack it again")
        if any(packed[body + size : body + padded]):
            _refuse(path, f"bytes hide behind the end of `{path}`", "pack it again")
        files[path] = packed[body : body + size]
        last = path
        offset = body + padded
    if offset + len(_END) != len(packed):
        _refuse("", "bytes follow the end of the archive", "pack it again")
    return files


def _read_header(header: bytes, files: Mapping[str, bytes]) -> tuple[str, int]:
    if len(header) < _BLOCK or not any(header):
        _refuse("", "the archive does not end in two zero blocks", "pack it again")
    if len(files) >= limits.FILES_MAX:
        _refuse("", f"more than {limits.FILES_MAX} files", f"keep it to {limits.FILES_MAX} files")
    if (kind := header[_KIND]) != b"0":
        # Attack: a link or device that writes outside the folder of whoever unpacks it.
        found = _KINDS.get(kind, "something unknown")
        _refuse("", f"the archive holds {found}", "pack regular files only, with `licet policy build`")
    name, prefix = header[_NAME].rstrip(b"\0"), header[_PREFIX].rstrip(b"\0")
    path = (prefix + b"/" + name if prefix else name).decode("ascii", "backslashreplace")
    digits = header[_SIZE][:-1]
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        _refuse(path, f"the size of `{path}` is not octal", "pack it again")
    size = int(digits, 8)
    if size > limits.FILE_BYTES_MAX:
        _refuse(path, f"`{path}` has {size} bytes", f"keep it to {limits.FILE_BYTES_MAX} bytes")
    if not path.isascii() or not path.isprintable() or not _fits(path) or _header(path, size) != header:
        _refuse(path, f"the header of `{path}` is not one that licet writes", "pack it again")
    return path, size


def _header(path: str, size: int) -> bytes:
    prefix, name = _split(path)
    header = b"".join(
        [
            name.ljust(100, b"\0"),
            b"0000644\0" + b"0000000\0" + b"0000000\0",
            b"%011o\0" % size + b"%011o\0" % 0,
            b" " * 8 + b"0" + bytes(100),
            b"ustar\x0000" + bytes(32) + bytes(32) + b"0000000\0" + b"0000000\0",
            prefix.ljust(155, b"\0") + bytes(12),
        ]
    )
    checksum = b"%06o\0 " % sum(header)
    return header[:148] + checksum + header[156:]


def _split(path: str) -> tuple[bytes, bytes]:
    """Prefix and name: the shortest prefix that lets the name fit."""
    whole = path.encode("ascii")
    if len(whole) <= _NAME_BYTES_MAX:
        return b"", whole
    cut = whole.index(b"/", len(whole) - _NAME_BYTES_MAX - 1)
    return whole[:cut], whole[cut + 1 :]


def _fits(path: str) -> bool:
    return len(path) <= _NAME_BYTES_MAX or "/" in path[len(path) - _NAME_BYTES_MAX - 1 :]


def _refuse(path: str, problem: str, mend: str) -> NoReturn:
    finding = Finding(
        code="POL020",
        severity="error",
        file=path or "bundle.tar",
        line=1,
        col=1,
        end_col=1,
        message=problem,
        mend=mend,
    )
    raise PolicyInvalid(problem, mend=mend, findings=(finding,))
