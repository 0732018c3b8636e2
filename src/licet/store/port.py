"""The store port: rows, one write transaction, reads (``storage.md`` 2 and 5).

A driver makes a decision durable, gapless and single-use in ONE transaction. It knows rows and guards,
nothing of receipts, keys or trees. Every state change that can lose a race is one guarded statement
whose row count decides; a read decides nothing.

Errors are closed. A driver raises only these:

* ``StoreBusy``    definitely not recorded: the transaction never began (``AskAgain``)
* ``StoreUnknown`` the fate of the transaction is unknown: the store is poisoned and refuses all
  further writes in this process (``RaiseTheAlarm``)
* ``StoreRefused`` must not be opened, or the caller broke the port's order of calls
* ``StoreCorrupt`` stored bytes contradict themselves
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from licet.errors import NotRecorded
from licet.protocol.types import Audience, Digest, LeafIndex, Origin, ReceiptId, ScopeKind, Tenant


class StoreBusy(NotRecorded):
    """Definitely not recorded: somebody else holds the store; ask again."""

    code = "not_recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The log's right edge. ``frontier`` holds the roots of the full subtrees, largest first."""

    origin: Origin
    epoch: int
    size: int
    root: bytes
    frontier: tuple[bytes, ...]
    checkpoint: str
    """The signed note of exactly this size; empty only while size is 0."""
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """One leaf: the receipt, and the columns that searches use."""

    index: LeafIndex
    receipt_id: ReceiptId
    kind: str
    tenant: Tenant
    issued_s: int
    outcome: str | None
    reason: str | None
    surface: str | None
    actor: str | None
    bundle: Digest | None
    leaf_hash: bytes
    jws_digest: bytes
    jws: str | None
    """None once erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRow:
    """What a decision was made from; deletable. All canonical JSON bytes."""

    index: LeafIndex
    request: bytes
    facts: bytes
    explanation: bytes
    correlation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One idempotency key. ``key`` is the 32-byte digest of tenant, actor, surface and key."""

    key: bytes
    index: LeafIndex
    request_digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitRow:
    """The life of one permit; a row exists for PERMIT decisions only. Times in seconds.

    ``surface`` and ``actor`` (``type/id``) are what a freeze is matched with.
    """

    index: LeafIndex
    receipt_id: ReceiptId
    tenant: Tenant
    surface: str
    actor: str
    audience: Audience
    effect_digest: Digest
    expires_s: int
    claimed_s: int | None = None
    claim_id: str | None = None
    claim_index: LeafIndex | None = None
    completion_status: str | None = None
    completion_index: LeafIndex | None = None
    revoked_index: LeafIndex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeRow:
    """One freeze; ``lifted_index`` is None while it stops. ``name`` as ``FreezeScope.name`` writes it."""

    index: LeafIndex
    freeze_id: ReceiptId
    tenant: Tenant
    kind: ScopeKind
    name: str
    lifted_index: LeafIndex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRow:
    """A bundle's packed bytes, by content."""

    digest: Digest
    name: str
    label: str
    packed: bytes
    stored_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationRow:
    """One activation; the newest row is the active bundle. ``version`` counts from 1, gapless."""

    version: int
    bundle: str
    digest: Digest
    index: LeafIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """An API key of a caller: only the SHA-256 of its secret is kept. ``roles`` are sorted."""

    token_id: str
    secret_sha256: bytes
    tenant: Tenant
    actor_type: str
    actor_id: str
    roles: tuple[str, ...]
    audience: Audience | None
    expires_s: int | None
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRow:
    """A full tile: 256 hashes of one level; ``root`` is the hash of the whole tile."""

    level: int
    number: int
    root: bytes
    hashes: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRow:
    """A stored checkpoint: the signed note of one size, and the root that fences a second one."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Rows counted in one snapshot, for ``licet log verify``: what no receipt accounts for shows here."""

    keys: int
    """Idempotency keys of the leaves before the size that was asked for."""
    permits: int
    """Permits of those leaves."""
    stray: int
    """Rows of any table that name a leaf, size or tile beyond the head, or another log."""
    freezes: int
    """Freezes that those leaves set."""
    unused_bundles: int
    """Bundles that no activation names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptQuery:
    """A search over receipts; None does not restrict. Newest first; ``before`` excludes itself."""

    tenant: Tenant
    kind: str | None = None
    outcome: str | None = None
    surface: str | None = None
    actor: str | None = None
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeQuery:
    """A page of freezes; ``stopping`` leaves out what was lifted. ``before`` excludes itself."""

    tenant: Tenant
    stopping: bool = True
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuery:
    """A page of open permits at ``now_s``. ``before`` excludes itself."""

    tenant: Tenant
    now_s: int
    before: int | None = None
    limit: int = 50


class Txn(Protocol):
    """One write transaction, used on the writer's thread alone.

    ``commit`` and ``rollback`` end it. Any I/O-class failure raises ``StoreUnknown``.
    """

    def head(self) -> Head:
        """The head as this transaction sees it (under its write lock)."""
        ...

    def savepoint(self) -> None:
        """Open one savepoint; they do not nest."""
        ...

    def release(self) -> None:
        """Keep what was done since the savepoint."""
        ...

    def rollback_to(self) -> None:
        """Undo what was done since the savepoint, and close it."""
        ...

    def insert_key(self, row: KeyRow) -> bool:
        """Take an idempotency key; False when it is taken (``find_key`` tells by what)."""
        ...

    def find_key(self, key: bytes) -> KeyRow | None:
        """The row of a taken key."""
        ...

    def insert_permit(self, row: PermitRow) -> None:
        """Record a new permit."""
        ...

    def claim(
        self,
        receipt_id: ReceiptId,
        *,
        tenant: Tenant,
        audience: Audience,
        effect_digest: Digest,
        now_s: int,
        claim_id: str | None,
        claim_index: LeafIndex,
    ) -> bool:
        """Claim in one guarded statement; False when any guard fails (``permit`` tells which).

        A freeze that covers the permit is one of the guards, a revocation another.
        """
        ...

    def complete(
        self, receipt_id: ReceiptId, *, tenant: Tenant, status: str, completion_index: LeafIndex
    ) -> bool:
        """Complete a claimed, uncompleted permit; False when a guard fails.

        A recorded ``unknown`` may be settled once by another status.
        """
        ...

    def revoke(self, receipt_id: ReceiptId, *, tenant: Tenant, now_s: int, revoked_index: LeafIndex) -> bool:
        """Take back a permit that is unclaimed, unexpired and not revoked; False when a guard fails."""
        ...

    def permit(self, receipt_id: ReceiptId) -> PermitRow | None:
        """One permit's row."""
        ...

    def insert_freeze(self, row: FreezeRow) -> bool:
        """Set a freeze; False while another one of the same scope stops (``same_freeze`` gives it)."""
        ...

    def lift(self, freeze_id: ReceiptId, *, tenant: Tenant, lifted_index: LeafIndex) -> bool:
        """Lift a freeze that stops; False when a guard fails (``freeze`` tells which)."""
        ...

    def freeze(self, freeze_id: ReceiptId) -> FreezeRow | None:
        """One freeze's row."""
        ...

    def same_freeze(self, tenant: Tenant, kind: ScopeKind, name: str) -> FreezeRow | None:
        """The freeze of exactly this scope that stops now."""
        ...

    def frozen_by(self, *, tenant: Tenant, surface: str, actor: str) -> FreezeRow | None:
        """The oldest freeze that stops this request now, as this transaction sees it."""
        ...

    def receipt(self, index: LeafIndex) -> ReceiptRow | None:
        """A receipt committed earlier or inserted by this transaction."""
        ...

    def body(self, index: LeafIndex) -> BodyRow | None:
        """A body committed earlier or inserted by this transaction."""
        ...

    def active(self) -> ActivationRow | None:
        """The newest activation as this transaction sees it."""
        ...

    def insert_activation(self, row: ActivationRow) -> bool:
        """Record an activation; False when its version is taken."""
        ...

    def insert_bundle(self, row: BundleRow) -> None:
        """Keep a bundle's bytes; the same digest again changes nothing."""
        ...

    def insert_token(self, row: TokenRow) -> None:
        """Keep an API key's hash."""
        ...

    def insert_leaves(self, receipts: Sequence[ReceiptRow], bodies: Sequence[BodyRow]) -> None:
        """Append receipts (indexes rising by one from the head) and their bodies."""
        ...

    def insert_tiles(self, tiles: Sequence[TileRow]) -> None:
        """Keep tiles that became full."""
        ...

    def read_back(self, first: LeafIndex, count: int) -> list[str]:
        """The JWS bytes as stored, in index order: what the leaf hashes are recomputed from."""
        ...

    def advance_head(self, old: Head, new: Head) -> bool:
        """Compare and set the head on (size, epoch), and keep the new checkpoint; False: fenced."""
        ...

    def touch(self, now_ms: int) -> None:
        """Remember the time, never backwards, without a leaf."""
        ...

    def commit(self) -> None:
        """Make everything durable: true when it returns, unknown when it raises ``StoreUnknown``."""
        ...

    def rollback(self) -> None:
        """Undo everything."""
        ...


