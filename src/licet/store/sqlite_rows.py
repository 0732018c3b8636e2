"""Rows as SQLite keeps them: each table's statements as constants, and both directions of its tuple.

Text of a caller is always bound, never part of a statement. ``LOG_ID`` leads every key (``storage.md`` 5).
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from licet.errors import StoreCorrupt
from licet.protocol.digest import is_digest
from licet.protocol.types import Audience, Digest, LeafIndex, Origin, ReceiptId, ScopeKind, Tenant
from licet.store.port import (
    ActivationRow,
    BodyRow,
    BundleRow,
    CheckpointRow,
    FreezeQuery,
    FreezeRow,
    Head,
    KeyRow,
    OpenQuery,
    PermitRow,
    ReceiptQuery,
    ReceiptRow,
    Tally,
    TileRow,
    TokenRow,
)

Row: TypeAlias = tuple[Any, ...]
"""What the engine hands back: STRICT tables pin the type of each column, mypy cannot see it."""

LOG_ID: Final = "main"
HASH_BYTES: Final = 32
DIGEST_PREFIX: Final = "sha256:"
INTEGER_MAX: Final = 2**63 - 1

HEAD: Final = (
    "SELECT origin, epoch, size, root, frontier, checkpoint, updated_ms FROM log_head WHERE log_id = 'main'"
)
# INVARIANT: the log moves only from the head its writer saw, in its writer's epoch, and never to another
# root of the same size (test_a_stale_head_is_fenced, test_one_size_never_gets_two_roots).
HEAD_ADVANCE: Final = """
UPDATE log_head SET epoch = ?1, size = ?2, root = ?3, frontier = ?4, checkpoint = ?5,
  updated_ms = max(updated_ms, ?6)
WHERE log_id = 'main' AND origin = ?7 AND size = ?8 AND epoch = ?9 AND (size < ?2 OR root = ?3)
"""
CHECKPOINT_INSERT: Final = """
INSERT INTO checkpoints (log_id, size, root, note) VALUES ('main', ?1, ?2, ?3)
ON CONFLICT (log_id, size) DO UPDATE SET note = excluded.note WHERE root = excluded.root
"""
# The count changes each time: SQLite writes nothing for an UPDATE that leaves the bytes as they are, and a
# heartbeat that writes nothing proves nothing (test_each_heartbeat_reaches_the_disk).
HEARTBEAT: Final = "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'heartbeats'"
TIME_SEEN: Final = "UPDATE log_head SET updated_ms = ?1 WHERE log_id = 'main' AND updated_ms < ?1"

RECEIPT_COLUMNS: Final = (
    "idx, receipt_id, kind, tenant, issued_s, outcome, reason, "
    "surface, actor, bundle, leaf_hash, jws_digest, jws"
)
RECEIPT_INSERT: Final = (
    f"INSERT INTO receipts (log_id, {RECEIPT_COLUMNS}) "  # noqa: S608 -- constants of this file
    "VALUES ('main', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
)
_RECEIPTS: Final = f"SELECT {RECEIPT_COLUMNS} FROM receipts WHERE log_id = 'main'"  # noqa: S608 -- same
RECEIPT: Final = f"{_RECEIPTS} AND idx = ?1"
RECEIPT_BY_ID: Final = f"{_RECEIPTS} AND receipt_id = ?1"
RECEIPTS_FROM: Final = f"{_RECEIPTS} AND idx >= ?1 ORDER BY idx LIMIT ?2"
LAST_INDEX: Final = "SELECT max(idx) FROM receipts WHERE log_id = 'main'"
JWS_RANGE: Final = "SELECT jws FROM receipts WHERE log_id = 'main' AND idx >= ?1 AND idx < ?2 ORDER BY idx"
LEAF_HASHES: Final = (
    "SELECT leaf_hash FROM receipts WHERE log_id = 'main' AND idx >= ?1 ORDER BY idx LIMIT ?2"
)
JWS_DIGESTS: Final = (
    "SELECT jws_digest FROM receipts WHERE log_id = 'main' AND idx >= ?1 ORDER BY idx LIMIT ?2"
)

BODY_INSERT: Final = """
INSERT INTO bodies (log_id, idx, request, facts, explanation, correlation) VALUES ('main', ?1, ?2, ?3, ?4, ?5)
"""
BODY: Final = (
    "SELECT idx, request, facts, explanation, correlation FROM bodies WHERE log_id = 'main' AND idx = ?1"
)

KEY_INSERT: Final = """
INSERT INTO idem (log_id, key, idx, request_digest) VALUES ('main', ?1, ?2, ?3)
ON CONFLICT (log_id, key) DO NOTHING
"""
KEY: Final = "SELECT key, idx, request_digest FROM idem WHERE log_id = 'main' AND key = ?1"

PERMIT_INSERT: Final = """
INSERT INTO permits (log_id, idx, receipt_id, tenant, surface, actor, audience, effect_digest, expires_s)
VALUES ('main', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
"""
_PERMIT_COLUMNS: Final = (
    "idx, receipt_id, tenant, surface, actor, audience, effect_digest, expires_s, "
    "claimed_s, claim_id, claim_idx, completion_status, completion_idx, revoked_idx"
)
_PERMITS: Final = f"SELECT {_PERMIT_COLUMNS} FROM permits"  # noqa: S608 -- constants of this file
PERMIT: Final = f"{_PERMITS} WHERE log_id = 'main' AND receipt_id = ?1"
# INVARIANT: a permit is claimed at most once, by its audience, for its effect, in its time, and neither
# revoked nor frozen. Every guard is in this one statement, so there is no moment between a check and the
# act (test_a_claim_is_one_statement, test_each_scope_of_a_freeze_stops_a_claim).
CLAIM: Final = """
UPDATE permits SET claimed_s = ?1, claim_id = ?2, claim_idx = ?3
WHERE log_id = 'main' AND receipt_id = ?4 AND claimed_s IS NULL AND expires_s > ?1
  AND tenant = ?5 AND audience = ?6 AND effect_digest = ?7
  AND revoked_idx IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM (
      VALUES ('main', 'all', ''), (permits.tenant, 'tenant', ''),
        (permits.tenant, 'surface', permits.surface), (permits.tenant, 'actor', permits.actor)
    ) AS scope
    CROSS JOIN freezes INDEXED BY freezes_stopping ON freezes.log_id = 'main' AND freezes.lifted_idx IS NULL
      AND freezes.tenant = scope.column1 AND freezes.kind = scope.column2 AND freezes.name = scope.column3
  )
