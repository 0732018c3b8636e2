"""Tiles: one address each, full exactly when they should be, and proofs out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.tlog.merkle import EMPTY_ROOT, root_of
from licet.tlog.tiles import (
    Tile,
    TileError,
    consistency_proof,
    entry_layout,
    full_tiles,
    inclusion_proof,
    layout,
    parse_tile_path,
    tile_path,
    tree_root,
)
from sample_log import sample_log


class WholeTree:
    """A ``HashSource`` that computes every hash from the leaves; knows nothing of stored tiles."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self.asked: list[tuple[int, int, int]] = []

    def tile(self, level: int, number: int, width: int) -> list[bytes]:
        self.asked.append((level, number, width))
        span = 256**level
        return [
            root_of(self.leaves[n * span : (n + 1) * span]) for n in range(number * 256, number * 256 + width)
        ]


class Broken:
    """A ``HashSource`` that gives one hash too few, or hashes of another width."""

    def __init__(self, missing: int = 0, width: int = 32) -> None:
        self.missing, self.bytes = missing, width

    def tile(self, level: int, number: int, width: int) -> list[bytes]:
        return [bytes(self.bytes)] * (width - self.missing)


PATHS = {
    "tile/0/000": Tile(level=0, number=0),
    "tile/0/x001/x234/067": Tile(level=0, number=1_234_067),
    "tile/0/x001/x234/067.p/1": Tile(level=0, number=1_234_067, width=1),
    "tile/1/x001/000.p/255": Tile(level=1, number=1_000, width=255),
    "tile/63/999": Tile(level=63, number=999),
    "tile/entries/x123/x456/789": Tile(level=None, number=123_456_789),
    "tile/entries/000.p/112": Tile(level=None, number=0, width=112),
}


@pytest.mark.parametrize(("path", "tile"), PATHS.items(), ids=PATHS)
def test_a_path_is_written_and_read_as_c2sp_says(path: str, tile: Tile):
    assert tile_path(tile.level, tile.number, tile.width) == path == tile.path()
    assert parse_tile_path(path) == tile


@given(
    level=st.none() | st.integers(0, 63),
    number=st.integers(0, 2**55 - 1),
    width=st.integers(1, 256),
)
def test_every_path_is_read_back(level: int | None, number: int, width: int):
    assert parse_tile_path(tile_path(level, number, width)) == Tile(level=level, number=number, width=width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/8/0/000",
        "tile/0/001/000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/x001/x000/x000/x000/x000/x000/000",
    ],
)
def test_every_other_spelling_is_refused(path: str):
    with pytest.raises(TileError):
        parse_tile_path(path)


@pytest.mark.parametrize(
    ("level", "number", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_a_place_that_no_tile_has_gets_no_path(level: int, number: int, width: int):
    with pytest.raises(TileError):
        tile_path(level, number, width)


def test_a_log_of_70000_has_the_layout_of_the_specification():
    tiles = list(layout(70_000))
    full = Counter(tile.level for tile in tiles if tile.width == 256)
    partial = {tile.level: (tile.number, tile.width) for tile in tiles if tile.width != 256}

    assert full == {0: 273, 1: 1}
    assert partial == {0: (273, 112), 1: (1, 17), 2: (0, 1)}
    assert [tile.path() for tile in tiles][-1] == "tile/2/000.p/1"
    assert len(list(entry_layout(70_000))) == 274


def test_the_layout_at_the_edges_of_a_tile():
    assert [tile.path() for tile in layout(0)] == []
    assert [tile.path() for tile in layout(255)] == ["tile/0/000.p/255"]
    assert [tile.path() for tile in layout(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert [tile.path() for tile in entry_layout(256)] == ["tile/entries/000"]
    assert [tile.path() for tile in entry_layout(257)] == ["tile/entries/000", "tile/entries/001.p/1"]


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    """Enough for a full tile of level 1, and a bit."""
    return [index.to_bytes(32, "big") for index in range(66_000)]


@pytest.mark.parametrize(
    ("old", "new"), [(0, 256), (255, 256), (200, 900), (0, 66_000), (65_535, 65_536), (65_279, 66_000)]
)
def test_tiles_become_full_exactly_once_and_in_order(leaves: list[bytes], old: int, new: int):
    source = WholeTree(leaves[:old])

    filled = full_tiles(old, leaves[old:new], source)

    expected = {(t.level, t.number) for t in layout(new) if t.width == 256}
    expected -= {(t.level, t.number) for t in layout(old) if t.width == 256}
    assert [(tile.level, tile.number) for tile in filled] == sorted(expected)
    whole = WholeTree(leaves[:new])
    for tile in filled:
        hashes = whole.tile(tile.level, tile.number, 256)
        assert tile.hashes == b"".join(hashes)
        assert tile.root == root_of(hashes)


def test_a_batch_that_fills_no_tile_reads_nothing(leaves: list[bytes]):
    source = WholeTree(leaves[:10])

    assert full_tiles(10, leaves[10:255], source) == ()
    assert full_tiles(10, [], source) == ()
    assert source.asked == []


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000])
def test_the_root_comes_out_of_the_tiles(leaves: list[bytes], size: int):
    assert tree_root(size, WholeTree(leaves[:size])) == root_of(leaves[:size])


def test_the_root_of_nothing_needs_no_tile():
    assert tree_root(0, Broken()) == EMPTY_ROOT


def test_stored_rows_serve_any_partial_width():
    log = sample_log(1_000, batch=256)

    for size in (1, 255, 256, 257, 700, 1_000):
        assert tree_root(size, log.source) == root_of(log.leaves[:size])
    assert log.source.tile(1, 0, 3) == [log.tiles[0, number].root for number in range(3)]


def test_a_proof_reads_each_tile_once(leaves: list[bytes]):
    source = WholeTree(leaves)

    inclusion_proof(12_345, 66_000, source)

    assert len(source.asked) == len(set(source.asked)) <= 5


@pytest.mark.parametrize("source", [Broken(missing=1), Broken(width=31)])
def test_a_source_that_does_not_deliver_is_refused(source: Broken):
    with pytest.raises(TileError, match="is not there in full"):
        inclusion_proof(0, 300, source)
    with pytest.raises(TileError, match="is not there in full"):
        full_tiles(255, [bytes(32)], source)


def test_a_proof_outside_the_tree_is_refused():
    for index, size in ((-1, 1), (1, 1), (0, 0), (0, 2**63)):
        with pytest.raises(TileError, match="outside the tree"):
            inclusion_proof(index, size, Broken())
    for old, new in ((0, 1), (2, 1), (-1, 1), (1, 2**63)):
        with pytest.raises(TileError, match="no consistency proof"):
            consistency_proof(old, new, Broken())
