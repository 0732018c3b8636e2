"""C2SP tlog-tiles: where tiles live, which become full as the log grows, and proofs from them.

A tile of level L holds 256 hashes, each the root of ``256**L`` leaves. Only full tiles are stored; the
right edge of level 0 comes from stored leaf hashes and of every higher level from the roots of full
tiles below, so any width that had a checkpoint can be served without having been written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ..errors import LogError
from ..protocol.limits import LOG_SIZE_MAX
from ..protocol.types import LeafIndex
from .merkle import EMPTY_ROOT, HASH_BYTES, node_hash, root_of

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
LEVEL_MAX: Final = 63

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TileError(LogError):
    """A tile path, a tile or a hash that is not what the size of the log demands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """The place of one tile; ``level`` is None for a bundle of entries."""

    level: int | None
    number: int
    width: int = TILE_WIDTH

    def path(self) -> str:
        """``tile/<L>/<N>[.p/<W>]`` or ``tile/entries/<N>[.p/<W>]``, relative to the log's prefix."""
        level = "entries" if self.level is None else str(self.level)
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number}{partial}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FullTile:
    """A tile that has just become full: its 256 hashes in one string, and the root over them."""

    level: int
    number: int
    root: bytes
    hashes: bytes


class HashSource(Protocol):
    """Where tiles' hashes come from: a store, a folder of tiles, a pack."""

    def tile(self, level: int, number: int, width: int) -> Sequence[bytes]:
        """The first ``width`` hashes of a tile, exactly; the caller stays inside a size it trusts."""
        ...


class TreeRows(Protocol):
    """What a store keeps of the tree: leaf hashes by index, and the roots of full tiles."""

    def leaf_hashes(self, first: LeafIndex, count: int) -> list[bytes]:
        """Leaf hashes in order; fewer when there are no more."""
        ...

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        """Roots of full tiles of one level, in order; fewer when there are no more."""
        ...


@dataclass(frozen=True, slots=True)
class RowSource:
    """A ``HashSource`` over stored rows; partial tiles come out of it at any width."""

    rows: TreeRows

    def tile(self, level: int, number: int, width: int) -> Sequence[bytes]:
        """Level 0 from leaf hashes, level L from the roots of the full tiles of level L-1."""
        first = number * TILE_WIDTH
        if level == 0:
            return self.rows.leaf_hashes(LeafIndex(first), width)
        return self.rows.tile_roots(level - 1, first, width)