"""
REVOKE: Final = """
UPDATE permits SET revoked_idx = ?1
WHERE log_id = 'main' AND receipt_id = ?2 AND tenant = ?3 AND expires_s > ?4
  AND claimed_s IS NULL AND revoked_idx IS NULL
"""
COMPLETE: Final = """
UPDATE permits SET completion_status = ?1, completion_idx = ?2
WHERE log_id = 'main' AND receipt_id = ?3 AND tenant = ?4 AND claimed_s IS NOT NULL
  AND (completion_status IS NULL OR (completion_status = 'unknown' AND ?1 <> 'unknown'))
"""

# The two halves are read by their own index each, so that neither reads what the log has long forgotten.
OPEN_PERMITS: Final = f"""
{_PERMITS} INDEXED BY permits_unclaimed
WHERE log_id = 'main' AND expires_s > ?2 AND claimed_s IS NULL AND revoked_idx IS NULL
  AND tenant = ?1 AND idx < ?3
UNION ALL
{_PERMITS} INDEXED BY permits_running
WHERE log_id = 'main' AND claimed_s IS NOT NULL AND completion_status IS NULL AND tenant = ?1 AND idx < ?3
ORDER BY idx DESC LIMIT ?4
"""

_FREEZES: Final = "SELECT idx, freeze_id, tenant, kind, name, lifted_idx FROM freezes WHERE log_id = 'main'"
FREEZE_INSERT: Final = """
INSERT INTO freezes (log_id, idx, freeze_id, tenant, kind, name) VALUES ('main', ?1, ?2, ?3, ?4, ?5)
ON CONFLICT (log_id, tenant, kind, name) WHERE lifted_idx IS NULL DO NOTHING
"""
FREEZE_LIFT: Final = """
UPDATE freezes SET lifted_idx = ?1
WHERE log_id = 'main' AND freeze_id = ?2 AND tenant = ?3 AND lifted_idx IS NULL
"""
FREEZE: Final = f"{_FREEZES} AND freeze_id = ?1"
SAME_FREEZE: Final = f"{_FREEZES} AND lifted_idx IS NULL AND tenant = ?1 AND kind = ?2 AND name = ?3"
# Four look-ups in the index of what stops, however many freezes there are: every decision pays for them.
FROZEN_BY: Final = """
SELECT freezes.idx, freeze_id, tenant, kind, name, lifted_idx
FROM (VALUES ('main', 'all', ''), (?1, 'tenant', ''), (?1, 'surface', ?2), (?1, 'actor', ?3)) AS scope
CROSS JOIN freezes INDEXED BY freezes_stopping ON freezes.log_id = 'main' AND freezes.lifted_idx IS NULL
  AND freezes.tenant = scope.column1 AND freezes.kind = scope.column2 AND freezes.name = scope.column3
