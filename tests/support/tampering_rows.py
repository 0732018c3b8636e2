"""The tampers of rows that a receipt accounts for: keys, permits, bodies, bundles, activations, schema."""

# ruff: noqa: S608 -- the statements of a tamperer are made of this file's own constants

from __future__ import annotations

from support.tampering import TAMPERS, change, pick, tamper

__all__ = ["TAMPERS"]

# --- keys -----------------------------------------------------------------------------------------


@tamper
def key_deleted(db, rng):
    index = pick(db, rng, table="idem")
    db.execute("DELETE FROM idem WHERE idx = ?", (index,))
    return index


@tamper
def key_changed(db, rng):
    index = pick(db, rng, table="idem")
    name = rng.choice(["key", "request_digest", "idx"])
    change(db, rng, "idem", name, "idx = ?", (index,))
    return index


@tamper
def keys_swapped(db, rng):
    one, other = rng.sample([row[0] for row in db.execute("SELECT key FROM idem")], 2)
    first, second = (
        db.execute("SELECT idx FROM idem WHERE key = ?", (key,)).fetchone()[0] for key in (one, other)
    )
    db.execute("UPDATE idem SET idx = ? WHERE key = ?", (second, one))
    db.execute("UPDATE idem SET idx = ? WHERE key = ?", (first, other))
    return first


@tamper
def key_squatted(db, rng):
    index = rng.choice([pick(db, rng), 10_000])
    log = rng.choice(["main", "main", "other"])
    db.execute("INSERT INTO idem VALUES (?, ?, ?, ?)", (log, rng.randbytes(32), index, rng.randbytes(32)))


# --- permits --------------------------------------------------------------------------------------


@tamper
def permit_deleted(db, rng):
    index = pick(db, rng, table="permits")
    db.execute("DELETE FROM permits WHERE idx = ?", (index,))
    return index


@tamper
def permit_changed(db, rng):
    index = pick(db, rng, table="permits")
    name, value = rng.choice(
        [
            ("audience", "other-executor"),
            ("effect_digest", "sha256:" + "0" * 64),
            ("expires_s", None),
            ("tenant", "other"),
            ("receipt_id", None),
        ]
    )
    change(db, rng, "permits", name, "idx = ?", (index,), value=value)
    return index


@tamper
def permit_made_fresh(db, rng):
    """The mark of use comes off a spent permit, so that it works twice."""
    index = pick(db, rng, "claim_idx IS NOT NULL", table="permits", column="claim_idx")
    db.execute(
        "UPDATE permits SET claimed_s = NULL, claim_id = NULL, claim_idx = NULL, completion_status = NULL, "
        "completion_idx = NULL WHERE claim_idx = ?",
        (index,),
    )
    return index


@tamper
def permit_marked_as_used(db, rng):
    index = pick(db, rng, "claim_idx IS NULL", table="permits")
    claim = index + 1 + rng.randrange(5)
    db.execute("UPDATE permits SET claimed_s = expires_s - 1, claim_idx = ? WHERE idx = ?", (claim, index))
    return index


@tamper
def permit_use_changed(db, rng):
    index = pick(db, rng, "claim_id IS NOT NULL", table="permits")
    name = rng.choice(["claim_id", "claimed_s", "claim_idx"])
    value = None if name == "claim_id" else _of(db, name, index) - 1
    change(db, rng, "permits", name, "idx = ?", (index,), value=value)
    return index


def _of(db, name, index):
    return db.execute(f"SELECT {name} FROM permits WHERE idx = ?", (index,)).fetchone()[0]


@tamper
def permit_end_changed(db, rng):
    index = pick(db, rng, "completion_status IS NOT NULL", table="permits")
    status = _of(db, "completion_status", index)
    other = next(one for one in ("executed", "failed", "not_executed") if one != status)
    change(db, rng, "permits", "completion_status", "idx = ?", (index,), value=other)
    return index


@tamper
def permit_end_removed(db, rng):
    index = pick(db, rng, "completion_idx IS NOT NULL", table="permits", column="completion_idx")
    db.execute(
        "UPDATE permits SET completion_status = NULL, completion_idx = NULL WHERE completion_idx = ?",
        (index,),
    )
    return index


