"""What each kind of note signature covers, and whether one line is its key's (C2SP tlog-cosignature).

=====  ==========================================  =============================================
type   line behind the key id                      signed message
=====  ==========================================  =============================================
0x01   64 bytes                                    the note text
0x04   u64 time + 64 bytes                         ``cosignature/v1``, ``time <t>``, note text
0x06   u64 time + 2,420 bytes                      ``subtree/v1``: signer, time, origin, size, root
=====  ==========================================  =============================================
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from ..protocol import ed25519
from ..protocol.limits import LOG_SIZE_MAX
from .checkpoint import CheckpointError, parse_checkpoint
from .note import Algorithm, NoteError, NoteKey, SignatureLine

MLDSA44_SIGNATURE_BYTES: Final = 2_420

_TIME_BYTES: Final = 8
_NAME_BYTES_MAX: Final = 255
_SUBTREE_LABEL: Final = b"subtree/v1\n\x00"


class SignatureError(NoteError):
    """A line of a known key that is not that key's signature; the whole note is refused."""


class AlgorithmUnavailable(NoteError):
    """This build of the cryptography library cannot check the algorithm: neither good nor bad."""


def cosignature_message(body: str, time_s: int) -> bytes:
    """What a 0x04 witness signs: a header line, a time line, and the whole note text."""
    return f"cosignature/v1\ntime {time_s}\n{body}".encode()


def subtree_message(signer: str, body: str, time_s: int) -> bytes:
    """What a 0x06 key signs for a checkpoint; it commits to the signer's name as well.

    Raises:
        CheckpointError: ``body`` is no checkpoint.
        NoteError: the name has not 1 to 255 bytes.
    """
    checkpoint = parse_checkpoint(body)
    name, origin = signer.encode("utf-8", "surrogateescape"), checkpoint.origin.encode("ascii")
    if not 1 <= len(name) <= _NAME_BYTES_MAX:
        raise NoteError(f"the signer's name has `{len(name)}` bytes, expected 1 to {_NAME_BYTES_MAX}")
    return b"".join((
        _SUBTREE_LABEL,
        bytes([len(name)]) + name,
        time_s.to_bytes(_TIME_BYTES, "big"),
        bytes([len(origin)]) + origin,
        (0).to_bytes(_TIME_BYTES, "big"),
        checkpoint.size.to_bytes(_TIME_BYTES, "big"),
        checkpoint.root,
    ))  # fmt: skip


def signature_line(key: NoteKey, signature: bytes, time_s: int | None = None) -> SignatureLine:
    """The line for a signature made by ``key``; ``time_s`` belongs to 0x04 and 0x06."""
    stamp = b"" if time_s is None else time_s.to_bytes(_TIME_BYTES, "big")
    return SignatureLine(name=key.name, key_id=key.key_id, signature=stamp + signature)


def verify_line(key: NoteKey, body: str, line: SignatureLine) -> int | None:
    """Show that ``line`` is the signature of ``key`` over ``body``; its time in seconds where it has one.

    Raises:
        SignatureError: it is not.
        AlgorithmUnavailable: ML-DSA-44 with a library that has none.
    """
    if not line.is_by(key):
        raise SignatureError(f"the line of `{line.name}` is not by the key `{key.name}+{key.key_id.hex()}`")
    match key.algorithm:
        case Algorithm.ED25519:
            _demand(ed25519.verify(key.public, body.encode(), line.signature), key)
            return None
        case Algorithm.COSIGNATURE:
            time_s, signature = _timed(key, line, ed25519.SIGNATURE_BYTES)
            _demand(ed25519.verify(key.public, cosignature_message(body, time_s), signature), key)
            return time_s
        case Algorithm.MLDSA44:
            time_s, signature = _timed(key, line, MLDSA44_SIGNATURE_BYTES)
            # Time 0 is "no statement that this is the newest tree": worthless for a checkpoint.
            _demand(time_s > 0, key)
            try:
                message = subtree_message(key.name, body, time_s)
            except CheckpointError as error:
                raise SignatureError(f"`{key.name}` signs checkpoints only: {error.message}") from error
            _demand(verify_mldsa44(key.public, message, signature), key)
            return time_s


def verify_mldsa44(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is an ML-DSA-44 signature (FIPS 204, empty context) by ``public``.

    Raises:
        AlgorithmUnavailable: the library has no ML-DSA.
    """
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    except UnsupportedAlgorithm as error:
        raise AlgorithmUnavailable("algorithm not available: ML-DSA-44 (0x06)") from error
    return True


def _timed(key: NoteKey, line: SignatureLine, signature_bytes: int) -> tuple[int, bytes]:
    expected = _TIME_BYTES + signature_bytes
    if len(line.signature) != expected:
        found = len(line.signature)
        raise SignatureError(f"the line of `{key.name}` has `{found}` bytes, expected {expected}")
    time_s = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    if time_s > LOG_SIZE_MAX:
        raise SignatureError(f"the line of `{key.name}` has the time `{time_s}`, expected at most 2^63-1")
    return time_s, line.signature[_TIME_BYTES:]


def _demand(genuine: bool, key: NoteKey) -> None:
    if not genuine:
        raise SignatureError(f"bad signature: the line of `{key.name}+{key.key_id.hex()}` does not verify")