ORDER BY freezes.idx LIMIT 1
"""

BUNDLE_INSERT: Final = """
INSERT INTO bundles (log_id, digest, name, label, packed, stored_ms) VALUES ('main', ?1, ?2, ?3, ?4, ?5)
ON CONFLICT (log_id, digest) DO NOTHING
"""
BUNDLE: Final = (
    "SELECT digest, name, label, packed, stored_ms FROM bundles WHERE log_id = 'main' AND digest = ?1"
)
ACTIVATION_INSERT: Final = """
INSERT INTO activations (log_id, version, bundle, digest, idx)
SELECT 'main', ?1, ?2, ?3, ?4
WHERE ?1 = 1 + (SELECT coalesce(max(version), 0) FROM activations WHERE log_id = 'main')
"""
_ACTIVATIONS: Final = "SELECT version, bundle, digest, idx FROM activations WHERE log_id = 'main'"
ACTIVE: Final = f"{_ACTIVATIONS} ORDER BY version DESC LIMIT 1"
ACTIVATIONS: Final = f"{_ACTIVATIONS} ORDER BY version"

API_KEY_INSERT: Final = """
INSERT INTO tokens
  (log_id, token_id, secret_sha256, tenant, actor_type, actor_id, roles, audience, expires_s, revoked)
