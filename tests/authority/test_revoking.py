"""One unclaimed permit taken back: it is never claimed, and the log says who did it and why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from licet.authority.callers import OWNER, Role
from licet.errors import AlreadyClaimed, NotAllowed, NotFound, PermitExpired, PermitRevoked
from licet.ledger.fsck import check_log
from licet.protocol import fast
from licet.protocol.parse import parse_claim_ask
from licet.protocol.types import Outcome, Tenant
from licet.receipt.read import read_receipt
from licet.receipt.stops import RevocationReceipt
from licet.store.port import OpenQuery
from support.stops import ALL, freeze, revoke
from support.world import World, effect, payment


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def permit(world):
    return world.decide(payment())


def claim(world, token, **more):
    document = {"permit": token, "effect": effect(), **more}
    return world.settle(world.authority.claim(parse_claim_ask(fast.canonical(document)), OWNER))


def test_a_revocation_is_a_leaf_that_names_its_permit(world, permit):
    revoked = revoke(world, permit.receipt_id, reason="wrong payee")

    receipt = read_receipt(revoked.receipt)
    assert isinstance(receipt, RevocationReceipt)
    assert (receipt.permit.receipt_id, receipt.permit.index) == (permit.receipt_id, permit.index)
    assert (receipt.reason, receipt.by) == ("wrong payee", OWNER.actor)
    assert world.store.permit(permit.receipt_id).revoked_index == revoked.index


def test_a_revoked_permit_is_never_claimed(world, permit):
    revoked = revoke(world, permit.receipt_id)

    with pytest.raises(PermitRevoked, match=f"index {revoked.index}"):
        claim(world, permit.receipt)
    world.clock.pass_ms(61_000)
    with pytest.raises(PermitRevoked):
        claim(world, permit.receipt)
    assert world.decide(payment()).receipt == permit.receipt, "the key keeps its answer"
    assert world.decide(payment("k-2")).outcome is Outcome.PERMIT


def test_a_second_revocation_gets_the_first_answer(world, permit):
    first = revoke(world, permit.receipt_id)

    assert revoke(world, permit.receipt_id, reason="again") == first
    assert world.store.head().size == first.index + 1


def test_a_used_permit_cannot_be_taken_back(world, permit):
    claim(world, permit.receipt)

    with pytest.raises(AlreadyClaimed):
        revoke(world, permit.receipt_id)


def test_an_expired_permit_needs_no_revocation(world, permit):
    world.clock.pass_ms(60_000)

    with pytest.raises(PermitExpired):
        revoke(world, permit.receipt_id)


def test_a_frozen_permit_can_be_revoked(world, permit):
    freeze(world, ALL)
    revoke(world, permit.receipt_id)

    with pytest.raises(PermitRevoked):
        claim(world, permit.receipt)


def test_only_a_permit_of_the_own_tenant_is_found(world, permit):
    denied = world.decide(payment("k-2", amount=400_000))

    for receipt_id, caller in (
        (denied.receipt_id, OWNER),
        ("01900000-0000-7000-8000-000000000000", OWNER),
        (permit.receipt_id, replace(OWNER, tenant=Tenant("other"))),
    ):
        with pytest.raises(NotFound):
            revoke(world, receipt_id, caller=caller)


def test_who_is_no_operator_revokes_nothing(world, permit):
    with pytest.raises(NotAllowed, match="operator"):
        revoke(world, permit.receipt_id, caller=replace(OWNER, roles=frozenset(Role) - {Role.OPERATOR}))


def test_a_claim_and_a_revocation_have_one_winner(world):
    def attempt(act):
        try:
            return act()
        except (AlreadyClaimed, PermitRevoked) as error:
            return error

    for round_ in range(20):
        permit = world.decide(payment(f"k-{round_}"))
        acts = [lambda permit=permit: claim(world, permit.receipt, claim_id="c")] * 8
        acts += [lambda permit=permit: revoke(world, permit.receipt_id)] * 8
        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(attempt, acts))

        row = world.store.permit(permit.receipt_id)
        assert (row.claim_index is None) is not (row.revoked_index is None)
        assert len({one for one in results if not isinstance(one, Exception)}) == 1
    assert check_log(world.store, world.key).problems == ()


def test_what_is_open_is_shown_to_its_tenant(world, permit):
    running = world.decide(payment("k-2"))
    claim(world, running.receipt)
    revoke(world, world.decide(payment("k-3")).receipt_id)

    def listed(caller=OWNER):
        query = OpenQuery(tenant="main", now_s=world.clock.now_ms // 1000)
        return [row.receipt_id for row in world.authority.reading.open_permits(query, caller)]

    assert listed() == [running.receipt_id, permit.receipt_id]
    assert listed(replace(OWNER, tenant=Tenant("other"))) == []
    with pytest.raises(NotAllowed):
        listed(replace(OWNER, roles=frozenset({Role.CALLER, Role.EXECUTOR})))
