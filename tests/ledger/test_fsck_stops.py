"""The log itself is held against its freezes: no row needs to lie for a PERMIT under a freeze to be found."""

from __future__ import annotations

import pytest

from licet.authority.callers import OWNER
from licet.ledger.fsck import check_log
from licet.protocol import fast
from licet.protocol.parse import parse_claim_ask, parse_decision_ask
from licet.protocol.types import Outcome, Reason
from licet.store.port import FreezeRow
from support.stops import ALL, SURFACE, freeze, lift
from support.world import World, effect, payment


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


class Blind:
    """A transaction that sees no freeze: what a hand at the database, or a lost guard, would make of it."""

    def __init__(self, txn):
        self._txn = txn
        self._freezes = dict(txn._base.freezes)

    def __getattr__(self, name):
        return getattr(self._txn, name)

    def frozen_by(self, **asked):
        return None

    def claim(self, receipt_id, **more):
        self._txn._base.freezes.clear()
        try:
            return self._txn.claim(receipt_id, **more)
        finally:
            self._txn._base.freezes.update(self._freezes)


class BlindJob:
    """A job whose page sees no freeze."""

    def __init__(self, job, sight=Blind):
        self.job = job
        self.sight = sight

    def write(self, page):
        page.txn = self.sight(page.txn)
        try:
            return self.job.write(page)
        finally:
            page.txn = page.txn._txn


def found(world):
    return [(problem.index, problem.code) for problem in check_log(world.store, world.key).problems]


def test_a_log_with_freezes_and_lifts_has_no_problem(world):
    set_ = freeze(world, SURFACE)
    world.decide(payment())
    lift(world, set_.receipt_id)
    world.decide(payment("k-2"))
    freeze(world, {"actor": {"type": "agent", "id": "other"}})
    world.decide(payment("k-3"))

    assert found(world) == []


@pytest.mark.parametrize("amount", [4_000, 80_000, 400_000])
def test_whatever_was_decided_under_a_freeze_but_frozen_is_found(world, amount):
    freeze(world, ALL)
    job = world.authority.decide(
        parse_decision_ask(payment(amount=amount)), OWNER, deadline_ms=world.authority.deadline_ms()
    )
    answer = world.settle(BlindJob(job))

    assert (answer.outcome is Outcome.PERMIT) is (amount == 4_000)
    assert found(world) == [(answer.index, "frozen")]


def test_a_claim_under_a_freeze_is_found(world):
    permit = world.decide(payment())
    freeze(world, SURFACE)
    body = fast.canonical({"permit": permit.receipt, "effect": effect()})

    claimed = world.settle(BlindJob(world.authority.claim(parse_claim_ask(body), OWNER)))

    assert found(world) == [(claimed.index, "frozen")]


def test_a_freeze_without_its_row_is_found(world):
    set_ = freeze(world, SURFACE)
    world.decide(payment())
    world.store._tables.freezes.clear()

    assert found(world) == [(set_.index, "freeze")]


class Invented(Blind):
    """A transaction that sees a freeze which nobody set."""

    def frozen_by(self, **asked):
        return FreezeRow(
            index=0, freeze_id="01900000-0000-7000-8000-000000000000", tenant="main", kind="all", name=""
        )


def test_silence_frozen_without_a_freeze_is_found(world):
    job = world.authority.decide(
        parse_decision_ask(payment()), OWNER, deadline_ms=world.authority.deadline_ms()
    )
    answer = world.settle(BlindJob(job, Invented))

    assert answer.reason is Reason.FROZEN
    assert found(world) == [(answer.index, "frozen")]
