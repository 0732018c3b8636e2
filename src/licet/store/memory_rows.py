"""The tables of the memory store, and the lies about a row that it refuses, as the SQL schema does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from licet.protocol.digest import is_digest
from licet.protocol.limits import JWS_BYTES_MAX, NOTE_BYTES_MAX, ORIGIN_CHARS_MAX
from licet.protocol.types import MAIN_TENANT, CompletionStatus, Digest, Outcome, ReceiptId, ScopeKind
from licet.store.port import (
    ActivationRow,
    BodyRow,
    BundleRow,
    FreezeRow,
    Head,
    KeyRow,
    PermitRow,
    ReceiptRow,
    TileRow,
    TokenRow,
)

HASH_BYTES: Final = 32
RECEIPT_ID_CHARS: Final = 36
FRONTIER_MAX: Final = 64
TILE_HASHES: Final = 256
LEVEL_MAX: Final = 7
INTEGER_MAX: Final = 2**63 - 1


@dataclass(slots=True, kw_only=True)
class Tables:
    """Rows by key: the committed ones of a store, or the new ones of a transaction."""

    heads: dict[str, Head] = field(default_factory=dict)
    receipts: dict[int, ReceiptRow] = field(default_factory=dict)
    receipt_ids: dict[ReceiptId, int] = field(default_factory=dict)
    bodies: dict[int, BodyRow] = field(default_factory=dict)
    keys: dict[bytes, KeyRow] = field(default_factory=dict)
    permits: dict[ReceiptId, PermitRow] = field(default_factory=dict)
    permit_indexes: dict[int, ReceiptId] = field(default_factory=dict)
    freezes: dict[ReceiptId, FreezeRow] = field(default_factory=dict)
    bundles: dict[Digest, BundleRow] = field(default_factory=dict)
    activations: dict[int, ActivationRow] = field(default_factory=dict)
    tokens: dict[str, TokenRow] = field(default_factory=dict)
    tiles: dict[tuple[int, int], TileRow] = field(default_factory=dict)
    checkpoints: dict[int, str] = field(default_factory=dict)

    def take(self, new: Tables) -> None:
        """Make the rows of ``new`` part of these."""
        for name in Tables.__slots__:
            getattr(self, name).update(getattr(new, name))


def head_holds(head: Head) -> bool:
    """Whether a head can be one."""
    return (
        1 <= len(head.origin) <= ORIGIN_CHARS_MAX
        and head.epoch >= 1
        and head.size >= 0
        and len(head.root) == HASH_BYTES
        and len(head.frontier) <= FRONTIER_MAX
        and len(b"".join(head.frontier)) % HASH_BYTES == 0
        and (head.checkpoint == "") == (head.size == 0)
        and len(head.checkpoint) <= NOTE_BYTES_MAX
        and head.updated_ms >= 0
    )


def receipt_holds(row: ReceiptRow) -> bool:
    """Whether a receipt tells one story about its outcome, and its digests are digests."""
    outcomes = {None, *(outcome.value for outcome in Outcome)}
    return (
        row.index >= 0
        and len(row.receipt_id) == RECEIPT_ID_CHARS
        and row.kind != ""
        and row.tenant != ""
        and row.issued_s >= 0
        and row.outcome in outcomes
        and (row.reason is None) == (row.outcome is None) == (row.kind != "decision")
        and (row.bundle is None or is_digest(row.bundle))
        and len(row.leaf_hash) == len(row.jws_digest) == HASH_BYTES
        and (row.jws is None or 1 <= len(row.jws) <= JWS_BYTES_MAX)
    )


def key_holds(row: KeyRow) -> bool:
    """Whether a key is a digest of a request that was logged."""
    return len(row.key) == HASH_BYTES and row.index >= 0 and is_digest(row.request_digest)


def permit_holds(row: PermitRow) -> bool:
    """Whether a permit's life goes forward: issued, claimed in time, completed."""
    claimed = row.claimed_s is not None
    completed = row.completion_status is not None
    claim = -1 if row.claim_index is None else row.claim_index
    statuses = {None, *(status.value for status in CompletionStatus)}
    return (
        row.index >= 0
        and len(row.receipt_id) == RECEIPT_ID_CHARS
        and row.tenant != ""
        and "" not in {row.surface, row.actor, row.audience}
        and is_digest(row.effect_digest)
        and row.expires_s >= 0
        and (row.claimed_s is None or row.claimed_s < row.expires_s)
        and (row.claim_id is None or claimed)
        and (row.claim_index is not None) == claimed
        and (not claimed or claim > row.index)
        and row.completion_status in statuses
        and (row.completion_index is not None) == completed
        and (row.completion_index is None or (claimed and row.completion_index > claim))
        and (row.revoked_index is None or (not claimed and row.revoked_index > row.index))
    )


def freeze_holds(row: FreezeRow) -> bool:
    """Whether a freeze has a scope, and is lifted after it was set; only the home's tenant stops all."""
    return (
        row.index >= 0
        and len(row.freeze_id) == RECEIPT_ID_CHARS
        and row.tenant != ""
        and (row.name == "") == (row.kind in {ScopeKind.ALL, ScopeKind.TENANT})
        and (row.kind is not ScopeKind.ALL or row.tenant == MAIN_TENANT)
        and (row.lifted_index is None or row.lifted_index > row.index)
    )


def stops(row: FreezeRow, *, tenant: str, surface: str, actor: str) -> bool:
    """Whether a freeze stops a request now."""
    if row.lifted_index is not None:
        return False
    match row.kind:
        case ScopeKind.ALL:
            return True
        case ScopeKind.TENANT:
            return row.tenant == tenant
        case ScopeKind.SURFACE:
            return (row.tenant, row.name) == (tenant, surface)
        case ScopeKind.ACTOR:
            return (row.tenant, row.name) == (tenant, actor)


def bundle_holds(row: BundleRow) -> bool:
    """Whether a bundle has a digest and a name."""
    return is_digest(row.digest) and row.name != "" and row.stored_ms >= 0


def activation_holds(row: ActivationRow) -> bool:
    """Whether an activation counts from 1 and has a leaf."""
    return row.version >= 1 and row.bundle != "" and row.index >= 0


def token_holds(row: TokenRow) -> bool:
    """Whether an API key has a hash, an owner and sorted, distinct roles."""
    return (
        row.token_id != ""
        and len(row.secret_sha256) == HASH_BYTES
        and "" not in {row.tenant, row.actor_type, row.actor_id}
        and sorted(set(" ".join(row.roles).split())) == list(row.roles)
        and (row.expires_s is None or row.expires_s >= 0)
    )


def tile_holds(row: TileRow) -> bool:
    """Whether a tile is full."""
    return (
        0 <= row.level <= LEVEL_MAX
        and row.number >= 0
        and len(row.root) == HASH_BYTES
        and len(row.hashes) == TILE_HASHES * HASH_BYTES
    )
