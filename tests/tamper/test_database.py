"""A hand at the database: whatever row is edited, deleted, swapped, inserted or cut off, it is found (I9)."""

from __future__ import annotations

import os
import random
import shutil

import apsw
import pytest

from licet.authority.callers import OWNER
from licet.errors import LicetError, StoreCorrupt, StoreRewound
from licet.ledger.batch import write_batch
from licet.ledger.fsck import check_edge, check_log, check_outside
from licet.protocol import fast
from licet.protocol.parse import parse_claim_ask, parse_completion_ask, parse_decision_ask
from licet.store.sqlite import create, open_store
from support.sources import MONDAY_MS, ORIGIN
from support.stops import freeze, lift, revoke
from support.tampering_stops import TAMPERS
from support.world import World, effect, payment, starter

ROUNDS = 13
"""Each tamper so often, with another seed: 13 x 55 is 715 in all."""
SOAK_ROUNDS = 250
NEEDS_FULL_TILE = {"tile_changed", "tile_deleted", "tile_inserted"}
ONLY_OUTSIDE = {"head_set_back_to_an_earlier_checkpoint"}
"""What contradicts nothing inside: only the checkpoint kept outside the store tells (I11)."""


def live(world, name, *, claim=False, complete=(), amount=4_000):
    """One decision, and what becomes of it."""
    answer = world.decide(payment(name, amount=amount))
    if claim:
        body = fast.canonical({"permit": answer.receipt, "effect": effect(amount), "claim_id": f"c-{name}"})
        world.settle(world.authority.claim(parse_claim_ask(body), OWNER))
    for status in complete:
        body = fast.canonical({"receipt_id": answer.receipt_id, "status": status})
        world.settle(world.authority.complete(parse_completion_ask(body), OWNER))


def filled(folder, *, more=0):
    """A log with every kind of receipt; the database and the checkpoint kept outside of it."""
    folder.mkdir(mode=0o700)
    create(folder / "licet.db", origin=ORIGIN, now_ms=MONDAY_MS)
    world = World(open_store(folder / "licet.db", origin=ORIGIN))
    for number in range(3):
        live(world, f"spent-{number}", claim=True, complete=["executed"])
        live(world, f"denied-{number}", amount=400_000)
        live(world, f"silent-{number}", amount=80_000)
        world.clock.pass_ms(1_500)
    live(world, "settled", claim=True, complete=["unknown", "failed"])
    live(world, "running", claim=True)
    stopped(world)
    bundle = starter()
    bundle["bundle.toml"] = bundle["bundle.toml"].replace(b"version = ", b"version = 'b' # ", 1)
    world.settle(world.activation(bundle, parent=world.store.active().digest))
    batch = [f"batch-{number}" for number in range(6)] + [f"more-{number}" for number in range(more)]
    together(world, batch)
    live(world, "fresh-1")
    live(world, "fresh-2")
    kept = world.store.head().checkpoint
    world.close()
    world.store.close()
    return folder / "licet.db", kept, world.key


def stopped(world):
    """A freeze that was lifted, one that stands, and a permit taken back."""
    set_ = freeze(world, {"surface": "payments.transfer"})
    live(world, "frozen")
    lift(world, set_.receipt_id)
    freeze(world, {"actor": {"type": "agent", "id": "mallory-bot"}})
    revoke(world, world.decide(payment("revoked")).receipt_id)


def together(world, names):
    """Many decisions in one batch, as under load."""
    world.sequencer.close()
    jobs = [
        world.authority.decide(parse_decision_ask(payment(name)), OWNER, deadline_ms=10**12) for name in names
    ]
    write_batch(world.store, jobs, world.seals)
    world.sequencer = type(world.sequencer)(
        world.store, world.seals, committed=world.heads.append, fatal=world.faults.append
    )
    world.authority._sequencer = world.sequencer
    world.sequencer.start()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("small") / "data")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("large") / "data", more=260)


def copied(database, folder):
    folder.mkdir(mode=0o700)
    shutil.copy(database, folder / "licet.db")
    (folder / "licet.db").chmod(0o600)
    return folder / "licet.db"


def tampered(database, name, seed):
    """Tamper with a copy, as somebody would who owns the file and knows SQLite well."""
    db = apsw.Connection(str(database))
    db.execute("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").fetchall()
    try:
        with db:
            return TAMPERS[name](db, random.Random(seed))  # noqa: S311 - a seed that names the case
    finally:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.close()


def examined(database, kept, key):
    """What a start says, and what the full check says: an error, and problems by index."""
    try:
        store = open_store(database, origin=ORIGIN)
    except LicetError as refused:
        return refused, None
    try:
        refused = None
        try:
            check_outside(store, check_edge(store, key), kept, key)
        except LicetError as error:
            refused = error
        try:
            store.verify_integrity()
            problems = check_log(store, key).problems
        except StoreCorrupt as error:
            return refused or error, None
        return refused, problems
    finally:
        store.close()


def assert_found(template, folder, name, seed):
    database, kept, key = template
    copy = copied(database, folder)
    index = tampered(copy, name, seed)
    refused, problems = examined(copy, kept, key)
    told = f"TAMPER={name} SEED={seed} index={index} refused={refused} problems={problems}"
    if name in ONLY_OUTSIDE:
        assert isinstance(refused, StoreRewound), told
    elif problems is None:
        assert refused is not None, told
    else:
        assert problems, told
        if index is not None:
            assert index in {problem.index for problem in problems}, told
    shutil.rmtree(folder)


def test_an_untouched_log_has_no_problem(small, large, tmp_path):
    for number, (database, kept, key) in enumerate((small, large)):
        assert examined(copied(database, tmp_path / str(number)), kept, key) == (None, ())


@pytest.mark.parametrize("name", TAMPERS)
def test_i09_every_tamper_is_found(small, large, tmp_path, name):
    template = large if name in NEEDS_FULL_TILE else small
    for seed in range(ROUNDS):
        assert_found(template, tmp_path / str(seed), name, seed)


@pytest.mark.soak
@pytest.mark.parametrize("name", TAMPERS)
def test_i09_every_tamper_is_found_for_long(large, tmp_path, name):
    base = int(os.environ.get("TAMPER_SEED", "1000"))
    for seed in range(base, base + SOAK_ROUNDS):
        assert_found(large, tmp_path / str(seed), name, seed)


def test_there_are_at_least_five_hundred_of_them():
    assert len(TAMPERS) * ROUNDS >= 500
