"""One batch while it is being written: its transaction, its moment, and the leaves so far.

A job writes through a ``Page``. Leaves gather here in index order and go to the store in one piece when
all jobs of the batch are done (``batch.py``), so that a refused job can take its leaves back.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeVar

from licet.errors import TooLarge
from licet.ledger.ports import Entropy
from licet.protocol import fast, limits
from licet.protocol.ids import UUID7_RANDOM_BYTES, uuid7
from licet.protocol.types import Digest, JsonObject, LeafIndex, Origin, ReceiptId, Tenant
from licet.receipt.jws import RECEIPT_TYP, seal
from licet.receipt.signer import ReceiptSigner
from licet.receipt.statement import Stamp
from licet.store.port import BodyRow, Head, ReceiptRow, Txn
from licet.tlog.entry import leaf_of_digest

T_co = TypeVar("T_co", covariant=True)

NONCE_BYTES = 16


class Job(Protocol[T_co]):
    """One thing to write. Runs on the writer's thread, under its own savepoint."""

    def write(self, page: Page) -> T_co:
        """Write through ``page`` and return the answer that is released after the commit.

        Raises:
            LicetError: nothing of this job is kept, and the caller gets the error.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a decision was made from, as canonical JSON bytes; kept beside its leaf, deletable."""

    request: bytes
    facts: bytes
    explanation: bytes
    correlation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A signed receipt and its place. Not durable yet: only ``batch.py`` releases it."""

    index: LeafIndex
    receipt_id: ReceiptId
    jws: str


class Page:
    """The open batch. One writer thread owns it."""

    def __init__(self, txn: Txn, head: Head, now_ms: int, signer: ReceiptSigner, entropy: Entropy) -> None:
        """Open a page at ``head``; ``now_ms`` is read once per batch."""
        self.txn = txn
        self.now_ms = now_ms
        self.origin: Origin = head.origin
        # `iat` never decreases along the log, even when the clock steps back within its tolerance.
        self.issued_s = max(now_ms, head.updated_ms) // 1000
        self.rows: list[ReceiptRow] = []
        self.bodies: list[BodyRow] = []
        self._first = head.size
        self._signer = signer
        self._entropy = entropy

    @property
    def next_index(self) -> LeafIndex:
        """The index that the next sealed receipt will have."""
        return LeafIndex(self._first + len(self.rows))

    def stamp(self, tenant: Tenant) -> Stamp:
        """A fresh id and nonce for one receipt of this batch."""
        return Stamp(
            receipt_id=uuid7(self.issued_s * 1000, self._entropy.draw(UUID7_RANDOM_BYTES)),
            origin=self.origin,
            tenant=tenant,
            issued_s=self.issued_s,
            nonce=self._entropy.draw(NONCE_BYTES).hex(),
        )

    def seal(self, document: JsonObject, *, body: Body | None = None) -> Sealed:
        """Sign ``document`` as the next leaf. ``document`` carries the members of its ``Stamp``.

        Raises:
            TooLarge: no reader would take the receipt; nothing was sealed.
        """
        jws = seal(self._signer, RECEIPT_TYP, fast.canonical(document))
        if len(jws) > limits.JWS_BYTES_MAX:
            # Attack: one completion with a huge `actual`, and the store refuses its whole batch.
            raise TooLarge(
                f"the receipt would have {len(jws)} characters",
                mend=f"send less, or a digest: a receipt has at most {limits.JWS_BYTES_MAX}",
            )
        row = receipt_row(self.next_index, document, jws)
        self.rows.append(row)
        if body is not None:
            self.bodies.append(
                BodyRow(
                    index=row.index,
                    request=body.request,
                    facts=body.facts,
                    explanation=body.explanation,
                    correlation=body.correlation,
                )
            )
        return Sealed(index=row.index, receipt_id=row.receipt_id, jws=jws)

    def receipt(self, index: LeafIndex) -> ReceiptRow | None:
        """A receipt of this batch or of the store."""
        position = index - self._first
        if 0 <= position < len(self.rows):
            return self.rows[position]
        return self.txn.receipt(index)

    def body(self, index: LeafIndex) -> BodyRow | None:
        """A body of this batch or of the store."""
        if index >= self._first:
            return next((body for body in self.bodies if body.index == index), None)
        return self.txn.body(index)

    def mark(self) -> tuple[int, int]:
        """Where the page stands, for ``undo``."""
        return len(self.rows), len(self.bodies)

    def undo(self, mark: tuple[int, int]) -> None:
        """Take back the leaves sealed since ``mark``: their signatures never leave the process."""
        rows, bodies = mark
        del self.rows[rows:]
        del self.bodies[bodies:]


def receipt_row(index: LeafIndex, document: JsonObject, jws: str) -> ReceiptRow:
    """The stored row of a receipt: its columns come from the signed payload and nowhere else."""
    digest = sha256(jws.encode("ascii")).digest()
    request = document.get("request")
    policy = document.get("policy")
    surface = actor = bundle = None
    if isinstance(request, dict):
        surface = str(request["surface"])
        who = request["actor"]
        actor = f"{who['type']}/{who['id']}" if isinstance(who, dict) else None
    if isinstance(policy, dict):
        bundle = Digest(str(policy["digest"]))
    return ReceiptRow(
        index=index,
        receipt_id=ReceiptId(str(document["id"])),
        kind=str(document["kind"]),
        tenant=Tenant(str(document["tenant"])),
        issued_s=_integer(document["iat"]),
        outcome=_word(document, "outcome"),
        reason=_word(document, "reason") if "outcome" in document else None,
        surface=surface,
        actor=actor,
        bundle=bundle,
        leaf_hash=leaf_of_digest(digest),
        jws_digest=digest,
        jws=jws,
    )


def _word(document: JsonObject, name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None


def _integer(value: object) -> int:
    if isinstance(value, int):
        return value
    message = "a receipt's `iat` is an integer"
    raise TypeError(message)
