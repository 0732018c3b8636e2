"""Receipts of a log's turns, written and read back; what no start would have recorded is refused."""

from __future__ import annotations

import pytest

from licet.errors import Malformed, UnknownValue
from licet.receipt.read import receipt_of
from licet.receipt.turns import CLOCK_NAMED_S_MAX, ClockReceipt, clock_document
from sample_evidence import NOW_S, stamp
from verify_cases import changed


def vouched(**more):
    return changed(clock_document(previous_s=NOW_S - 86_400, now_s=NOW_S + 3, stamp=stamp()), **more)


def test_a_clock_receipt_reads_back():
    receipt = receipt_of(vouched())

    assert isinstance(receipt, ClockReceipt)
    assert (receipt.previous_s, receipt.now_s) == (NOW_S - 86_400, NOW_S + 3)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (vouched(previous=NOW_S + 1), "/previous"),
        (vouched(now=NOW_S + CLOCK_NAMED_S_MAX + 1), "/now"),
        (vouched(now=NOW_S - CLOCK_NAMED_S_MAX - 1), "/now"),
        (vouched(now="noon"), "/now"),
        (vouched(more=1), "/more"),
        (vouched(links__parent="01900000-0000-7000-8000-000000000000"), "/links/parent"),
    ],
)
def test_a_clock_receipt_that_nobody_wrote_is_refused(document, pointer):
    with pytest.raises(Malformed) as refusal:
        receipt_of(document)
    assert refusal.value.pointer == pointer


def test_another_witness_than_an_operator_is_unknown_not_wrong():
    with pytest.raises(UnknownValue):
        receipt_of(vouched(reason="witness"))
