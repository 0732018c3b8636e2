"""The oracle in Python: ``aics-tlog``, which exists for Python 3.12 and newer."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROOF_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class AicsTlog:
    """The imported library; its hashes, tiles, trees and notes, only the proof files are read here."""

    library: Any  # untyped on the Pythons that cannot install it
    name: str = "aics-tlog"

    def problem(self, folder: Path, log_vkey: str, witness_vkey: str) -> str | None:
        """What the oracle refuses in ``folder``; None when it takes everything."""
        try:
            self._check(folder, log_vkey, witness_vkey)
        except (ValueError, OSError, AssertionError) as refused:
            return str(refused) or type(refused).__name__
        return None

    def _check(self, folder: Path, log_vkey: str, witness_vkey: str) -> None:
        aics = self.library
        raw = (folder / "checkpoint").read_text(encoding="utf-8")
        log_key, witness_key = aics.parse_vkey(log_vkey), aics.parse_vkey(witness_vkey)
        opened = aics.verify_checkpoint(
            aics.parse_note(raw),
            log_key,
            [witness_key],
            1,
            expected_origin=log_key.name,
        )
        assert opened.ok, opened.error
        reader = aics.FileSystemTileReader(folder)
        size, root = opened.size, aics.parse_checkpoint(aics.parse_note(raw).text).root
        aics.audit_tiles(reader, size, root, entries=True)
        files = sorted((folder / "proofs").iterdir())
        assert files, "no proof files"
        for file in files:
            head, _, tail = file.read_text(encoding="utf-8").partition("\n\n")
            assert tail == raw, f"{file.name}: another checkpoint"
            self._check_proof(head.split("\n"), reader, size, root)

    def _check_proof(self, lines: list[str], reader: Any, size: int, root: bytes) -> None:
        aics = self.library
        if lines[0] == PROOF_HEADER:
            index, hashes = _numbered("index", lines[1:])
            leaf = aics.leaf_hash(aics.read_entry(reader, index, size))
            assert aics.verify_inclusion(leaf, index, size, hashes, root), "inclusion"
            assert aics.inclusion_proof_from_tiles(reader, index, size) == hashes, "another proof"
        else:
            old, hashes = _numbered("old", lines)
            old_root = aics.tree_root_from_tiles(reader, old, size)
            assert aics.verify_consistency(old, size, old_root, root, hashes), "consistency"
            assert aics.consistency_proof_from_tiles(reader, old, size) == hashes, "another proof"


def find() -> AicsTlog | None:
    """The library, if it is installed."""
    if importlib.util.find_spec("aics_tlog") is None:
        return None
    return AicsTlog(importlib.import_module("aics_tlog"))


def _numbered(word: str, lines: list[str]) -> tuple[int, list[bytes]]:
    note = importlib.import_module("aics_tlog.note")
    assert lines[0].startswith(f"{word} "), f"no line `{word}`"
    return int(lines[0].removeprefix(f"{word} ")), [note.b64_decode(line) for line in lines[1:]]