class Store(Protocol):
    """A store that is open, locked and checked. Reads are safe from any thread."""

    @property
    def engine(self) -> str:
        """Engine, version and mode, for people: `sqlite 3.54.1 (apsw), WAL, synchronous=FULL`."""
        ...

    def begin(self) -> Txn:
        """Begin the one write transaction; raises ``StoreBusy`` or ``StoreUnknown``."""
        ...

    def heartbeat(self, now_ms: int) -> None:
        """Commit one row of no meaning: proof that a commit can succeed."""
        ...

    def head(self) -> Head:
        """The committed head."""
        ...

    def find_key(self, key: bytes) -> KeyRow | None:
        """A committed key."""
        ...

    def receipt(self, index: LeafIndex) -> ReceiptRow | None:
        """One committed receipt by leaf index."""
        ...

    def receipt_by_id(self, receipt_id: ReceiptId) -> ReceiptRow | None:
        """One committed receipt by id."""
        ...

    def receipts(self, query: ReceiptQuery) -> list[ReceiptRow]:
        """Search; at most ``limits.PAGE_ROWS_MAX`` rows."""
        ...

    def scan(self, first: LeafIndex, limit: int) -> list[ReceiptRow]:
        """Receipts of all tenants in index order."""
        ...

    def body(self, index: LeafIndex) -> BodyRow | None:
        """One body, unless erased."""
        ...

    def permit(self, receipt_id: ReceiptId) -> PermitRow | None:
        """One permit's row."""
        ...

    def open_permits(self, query: OpenQuery) -> list[PermitRow]:
        """Permits that may be claimed still, or were and have no completion; newest first."""
        ...

    def freeze(self, freeze_id: ReceiptId) -> FreezeRow | None:
        """One freeze's row."""
        ...

    def freezes(self, query: FreezeQuery) -> list[FreezeRow]:
        """A tenant's freezes and those of all, newest first."""
        ...

    def active(self) -> ActivationRow | None:
        """The newest activation."""
        ...

    def activations(self) -> list[ActivationRow]:
        """All activations, oldest first."""
        ...

    def bundle(self, digest: Digest) -> BundleRow | None:
        """A bundle's bytes."""
        ...

    def token(self, token_id: str) -> TokenRow | None:
        """An API key's row."""
        ...

    def leaf_hashes(self, first: LeafIndex, count: int) -> list[bytes]:
        """Leaf hashes in index order; fewer when the log ends."""
        ...

    def jws_digests(self, first: LeafIndex, count: int) -> list[bytes]:
        """SHA-256 of each JWS in index order; fewer when the log ends."""
        ...

    def tile(self, level: int, number: int) -> TileRow | None:
        """A full tile."""
        ...

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        """Roots of full tiles of one level, in order; fewer when there are no more."""
        ...

    def checkpoint(self, size: int) -> str | None:
        """The stored checkpoint note of one size."""
        ...

    def checkpoint_covering(self, index: LeafIndex) -> tuple[int, str] | None:
        """The newest checkpoint, when its size is above ``index``."""
        ...

    def checkpoints(self, after: int, limit: int) -> list[CheckpointRow]:
        """Stored checkpoints of sizes above ``after``, rising."""
        ...

    def tally(self, size: int) -> Tally:
        """Count rows in one snapshot, each counted table whole; may take minutes for a large log."""
        ...

    def verify_integrity(self) -> None:
        """Run the engine's own full check; raises ``StoreCorrupt``."""
        ...

    def close(self) -> None:
        """Finish checkpointing, close, and let go of the lock."""
        ...
