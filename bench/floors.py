"""What no design can beat here: the disk's flush, a raw durable commit, a raw signature."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

RECEIPT_BYTES = 1_500
PREALLOCATED_BYTES = 64 * 1024 * 1024
Floor = tuple[str, Callable[[], object], int, int]


def all_of_them(folder: Path, stack: ExitStack) -> Iterator[Floor]:
    """Name, one run, runs in a round, operations in one run."""
    yield "append + fdatasync", flush(folder / "floor.bin", stack), 100, 1
    for rows in (1, 64):
        yield f"sqlite commit of {rows}", commit(folder / f"floor-{rows}.db", rows, stack), 100, rows
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    message = os.urandom(RECEIPT_BYTES)
    signature = key.sign(message)
    public = key.public_key()
    yield "ed25519 sign", lambda: key.sign(message), 1_000, 1
    yield "ed25519 verify", lambda: public.verify(signature, message), 500, 1


def flush(file: Path, stack: ExitStack) -> Callable[[], object]:
    """One receipt's bytes into a file that already has its blocks, and through to the disk."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    stack.callback(os.close, handle)
    os.posix_fallocate(handle, 0, PREALLOCATED_BYTES)
    os.fsync(handle)
    data = os.urandom(RECEIPT_BYTES)
    places = count(step=RECEIPT_BYTES)

    def run() -> None:
        os.pwrite(handle, data, next(places) % (PREALLOCATED_BYTES - RECEIPT_BYTES))
        os.fdatasync(handle)

    return run


def commit(file: Path, rows: int, stack: ExitStack) -> Callable[[], object]:
    """A bare durable commit: two rows a decision, WAL, synchronous=FULL, nothing of licet."""
    connection = apsw.Connection(str(file))
    stack.callback(connection.close)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE receipts (idx INTEGER PRIMARY KEY, jws BLOB) STRICT")
    connection.execute("CREATE TABLE keys (key BLOB PRIMARY KEY, idx INTEGER) STRICT, WITHOUT ROWID")
    data = os.urandom(RECEIPT_BYTES)
    indexes = count()

    def run() -> None:
        batch = [next(indexes) for _ in range(rows)]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO receipts VALUES (?, ?)", [(index, data) for index in batch])
        keys = [(os.urandom(32), index) for index in batch]
        connection.executemany("INSERT INTO keys VALUES (?, ?)", keys)
        connection.execute("COMMIT")

    return run
