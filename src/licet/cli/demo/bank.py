"""A toy bank: an append-only ledger file and a balance that follows from it. It believes one credential."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from licet.protocol.canonical import canonical_bytes

OPENING_MINOR: Final = 100_000
"""1,000.00 USD."""

_SECRET_BYTES: Final = 32


class Bank:
    """The effect that cannot be taken back: money that leaves an account."""

    def __init__(self, folder: Path) -> None:
        """The bank in ``folder``."""
        self._ledger = folder / "ledger.jsonl"
        self._door = folder / "door.sha256"

    def open_account(self) -> str:
        """Open the account and give out its credential, once; the bank keeps only the hash."""
        credential = secrets.token_hex(_SECRET_BYTES)
        self._door.write_text(_hash(credential), encoding="ascii")
        self._ledger.touch()
        return credential

    def transfer(self, credential: str, *, payee: str, amount_minor: int, permit: str) -> int:
        """Move money and give the transfer's number. The line is on disk before this returns.

        Raises:
            PermissionError: another credential.
        """
        if not hmac.compare_digest(_hash(credential), self._door.read_text(encoding="ascii")):
            message = "the bank does not know this credential"
            raise PermissionError(message)
        line = canonical_bytes({"amount_minor": amount_minor, "payee": payee, "permit": permit})
        with self._ledger.open("ab") as ledger:
            ledger.write(line + b"\n")
            ledger.flush()
            os.fsync(ledger.fileno())
        return count_transfers(self._ledger)


def count_transfers(ledger: Path) -> int:
    """How many transfers the ledger holds: read from the file, not told by anybody."""
    return len(ledger.read_bytes().splitlines()) if ledger.exists() else 0


def _hash(credential: str) -> str:
    return hashlib.sha256(credential.encode("utf-8")).hexdigest()