@tamper
def permit_forged_for_a_denial(db, rng):
    index = pick(db, rng, "outcome IN ('DENY', 'SILENCE')")
    db.execute(
        "INSERT INTO permits "
        "(log_id, idx, receipt_id, tenant, surface, actor, audience, effect_digest, expires_s) "
        "SELECT 'main', idx, receipt_id, tenant, surface, actor, 'payments-executor', ?, issued_s + 600 "
        "FROM receipts WHERE idx = ?",
        ("sha256:" + rng.randbytes(32).hex(), index),
    )
    return index


@tamper
def permit_forged_for_nothing(db, rng):
    place = rng.choice(["(SELECT min(idx) FROM receipts WHERE kind = 'claim')", "5000000"])
    db.execute(
        "INSERT INTO permits "
        "(log_id, idx, receipt_id, tenant, surface, actor, audience, effect_digest, expires_s) VALUES "
        f"('main', {place}, ?, 'main', 'payments.transfer', 'agent/x', 'payments-executor', ?, 9999999999)",
        (f"{rng.randbytes(4).hex()}-0000-7000-8000-000000000000", "sha256:" + rng.randbytes(32).hex()),
    )


# --- bodies, bundles, activations -----------------------------------------------------------------


@tamper
def body_changed(db, rng):
    index = pick(db, rng, table="bodies")
    change(db, rng, "bodies", rng.choice(["request", "facts"]), "idx = ?", (index,))
    return index


@tamper
def bodies_swapped(db, rng):
    one, other = rng.sample([row[0] for row in db.execute("SELECT idx FROM bodies")], 2)
    db.execute("UPDATE bodies SET idx = 1000000 WHERE idx = ?", (one,))
    db.execute("UPDATE bodies SET idx = ? WHERE idx = ?", (one, other))
    db.execute("UPDATE bodies SET idx = ? WHERE idx = 1000000", (other,))
    return one


@tamper
def body_inserted(db, rng):
    index = rng.choice([pick(db, rng, "kind <> 'decision'"), 1_000_000])
    db.execute("INSERT INTO bodies VALUES ('main', ?, x'7b7d', x'7b7d', x'5b5d', NULL)", (index,))
    return index if index < 1_000_000 else None


@tamper
def bundle_changed(db, rng):
    digest = pick(db, rng, table="bundles", column="digest")
    name = rng.choice(["packed", "packed", "name", "label"])
    change(db, rng, "bundles", name, "digest = ?", (digest,))
    return db.execute("SELECT min(idx) FROM activations WHERE digest = ?", (digest,)).fetchone()[0]


@tamper
def bundle_deleted(db, rng):
    digest = pick(db, rng, table="bundles", column="digest")
    db.execute("DELETE FROM bundles WHERE digest = ?", (digest,))
    return db.execute("SELECT min(idx) FROM activations WHERE digest = ?", (digest,)).fetchone()[0]


@tamper
def bundle_inserted(db, rng):
    db.execute(
        "INSERT INTO bundles SELECT log_id, ?, name, label, packed, stored_ms FROM bundles LIMIT 1",
        ("sha256:" + rng.randbytes(32).hex(),),
    )


@tamper
def activation_changed(db, rng):
    version = pick(db, rng, table="activations", column="version")
    index = db.execute("SELECT idx FROM activations WHERE version = ?", (version,)).fetchone()[0]
    name = rng.choice(["digest", "bundle", "idx", "version"])
    others = [row[0] for row in db.execute("SELECT digest FROM activations WHERE version <> ?", (version,))]
    value = {"digest": rng.choice(others), "version": 9}.get(name)
    change(db, rng, "activations", name, "version = ?", (version,), value=value)
    return index


@tamper
def activation_deleted(db, rng):
    """The newest version is the active bundle: an older one comes back without a leaf."""
    version, index = db.execute(
        "SELECT version, idx FROM activations ORDER BY version DESC LIMIT 1"
    ).fetchone()
    db.execute("DELETE FROM activations WHERE version = ?", (version,))
    return index


@tamper
def activation_inserted(db, rng):
    db.execute(
        "INSERT INTO activations SELECT log_id, 1 + (SELECT max(version) FROM activations), bundle, digest, "
        "? FROM activations WHERE version = 1",
        (pick(db, rng, "kind <> 'bundle'"),),
    )


@tamper
def schema_changed(db, rng):
    db.execute(
        rng.choice(
            [
                "DROP INDEX receipt_ids",
                "DROP INDEX permit_ids",
                "CREATE TRIGGER planted AFTER INSERT ON receipts BEGIN DELETE FROM idem; END",
                "CREATE TABLE planted (x)",
                "DELETE FROM meta WHERE name = 'migration.0001'",
            ]
        )
    )
