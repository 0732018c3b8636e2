"""C2SP tlog-policy: which logs and witnesses are known, and how many must have seen a checkpoint.

The text says ``log``, ``witness``, ``group`` and ``quorum``; names are defined before they are used,
so a group can never contain itself. Reading it yields a ``QuorumPolicy``; ``quorum.py`` holds a note
against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..errors import LogError
from ..protocol import limits
from .checkpoint import ORIGIN
from .note import Algorithm, NoteError, NoteKey, parse_vkey

NONE: Final = "none"

_OCTETS = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")
_LOG_ALGORITHMS: Final = frozenset({Algorithm.ED25519})
_WITNESS_ALGORITHMS: Final = frozenset({Algorithm.COSIGNATURE, Algorithm.MLDSA44})


class QuorumTextError(LogError):
    """A tlog-policy text that cannot be used; the message begins with its line number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A cosigner under the name that groups use for it; ``key.name`` is another thing."""

    name: str
    key: NoteKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """At least ``threshold`` of ``members`` (witnesses or earlier groups)."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumPolicy:
    """A tlog-policy. ``groups`` stand in the order of their lines; ``quorum`` is None for `none`."""

    logs: tuple[NoteKey, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str | None

    def is_met(self, cosigned: frozenset[str]) -> bool:
        """Whether the witnesses named in ``cosigned`` make the quorum."""
        if self.quorum is None:
            return True
        reached = set(cosigned)
        for group in self.groups:
            if len(reached.intersection(group.members)) >= group.threshold:
                reached.add(group.name)
        return self.quorum in reached


def parse_policy(text: bytes) -> QuorumPolicy:
    """Read a tlog-policy. Octets above 7E are opaque: names are compared byte by byte.

    Raises:
        QuorumTextError: the first line that breaks a rule, or what the whole text lacks.
    """
    if len(text) > limits.TRUST_BYTES_MAX:
        raise QuorumTextError(
            f"the policy has `{len(text)}` bytes, expected at most {limits.TRUST_BYTES_MAX}"
        )
    if _OCTETS.fullmatch(text) is None:
        raise QuorumTextError("the policy holds a control character other than tab and newline")
    # A file cut short could end inside a name that is a shorter name's prefix.
    if not text.endswith(b"\n"):
        raise QuorumTextError(
            "the last line of the policy has no newline", mend="end the file with a newline"
        )
    lines = text.decode("utf-8", "surrogateescape").split("\n")[:-1]
    if len(lines) > limits.QUORUM_LINES_MAX:
        raise QuorumTextError(
            f"the policy has `{len(lines)}` lines, expected at most {limits.QUORUM_LINES_MAX}"
        )
    draft = _Draft()
    for number, line in enumerate(lines, start=1):
        words = re.findall(r"[^ \t]+", line)
        if not words or words[0].startswith("#"):
            continue
        try:
            draft.read(words)
        except LogError as error:
            raise QuorumTextError(f"policy line {number}: {error.message}", mend=error.mend) from error
    return draft.finish()


@dataclass(slots=True)
class _Draft:
    """What the lines so far have defined; lives while one text is read."""

    logs: list[NoteKey] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    publics: set[bytes] = field(default_factory=set)
    ids: set[tuple[str, bytes]] = field(default_factory=set)
    spent: set[str] = field(default_factory=set)
    quorum: str | None = None

    def read(self, words: list[str]) -> None:
        """Take one line, already split."""
        readers: dict[str, tuple[Callable[[list[str]], None], int, int, str]] = {
            "log": (self._log, 1, 2, "log <vkey> [<url>]"),
            "witness": (self._witness, 2, 3, "witness <name> <vkey> [<url>]"),
            "group": (self._group, 3, len(words), "group <name> all|any|<k> <name>..."),
            "quorum": (self._quorum, 1, 1, "quorum <name>|none"),
        }
        keyword, *rest = words
        if keyword not in readers:
            raise QuorumTextError(f"`{keyword[:80]}` is none of log, witness, group, quorum")
        reader, least, most, form = readers[keyword]
        if not least <= len(rest) <= most:
            raise QuorumTextError(f"`{keyword}` has `{len(rest)}` words behind it, expected `{form}`")
        reader(rest)

    def finish(self) -> QuorumPolicy:
        """The policy, when exactly one quorum line was read."""
        if self.quorum is None:
            raise QuorumTextError("the policy has no quorum line", mend="write `quorum none` to demand none")
        return QuorumPolicy(
            logs=tuple(self.logs),
            witnesses=tuple(self.witnesses),
            groups=tuple(self.groups),
            quorum=None if self.quorum == NONE else self.quorum,
        )

    def _log(self, rest: list[str]) -> None:
        key = self._key(rest[0], _LOG_ALGORITHMS)
        if ORIGIN.fullmatch(key.name) is None:
            raise QuorumTextError(f"the log's name `{key.name[:80]}` cannot be an origin")
        self.logs.append(key)

    def _witness(self, rest: list[str]) -> None:
        name, vkey = rest[:2]
        key = self._key(vkey, _WITNESS_ALGORITHMS)
        self._define(name)
        self.witnesses.append(Witness(name=name, key=key))

    def _group(self, rest: list[str]) -> None:
        name, count, *members = rest
        for member in members:
            self._demand_defined(member)
            # A member twice, here or in two groups, would let one witness count twice.
            if member in self.spent:
                raise QuorumTextError(f"`{member}` is a member of a group already")
            self.spent.add(member)
        self._define(name)
        thresholds = {"any": 1, "all": len(members)}
        threshold = thresholds.get(count) or (int(count) if _COUNT.fullmatch(count) else 0)
        if not 1 <= threshold <= len(members):
            raise QuorumTextError(f"the threshold `{count[:80]}` is not any, all or 1 to {len(members)}")
        self.groups.append(Group(name=name, threshold=threshold, members=tuple(members)))

    def _quorum(self, rest: list[str]) -> None:
        if self.quorum is not None:
            raise QuorumTextError("a second quorum line")
        if rest[0] != NONE:
            self._demand_defined(rest[0])
        self.quorum = rest[0]

    def _key(self, vkey: str, allowed: frozenset[Algorithm]) -> NoteKey:
        key = parse_vkey(vkey)
        if key.algorithm not in allowed:
            expected = " or ".join(f"0x{one:02x}" for one in sorted(allowed))
            raise NoteError(f"the key `{key.name}` is of type `0x{key.algorithm:02x}`, expected {expected}")
        # One key, one role: else a log could be its own witness, or one witness two.
        if key.public in self.publics:
            raise QuorumTextError(f"the public key of `{key.name}` stands here already")
        if (key.name, key.key_id) in self.ids:
            raise QuorumTextError(
                f"the key `{key.name}+{key.key_id.hex()}` cannot be told from an earlier one"
            )
        self.publics.add(key.public)
        self.ids.add((key.name, key.key_id))
        return key

    def _define(self, name: str) -> None:
        if name == NONE or name in self.names:
            raise QuorumTextError(f"the name `{name}` is taken")
        self.names.add(name)

    def _demand_defined(self, name: str) -> None:
        if name not in self.names:
            raise QuorumTextError(f"the name `{name}` is not defined on an earlier line")
