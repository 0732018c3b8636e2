"""Proof files: C2SP tlog-proof, and the consistency file in the form of tlog-witness.

Both are a few lines of decimal and base64, an empty line, and a signed checkpoint verbatim. They are
read strictly, so that one proof has one spelling; whether it proves anything is ``merkle.py``'s and
``policy.py``'s answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ..protocol import limits
from .checkpoint import CheckpointError, parse_decimal
from .merkle import HASH_BYTES, ProofError
from .note import NoteError, decode_base64, encode_base64

HEADER: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """Leaf ``index`` and the hashes up to the root of the checkpoint in ``note``."""

    index: int
    hashes: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """The ``.tlog-proof`` file; an ``extra`` line is never written.

        Raises:
            ProofError: a value that no reader would take.
        """
        return _checked(f"{HEADER}\nindex {self.index}\n{_hash_lines(self.hashes)}\n{self.note}", parse_proof)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """The hashes that lead from the tree of size ``old`` to the checkpoint in ``note``.

    ``old`` is 0, with no hash, for a reader who starts from nothing (C2SP tlog-witness).
    """

    old: int
    hashes: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """The ``.consistency`` file = the body of tlog-witness ``add-checkpoint``.

        Raises:
            ProofError: a value that no reader would take.
        """
        return _checked(f"old {self.old}\n{_hash_lines(self.hashes)}\n{self.note}", parse_consistency)


def parse_proof(text: str) -> TlogProof:
    """Read a ``c2sp.org/tlog-proof@v1`` file.

    Raises:
        ProofError: any deviation. The checkpoint is kept as it stands and not read here.
    """
    head, note = _parts(text)
    if head[0] != HEADER:
        raise ProofError(f"the first line is `{head[0][:80]}`, expected `{HEADER}`")
    rest = head[1:]
    if rest and rest[0].startswith("extra "):
        # Nothing signs this line: it is checked for form and then forgotten.
        _decode(rest[0].removeprefix("extra "), "the extra line")
        rest = rest[1:]
    index, hashes = _numbered("index", rest)
    return TlogProof(index=index, hashes=hashes, note=note)


def parse_consistency(text: str) -> ConsistencyProof:
    """Read a ``.consistency`` file.

    Raises:
        ProofError: any deviation. The checkpoint is kept as it stands and not read here.
    """
    head, note = _parts(text)
    old, hashes = _numbered("old", head)
    if old == 0 and hashes:
        raise ProofError(f"a proof from size 0 has `{len(hashes)}` hashes, expected none")
    return ConsistencyProof(old=old, hashes=hashes, note=note)


def _parts(text: str) -> tuple[list[str], str]:
    """The lines before the first empty line, and the note behind it."""
    if len(text) > limits.PROOF_BYTES_MAX:
        raise ProofError(f"the proof has `{len(text)}` characters, expected at most {limits.PROOF_BYTES_MAX}")
    head, empty_line, note = text.partition("\n\n")
    if not empty_line or not note:
        raise ProofError("the proof has no checkpoint behind an empty line")
    return head.split("\n"), note


def _numbered(word: str, lines: Sequence[str]) -> tuple[int, tuple[bytes, ...]]:
    """``<word> <decimal>`` and the hash lines that follow it."""
    first = lines[0] if lines else ""
    if not first.startswith(f"{word} "):
        raise ProofError(f"the line `{first[:80]}` stands where `{word} <number>` is expected")
    try:
        number = parse_decimal(first.removeprefix(f"{word} "), f"the {word}")
    except CheckpointError as error:
        raise ProofError(error.message) from error
    if len(lines) - 1 > limits.PROOF_HASHES_MAX:
        raise ProofError(
            f"the proof has `{len(lines) - 1}` hashes, expected at most {limits.PROOF_HASHES_MAX}"
        )
    return number, tuple(_hash(place, line) for place, line in enumerate(lines[1:]))


def _hash(place: int, line: str) -> bytes:
    raw = _decode(line, f"proof hash {place}")
    if len(raw) != HASH_BYTES:
        raise ProofError(f"proof hash {place} has `{len(raw)}` bytes, expected {HASH_BYTES}")
    return raw


def _decode(text: str, what: str) -> bytes:
    try:
        return decode_base64(text, what)
    except NoteError as error:
        raise ProofError(error.message) from error


def _hash_lines(hashes: Sequence[bytes]) -> str:
    return "".join(f"{encode_base64(one)}\n" for one in hashes)


def _checked(text: str, parse: Callable[[str], object]) -> str:
    """``text``, after reading it: nothing is handed out that our own reader refuses."""
    parse(text)
    return text
