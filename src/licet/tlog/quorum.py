"""A signed checkpoint held against a policy: the log's signature, and the witnesses' quorum.

Three standings that never share a word: OK; FAILED, a key we know put a line there that is not its
signature; CANNOT, something is missing (a key, a cosignature, an algorithm in this build).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .cosign import AlgorithmUnavailable, SignatureError, verify_line
from .note import Note, NoteKey
from .policy import QuorumPolicy


class Standing(StrEnum):
    """How a check stands; neither FAILED nor CANNOT is success."""

    OK = "ok"
    FAILED = "failed"
    CANNOT = "cannot"

    def __bool__(self) -> bool:
        """Refuse to be a condition: `if standing:` would take FAILED for success.

        Raises:
            TypeError: always.
        """
        message = "a standing is not a truth value: compare with `is Standing.OK`"
        raise TypeError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFinding:
    """Whether the log signed; ``keys`` are those whose line verified (their validity is another check)."""

    standing: Standing
    detail: str
    keys: tuple[NoteKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A witness's verified line; ``witness`` is its name in the policy."""

    witness: str
    time_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumFinding:
    """Whether the quorum is met, and by which cosignatures (also when it is not)."""

    standing: Standing
    detail: str
    cosignatures: tuple[Cosignature, ...] = ()


def check_log_signature(note: Note, origin: str, log_keys: Sequence[NoteKey]) -> LogFinding:
    """Whether a key of the log ``origin`` signed the note's text.

    ``log_keys`` may name other logs; only keys named ``origin`` count. The three ways of not being
    signed are three details: no key for the origin, no line of its keys, a line that does not verify.
    """
    keys = [key for key in log_keys if key.name == origin]
    if not keys:
        return LogFinding(standing=Standing.CANNOT, detail=f"no trusted log key is named `{origin}`")
    signed: list[NoteKey] = []
    for key in keys:
        for line in note.lines_of(key):
            try:
                verify_line(key, note.text, line)
            except SignatureError as error:
                return LogFinding(standing=Standing.FAILED, detail=error.message)
        if note.lines_of(key):
            signed.append(key)
    if not signed:
        ids = ", ".join(key.key_id.hex() for key in keys)
        return LogFinding(
            standing=Standing.CANNOT,
            detail=f"no matching key: expected a line of `{origin}` with id {ids}",
        )
    return LogFinding(
        standing=Standing.OK,
        detail=f"signed by `{origin}` ({', '.join(key.key_id.hex() for key in signed)})",
        keys=tuple(signed),
    )


def check_quorum(note: Note, policy: QuorumPolicy) -> QuorumFinding:
    """Whether the witnesses' lines of the note make the policy's quorum.

    Every line of every known witness must verify, also of one the quorum could do without: a bad line
    under a known name is an attack or a broken witness, and either must be seen. A witness counts once,
    with its latest time, however many lines it has.
    """
    times: dict[str, int] = {}
    unchecked: set[str] = set()
    for witness in policy.witnesses:
        for line in note.lines_of(witness.key):
            try:
                time_s = verify_line(witness.key, note.text, line)
            except AlgorithmUnavailable:
                unchecked.add(witness.name)
                continue
            except SignatureError as error:
                return QuorumFinding(
                    standing=Standing.FAILED, detail=f"witness `{witness.name}`: {error.message}"
                )
            times[witness.name] = max(time_s or 0, times.get(witness.name, 0))
    found = tuple(Cosignature(witness=name, time_s=time_s) for name, time_s in times.items())
    seen = ", ".join(f"`{name}`" for name in times) or "nobody"
    if policy.is_met(frozenset(times)):
        return QuorumFinding(
            standing=Standing.OK,
            detail=f"quorum `{policy.quorum or 'none'}` met, cosigned by {seen}",
            cosignatures=found,
        )
    detail = f"quorum `{policy.quorum}` not met: cosigned by {seen}"
    if policy.is_met(frozenset(times) | unchecked):
        names = ", ".join(f"`{name}`" for name in sorted(unchecked))
        detail = f"algorithm not available: the ML-DSA-44 line of {names} cannot be checked here"
    return QuorumFinding(standing=Standing.CANNOT, detail=detail, cosignatures=found)
