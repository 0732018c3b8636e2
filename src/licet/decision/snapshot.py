"""What one decision sees: read once at the rim, recorded, and enough to decide again (stop 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from licet.policy.compiled import CompiledBundle
from licet.protocol import fast
from licet.protocol.digest import FACTS_TAG, tagged_digest
from licet.protocol.types import Digest, JsonObject, PolicyRef, Reason, ReceiptId, Tenant

SALT_BYTES: Final = 32

HALTS: Final = frozenset(
    {
        Reason.STATE_UNAVAILABLE,
        Reason.DEADLINE_EXCEEDED,
        Reason.POLICY_UNAVAILABLE,
        Reason.REQUEST_INVALID,
        Reason.FROZEN,
    }
)
"""Why a host may stop a decision before the rules are asked. Each of them is SILENCE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveBundle:
    """The bundle that decides, and the version that its activation gave it."""

    compiled: CompiledBundle
    version: int

    def ref(self) -> PolicyRef:
        """How receipts name it."""
        return self.compiled.ref(self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The world as one decision sees it.

    ``facts`` are the values of the providers that the surface declares, and ``now``, which equals
    ``now_ms``; ``host`` is no fact, see ``halt``. ``halt`` is set when a condition of the host forbids
    asking the rules: it is written into the recorded facts, so that a replay halts there too. ``freeze``
    is the receipt id of the freeze that halts, and set with halt ``frozen`` alone. ``salt`` hides the
    facts behind their digest.
    """

    active: ActiveBundle | None
    tenant: Tenant
    now_ms: int
    facts: JsonObject
    salt: bytes
    halt: Reason | None = None
    freeze: ReceiptId | None = None

    def __post_init__(self) -> None:
        """Refuse a snapshot that could not be recorded and read back.

        Raises:
            ValueError: a halt that is no condition of the host, a freeze without its halt, another length
                of salt, or facts that name another instant or hold the reserved member.
        """
        if self.halt is not None and self.halt not in HALTS:
            message = f"`{self.halt.value}` is no condition that halts a decision"
            raise ValueError(message)
        if (self.freeze is not None) is not (self.halt is Reason.FROZEN):
            message = "halt `frozen`, and no other, names its freeze"
            raise ValueError(message)
        if len(self.salt) != SALT_BYTES:
            message = f"a salt has {SALT_BYTES} bytes, not {len(self.salt)}"
            raise ValueError(message)
        if self.facts.get("now") != self.now_ms or "host" in self.facts:
            message = "the facts must hold `now` as it was read, and no `host`"
            raise ValueError(message)

    def facts_document(self) -> bytes:
        """The canonical ``{"facts": ..., "salt": "<hex>"}`` that is stored beside the receipt."""
        facts: JsonObject = dict(self.facts)
        if self.halt is not None:
            host: JsonObject = {"halt": self.halt.value}
            if self.freeze is not None:
                host["freeze"] = self.freeze
            facts["host"] = host
        return fast.canonical({"facts": facts, "salt": self.salt.hex()})

    def facts_digest(self) -> Digest:
        """What the receipt says of the facts: a salted digest, so that guesses cannot be tested."""
        return tagged_digest(FACTS_TAG, self.facts_document())
