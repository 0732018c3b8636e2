"""The clock at a start: far ahead of the log it needs an operator's word, which is a receipt (I19)."""

from __future__ import annotations

import json

import pytest

from licet.embedded import Embedded
from licet.errors import ClockRefused
from licet.receipt.read import read_receipt
from licet.receipt.turns import CLOCK_NAMED_S_MAX, ClockReceipt
from licet.wiring.founding import found_home
from licet.wiring.home import Home
from licet.wiring.inspecting import inspect_home
from licet.wiring.opening import open_home
from licet.wiring.timing import CLOCK_AHEAD_DAYS_MAX
from support.sources import MONDAY_MS, ManualClock
from support.world import payment, starter

DAY_MS = 24 * 3_600_000
JSON = {"content-type": "application/json"}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def home(tmp_path, clock):
    found_home(tmp_path / "home", template=starter(), clock=clock)
    return Home(tmp_path / "home")


def opened(home, clock, **more):
    return open_home(home, {}, clock=clock, **more)


def refused(home, clock, words, **more):
    before = home.database.read_bytes()
    with pytest.raises(ClockRefused, match=words) as met:
        opened(home, clock, **more)
    assert home.database.read_bytes() == before
    return met.value


def test_a_home_that_rested_less_than_that_starts_as_ever(home, clock):
    clock.pass_ms(CLOCK_AHEAD_DAYS_MAX * DAY_MS - 1)

    opened(home, clock).close()


def test_a_clock_far_ahead_of_the_log_starts_nothing_and_says_the_command(home, clock):
    clock.pass_ms(CLOCK_AHEAD_DAYS_MAX * DAY_MS)

    error = refused(home, clock, "27 days after the last time that the log recorded, 2026-11-23T09:00:00Z")

    assert f"`licet serve --home {home.root} --accept-clock 2026-12-20T09:00:00Z`" in error.mend


def test_a_slip_of_a_month_is_never_below_the_bound():
    """The shortest month has 28 days; a date mistyped by one month is what the bound must still see."""
    assert CLOCK_AHEAD_DAYS_MAX < 28


def test_an_operators_word_is_recorded_before_anything_else(home, clock):
    clock.pass_ms(40 * DAY_MS)
    named_s = clock.now_ms // 1000 - 20

    running = opened(home, clock, accept_clock_s=named_s)
    with Embedded(running) as authority:
        page = json.loads(authority.exchange("GET", "/v1/receipts?kind=clock").body)
        answer = authority.exchange("POST", "/v1/decisions", payment(), JSON)

    (row,) = page["receipts"]
    receipt = read_receipt(row["receipt"])
    assert isinstance(receipt, ClockReceipt)
    assert (row["index"], receipt.previous_s, receipt.now_s) == (2, MONDAY_MS // 1000, named_s)
    assert json.loads(answer.body)["log"]["index"] == 3
    assert running.head.size == 3
    assert inspect_home(home, {})["problems"] == []
    opened(home, clock).close()


@pytest.mark.parametrize("apart_s", [CLOCK_NAMED_S_MAX + 1, -CLOCK_NAMED_S_MAX - 1])
def test_a_word_about_another_time_is_refused(home, clock, apart_s):
    clock.pass_ms(40 * DAY_MS)

    refused(home, clock, f"{abs(apart_s)} s apart", accept_clock_s=clock.now_ms // 1000 + apart_s)


def test_no_word_helps_a_clock_that_is_behind(home, clock):
    clock.now_ms -= 60_000

    refused(home, clock, "60 s behind the log", accept_clock_s=clock.now_ms // 1000)


def test_a_word_about_a_clock_that_needs_none_is_recorded_too(home, clock):
    """After a clock was set under a running authority, a restart may say that it is right now."""
    clock.pass_ms(3_600_000)

    running = opened(home, clock, accept_clock_s=clock.now_ms // 1000)
    running.close()

    assert running.head.size == 3


def test_a_clock_set_under_a_running_home_turns_it_not_ready_and_answers_503(home, clock):
    running = opened(home, clock)
    with Embedded(running) as authority:
        clock.step_ms(3_600_000)
        answer = authority.exchange("POST", "/v1/decisions", payment(), JSON)
        ready = json.loads(authority.exchange("GET", "/readyz").body)
        clock.step_ms(-3_600_000)
        again = authority.exchange("POST", "/v1/decisions", payment(), JSON)

    assert (answer.status, json.loads(answer.body)["code"]) == (503, "not_recorded")
    (red,) = [check for check in ready["checks"] if not check["ok"]]
    assert (red["name"], red["detail"]) == ("clock", "set forward by 3600 s while this process ran")
    assert again.status == 200
