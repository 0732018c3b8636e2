"""The queue: bounded, in order for each tenant, in turn among tenants, and no more than a share for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Overloaded
from licet.ledger.waiting import Entry, Waiting
from licet.protocol import limits
from licet.protocol.types import Tenant
from support.ledgers import SealJob

LOUD, QUIET, THIRD = Tenant("loud"), Tenant("quiet"), Tenant("third")
MAX = limits.QUEUE_ENTRIES_MAX


def entry(tenant, ticket=None):
    return Entry(job=SealJob(), tenant=tenant, deadline_ms=1, mailbox=None, ticket=ticket)


def filled(tenant, count):
    waiting = Waiting()
    for number in range(count):
        assert waiting.put(entry(tenant, (tenant, number))) is None
    return waiting


def tickets(entries):
    return [one.ticket for one in entries]


def test_one_tenant_alone_may_fill_the_queue_and_no_more():
    waiting = filled(LOUD, MAX)

    with pytest.raises(Overloaded, match="2048 decisions"):
        waiting.put(entry(LOUD))
    assert len(waiting) == MAX


def test_over_half_full_one_tenant_holds_at_most_its_share():
    waiting = filled(LOUD, MAX // 2)
    assert waiting.put(entry(QUIET)) is None

    with pytest.raises(Overloaded, match="this tenant"):
        waiting.put(entry(LOUD))
    for _ in range(MAX // 2 - 1):
        waiting.put(entry(QUIET))
    with pytest.raises(Overloaded):
        waiting.put(entry(QUIET))


def test_up_to_half_full_nobody_is_counted():
    waiting = filled(QUIET, 1)
    for _ in range(MAX // 2):
        waiting.put(entry(LOUD))

    assert len(waiting) == MAX // 2 + 1


def test_a_newcomer_finds_a_place_in_a_full_queue():
    waiting = filled(LOUD, MAX)
    displaced = [waiting.put(entry(QUIET, (QUIET, number))) for number in range(MAX // 2)]

    assert tickets(displaced) == [(LOUD, MAX - 1 - number) for number in range(MAX // 2)]
    assert len(waiting) == MAX
    with pytest.raises(Overloaded):
        waiting.put(entry(QUIET))


def test_a_batch_takes_of_each_tenant_in_turn_and_keeps_the_order_of_each():
    waiting = filled(LOUD, 10)
    waiting.put(entry(QUIET, "a"))
    waiting.put(entry(QUIET, "b"))

    assert tickets(waiting.take(5)) == [(LOUD, 0), "a", (LOUD, 1), "b", (LOUD, 2)]
    assert tickets(waiting.take(100)) == [(LOUD, number) for number in range(3, 10)]
    assert (len(waiting), waiting.take(1)) == (0, [])


def test_what_is_ahead_of_a_newcomer_is_what_is_taken_before_it():
    waiting = filled(LOUD, 100)

    assert (waiting.ahead(LOUD), waiting.ahead(QUIET)) == (100, 1)
    waiting.put(entry(QUIET))
    assert (waiting.ahead(LOUD), waiting.ahead(QUIET), waiting.ahead(THIRD)) == (101, 3, 2)


@given(
    st.lists(
        st.one_of(st.sampled_from([LOUD, QUIET, THIRD]), st.integers(min_value=1, max_value=40)), max_size=200
    )
)
def test_the_queue_loses_nothing_and_keeps_each_tenants_order(steps):
    waiting, put, taken = Waiting(), {}, {}
    for number, step in enumerate(steps):
        if isinstance(step, int):
            for one in waiting.take(step):
                taken.setdefault(one.tenant, []).append(one.ticket)
        else:
            assert waiting.ahead(step) <= len(waiting)
            assert waiting.put(entry(step, number)) is None
            put.setdefault(step, []).append(number)

    for one in waiting.take(MAX):
        taken.setdefault(one.tenant, []).append(one.ticket)
    assert taken == put
    assert len(waiting) == 0
