"""The scope of an idempotency key: tenant, actor, surface and key, as the 32 bytes it is stored under."""

from __future__ import annotations

from licet.protocol import fast
from licet.protocol.digest import IDEMPOTENCY_TAG, tagged_digest
from licet.protocol.types import EntityRef, IdempotencyKey, JsonValue, Surface, Tenant


def key_digest(tenant: Tenant, actor: EntityRef, surface: Surface, key: IdempotencyKey) -> bytes:
    """The digest of a key in its scope (``storage.md`` 6).

    Attack: a key of one actor squatted on, or answered to, by another.
    """
    scope: list[JsonValue] = [tenant, actor.type, actor.id, surface, key]
    return bytes.fromhex(tagged_digest(IDEMPOTENCY_TAG, fast.canonical(scope)).removeprefix("sha256:"))
