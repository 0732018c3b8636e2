"""A commit whose fate is unknown: never acknowledged, never denied, and nothing more is written."""

from __future__ import annotations

import pytest

from licet.errors import RaiseTheAlarm, StoreUnknown
from store.samples import NOW_MS, append, key, receipt, token


def _broken(driver, *, recorded):
    append(driver.store)
    driver.break_commit(recorded=recorded)
    with pytest.raises(StoreUnknown) as met:
        append(driver.store, also=lambda txn, first: txn.insert_key(key(index=first)))
    return met.value


@pytest.mark.parametrize("recorded", [True, False])
def test_an_unknown_commit_may_or_may_not_be_there_after_a_restart(driver, recorded):
    _broken(driver, recorded=recorded)

    again = driver.reopen()

    assert again.head().size == (2 if recorded else 1)
    assert (again.receipt(1) == receipt(1)) is recorded
    assert (again.find_key(key().key) is not None) is recorded
    assert again.receipt(0) == receipt(0)


def test_after_an_unknown_commit_nothing_is_written_in_this_process(driver):
    error = _broken(driver, recorded=False)

    assert isinstance(error, RaiseTheAlarm)
    assert "same key" in error.mend
    for _ in range(2):
        with pytest.raises(StoreUnknown):
            driver.store.begin()
        with pytest.raises(StoreUnknown):
            driver.store.heartbeat(NOW_MS)


def test_what_is_unknown_is_never_said_to_be_undone(driver):
    driver.break_commit(recorded=True)
    txn = driver.store.begin()
    txn.insert_token(token())
    with pytest.raises(StoreUnknown):
        txn.commit()

    with pytest.raises(StoreUnknown):
        txn.rollback()


def test_what_was_committed_before_can_still_be_read(driver):
    _broken(driver, recorded=False)

    assert driver.store.receipt(0) == receipt(0)
    assert driver.store.head().size == 1


def test_after_the_restart_the_log_goes_on_without_a_gap(driver):
    _broken(driver, recorded=True)
    again = driver.reopen()

    assert append(again) == 2
    assert [row.index for row in again.scan(0, 9)] == [0, 1, 2]


def test_an_unknown_heartbeat_poisons_as_well(driver):
    driver.break_commit(recorded=False)

    with pytest.raises(StoreUnknown):
        driver.store.heartbeat(NOW_MS + 1)
    with pytest.raises(StoreUnknown):
        driver.store.begin()
