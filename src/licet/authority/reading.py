"""What an authority shows: receipts, proofs, tiles, checkpoint. Reads only; a tenant sees its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from licet.authority.callers import Caller, Role
from licet.errors import NotFound
from licet.ledger.fsck import LogReport, check_log
from licet.protocol.types import LeafIndex, ReceiptId
from licet.receipt.read import read_receipt
from licet.receipt.stops import FreezeReceipt
from licet.store.port import (
    ActivationRow,
    BodyRow,
    FreezeQuery,
    FreezeRow,
    OpenQuery,
    PermitRow,
    ReceiptQuery,
    ReceiptRow,
    Store,
)
from licet.tlog.entry import entry_of_digest, format_bundle
from licet.tlog.note import NoteKey
from licet.tlog.proof import TlogProof
from licet.tlog.tiles import RowSource, Tile, inclusion_proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A receipt with what it was made from, as far as that is still kept."""

    receipt: ReceiptRow
    body: BodyRow | None
    permit: PermitRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A freeze, and its receipt as far as that is still kept."""

    row: FreezeRow
    receipt: FreezeReceipt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The reading half of one authority."""

    store: Store
    log_key: NoteKey

    def receipt(self, receipt_id: ReceiptId, caller: Caller) -> Detail:
        """One receipt that the caller may see: an auditor its tenant's, a caller those about itself.

        Raises:
            NotAllowed: the caller reads nothing here.
            NotFound: no such receipt, another tenant's, or about somebody else.
        """
        caller.demand_one_of(Role.AUDITOR, Role.CALLER)
        row = self.store.receipt_by_id(receipt_id)
        if row is None or row.tenant != caller.tenant or not _visible(row, caller):
            raise NotFound(f"there is no receipt `{receipt_id}`", mend="list them with `licet receipt list`")
        permit = self.store.permit(receipt_id) if row.outcome == "PERMIT" else None
        return Detail(receipt=row, body=self.store.body(row.index), permit=permit)

    def receipts(self, query: ReceiptQuery, caller: Caller) -> list[ReceiptRow]:
        """Search the caller's tenant, newest first; who is no auditor finds receipts about itself.

        Raises:
            NotAllowed: the caller reads nothing here.
        """
        caller.demand_one_of(Role.AUDITOR, Role.CALLER)
        query = replace(query, tenant=caller.tenant)
        if Role.AUDITOR not in caller.roles:
            query = replace(query, actor=_actor(caller))
        return self.store.receipts(query)

    def proof(self, receipt_id: ReceiptId, caller: Caller) -> str:
        """The C2SP tlog-proof of one receipt, to the newest checkpoint.

        Raises:
            NotAllowed, NotFound: as ``receipt``.
        """
        index = self.receipt(receipt_id, caller).receipt.index
        covering = self.store.checkpoint_covering(index)
        if covering is None:
            raise NotFound(
                f"no checkpoint covers index {index} yet", mend="ask again after the next decision"
            )
        size, note = covering
        hashes = inclusion_proof(index, size, RowSource(self.store))
        return TlogProof(index=index, hashes=hashes, note=note).text()

    def checkpoint(self) -> str:
        """The newest signed checkpoint."""
        return self.store.head().checkpoint

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile of hashes or of a bundle of entries (C2SP tlog-tiles).

        Raises:
            NotFound: the log has not grown that far.
        """
        first = LeafIndex(tile.number * 256)
        if tile.level is None:
            digests = self.store.jws_digests(first, tile.width)
            found = len(digests)
            data = format_bundle([entry_of_digest(digest) for digest in digests]) if digests else b""
        else:
            hashes = RowSource(self.store).tile(tile.level, tile.number, tile.width)
            found = len(hashes)
            data = b"".join(hashes)
        if found != tile.width:
            raise NotFound(f"`{tile.path()}` is not there yet", mend="ask for what the checkpoint covers")
        return data

    def activations(self, caller: Caller) -> list[ActivationRow]:
        """Every activation, oldest first.

        Raises:
            NotAllowed: the caller has nothing to do with policy.
        """
        caller.demand_one_of(Role.AUDITOR, Role.AUTHOR, Role.REVIEWER, Role.ACTIVATOR)
        return self.store.activations()

    def freezes(self, query: FreezeQuery, caller: Caller) -> list[Standing]:
        """The freezes of the caller's tenant and those of all, newest first.

        Raises:
            NotAllowed: the caller is neither auditor nor operator.
        """
        caller.demand_one_of(Role.AUDITOR, Role.OPERATOR)
        rows = self.store.freezes(replace(query, tenant=caller.tenant))
        return [Standing(row=row, receipt=self._freeze(row)) for row in rows]

    def open_permits(self, query: OpenQuery, caller: Caller) -> list[PermitRow]:
        """The open permits of the caller's tenant, newest first.

        Raises:
            NotAllowed: the caller is neither auditor nor operator.
        """
        caller.demand_one_of(Role.AUDITOR, Role.OPERATOR)
        return self.store.open_permits(replace(query, tenant=caller.tenant))

    def _freeze(self, row: FreezeRow) -> FreezeReceipt | None:
        stored = self.store.receipt(row.index)
        receipt = None if stored is None or stored.jws is None else read_receipt(stored.jws)
        return receipt if isinstance(receipt, FreezeReceipt) else None

    def verify_log(self, caller: Caller) -> LogReport:
        """Recompute the whole log from stored bytes.

        Raises:
            NotAllowed: the caller is neither auditor nor operator.
        """
        caller.demand_one_of(Role.AUDITOR, Role.OPERATOR)
        self.store.verify_integrity()
        return check_log(self.store, self.log_key)


def _visible(row: ReceiptRow, caller: Caller) -> bool:
    return Role.AUDITOR in caller.roles or row.actor == _actor(caller)


def _actor(caller: Caller) -> str:
    return f"{caller.actor.type}/{caller.actor.id}"
