"""Looking: the snapshot of one request from what the shell read, and the same from what was recorded."""

from __future__ import annotations

import re
from typing import Final

from licet.decision.snapshot import HALTS, SALT_BYTES, ActiveBundle, Snapshot
from licet.protocol import ids, limits
from licet.protocol.shape import Members, refuse
from licet.protocol.strict import read_strict
from licet.protocol.types import ExecutionRequest, JsonObject, Reason, ReceiptId, Tenant

_SALT: Final = re.compile(rf"[0-9a-f]{{{2 * SALT_BYTES}}}")
_HALT_CHARS_MAX: Final = 32


def look(
    request: ExecutionRequest,
    *,
    active: ActiveBundle | None,
    tenant: Tenant,
    now_ms: int,
    salt: bytes,
    halt: Reason | None = None,
) -> Snapshot:
    """What the decision on ``request`` may see at ``now_ms``; read the clock once and pass it here.

    Without an active bundle, or for a surface it does not declare, the only fact is ``now``.
    """
    surface = None if active is None else active.compiled.surfaces.get(request.surface)
    facts: JsonObject = {"now": now_ms} if surface is None else surface.facts_at(now_ms)
    return Snapshot(active=active, tenant=tenant, now_ms=now_ms, facts=facts, salt=salt, halt=halt)


def recall(facts_document: bytes, *, active: ActiveBundle | None, tenant: Tenant) -> Snapshot:
    """The snapshot that a recorded decision saw; nothing is looked up again.

    Raises:
        Malformed: the document is not one that ``Snapshot.facts_document`` writes.
        TooLarge: it passes the size of a body.
    """
    members = Members(read_strict(facts_document, bytes_max=limits.BODY_BYTES_MAX))
    facts = dict(members.objects("facts"))
    salt = bytes.fromhex(members.text("salt", chars_max=2 * SALT_BYTES, grammar=_SALT))
    members.end()
    halt, freeze = _host(facts)
    now_ms = Members(facts, "/facts").integer("now")
    facts.pop("host", None)
    return Snapshot(
        active=active, tenant=tenant, now_ms=now_ms, facts=facts, salt=salt, halt=halt, freeze=freeze
    )


def _host(facts: JsonObject) -> tuple[Reason | None, ReceiptId | None]:
    if "host" not in facts:
        return None, None
    host = Members(facts["host"], "/facts/host")
    word = host.text("halt", chars_max=_HALT_CHARS_MAX)
    freeze = None
    if word == Reason.FROZEN:
        freeze = ReceiptId(host.text("freeze", chars_max=ids.RECEIPT_ID_CHARS, grammar=ids.RECEIPT_ID))
    host.end()
    if word not in HALTS:
        refuse(host.place("halt"), f"`{word}` halts no decision", "give the document as it was recorded")
    return Reason(word), freeze