def tile_path(level: int | None, number: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile, or of an entry bundle when ``level`` is None.

    Raises:
        TileError: a level, number or width that no tile has.
    """
    if level is not None and not 0 <= level <= LEVEL_MAX:
        raise TileError(f"the tile level `{level}` is outside 0 to {LEVEL_MAX}")
    if not 0 <= number <= LOG_SIZE_MAX >> TILE_HEIGHT:
        raise TileError(f"the tile number `{number}` is outside any log")
    if not 1 <= width <= TILE_WIDTH:
        raise TileError(f"the tile width `{width}` is outside 1 to {TILE_WIDTH}")
    return Tile(level=level, number=number, width=width).path()


def parse_tile_path(path: str) -> Tile:
    """Read a path of ``tile_path`` back; every other spelling is refused.

    Raises:
        TileError: not a tile path, or not the one spelling of it.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise TileError(f"`{path[:80]}` is not a tile path")
    level, number, width = match.groups()
    tile = Tile(
        level=None if level == "entries" else int(level),
        number=int(number.replace("x", "").replace("/", "")),
        width=TILE_WIDTH if width is None else int(width),
    )
    # One tile, one address: `x000/001` or `.p/256` would let caches hold two answers for one place.
    if tile_path(tile.level, tile.number, tile.width) != path:
        raise TileError(f"`{path}` is another spelling of `{tile.path()}`")
    return tile


def layout(size: int) -> Iterator[Tile]:
    """Every tile of hashes of a log of ``size``, level by level; partial ones with their width."""
    level, count = 0, size
    while count:
        full, width = divmod(count, TILE_WIDTH)
        for number in range(full):
            yield Tile(level=level, number=number)
        if width:
            yield Tile(level=level, number=full, width=width)
        level, count = level + 1, full


def entry_layout(size: int) -> Iterator[Tile]:
    """Every entry bundle of a log of ``size``."""
    full, width = divmod(size, TILE_WIDTH)
    for number in range(full):
        yield Tile(level=None, number=number)
    if width:
        yield Tile(level=None, number=full, width=width)


def full_tiles(size: int, leaf_hashes: Sequence[bytes], source: HashSource) -> tuple[FullTile, ...]:
    """The tiles that become full when a log of ``size`` grows by ``leaf_hashes``; lowest level first.

    ``source`` is asked only for what the log held before, and not at all while no tile fills up.

    Raises:
        TileError: the source gives another number of hashes than asked for.
    """
    filled: list[FullTile] = []
    level, fresh = 0, list(leaf_hashes)
    while fresh:
        number, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
        if width + len(fresh) < TILE_WIDTH:
            break
        hashes = [*_read(source, level, number, width), *fresh] if width else fresh
        fresh = []
        for start in range(0, len(hashes) - TILE_WIDTH + 1, TILE_WIDTH):
            chunk = hashes[start : start + TILE_WIDTH]
            fresh.append(root_of(chunk))
            filled.append(FullTile(level=level, number=number, root=fresh[-1], hashes=b"".join(chunk)))
            number += 1
        level += 1
    return tuple(filled)


def inclusion_proof(index: int, size: int, source: HashSource) -> tuple[bytes, ...]:
    """The hashes from the leaf's sibling up to the root's child (RFC 9162 section 2.1.3.1).

    Raises:
        TileError: the index is outside the tree, or the source fails to deliver.
    """
    if not 0 <= index < size <= LOG_SIZE_MAX:
        raise TileError(f"the index `{index}` is outside the tree of size `{size}`")
    low, high = 0, size
    ranges: list[tuple[int, int]] = []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return _roots(ranges, size, source)


def consistency_proof(old: int, new: int, source: HashSource) -> tuple[bytes, ...]:
    """The hashes that show the tree of ``old`` at the head of the tree of ``new`` (RFC 9162 section 2.1.4.1).

    Raises:
        TileError: not 0 < old <= new, or the source fails to deliver.
    """
    if not 0 < old <= new <= LOG_SIZE_MAX:
        raise TileError(f"no consistency proof leads from size `{old}` to size `{new}`")
    low, high = 0, new
    ranges: list[tuple[int, int]] = []
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:
        # The largest full subtree that ends the old tree; when it IS the old tree its root is known.
        ranges.append((low, high))
    return _roots(ranges, new, source)


def tree_root(size: int, source: HashSource) -> bytes:
    """The root of the tree of ``size``, from its tiles.

    Raises:
        TileError: the source fails to deliver.
    """
    return _Reader(size, source).root(0, size) if size else EMPTY_ROOT


def _split(count: int) -> int:
    """The largest power of two below ``count`` (RFC 6962's k)."""
    return 1 << (count - 1).bit_length() - 1


def _roots(ranges: Sequence[tuple[int, int]], size: int, source: HashSource) -> tuple[bytes, ...]:
    reader = _Reader(size, source)
    return tuple(reader.root(low, high) for low, high in reversed(ranges))


class _Reader:
    """Subtree roots of one tree; each tile is read once. Lives for the length of one call."""

    def __init__(self, size: int, source: HashSource) -> None:
        self._size = size
        self._source = source
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def root(self, low: int, high: int) -> bytes:
        """The root over leaves [low, high), ``low`` being a place where RFC 6962 cuts the tree."""
        subtrees: list[bytes] = []
        while low < high:
            height = (high - low).bit_length() - 1
            subtrees.append(self._full(height, low >> height))
            low += 1 << height
        joined = subtrees.pop()
        while subtrees:
            joined = node_hash(subtrees.pop(), joined)
        return joined

    def _full(self, height: int, place: int) -> bytes:
        """The root of the full subtree number ``place`` among those of ``2**height`` leaves."""
        level, above = divmod(height, TILE_HEIGHT)
        number, start = divmod(place << above, TILE_WIDTH)
        return root_of(self._tile(level, number)[start : start + (1 << above)])

    def _tile(self, level: int, number: int) -> Sequence[bytes]:
        key = (level, number)
        if key not in self._tiles:
            width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * level) - number * TILE_WIDTH)
            self._tiles[key] = _read(self._source, level, number, width)
        return self._tiles[key]


def _read(source: HashSource, level: int, number: int, width: int) -> Sequence[bytes]:
    hashes = source.tile(level, number, width)
    if len(hashes) != width or any(len(one) != HASH_BYTES for one in hashes):
        path = Tile(level=level, number=number, width=width).path()
        raise TileError(f"`{path}` is not there in full: expected `{width}` hashes, found `{len(hashes)}`")
    return hashes
