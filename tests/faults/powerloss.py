"""The states that a power loss may leave behind, from what was recorded (``trust.md`` 8).

The disk promises what POSIX and SQLite's ``PSOW`` promise and no more: what was synced stays; of what was
not, any part may be there, in any order, and the last write may end at any sector. After each operation
these states are built, and ``some`` again in every further round, as long as somebody asks for more:

- ``none`` of what was not synced is there, or ``all`` of it
- ``torn``: all of it, the last write cut at each 512 bytes
- ``some``: drawn from a seed; each write is there, is not, or is there in some of its sectors
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from types import UnionType

from faults.recording import Acked, Asked, Link, Rename, Sync, Truncate, Unlink, Write

SECTOR = 512
_LOST, _WHOLE = 0.45, 0.9


@dataclass(frozen=True, slots=True)
class State:
    """The files after a loss, and what callers had heard by then."""

    index: int
    """How many operations had happened."""
    kind: str
    files: dict[str, bytes]
    asked: tuple[str, ...]
    acked: dict[str, str]
    round: int
    """From 1 on, every operation has had its turn."""


class Image:
    """Names and files of one folder."""

    def __init__(self, names, files):
        self.names = dict(names)
        self.files = {inode: bytearray(content) for inode, content in files.items()}

    def apply(self, op):
        match op:
            case Write(inode, offset, data):
                file = self._file(inode, at_least=offset)
                file[offset : offset + len(data)] = data
            case Truncate(inode, size):
                del self._file(inode, at_least=size)[size:]
            case Link(name, inode):
                self.names[name] = inode
            case Unlink(name):
                self.names.pop(name, None)
            case Rename(inode, old, new):
                if self.names.get(old) == inode:
                    del self.names[old]
                self.names[new] = inode

    def contents(self):
        return {name: bytes(self._file(inode)) for name, inode in self.names.items()}

    def _file(self, inode, at_least=0):
        file = self.files.setdefault(inode, bytearray())
        file.extend(bytes(max(0, at_least - len(file))))
        return file


class Loss:
    """What is durable and what is not, operation by operation."""

    def __init__(self, recorder):
        files = {inode: recorder.base[name] for name, inode in recorder.names.items()}
        self.durable = Image(recorder.names, files)
        self.pending = []
        asked, acked = recorder.heard
        self.asked = list(asked)
        self.acked = dict(acked)

    def advance(self, index, op):
        match op:
            case Asked(key):
                self.asked.append(key)
            case Acked(key, receipt):
                self.acked[key] = receipt
            case Sync(inode, upto):
                self._sync(inode, upto)
            case _:
                self.pending.append((index, op))

    def _sync(self, inode, upto):
        left = []
        for index, op in self.pending:
            if index < upto and _inode(op) == inode:
                self.durable.apply(op)
            else:
                left.append((index, op))
        self.pending = left

    def files(self, chosen):
        image = Image(self.durable.names, self.durable.files)
        for op in chosen:
            image.apply(op)
        return image.contents()


def _inode(op):
    return op.inode if isinstance(op, Write | Truncate) else None


def states(recorder, *, seed: int, after: type | UnionType = object) -> Iterator[State]:
    """The distinct states of a recording; the same acknowledgements and the same bytes come once.

    ``after`` keeps those that follow an operation of its kind.
    """
    draw = random.Random(seed)  # noqa: S311 - a failure must come again from its seed
    seen: set[bytes] = set()
    for turn in count():
        before = len(seen)
        loss = Loss(recorder)
        for index, op in enumerate(recorder.ops):
            loss.advance(index, op)
            for kind, chosen in _kinds(loss, op, draw, turn) if isinstance(op, after) else ():
                files = loss.files(chosen)
                mark = _mark(files, len(loss.acked))
                if mark not in seen:
                    seen.add(mark)
                    yield State(index + 1, kind, files, tuple(loss.asked), dict(loss.acked), turn)
        if len(seen) == before:
            return


def _kinds(loss, op, draw, turn):
    pending = [op for _, op in loss.pending]
    if turn == 0:
        yield "none", []
        yield "all", pending
        if isinstance(op, Write):
            first = (op.offset // SECTOR + 1) * SECTOR
            for end in range(first, op.offset + len(op.data), SECTOR):
                torn = Write(op.inode, op.offset, op.data[: end - op.offset])
                yield f"torn at {end}", [*pending[:-1], torn]
    if len(pending) > 1:
        yield _some(loss.pending, draw)


def _some(pending, draw):
    chosen, told = [], []
    for index, op in pending:
        luck = draw.random()
        if luck < _LOST:
            continue
        sectors = [op] if luck < _WHOLE or not isinstance(op, Write) else list(_sectors(op, draw))
        chosen += sectors
        told.append(f"{index}" if sectors == [op] else f"{index}/{len(sectors)}")
    return f"some: {' '.join(told)}", chosen


def _sectors(op, draw):
    start = op.offset
    while start < op.offset + len(op.data):
        end = (start // SECTOR + 1) * SECTOR
        if draw.random() < 1 / 2:
            yield Write(op.inode, start, op.data[start - op.offset : end - op.offset])
        start = end


def _mark(files, acked):
    digest = hashlib.blake2b(str(acked).encode(), digest_size=16)
    for name in sorted(files):
        digest.update(f"{name}:{len(files[name])}:".encode())
        digest.update(files[name])
    return digest.digest()
