"""Every way a hand at the database can lie: one function each, chosen and aimed by a seeded generator.

A tamper takes (connection, random) and returns the leaf it is about, or None where no one leaf is.
"""

# ruff: noqa: S608 -- the statements of a tamperer are made of this file's own constants

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from licet.receipt.jws import RECEIPT_TYP, seal
from licet.receipt.keys import PrivateKey
from licet.tlog.compact import EMPTY_EDGE
from licet.tlog.entry import leaf_of_digest

TAMPERS = {}
OTHER_KEY = PrivateKey.from_seed(b"\x66" * 32)


def tamper(function):
    TAMPERS[function.__name__] = function
    return function


def flip(value, rng):
    """The value with one bit (bytes), letter (text) or unit (number) changed."""
    if isinstance(value, bytes):
        at = rng.randrange(len(value))
        return value[:at] + bytes([value[at] ^ (1 << rng.randrange(8))]) + value[at + 1 :]
    if isinstance(value, int):
        return value + rng.choice([1, 2, 7])
    at = rng.randrange(len(value))
    letter = next(one for one in "aZ09_" if one != value[at])
    return value[:at] + letter + value[at + 1 :]


def pick(db, rng, where="1=1", table="receipts", column="idx"):
    rows = db.execute(f"SELECT {column} FROM {table} WHERE {where} ORDER BY 1").fetchall()
    return rng.choice(rows)[0]


def change(db, rng, *place, value=None):
    """Give the column at (table, column, where, bindings) another value: ``value``, else a flipped one."""
    table, column, where, bindings = place
    (before,) = db.execute(f"SELECT {column} FROM {table} WHERE {where}", bindings).fetchone()
    after = value if value is not None else flip(before, rng)
    db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (after, *bindings))
    assert after != before, (table, column)