VALUES ('main', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
"""
API_KEY: Final = """
SELECT token_id, secret_sha256, tenant, actor_type, actor_id, roles, audience, expires_s, revoked
FROM tokens WHERE log_id = 'main' AND token_id = ?1
"""

TILE_INSERT: Final = "INSERT INTO tiles (log_id, level, number, root, hashes) VALUES ('main', ?1, ?2, ?3, ?4)"
TILE: Final = (
    "SELECT level, number, root, hashes FROM tiles WHERE log_id = 'main' AND level = ?1 AND number = ?2"
)
TILE_ROOTS: Final = """
SELECT root FROM tiles WHERE log_id = 'main' AND level = ?3 AND number >= ?1 ORDER BY number LIMIT ?2
"""
CHECKPOINT: Final = "SELECT note FROM checkpoints WHERE log_id = 'main' AND size = ?1"
CHECKPOINT_NEWEST: Final = (
    "SELECT size, note FROM checkpoints WHERE log_id = 'main' ORDER BY size DESC LIMIT 1"
)

CHECKPOINTS: Final = (
    "SELECT size, root, note FROM checkpoints WHERE log_id = 'main' AND size > ?1 ORDER BY size LIMIT ?2"
)
_BEYOND: Final = {
    "receipts": "idx >= head.size",
    "bodies": "idx >= head.size",
    "idem": "idx >= head.size",
    "permits": "idx >= head.size",
    "freezes": "idx >= head.size",
    "activations": "idx >= head.size",
    "checkpoints": "checkpoints.size > head.size",
    "tiles": "number >= head.size >> (8 * (level + 1))",
    "log_head": "log_head.log_id <> 'main'",
    "bundles": "FALSE",
    "tokens": "FALSE",
}
"""When a row speaks of what the log has not. A later insert would meet it and fail."""
_STRAY: Final = " + ".join(
    f"(SELECT count(*) FROM {table} WHERE {table}.log_id <> 'main' OR {beyond})"  # noqa: S608 -- constants
    for table, beyond in _BEYOND.items()
)
TALLY: Final = f"""
WITH head AS (SELECT size FROM log_head WHERE log_id = 'main')
SELECT
  (SELECT count(*) FROM idem WHERE log_id = 'main' AND idx < ?1),
  (SELECT count(*) FROM permits WHERE log_id = 'main' AND idx < ?1),
  (SELECT count(*) FROM freezes WHERE log_id = 'main' AND idx < ?1),
  {_STRAY},
  (SELECT count(*) FROM bundles AS kept WHERE NOT EXISTS
    (SELECT 1 FROM activations WHERE activations.digest = kept.digest))
FROM head
"""  # noqa: S608 -- constants of this file


def head(row: Row) -> Head:
    """A head from its row."""
    frontier = row[4]
    return Head(
        origin=Origin(row[0]),
        epoch=row[1],
        size=row[2],
        root=row[3],
        frontier=tuple(frontier[at : at + HASH_BYTES] for at in range(0, len(frontier), HASH_BYTES)),
        checkpoint=row[5],
        updated_ms=row[6],
    )


def head_bindings(old: Head, new: Head) -> Row:
    """What ``HEAD_ADVANCE`` takes."""
    frontier = b"".join(new.frontier)
    moved = (new.epoch, new.size, new.root, frontier, new.checkpoint, new.updated_ms)
    return (*moved, old.origin, old.size, old.epoch)


def receipt(row: Row) -> ReceiptRow:
    """A receipt from its row, in the order of ``RECEIPT_COLUMNS``."""
    return ReceiptRow(
        index=LeafIndex(row[0]),
        receipt_id=ReceiptId(row[1]),
        kind=row[2],
        tenant=Tenant(row[3]),
        issued_s=row[4],
        outcome=row[5],
        reason=row[6],
        surface=row[7],
        actor=row[8],
        bundle=None if row[9] is None else Digest(row[9]),
        leaf_hash=row[10],
        jws_digest=row[11],
        jws=row[12],
    )


def receipt_bindings(row: ReceiptRow) -> Row:
    """What ``RECEIPT_INSERT`` takes."""
    found = (row.index, row.receipt_id, row.kind, row.tenant, row.issued_s)
    searched = (row.outcome, row.reason, row.surface, row.actor, row.bundle)
    return (*found, *searched, row.leaf_hash, row.jws_digest, row.jws)


def body(row: Row) -> BodyRow:
    """A body from its row."""
    return BodyRow(
        index=LeafIndex(row[0]), request=row[1], facts=row[2], explanation=row[3], correlation=row[4]
    )


def body_bindings(row: BodyRow) -> Row:
    """What ``BODY_INSERT`` takes."""
    return (row.index, row.request, row.facts, row.explanation, row.correlation)


def key(row: Row) -> KeyRow:
    """A key from its row; the digest is kept as 32 bytes."""
    return KeyRow(
        key=row[0], index=LeafIndex(row[1]), request_digest=Digest(f"{DIGEST_PREFIX}{row[2].hex()}")
    )


def key_bindings(row: KeyRow) -> Row:
    """What ``KEY_INSERT`` takes.

    Raises:
        ValueError: the request digest is not a digest.
    """
    if not is_digest(row.request_digest):
        message = f"`{row.request_digest}` is no digest"
        raise ValueError(message)
    return (row.key, row.index, bytes.fromhex(row.request_digest.removeprefix(DIGEST_PREFIX)))


def permit(row: Row) -> PermitRow:
    """A permit from its row."""
    return PermitRow(
        index=LeafIndex(row[0]),
        receipt_id=ReceiptId(row[1]),
        tenant=Tenant(row[2]),
        surface=row[3],
        actor=row[4],
        audience=Audience(row[5]),
        effect_digest=Digest(row[6]),
        expires_s=row[7],
        claimed_s=row[8],
        claim_id=row[9],
        claim_index=_leaf(row[10]),
        completion_status=row[11],
        completion_index=_leaf(row[12]),
        revoked_index=_leaf(row[13]),
    )


def permit_bindings(row: PermitRow) -> Row:
    """What ``PERMIT_INSERT`` takes."""
    asked = (row.tenant, row.surface, row.actor)
    return (row.index, row.receipt_id, *asked, row.audience, row.effect_digest, row.expires_s)


def freeze(row: Row) -> FreezeRow:
    """A freeze from its row.

    Raises:
        StoreCorrupt: a kind that no freeze has; a CHECK was passed by.
    """
    if row[3] not in ScopeKind.__members__.values():
        raise StoreCorrupt(f"the freeze at index {row[0]} is of no kind", mend="run `licet log verify`")
    return FreezeRow(
        index=LeafIndex(row[0]),
        freeze_id=ReceiptId(row[1]),
        tenant=Tenant(row[2]),
        kind=ScopeKind(row[3]),
        name=row[4],
        lifted_index=_leaf(row[5]),
    )


def freeze_bindings(row: FreezeRow) -> Row:
    """What ``FREEZE_INSERT`` takes."""
    return (row.index, row.freeze_id, row.tenant, row.kind.value, row.name)


def _leaf(value: Any) -> LeafIndex | None:
    return None if value is None else LeafIndex(value)


def bundle(row: Row) -> BundleRow:
    """A bundle from its row."""
    return BundleRow(digest=Digest(row[0]), name=row[1], label=row[2], packed=row[3], stored_ms=row[4])


def bundle_bindings(row: BundleRow) -> Row:
    """What ``BUNDLE_INSERT`` takes."""
    return (row.digest, row.name, row.label, row.packed, row.stored_ms)


def activation(row: Row) -> ActivationRow:
    """An activation from its row."""
    return ActivationRow(version=row[0], bundle=row[1], digest=Digest(row[2]), index=LeafIndex(row[3]))


def token(row: Row) -> TokenRow:
    """An API key's row; roles are kept one to a line."""
    return TokenRow(
        token_id=row[0],
        secret_sha256=row[1],
        tenant=Tenant(row[2]),
        actor_type=row[3],
        actor_id=row[4],
        roles=tuple(row[5].split("\n")) if row[5] else (),
        audience=None if row[6] is None else Audience(row[6]),
        expires_s=row[7],
        revoked=row[8] == 1,
    )


def token_bindings(row: TokenRow) -> Row:
    """What ``API_KEY_INSERT`` takes.

    Raises:
        ValueError: the roles are not sorted, distinct words.
    """
    text = "\n".join(row.roles)
    if sorted(set(text.split())) != list(row.roles):
        message = f"the roles {row.roles} are not sorted, distinct words"
        raise ValueError(message)
    who = (row.token_id, row.secret_sha256, row.tenant, row.actor_type, row.actor_id)
    return (*who, text, row.audience, row.expires_s, int(row.revoked))


def tile(row: Row) -> TileRow:
    """A tile from its row."""
    return TileRow(level=row[0], number=row[1], root=row[2], hashes=row[3])


def checkpoint(row: Row) -> CheckpointRow:
    """A stored checkpoint from its row."""
    return CheckpointRow(size=row[0], root=row[1], note=row[2])


def tally(row: Row) -> Tally:
    """The counts of ``TALLY``."""
    return Tally(keys=row[0], permits=row[1], freezes=row[2], stray=row[3], unused_bundles=row[4])


def freezes(query: FreezeQuery, limit: int) -> tuple[str, Row]:
    """A list of freezes: statement and bindings."""
    statement = _FREEZES + " AND (tenant = ?1 OR kind = 'all') AND idx < ?2"
    statement += " AND lifted_idx IS NULL" if query.stopping else ""
    return statement + " ORDER BY idx DESC LIMIT ?3", (query.tenant, _before(query.before), limit)


def open_bindings(query: OpenQuery, limit: int) -> Row:
    """What ``OPEN_PERMITS`` takes."""
    return (query.tenant, query.now_s, _before(query.before), limit)


def _before(index: int | None) -> int:
    return INTEGER_MAX if index is None else index


def search(query: ReceiptQuery, limit: int) -> tuple[str, Row]:
    """A search's statement and bindings: only fixed fragments are joined, every value is bound."""
    asked = (
        (" AND kind = ?", query.kind),
        (" AND outcome = ?", query.outcome),
        (" AND surface = ?", query.surface),
        (" AND actor = ?", query.actor),
        (" AND idx < ?", query.before),
    )
    given = [(fragment, value) for fragment, value in asked if value is not None]
    statement = _RECEIPTS + " AND tenant = ?" + "".join(fragment for fragment, _ in given)
    bindings = (query.tenant, *(value for _, value in given), limit)
    return statement + " ORDER BY idx DESC LIMIT ?", bindings
