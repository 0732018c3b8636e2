"""A checkpoint: the statement "this log has this size and this root", three lines and no more.

C2SP tlog-checkpoint allows extension lines. licet refuses them: an ML-DSA-44 signature (0x06) does not
cover them, so two readers could be shown two texts under one signature.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import LogError
from ..protocol.limits import LOG_SIZE_MAX, ORIGIN_CHARS_MAX
from ..protocol.types import Origin
from .merkle import EMPTY_ROOT, HASH_BYTES
from .note import NoteError, decode_base64, encode_base64

ORIGIN = re.compile(rf"[!-*,-~]{{1,{ORIGIN_CHARS_MAX}}}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES = 3


class CheckpointError(LogError):
    """A text that is no checkpoint of the one form licet writes and reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Size and root of the log named ``origin``."""

    origin: Origin
    size: int
    root: bytes

    def body(self) -> str:
        """The text that is signed: origin, size and base64 root, each with its newline.

        Raises:
            CheckpointError: a value that no reader would take.
        """
        _demand(self)
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(body: str) -> Checkpoint:
    """Read the text of a checkpoint note (``Note.text``), strictly.

    Raises:
        CheckpointError: any other form, extension lines included.
    """
    lines = body.split("\n")
    if len(lines) != _LINES + 1 or lines[_LINES]:
        found = len(lines) - 1
        raise CheckpointError(f"the checkpoint has `{found}` lines, expected {_LINES} and no extension")
    origin, size, root = lines[:_LINES]
    try:
        checkpoint = Checkpoint(
            origin=Origin(origin),
            size=parse_decimal(size, "the size"),
            root=decode_base64(root, "the root"),
        )
    except NoteError as error:
        raise CheckpointError(error.message) from error
    _demand(checkpoint)
    return checkpoint


def parse_decimal(text: str, what: str) -> int:
    """A non-negative ASCII decimal without leading zeros, at most 2**63-1.

    Raises:
        CheckpointError: any other spelling or a larger number.
    """
    if _DECIMAL.fullmatch(text) is None or int(text) > LOG_SIZE_MAX:
        raise CheckpointError(f"{what} `{text[:40]}` is not a decimal from 0 to 2^63-1")
    return int(text)


def _demand(checkpoint: Checkpoint) -> None:
    if ORIGIN.fullmatch(checkpoint.origin) is None:
        raise CheckpointError(
            f"`{checkpoint.origin[:80]}` is not an origin: 1 to {ORIGIN_CHARS_MAX} ASCII characters, "
            "no space, no `+`",
        )
    if not 0 <= checkpoint.size <= LOG_SIZE_MAX:
        raise CheckpointError(f"the size `{checkpoint.size}` is outside 0 to 2^63-1")
    if len(checkpoint.root) != HASH_BYTES:
        raise CheckpointError(f"the root has `{len(checkpoint.root)}` bytes, expected {HASH_BYTES}")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise CheckpointError(f"size 0 has the root `{checkpoint.root.hex()}`, expected the empty root")
