"""The tampers of what stops: freezes taken out, lifted, aimed elsewhere or made up, revocations undone."""

from __future__ import annotations

from support.tampering import change, pick, tamper
from support.tampering_rows import TAMPERS

__all__ = ["TAMPERS"]


@tamper
def freeze_deleted(db, rng):
    index = pick(db, rng, table="freezes")
    db.execute("DELETE FROM freezes WHERE idx = ?", (index,))
    return index


@tamper
def freeze_lifted_by_hand(db, rng):
    index = pick(db, rng, "lifted_idx IS NULL", table="freezes")
    db.execute("UPDATE freezes SET lifted_idx = ? WHERE idx = ?", (index + 1 + rng.randrange(3), index))
    return index


@tamper
def freeze_set_again_by_hand(db, rng):
    """The mark comes off a freeze that was lifted: a surface stands still, and no receipt says why."""
    index = pick(db, rng, "lifted_idx IS NOT NULL", table="freezes")
    db.execute("UPDATE freezes SET lifted_idx = NULL WHERE idx = ?", (index,))


@tamper
def freeze_aimed_elsewhere(db, rng):
    index = pick(db, rng, table="freezes")
    name, value = rng.choice(
        [("name", "infra.apply"), ("tenant", "other"), ("kind", "tenant"), ("freeze_id", None)]
    )
    change(db, rng, "freezes", name, "idx = ?", (index,), value=value)
    return index


@tamper
def freeze_moved(db, rng):
    index = pick(db, rng, table="freezes")
    db.execute("UPDATE freezes SET idx = ? WHERE idx = ?", (index - 1, index))
    return index


@tamper
def freeze_made_up(db, rng):
    log, index = rng.choice([("main", 1), ("main", 5_000_000), ("other", 1)])
    db.execute(
        "INSERT INTO freezes VALUES (?, ?, '01900000-0000-7000-8000-000000000000', 'main', 'all', '', NULL)",
        (log, index),
    )


@tamper
def freeze_lifts_swapped(db, rng):
    index = pick(db, rng, "lifted_idx IS NOT NULL", table="freezes")
    db.execute("UPDATE freezes SET lifted_idx = lifted_idx + 1 WHERE idx = ?", (index,))
    return index


@tamper
def permit_revocation_undone(db, rng):
    """The mark comes off a revoked permit, so that it can be claimed."""
    index = pick(db, rng, "revoked_idx IS NOT NULL", table="permits", column="revoked_idx")
    db.execute("UPDATE permits SET revoked_idx = NULL WHERE revoked_idx = ?", (index,))
    return index


@tamper
def permit_revoked_by_hand(db, rng):
    index = pick(db, rng, "claim_idx IS NULL AND revoked_idx IS NULL", table="permits")
    db.execute("UPDATE permits SET revoked_idx = ? WHERE idx = ?", (index + 1 + rng.randrange(3), index))
    return index


@tamper
def permit_hidden_from_its_freeze(db, rng):
    """A permit of another surface or actor is not found by the freeze of its own."""
    index = pick(db, rng, table="permits")
    name, value = rng.choice([("surface", "infra.apply"), ("actor", "agent/cfo-bot")])
    change(db, rng, "permits", name, "idx = ?", (index,), value=value)
    return index