def rehash(db, index, jws):
    """Put ``jws`` at ``index`` with the hashes that belong to it, in the tiles too."""
    digest = sha256(jws.encode()).digest()
    leaf = leaf_of_digest(digest)
    db.execute(
        "UPDATE receipts SET jws = ?, jws_digest = ?, leaf_hash = ? WHERE idx = ?", (jws, digest, leaf, index)
    )
    for (hashes,) in db.execute(
        "SELECT hashes FROM tiles WHERE level = 0 AND number = ?", (index // 256,)
    ).fetchall():
        at = index % 256 * 32
        changed = hashes[:at] + leaf + hashes[at + 32 :]
        db.execute("UPDATE tiles SET hashes = ? WHERE level = 0 AND number = ?", (changed, index // 256))


# --- receipts -------------------------------------------------------------------------------------


@tamper
def receipt_bytes(db, rng):
    index = pick(db, rng)
    change(db, rng, "receipts", "jws", "idx = ?", (index,))
    return index


@tamper
def receipt_hash(db, rng):
    index = pick(db, rng)
    change(db, rng, "receipts", rng.choice(["leaf_hash", "jws_digest"]), "idx = ?", (index,))
    return index


@tamper
def receipt_column(db, rng):
    name, values = rng.choice(
        [
            ("kind", ["release"]),
            ("tenant", ["other"]),
            ("issued_s", [None]),
            ("receipt_id", [None]),
            ("surface", ["infra.apply"]),
            ("actor", ["agent/cfo-bot"]),
            ("bundle", ["sha256:" + "0" * 64]),
        ]
    )
    index = pick(db, rng, f"{name} IS NOT NULL")
    change(db, rng, "receipts", name, "idx = ?", (index,), value=rng.choice(values))
    return index


@tamper
def receipt_outcome(db, rng):
    index = pick(db, rng, "outcome IN ('DENY', 'SILENCE')")
    db.execute("UPDATE receipts SET outcome = 'PERMIT', reason = 'permitted' WHERE idx = ?", (index,))
    return index


@tamper
def receipt_erased(db, rng):
    index = pick(db, rng)
    db.execute("UPDATE receipts SET jws = NULL WHERE idx = ?", (index,))
    return index


@tamper
def receipt_rewritten_with_its_hashes(db, rng):
    """A DENY turned into a PERMIT in the payload, hashes recomputed, the old signature kept."""
    index = pick(db, rng, "outcome = 'DENY'")
    (jws,) = db.execute("SELECT jws FROM receipts WHERE idx = ?", (index,)).fetchone()
    head, payload, signature = jws.split(".")
    document = urlsafe_b64decode(payload + "==").replace(b"acct-42", b"acct-43")
    rehash(db, index, f"{head}.{urlsafe_b64encode(document).rstrip(b'=').decode()}.{signature}")
    return index


@tamper
def receipt_signed_by_another_key(db, rng):
    index = pick(db, rng, "idx > 1")
    (jws,) = db.execute("SELECT jws FROM receipts WHERE idx = ?", (index,)).fetchone()
    payload = urlsafe_b64decode(jws.split(".")[1] + "==")
    rehash(db, index, seal(OTHER_KEY, RECEIPT_TYP, payload))
    return index


@tamper
def receipts_swapped(db, rng):
    """Two whole rows change places, hashes and all."""
    first, second = sorted(
        rng.sample([row[0] for row in db.execute("SELECT idx FROM receipts WHERE idx > 1")], 2)
    )
    db.execute("UPDATE receipts SET idx = 1000000 WHERE idx = ?", (first,))
    db.execute("UPDATE receipts SET idx = ? WHERE idx = ?", (first, second))
    db.execute("UPDATE receipts SET idx = ? WHERE idx = 1000000", (second,))


@tamper
def receipt_deleted(db, rng):
    index = pick(db, rng, "idx < (SELECT max(idx) FROM receipts)")
    db.execute("DELETE FROM receipts WHERE idx = ?", (index,))
    return index


@tamper
def receipt_deleted_and_the_rest_moved_up(db, rng):
    index = pick(db, rng, "idx > 1 AND idx < (SELECT max(idx) FROM receipts)")
    db.execute("DELETE FROM receipts WHERE idx = ?", (index,))
    for (later,) in db.execute("SELECT idx FROM receipts WHERE idx > ? ORDER BY idx", (index,)).fetchall():
        db.execute("UPDATE receipts SET idx = ? WHERE idx = ?", (later - 1, later))


@tamper
def receipts_cut_off(db, rng):
    db.execute("DELETE FROM receipts WHERE idx >= (SELECT max(idx) FROM receipts) - ?", (rng.randrange(5),))


@tamper
def receipt_inserted(db, rng):
    columns = (
        "log_id, kind, tenant, issued_s, outcome, reason, surface, actor, bundle, leaf_hash, jws_digest, jws"
    )
    db.execute(
        f"INSERT INTO receipts (idx, receipt_id, {columns}) "
        f"SELECT (SELECT max(idx) + 1 FROM receipts), 'f' || substr(receipt_id, 2), {columns} "
        "FROM receipts WHERE idx = ?",
        (pick(db, rng),),
    )


# --- head, checkpoints, tiles ---------------------------------------------------------------------


@tamper
def head_changed(db, rng):
    name = rng.choice(["size", "root", "frontier", "checkpoint", "origin"])
    change(db, rng, "log_head", name, "log_id = 'main'", ())


@tamper
def head_time_set_back(db, rng):
    (issued_s,) = db.execute("SELECT max(issued_s) FROM receipts").fetchone()
    db.execute("UPDATE log_head SET updated_ms = ?", (issued_s * 1000 - 1 - rng.randrange(100_000),))


@tamper
def head_set_back_to_an_earlier_checkpoint(db, rng):
    """The newest receipts never happened, and head, receipts and checkpoints agree on it."""
    size, root, note = rng.choice(
        db.execute(
            "SELECT size, root, note FROM checkpoints WHERE size < (SELECT size FROM log_head)"
        ).fetchall()
    )
    leaves = [
        row[0] for row in db.execute("SELECT leaf_hash FROM receipts WHERE idx < ? ORDER BY idx", (size,))
    ]
    frontier = b"".join(EMPTY_EDGE.append(leaves).frontier)
    db.execute(
        "UPDATE log_head SET size = ?, root = ?, frontier = ?, checkpoint = ?", (size, root, frontier, note)
    )
    for table in ("receipts", "bodies", "idem", "permits", "activations"):
        db.execute(f"DELETE FROM {table} WHERE idx >= ?", (size,))
    db.execute(
        "UPDATE permits SET completion_idx = NULL, completion_status = NULL WHERE completion_idx >= ?",
        (size,),
    )
    db.execute(
        "UPDATE permits SET claim_idx = NULL, claimed_s = NULL, claim_id = NULL WHERE claim_idx >= ?", (size,)
    )
    db.execute("DELETE FROM checkpoints WHERE size > ?", (size,))
    db.execute("DELETE FROM tiles WHERE (number + 1) * 256 > ?", (size,))
    db.execute("DELETE FROM bundles WHERE digest NOT IN (SELECT digest FROM activations)")


@tamper
def checkpoint_changed(db, rng):
    size = pick(db, rng, table="checkpoints", column="size")
    change(db, rng, "checkpoints", rng.choice(["root", "note"]), "size = ?", (size,))


@tamper
def checkpoints_swapped(db, rng):
    sizes = [row[0] for row in db.execute("SELECT size FROM checkpoints")]
    one, other = rng.sample(sizes, 2)
    (first,) = db.execute("SELECT note FROM checkpoints WHERE size = ?", (one,)).fetchone()
    (second,) = db.execute("SELECT note FROM checkpoints WHERE size = ?", (other,)).fetchone()
    db.execute("UPDATE checkpoints SET note = ? WHERE size = ?", (second, one))
    db.execute("UPDATE checkpoints SET note = ? WHERE size = ?", (first, other))


@tamper
def checkpoint_deleted(db, rng):
    """The newest; older ones may be thinned."""
    db.execute("DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)")


@tamper
def checkpoint_inserted(db, rng):
    db.execute(
        "INSERT INTO checkpoints SELECT log_id, size + ?, root, note FROM checkpoints "
        "WHERE size = (SELECT max(size) FROM checkpoints)",
        (1 + rng.randrange(9),),
    )


@tamper
def tile_changed(db, rng):
    change(db, rng, "tiles", rng.choice(["hashes", "root"]), "level = 0 AND number = 0", ())
    return 0


@tamper
def tile_deleted(db, rng):
    db.execute("DELETE FROM tiles")
    return 0


@tamper
def tile_inserted(db, rng):
    level, number = rng.choice([(0, 1), (0, 7), (1, 0), (7, 0)])
    db.execute("INSERT INTO tiles SELECT log_id, ?, ?, root, hashes FROM tiles", (level, number))
