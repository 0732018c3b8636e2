"""Keys as trust files and key receipts list them: one key, one role, a range of log indexes.

Validity is counted in log indexes, not in times: a thief of a retired key can write any date into a
receipt, but cannot put it below a checkpoint that was witnessed before the theft (``evidence.md`` 3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..errors import KeyInvalid, UnknownValue
from ..protocol.ed25519 import check_public
from ..protocol.shape import Members, refuse
from ..protocol.types import JsonValue
from .jws import KID_CHARS, decode_segment
from .keys import thumbprint

ROOT_KEYS_MAX: Final = 32
ENTRIES_MAX: Final = 4_096

_WORD_CHARS_MAX: Final = 64
_VKEY_CHARS_MAX: Final = 4_096
_ROLE = re.compile(r"[a-z][a-z_]*")
_KEY_TYPE = re.compile(r"[A-Za-z0-9-]+")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


class Role(StrEnum):
    """What a key may sign; a key has exactly one."""

    ROOT = "root"
    LOG = "log"
    RECEIPT = "receipt"
    APPROVER = "approver"
    EXECUTOR = "executor"
    WITNESS = "witness"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """A key that signs statements, valid at index i when ``from_index <= i < until``."""

    role: Role
    kid: str
    public: bytes
    from_index: int
    until: int | None
    """The index of the receipt that retired or revoked the key; None while it is in use."""
    suspect_from: int | None = None
    """A revoked key's first index that nothing shows to be older than its theft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A key that signs checkpoints, valid for tree sizes from ``from_size`` up to ``until``."""

    vkey: str
    from_size: int
    until: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSet:
    """``threshold`` of these keys, counted by distinct public key, speak for the log's keys."""

    threshold: int
    keys: dict[str, bytes]
    """``kid`` to raw public key."""


def read_root(members: Members) -> RootSet:
    """Read ``{threshold, keys:[{kid,kty,crv,x}]}``.

    Raises:
        Malformed: another shape, no key, a key twice, or a threshold nobody can reach.
        KeyInvalid: a key that must not be trusted.
        UnknownValue: a key type this version does not know.
    """
    place = members.place("keys")
    listed = members.array("keys", items_max=ROOT_KEYS_MAX)
    if not listed:
        refuse(place, "the root set is empty", "list at least one root key")
    threshold = members.integer("threshold", low=1, high=len(listed))
    members.end()
    keys: dict[str, bytes] = {}
    for position, value in enumerate(listed):
        entry = Members(value, f"{place}/{position}")
        kid, public = read_public(entry)
        entry.end()
        if kid in keys:
            # Attack: one holder listed twice reaches a threshold of two alone.
            refuse(f"{place}/{position}", f"the root key `{kid}` stands twice", "list each key once")
        keys[kid] = public
    return RootSet(threshold=threshold, keys=keys)


def read_entries(listed: list[JsonValue], place: str) -> tuple[KeyEntry | LogEntry, ...]:
    """Read a ``keys`` array; that no key stands twice is for the reader of the whole document.

    Raises:
        Malformed: another shape.
        KeyInvalid: a key that must not be trusted.
        UnknownValue: a role or key type this version does not know.
    """
    return tuple(_entry(Members(value, f"{place}/{position}")) for position, value in enumerate(listed))


def read_public(members: Members) -> tuple[str, bytes]:
    """Take ``kid``, ``kty``, ``crv`` and ``x``: the thumbprint and the raw key, checked.

    Raises:
        Malformed: another shape, or a ``kid`` that is not the key's thumbprint.
        KeyInvalid: a key that must not be trusted.
        UnknownValue: a key type this version does not know.
    """
    key_type = members.text("kty", chars_max=_WORD_CHARS_MAX, grammar=_KEY_TYPE)
    curve = members.text("crv", chars_max=_WORD_CHARS_MAX, grammar=_KEY_TYPE)
    if (key_type, curve) != ("OKP", "Ed25519"):
        raise UnknownValue(
            f"a key of type `{key_type}` `{curve}`",
            mend="this version reads OKP Ed25519 keys",
            pointer=members.place("crv"),
        )
    kid = members.text("kid", chars_max=KID_CHARS, grammar=_BASE64URL)
    public = decode_segment(members.text("x", chars_max=KID_CHARS, grammar=_BASE64URL), "key")
    try:
        check_public(public)
    except KeyInvalid as error:
        raise KeyInvalid(error.message, mend=error.mend, pointer=members.place("x")) from error
    if kid != thumbprint(public):
        # Attack: a key filed under another key's name is found whenever that name is looked up.
        refuse(members.place("kid"), f"`{kid}` is not this key's thumbprint", f"write {thumbprint(public)}")
    return kid, public


def _entry(members: Members) -> KeyEntry | LogEntry:
    word = members.text("role", chars_max=_WORD_CHARS_MAX, grammar=_ROLE)
    match word:
        case "log":
            entry: KeyEntry | LogEntry = _log_entry(members)
        case "receipt" | "approver" | "executor":
            entry = _key_entry(members, Role(word))
        case _:
            raise UnknownValue(
                f"a key of role `{word}`",
                mend="this version lists receipt, log, approver and executor keys",
                pointer=members.place("role"),
            )
    members.end()
    return entry


def _log_entry(members: Members) -> LogEntry:
    vkey = members.text("vkey", chars_max=_VKEY_CHARS_MAX)
    low, until = _range(members)
    return LogEntry(vkey=vkey, from_size=low, until=until)


def _key_entry(members: Members, role: Role) -> KeyEntry:
    kid, public = read_public(members)
    low, until = _range(members)
    suspect = None
    if members.has("suspect_from"):
        suspect = members.integer("suspect_from", low=low)
        if until is None or suspect >= until:
            place = members.place("suspect_from")
            refuse(place, f"{suspect} is not below `until`", "only a revoked key has a suspect range")
    return KeyEntry(role=role, kid=kid, public=public, from_index=low, until=until, suspect_from=suspect)


def _range(members: Members) -> tuple[int, int | None]:
    low = members.integer("from")
    return low, None if members.null("until") else members.integer("until", low=low)
