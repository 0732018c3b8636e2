"""What stops an effect before it runs: a freeze set or lifted, and one unclaimed permit taken back.

Both are leaves like every other receipt. From the leaf that sets a freeze to the leaf that lifts it, no
PERMIT is given for what it covers, and no permit of it is claimed; a revoked permit is never claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..protocol.shape import Members, entity_ref, freeze_scope, refuse
from ..protocol.types import EntityRef, FreezeScope, JsonObject, ReceiptId
from . import fields
from .statement import Link, Links, Stamp, stamped


class FreezeOp(StrEnum):
    """What a freeze receipt says happened."""

    SET = "set"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeReceipt:
    """A freeze set or lifted. ``of`` is the receipt id of the freeze that is lifted; None on ``set``."""

    stamp: Stamp
    links: Links
    op: FreezeOp
    scope: FreezeScope
    reason: str
    by: EntityRef
    of: ReceiptId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationReceipt:
    """One unclaimed permit, taken back."""

    stamp: Stamp
    links: Links
    permit: Link
    reason: str
    by: EntityRef


def freeze_document(
    scope: FreezeScope, *, reason: str, by: EntityRef, stamp: Stamp, of: ReceiptId | None = None
) -> JsonObject:
    """The payload of a freeze; with ``of`` it lifts the freeze of that receipt."""
    document = stamped("freeze", stamp, Links())
    document["op"] = (FreezeOp.SET if of is None else FreezeOp.LIFTED).value
    document["scope"] = scope.document()
    document["reason"] = reason
    document["by"] = by.document()
    if of is not None:
        document["of"] = of
    return document


def revocation_document(*, permit: Link, reason: str, by: EntityRef, stamp: Stamp) -> JsonObject:
    """The payload of a revocation."""
    document = stamped("revocation", stamp, Links(permit=permit))
    document["reason"] = reason
    document["by"] = by.document()
    return document


def read_freeze(members: Members, stamp: Stamp, links: Links) -> FreezeReceipt:
    """A freeze out of its payload; ``read.py`` checks that nothing is left.

    Raises:
        Malformed: another shape.
        UnknownValue: a step that this version does not know.
    """
    fields.demand_links(links, "anchor")
    op = fields.word(members, "op", FreezeOp)
    if op is FreezeOp.SET and members.has("of"):
        refuse(members.place("of"), "a freeze that is set lifts no other", fields.NOT_OURS)
    return FreezeReceipt(
        stamp=stamp,
        links=links,
        op=op,
        scope=freeze_scope(members.members("scope")),
        reason=members.text("reason", chars_max=fields.TEXT_CHARS_MAX),
        by=entity_ref(members.members("by")),
        of=fields.receipt_id(members, "of") if op is FreezeOp.LIFTED else None,
    )


def read_revocation(members: Members, stamp: Stamp, links: Links) -> RevocationReceipt:
    """A revocation out of its payload; ``read.py`` checks that nothing is left.

    Raises:
        Malformed: another shape.
    """
    return RevocationReceipt(
        stamp=stamp,
        links=links,
        permit=fields.permit_link(links),
        reason=members.text("reason", chars_max=fields.TEXT_CHARS_MAX),
        by=entity_ref(members.members("by")),
    )
