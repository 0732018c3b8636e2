"""The first leaf of a log: who may speak for its keys, and the first callers."""

from __future__ import annotations

from dataclasses import dataclass

from licet.errors import StoreRefused
from licet.ledger.page import Page, Sealed
from licet.protocol.types import MAIN_TENANT
from licet.receipt.statement import Genesis, genesis_document
from licet.store.port import TokenRow


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisJob:
    """Write leaf 0 of an empty log, and the rows of its first API keys."""

    genesis: Genesis
    statements: tuple[str, ...]
    tokens: tuple[TokenRow, ...]

    def write(self, page: Page) -> Sealed:
        """Seal the genesis receipt.

        Raises:
            StoreRefused: the log has begun already.
        """
        if page.next_index != 0:
            raise StoreRefused("the log has begun already", mend="a log has one genesis; open it instead")
        for token in self.tokens:
            page.txn.insert_token(token)
        document = genesis_document(self.genesis, statements=self.statements, stamp=page.stamp(MAIN_TENANT))
        return page.seal(document)
