"""The full check, where a log of real receipts would be too long for a test: higher tiles, running logs."""

from __future__ import annotations

import threading
from dataclasses import replace
from hashlib import sha256

import pytest

from licet.ledger.batch import write_batch
from licet.ledger.checkpointing import log_key
from licet.ledger.fsck import check_log
from licet.ledger.fsck_report import PROBLEMS_MAX, Findings
from licet.ledger.fsck_tree import TreeCheck
from licet.store.memory import MemoryStore
from licet.store.port import TileRow
from licet.tlog.tiles import full_tiles
from support.ledgers import SealJob, seals
from support.sources import MONDAY_MS, ORIGIN
from support.world import World, payment

LEAVES = 256 * 256 + 3


class Tiles:
    """A store of tiles alone."""

    def __init__(self, tiles):
        self.tiles = {(tile.level, tile.number): tile for tile in tiles}

    def tile(self, level, number):
        return self.tiles.get((level, number))

    def checkpoints(self, after, limit):
        return []


@pytest.fixture(scope="module")
def leaves():
    return [sha256(number.to_bytes(4, "big")).digest() for number in range(LEAVES)]


@pytest.fixture(scope="module")
def tiles(leaves):
    return [
        TileRow(level=tile.level, number=tile.number, root=tile.root, hashes=tile.hashes)
        for tile in full_tiles(0, leaves, None)
    ]


def problems_of(tiles, leaves):
    found = Findings()
    tree = TreeCheck(Tiles(tiles), log_key(seals().log), found)
    # Appending leaf by leaf also folds the root each time, which this test does not need.
    for leaf in leaves:
        tree._fill(0, leaf)
    return [(problem.index, problem.code) for problem in found.all()]


def test_tiles_of_every_level_are_recomputed(tiles, leaves):
    assert problems_of(tiles, leaves) == []
    assert {tile.level for tile in tiles} == {0, 1}


@pytest.mark.parametrize(("level", "number", "index"), [(0, 0, 0), (0, 255, 65_280), (1, 0, 0)])
def test_a_changed_tile_is_named_by_its_first_leaf(tiles, leaves, level, number, index):
    for name in ("root", "hashes"):
        lied = [
            replace(tile, **{name: bytes(len(getattr(tile, name)))})
            if (tile.level, tile.number) == (level, number)
            else tile
            for tile in tiles
        ]
        assert (index, "tile") in problems_of(lied, leaves)
    gone = [tile for tile in tiles if (tile.level, tile.number) != (level, number)]
    assert (index, "tile") in problems_of(gone, leaves)


def test_a_log_is_checked_while_it_grows():
    world = World()
    stop = threading.Event()

    def grow():
        number = 0
        while not stop.is_set():
            number += 1
            world.decide(payment(f"k-{number}"))

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        reports = [check_log(world.store, world.key) for _ in range(20)]
    finally:
        stop.set()
        thread.join(10)
        world.close()

    assert [report.problems for report in reports] == [()] * 20
    assert reports[-1].size > reports[0].size


def test_an_empty_log_has_no_problem():
    report = check_log(MemoryStore(ORIGIN, MONDAY_MS), log_key(seals().log))

    assert (report.size, report.checked, report.problems) == (0, 0, ())


def test_a_claim_without_its_permit_is_named():
    store = MemoryStore(ORIGIN, MONDAY_MS)
    keys = seals()
    write_batch(store, [SealJob()], keys)

    assert [(one.index, one.code) for one in check_log(store, log_key(keys.log)).problems] == [(0, "claim")]


def test_another_logs_key_fits_no_checkpoint():
    world = World()
    other = log_key(type(world.log)(ORIGIN, world.root))

    codes = {problem.code for problem in check_log(world.store, other).problems}
    world.close()
    assert codes == {"checkpoint"}


def test_a_report_is_bounded():
    found = Findings()
    for number in range(PROBLEMS_MAX * 2):
        found.add(number, "leaf", "no")

    assert len(found.all()) == PROBLEMS_MAX
