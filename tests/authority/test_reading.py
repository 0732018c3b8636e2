"""Who may read which receipt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from licet.authority.callers import OWNER, Role
from licet.errors import NotAllowed, NotFound
from licet.protocol.types import Audience, EntityRef, Tenant
from licet.store.port import ReceiptQuery
from support.world import World, payment

EXECUTOR = replace(OWNER, roles=frozenset({Role.EXECUTOR}), audience=Audience("payments-executor"))
BOT = replace(OWNER, roles=frozenset({Role.CALLER}), actor=EntityRef(type="agent", id="finance-bot"))
OTHER_BOT = replace(BOT, actor=EntityRef(type="agent", id="other-bot"))
AUDITOR = replace(OWNER, roles=frozenset({Role.AUDITOR}))
STRANGER = replace(OWNER, tenant=Tenant("other"))


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def test_an_executor_reads_nothing(world):
    answer = world.decide(payment())
    reading = world.authority.reading

    for read in (
        lambda: reading.receipt(answer.receipt_id, EXECUTOR),
        lambda: reading.proof(answer.receipt_id, EXECUTOR),
        lambda: reading.receipts(ReceiptQuery(tenant=EXECUTOR.tenant), EXECUTOR),
        lambda: reading.activations(EXECUTOR),
        lambda: reading.verify_log(EXECUTOR),
    ):
        with pytest.raises(NotAllowed):
            read()


def test_a_caller_sees_what_is_about_itself_and_an_auditor_all(world):
    answer = world.decide(payment())
    reading = world.authority.reading

    for caller in (BOT, AUDITOR, OWNER):
        assert reading.receipt(answer.receipt_id, caller).receipt.jws == answer.receipt
        assert answer.receipt_id in [
            row.receipt_id for row in reading.receipts(ReceiptQuery(tenant=caller.tenant), caller)
        ]
    for caller in (OTHER_BOT, STRANGER):
        with pytest.raises(NotFound):
            reading.receipt(answer.receipt_id, caller)
        with pytest.raises(NotFound):
            reading.proof(answer.receipt_id, caller)
        assert reading.receipts(ReceiptQuery(tenant=OWNER.tenant), caller) == []


def test_a_filter_cannot_widen_what_a_caller_sees(world):
    world.decide(payment())
    query = ReceiptQuery(tenant=OWNER.tenant, actor="agent/finance-bot")

    assert world.authority.reading.receipts(query, OTHER_BOT) == []
