"""Composing the signed checkpoint: body, note, and the log's own line (C2SP signed-note, type 0x01)."""

from __future__ import annotations

from licet.errors import LogError, StoreCorrupt
from licet.protocol.ed25519 import verify
from licet.protocol.types import Origin
from licet.receipt.signer import LogSigner
from licet.tlog.checkpoint import Checkpoint, parse_checkpoint
from licet.tlog.note import Algorithm, NoteKey, SignatureLine, format_note, note_key, parse_note


def log_key(signer: LogSigner) -> NoteKey:
    """The public note key of a log."""
    return note_key(signer.name, Algorithm.ED25519, signer.public)


def sign_checkpoint(origin: Origin, size: int, root: bytes, signer: LogSigner) -> str:
    """The note of one size and root. Called once for a size; its bytes are stored and served again."""
    body = Checkpoint(origin=origin, size=size, root=root).body()
    key = log_key(signer)
    line = SignatureLine(name=key.name, key_id=key.key_id, signature=signer.sign(body.encode("ascii")))
    return format_note(body, (line,))


def open_checkpoint(note: str, key: NoteKey) -> Checkpoint:
    """The checkpoint in a note that this log itself signed.

    Raises:
        StoreCorrupt: not a note, or not signed by this log's key.
    """
    try:
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
    except LogError as error:
        raise StoreCorrupt(f"a stored checkpoint is damaged: {error.message}", mend=_MEND) from error
    lines = parsed.lines_of(key)
    body = parsed.text.encode("utf-8")
    if not lines or not all(verify(key.public, body, line.signature) for line in lines):
        raise StoreCorrupt(
            f"the checkpoint of size {checkpoint.size} is not signed by this log's key", mend=_MEND
        )
    return checkpoint


_MEND = "keep everything as it is and run `licet log verify`"
