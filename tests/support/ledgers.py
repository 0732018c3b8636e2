"""A log without an authority: jobs that seal a claim of nothing, for tests of the writer alone."""

from __future__ import annotations

from dataclasses import dataclass

from licet.ledger.batch import Seals
from licet.ledger.page import Page, Sealed
from licet.protocol.types import MAIN_TENANT, Audience, Digest, EntityRef, LeafIndex, ReceiptId
from licet.receipt.keys import PrivateKey
from licet.receipt.signer import Ed25519LogSigner
from licet.receipt.statement import Link, claim_document
from support.sources import ORIGIN, ManualClock, SeededEntropy

NOWHERE = Link(
    receipt_id=ReceiptId("01900000-0000-7000-8000-000000000000"),
    index=LeafIndex(0),
    digest=Digest("sha256:" + "0" * 64),
)


@dataclass
class SealJob:
    """Seals ``leaves`` receipts, then raises ``error`` if there is one."""

    leaves: int = 1
    error: Exception | None = None

    def write(self, page: Page) -> list[Sealed]:
        sealed = [page.seal(self._document(page)) for _ in range(self.leaves)]
        if self.error is not None:
            raise self.error
        return sealed

    def _document(self, page: Page):
        return claim_document(
            permit=NOWHERE,
            audience=Audience("tests"),
            effect_digest=Digest("sha256:" + "1" * 64),
            claim_id=None,
            by=EntityRef(type="service", id="tests"),
            stamp=page.stamp(MAIN_TENANT),
        )


def seals(clock: ManualClock | None = None) -> Seals:
    """Keys and sources of a test log."""
    return Seals(
        receipts=PrivateKey.from_seed(b"\2" * 32),
        log=Ed25519LogSigner(ORIGIN, PrivateKey.from_seed(b"\3" * 32)),
        clock=clock or ManualClock(),
        entropy=SeededEntropy(),
    )
