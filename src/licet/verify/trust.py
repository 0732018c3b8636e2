"""The trust file: what a verifier is given from outside, and believes (``evidence.md`` 3).

Nothing that travels with evidence ever enters a ``TrustSet``. Reading is strict, because a trust file is
the one input whose mistakes no signature can catch: one key has one role, no key stands twice, and no
key is of small order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ..errors import KeyInvalid, LogError, UnknownValue
from ..protocol import limits
from ..protocol.digest import is_digest
from ..protocol.shape import Members, refuse
from ..protocol.strict import read_strict
from ..protocol.types import Digest, JsonObject, JsonValue, Origin
from ..receipt.keyring import (
    ENTRIES_MAX,
    KeyEntry,
    LogEntry,
    Role,
    RootSet,
    read_entries,
    read_root,
)
from ..receipt.keys import thumbprint
from ..tlog.note import Algorithm, NoteKey
from ..tlog.policy import QuorumPolicy, parse_policy

VERSION: Final = 1
_MEMBERS_MAX: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """A key of the log, valid for tree sizes ``from_size <= size <= until``."""

    key: NoteKey
    from_size: int
    until: int | None

    def covers(self, size: int) -> bool:
        """Whether the key may sign a checkpoint of ``size``: a retired key signs no later one."""
        return self.from_size <= size and (self.until is None or size <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """The checkpoint up to which the trust file knows of revocations."""

    size: int
    root: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustSet:
    """Everything a verifier believes. ``policy_text`` is what ``trust/policy.txt`` holds, byte for byte."""

    policy: QuorumPolicy
    policy_text: str
    root: RootSet
    keys: Mapping[str, KeyEntry]
    """``kid`` to entry: receipt, approver and executor keys."""
    roles: Mapping[str, Role]
    """Thumbprint to role, of every Ed25519 key in the file: logs, roots and witnesses too."""
    logs: tuple[LogKey, ...]
    as_of: AsOf
    digest: Digest
    """``sha256:`` of the file's bytes."""

    @property
    def origins(self) -> frozenset[Origin]:
        """The logs this file speaks of."""
        return frozenset(Origin(log.key.name) for log in self.logs)


def parse_trust(document: bytes) -> TrustSet:
    """Read ``trust.json``.

    Raises:
        TooLarge: more than 1 MiB.
        Malformed: another shape, or a policy text that cannot be used.
        KeyInvalid: a weak key, a key under two roles, or a key twice.
        UnknownValue: a version, role or key type this version does not know.
    """
    members = Members(read_strict(document, bytes_max=limits.TRUST_BYTES_MAX, members_max=_MEMBERS_MAX))
    version = members.integer("v")
    if version != VERSION:
        raise UnknownValue(
            f"a trust file of version {version}", mend=f"this version reads v {VERSION}", pointer="/v"
        )
    if members.value("kind") != "trust":
        refuse("/kind", "this is no trust file", 'a trust file says "kind":"trust"')
    text = members.text("policy", chars_max=limits.TRUST_BYTES_MAX)
    policy = _policy(text)
    root = read_root(members.members("root"))
    entries = read_entries(members.array("keys", items_max=ENTRIES_MAX), members.place("keys"))
    as_of = _as_of(members.members("as_of"))
    members.end()
    keys = [entry for entry in entries if isinstance(entry, KeyEntry)]
    logs = _logs(policy, [entry for entry in entries if isinstance(entry, LogEntry)])
    return TrustSet(
        policy=policy,
        policy_text=text,
        root=root,
        keys=MappingProxyType({entry.kid: entry for entry in keys}),
        roles=MappingProxyType(_roles(policy, root, keys)),
        logs=logs,
        as_of=as_of,
        digest=Digest("sha256:" + hashlib.sha256(document).hexdigest()),
    )


def trust_document(
    *, policy: str, root: JsonObject, keys: Sequence[JsonObject], size: int, tree_root: bytes
) -> JsonObject:
    """The trust file of a log: what ``parse_trust`` reads, from the members of its genesis."""
    listed: list[JsonValue] = list(keys)
    return {
        "v": VERSION,
        "kind": "trust",
        "policy": policy,
        "root": root,
        "keys": listed,
        "as_of": {"size": size, "root": f"sha256:{tree_root.hex()}"},
    }


def _policy(text: str) -> QuorumPolicy:
    try:
        return parse_policy(text.encode("utf-8"))
    except LogError as error:
        refuse("/policy", error.message, error.mend or "write a C2SP tlog-policy")


def _as_of(members: Members) -> AsOf:
    size = members.integer("size")
    root = members.value("root")
    members.end()
    if not isinstance(root, str) or not is_digest(root):
        refuse(members.place("root"), "the tree's root is not a digest", "sha256: and 64 lower-case hex")
    return AsOf(size=size, root=Digest(root))


def _logs(policy: QuorumPolicy, entries: Sequence[LogEntry]) -> tuple[LogKey, ...]:
    """Join the policy's logs with their validity; each must stand in both.

    tlog-policy has no validity: a log key that the list forgets would sign for ever, also when stolen.
    """
    listed = {entry.vkey: entry for entry in entries}
    if len(listed) != len(entries):
        raise KeyInvalid("a log key stands twice", mend="list each key once", pointer="/keys")
    known = {key.vkey(): key for key in policy.logs}
    if len({key.name for key in policy.logs}) > 1:
        # Attack: the receipt key of one log makes permits in the name of the other. A key's range and
        # `as_of` count the indexes of one log, and nothing here says of which.
        refuse("/policy", "the policy names more than one log", "give each log a trust file of its own")
    for vkey in sorted(listed.keys() ^ known.keys()):
        where = "`keys`" if vkey in known else "`policy`"
        refuse("/keys", f"the log key `{vkey}` is missing in {where}", "list every log key in both")
    return tuple(
        LogKey(key=key, from_size=listed[vkey].from_size, until=listed[vkey].until)
        for vkey, key in known.items()
    )


def _roles(policy: QuorumPolicy, root: RootSet, keys: Sequence[KeyEntry]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for kid, role in _all_keys(policy, root, keys):
        if kid in roles:
            # Attack: a key that signs two kinds of statement lets one be passed off as the other.
            raise KeyInvalid(
                f"the key `{kid}` stands twice, as {roles[kid].value} and as {role.value}",
                mend="one key, one role: make a key of its own for each",
                pointer="/keys",
            )
        roles[kid] = role
    return roles


def _all_keys(policy: QuorumPolicy, root: RootSet, keys: Sequence[KeyEntry]) -> Iterator[tuple[str, Role]]:
    for kid in root.keys:
        yield kid, Role.ROOT
    for key in policy.logs:
        yield thumbprint(key.public), Role.LOG
    for witness in policy.witnesses:
        if witness.key.algorithm is not Algorithm.MLDSA44:
            yield thumbprint(witness.key.public), Role.WITNESS
    for entry in keys:
        yield entry.kid, entry.role
