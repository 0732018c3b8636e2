"""The first answer of a key, rebuilt from what was recorded: the receipt is the recorded bytes."""

from __future__ import annotations

from licet.errors import NotFound
from licet.protocol import fast
from licet.protocol.answer import Answer
from licet.protocol.shape import Members
from licet.protocol.types import Explanation, Origin
from licet.receipt.read import DecisionReceipt, read_receipt
from licet.store.port import BodyRow, ReceiptRow


def first_answer(row: ReceiptRow, body: BodyRow | None, origin: Origin) -> Answer:
    """The answer that was given for ``row``; its explanation is empty once the body is erased.

    Raises:
        NotFound: the receipt itself was erased.
    """
    if row.jws is None:
        raise NotFound(
            f"the receipt at index {row.index} was erased", mend="ask anew with a new idempotency key"
        )
    receipt = read_receipt(row.jws)
    if not isinstance(receipt, DecisionReceipt):
        message = f"the key's receipt at index {row.index} is no decision"
        raise TypeError(message)
    return Answer(
        outcome=receipt.outcome,
        reason=receipt.reason,
        explanation=_explanation(body),
        obligations=receipt.obligations,
        receipt=row.jws,
        receipt_id=row.receipt_id,
        origin=origin,
        index=row.index,
        would=receipt.would,
    )


def _explanation(body: BodyRow | None) -> tuple[Explanation, ...]:
    if body is None:
        return ()
    entries = fast.read(body.explanation)
    if not isinstance(entries, list):
        return ()
    return tuple(_entry(Members(entry)) for entry in entries)


def _entry(members: Members) -> Explanation:
    return Explanation(
        policy=str(members.value("policy")),
        effect=str(members.value("effect")),
        text=str(members.value("text")),
    )
