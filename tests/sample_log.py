"""A small log for tests, grown batch by batch by the code under test, with a log key and a witness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licet.protocol.types import LeafIndex, Origin
from licet.tlog.checkpoint import Checkpoint
from licet.tlog.compact import EMPTY_EDGE, RightEdge
from licet.tlog.cosign import cosignature_message, signature_line
from licet.tlog.entry import entry, format_bundle
from licet.tlog.merkle import leaf_hash
from licet.tlog.note import Algorithm, NoteKey, add_lines, format_note, note_key
from licet.tlog.proof import ConsistencyProof, TlogProof
from licet.tlog.tiles import (
    FullTile,
    RowSource,
    consistency_proof,
    entry_layout,
    full_tiles,
    inclusion_proof,
    layout,
)

ORIGIN = Origin("example.com/licet/main")
COSIGNED_AT_S = 1_795_372_800


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under a name; signs what its algorithm covers."""

    key: NoteKey
    private: Ed25519PrivateKey

    def sign_note(self, body: str) -> str:
        return format_note(body, [signature_line(self.key, self.private.sign(body.encode()))])

    def cosign(self, note: str, body: str, time_s: int = COSIGNED_AT_S) -> str:
        signature = self.private.sign(cosignature_message(body, time_s))
        return add_lines(note, [signature_line(self.key, signature, time_s)])


def signer(name: str, algorithm: Algorithm, seed: int) -> Signer:
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return Signer(note_key(name, algorithm, private.public_key().public_bytes_raw()), private)


LOG = signer(ORIGIN, Algorithm.ED25519, 1)
WITNESS = signer("w.example/1", Algorithm.COSIGNATURE, 2)


@dataclass(slots=True)
class SampleLog:
    """Entries, leaf hashes and full tiles, as a store keeps them; implements ``tiles.TreeRows``."""

    entries: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    tiles: dict[tuple[int, int], FullTile] = field(default_factory=dict)
    edge: RightEdge = EMPTY_EDGE

    def leaf_hashes(self, first: LeafIndex, count: int) -> list[bytes]:
        return self.leaves[first : first + count]

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        return [self.tiles[level, n].root for n in range(first, first + count) if (level, n) in self.tiles]

    @property
    def source(self) -> RowSource:
        return RowSource(self)

    def grow(self, entries: Sequence[bytes]) -> None:
        hashes = [leaf_hash(one) for one in entries]
        for tile in full_tiles(self.edge.size, hashes, self.source):
            self.tiles[tile.level, tile.number] = tile
        self.edge = self.edge.append(hashes)
        self.entries += entries
        self.leaves += hashes

    def note(self) -> str:
        body = Checkpoint(origin=ORIGIN, size=self.edge.size, root=self.edge.root).body()
        return WITNESS.cosign(LOG.sign_note(body), body)

    def proof(self, index: int) -> TlogProof:
        hashes = inclusion_proof(index, self.edge.size, self.source)
        return TlogProof(index=index, hashes=hashes, note=self.note())

    def consistency(self, old: int) -> ConsistencyProof:
        hashes = consistency_proof(old, self.edge.size, self.source)
        return ConsistencyProof(old=old, hashes=hashes, note=self.note())

    def files(self) -> dict[str, bytes]:
        """The log as a C2SP tlog-tiles folder."""
        files = {"checkpoint": self.note().encode()}
        for tile in layout(self.edge.size):
            files[tile.path()] = b"".join(self.source.tile(tile.level or 0, tile.number, tile.width))
        for bundle in entry_layout(self.edge.size):
            first = bundle.number * 256
            files[bundle.path()] = format_bundle(self.entries[first : first + bundle.width])
        return files


def sample_log(size: int, batch: int = 97) -> SampleLog:
    """A log of ``size`` entries, written in batches of ``batch``."""
    log = SampleLog()
    entries = [entry(f"header.payload-{index}.signature") for index in range(size)]
    for first in range(0, size, batch):
        log.grow(entries[first : first + batch])
    return log
