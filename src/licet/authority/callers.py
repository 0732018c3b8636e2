"""Who calls: roles, API keys, and what each may do (``trust.md`` 7).

An API key is ``lk_<id>_<secret>``: the id finds the row, the secret's SHA-256 is compared in constant
time, and only that hash is ever stored.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from licet.errors import NotAllowed, Unauthenticated, WrongAudience
from licet.ledger.ports import Entropy
from licet.protocol.types import MAIN_TENANT, Actor, Audience, EntityRef, Tenant
from licet.store.port import TokenRow

ANY_AUDIENCE: Final = Audience("*")
"""The owner's audience. No executor can be called so: the grammar of audiences has no ``*``."""

_ID_BYTES = 8
_SECRET_BYTES = 32
_PARTS = 3


class Role(StrEnum):
    """What a caller may do; the closed list."""

    CALLER = "caller"
    SPEAKER_FOR = "speaker-for"
    EXECUTOR = "executor"
    APPROVER = "approver"
    AUTHOR = "author"
    REVIEWER = "reviewer"
    ACTIVATOR = "activator"
    KEY_ADMIN = "key-admin"
    AUDITOR = "auditor"
    DRILL = "drill"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated caller: where it may look, who it is, what it may do."""

    tenant: Tenant
    actor: EntityRef
    roles: frozenset[Role]
    audience: Audience | None

    def demand(self, role: Role) -> None:
        """Refuse unless the caller has ``role``.

        Raises:
            NotAllowed: it has not.
        """
        if role not in self.roles:
            raise NotAllowed(
                f"`{self.actor.type}/{self.actor.id}` lacks the role `{role}`",
                mend=f"use a key whose roles include `{role}`",
            )

    def demand_one_of(self, *roles: Role) -> None:
        """Refuse unless the caller has one of ``roles``.

        Raises:
            NotAllowed: it has none of them.
        """
        if self.roles.isdisjoint(roles):
            names = " or ".join(f"`{role}`" for role in roles)
            raise NotAllowed(
                f"`{self.actor.type}/{self.actor.id}` lacks the role {names}",
                mend=f"use a key whose roles include {names}",
            )

    def demand_speaks_for(self, actor: Actor) -> None:
        """Refuse a request whose actor is somebody else, unless the caller may speak for others.

        Raises:
            NotAllowed: the body names an actor that the credential is not.
        """
        if actor.ref() != self.actor and Role.SPEAKER_FOR not in self.roles:
            # Attack: an agent that signs its request with a more trusted agent's name.
            raise NotAllowed(
                f"`{self.actor.type}/{self.actor.id}` may not speak for `{actor.type}/{actor.id}`",
                mend="name the caller's own actor, or use a key with the role `speaker-for`",
                pointer="/actor",
            )

    def demand_audience(self, audience: Audience) -> None:
        """Refuse unless the caller is the executor a permit names.

        Raises:
            WrongAudience: it is another.
        """
        self.demand(Role.EXECUTOR)
        if self.audience not in {audience, ANY_AUDIENCE}:
            raise WrongAudience(
                f"the permit is for the executor `{audience}`, this caller is `{self.audience}`",
                mend=f"claim with the key of `{audience}`",
            )


OWNER: Final = Caller(
    tenant=MAIN_TENANT,
    actor=EntityRef(type="human", id="owner"),
    roles=frozenset(Role),
    audience=ANY_AUDIENCE,
)
"""The owner of a home directory: the embedded default, and the holder of ``owner.token``."""


class ApiKey:
    """A freshly made key; its text is shown once and its ``repr`` hides it."""

    __slots__ = ("_text", "row")

    def __init__(self, text: str, row: TokenRow) -> None:
        """Keep the text beside the row that holds its hash."""
        self._text = text
        self.row = row

    def __repr__(self) -> str:
        """Never the secret."""
        return "ApiKey(***)"

    def reveal(self) -> str:
        """The text of the key."""
        return self._text


def new_api_key(caller: Caller, entropy: Entropy, *, expires_s: int | None = None) -> ApiKey:
    """A new key for ``caller``; the row goes to the store, the text to the caller."""
    token_id = entropy.draw(_ID_BYTES).hex()
    secret = urlsafe_b64encode(entropy.draw(_SECRET_BYTES)).rstrip(b"=").decode("ascii")
    row = TokenRow(
        token_id=token_id,
        secret_sha256=sha256(secret.encode("ascii")).digest(),
        tenant=caller.tenant,
        actor_type=caller.actor.type,
        actor_id=caller.actor.id,
        roles=tuple(sorted(caller.roles)),
        audience=caller.audience,
        expires_s=expires_s,
    )
    return ApiKey(f"lk_{token_id}_{secret}", row)


def token_id_of(key: str) -> str | None:
    """The id in the text of a key, or None when it has not the form of one."""
    parts = key.split("_", _PARTS - 1)
    if len(parts) != _PARTS or parts[0] != "lk" or not key.isascii():
        return None
    return parts[1]


def caller_of(key: str, row: TokenRow | None, *, now_s: int) -> Caller:
    """The caller whose key ``key`` is, given the row that its id names.

    Raises:
        Unauthenticated: no such key, another secret, revoked or expired; the message is the same.
    """
    secret = key.split("_", _PARTS - 1)[-1]
    hashed = sha256(secret.encode("utf-8", "surrogatepass")).digest()
    # Compare even when there is no row, so that an unknown id takes as long as a wrong secret.
    same = hmac.compare_digest(hashed, row.secret_sha256 if row is not None else b"\0" * 32)
    expired = row is not None and row.expires_s is not None and row.expires_s <= now_s
    if row is None or not same or row.revoked or expired:
        raise Unauthenticated(
            "the API key is unknown, expired or revoked",
            mend="send `Authorization: Bearer <key>` with a key of this home, such as data/owner.token",
        )
    return Caller(
        tenant=row.tenant,
        actor=EntityRef(type=row.actor_type, id=row.actor_id),
        roles=frozenset(Role(role) for role in row.roles),
        audience=row.audience,
    )
