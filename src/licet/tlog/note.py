"""C2SP signed notes: text, a blank line, and signature lines of named keys.

A key is known by its name AND its 4-byte id together. Lines of unknown keys are ignored (witnesses come
and go); a line of a known key must verify, or the whole note is refused. What a signature covers is a
matter of the algorithm and lives in ``cosign.py``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ..errors import KeyInvalid, LogError
from ..protocol import limits
from ..protocol.ed25519 import check_public

KEY_ID_BYTES: Final = 4
MLDSA44_PUBLIC_BYTES: Final = 1_312

_DASH: Final = "\N{EM DASH} "
_NAME_CHARS_MAX: Final = 255
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


class NoteError(LogError):
    """A signed note, a key text or a base64 field of another form."""


class Algorithm(IntEnum):
    """The signature types of C2SP signed-note that licet knows."""

    ED25519 = 0x01
    """The log's own: Ed25519 over the note text."""
    COSIGNATURE = 0x04
    """A witness's: Ed25519 over a time and the note text."""
    MLDSA44 = 0x06
    """Post-quantum, log or witness: ML-DSA-44 over a subtree statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKey:
    """A public key with the name and algorithm it signs notes under."""

    name: str
    algorithm: Algorithm
    public: bytes

    @property
    def key_id(self) -> bytes:
        """SHA-256(name + newline + algorithm + key), first four bytes. An identifier, not a commitment."""
        body = self.name.encode("utf-8", "surrogateescape") + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(body).digest()[:KEY_ID_BYTES]

    def vkey(self) -> str:
        """The one-line text of the key: ``<name>+<8 hex id>+<base64(algorithm + key)>``."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.algorithm]) + self.public)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One line: who claims to have signed, and the bytes behind the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def text(self) -> str:
        """``— <name> <base64(id + signature)>`` with its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n"

    def is_by(self, key: NoteKey) -> bool:
        """Whether this line claims to be of ``key``; says nothing about its truth."""
        return self.name == key.name and self.key_id == key.key_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note taken apart; nothing in it is verified. ``text`` ends in a newline."""

    text: str
    lines: tuple[SignatureLine, ...]

    def lines_of(self, key: NoteKey) -> tuple[SignatureLine, ...]:
        """The lines that claim to be of ``key``, in order."""
        return tuple(line for line in self.lines if line.is_by(key))


def note_key(name: str, algorithm: Algorithm, public: bytes) -> NoteKey:
    """A key that may verify lines: name well-formed, key of the right length and not weak.

    Raises:
        NoteError: anything else.
    """
    _demand_name(name)
    if algorithm is Algorithm.MLDSA44:
        if len(public) != MLDSA44_PUBLIC_BYTES:
            raise NoteError(f"the key `{name}` has `{len(public)}` bytes, expected {MLDSA44_PUBLIC_BYTES}")
    else:
        try:
            check_public(public)
        except KeyInvalid as error:
            raise NoteError(f"the key `{name}` must not be used: {error.message}", mend=error.mend) from error
    return NoteKey(name=name, algorithm=algorithm, public=public)


def parse_vkey(text: str) -> NoteKey:
    """Read ``<name>+<8 hex id>+<base64(algorithm + key)>``; the id is recomputed and must agree.

    Raises:
        NoteError: another form, an unknown algorithm, a weak key, or an id of another key.
    """
    # Base64 may hold `+` itself, so the text is split at its first two only.
    parts = text.split("+", 2)
    if len(parts) != 3 or _KEY_ID.fullmatch(parts[1]) is None:  # noqa: PLR2004 - name, id, key
        raise NoteError(f"`{text[:80]}` is not `name+id+key`", mend="copy the whole line of the verifier key")
    name, key_id, material = parts
    raw = decode_base64(material, "the key of a verifier key")
    try:
        algorithm = Algorithm(raw[0])
    except ValueError as error:
        raise NoteError(f"the key `{name}` has the unknown algorithm `0x{raw[0]:02x}`") from error
    key = note_key(name, algorithm, raw[1:])
    if key.key_id.hex() != key_id:
        raise NoteError(f"the key `{name}` has the id `{key_id}`, expected `{key.key_id.hex()}`")
    return key


def format_note(text: str, lines: Sequence[SignatureLine]) -> str:
    """The note of ``text`` (which ends in a newline) under ``lines``.

    Raises:
        NoteError: what came out would not be read back as the same note.
    """
    note = f"{text}\n" + "".join(line.text() for line in lines)
    if parse_note(note) != Note(text=text, lines=tuple(lines)):
        raise NoteError("the text or a line cannot stand in a note")
    return note


def add_lines(note: str, lines: Sequence[SignatureLine]) -> str:
    """The same note with more lines at its end (cosignatures arrive later); the body stays as it is.

    Raises:
        NoteError: ``note`` is none, or the longer one would pass a limit.
    """
    parsed = parse_note(note)
    return format_note(parsed.text, (*parsed.lines, *lines))


def parse_note(note: str) -> Note:
    """Take a note apart, strictly (C2SP signed-note): one spelling, no control characters, limits.

    Raises:
        NoteError: any deviation; the message says where.
    """
    try:
        length = len(note.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise NoteError(f"character {error.start} of the note is not UTF-8") from error
    if length > limits.NOTE_BYTES_MAX:
        raise NoteError(f"the note has `{length}` bytes, expected at most {limits.NOTE_BYTES_MAX}")
    control = _CONTROL.search(note)
    if control is not None:
        raise NoteError(f"character {control.start()} of the note is a control character")
    # The text may hold empty lines; the last one is where the signatures begin.
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n") or cut + 2 == len(note):
        raise NoteError("the note has no signature lines behind an empty line")
    lines = note[cut + 2 : -1].split("\n")
    if len(lines) > limits.NOTE_LINES_MAX:
        raise NoteError(
            f"the note has `{len(lines)}` signature lines, expected at most {limits.NOTE_LINES_MAX}"
        )
    return Note(text=note[: cut + 1], lines=tuple(_line(place, line) for place, line in enumerate(lines)))


def encode_base64(raw: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(raw).decode("ascii")


def decode_base64(text: str, what: str) -> bytes:
    """At least one byte from standard base64 in its one spelling.

    Raises:
        NoteError: another alphabet, missing padding, white space, or bits left over at the end.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{what} is not base64: `{text[:80]}`") from error
    # Decoders ignore the last bits (`QR==` is `QQ==`): two spellings of one signature would both pass.
    if not raw or encode_base64(raw) != text:
        raise NoteError(f"{what} is not the one spelling of its base64: `{text[:80]}`")
    return raw


def _line(place: int, line: str) -> SignatureLine:
    name, space, signature = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise NoteError(f"signature line {place} is not `{_DASH}name base64`")
    _demand_name(name)
    raw = decode_base64(signature, f"signature line {place}")
    if len(raw) <= KEY_ID_BYTES:
        raise NoteError(f"signature line {place} has no signature behind its key id")
    return SignatureLine(name=name, key_id=raw[:KEY_ID_BYTES], signature=raw[KEY_ID_BYTES:])


def _demand_name(name: str) -> None:
    """C2SP signed-note: not empty, no Unicode space, no plus."""
    if not 1 <= len(name) <= _NAME_CHARS_MAX or "+" in name or any(char.isspace() for char in name):
        raise NoteError(
            f"`{name[:80]}` is not a key name: 1 to {_NAME_CHARS_MAX} characters, no space, no `+`"
        )
    if _CONTROL.search(name) is not None or "\n" in name:
        raise NoteError("a key name holds a control character")
