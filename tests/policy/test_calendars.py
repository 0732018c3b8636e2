"""Calendars and clocks: flags of an instant, on both sides of every edge, in UTC integers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.policy.calendars import Calendar, read_calendar
from licet.policy.findings import Findings
from licet.policy.instants import (
    NOW_MS_MAX,
    day_number,
    day_text,
    instant_ms,
    instant_text,
    iso_weekday,
    minute_of_day,
)
from licet.policy.providers import FactDeclaration, look_up
from licet.policy.toml_source import read_toml

TEXT = """\
[calendar]
name = "finance"
[hours]
monday = ["13:00-17:00", "08:00-12:00"]
sunday = ["00:00-24:00"]
[holidays]
dates = ["2026-12-25", "2026-11-30"]
[[freeze]]
from = "2026-12-24T00:00:00Z"
until = "2026-12-26T00:00:00.001Z"
reason = "year end"
"""


def calendar() -> Calendar:
    findings = Findings()
    source = read_toml("calendars/finance.toml", TEXT.encode(), findings)
    found = read_calendar(source, findings)
    assert findings.all() == ()
    return found


def flags(text: str) -> dict[str, bool]:
    return calendar().flags(instant_ms(text))


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("2026-11-23T07:59:59.999Z", False),
        ("2026-11-23T08:00:00Z", True),
        ("2026-11-23T11:59:59.999Z", True),
        ("2026-11-23T12:00:00Z", False),
        ("2026-11-23T12:59:59Z", False),
        ("2026-11-23T13:00:00Z", True),
        ("2026-11-23T17:00:00Z", False),
        ("2026-11-24T09:00:00Z", False),
        ("2026-11-22T00:00:00Z", True),
        ("2026-11-22T23:59:59.999Z", True),
        ("2026-11-21T23:59:59.999Z", False),
    ],
)
def test_hours_are_half_open(text, is_open):
    assert flags(text)["open"] is is_open


def test_a_holiday_is_never_open():
    assert flags("2026-11-30T09:00:00Z") == {"open": False, "holiday": True, "freeze": False}
    assert flags("2026-11-29T23:59:59.999Z")["holiday"] is False
    assert flags("2026-12-01T00:00:00Z")["holiday"] is False


@pytest.mark.parametrize(
    ("text", "frozen"),
    [
        ("2026-12-23T23:59:59.999Z", False),
        ("2026-12-24T00:00:00Z", True),
        ("2026-12-26T00:00:00Z", True),
        ("2026-12-26T00:00:00.001Z", False),
    ],
)
def test_a_freeze_is_half_open(text, frozen):
    assert flags(text)["freeze"] is frozen


def test_hours_are_kept_sorted():
    assert calendar().hours[0] == ((480, 720), (780, 1020))


INSTANTS = st.integers(0, NOW_MS_MAX)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(INSTANTS)
def test_an_instant_and_its_text_are_one(ms):
    text = instant_text(ms)

    assert instant_ms(text) == ms
    assert len(text) == len("2026-11-23T09:00:00.000Z")


@given(INSTANTS)
def test_day_weekday_and_minute_agree_with_the_calendar(ms):
    moment = EPOCH + timedelta(milliseconds=ms)

    assert iso_weekday(ms) == moment.isoweekday()
    assert minute_of_day(ms) == moment.hour * 60 + moment.minute
    assert day_text(ms) == moment.date().isoformat()
    assert day_number(day_text(ms)) == ms // 86_400_000


@pytest.mark.parametrize("ms", [-1, NOW_MS_MAX + 1])
def test_an_instant_outside_the_years_that_cedar_knows_has_no_text(ms):
    with pytest.raises(ValueError, match="outside"):
        instant_text(ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T09:00:00",
        "2026-11-23T09:00:00+01:00",
        "2026-02-30T09:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:00:00.1Z",
        "\u0662026-11-23T09:00:00Z",
    ],
)
def test_what_is_no_instant_is_none(text):
    assert instant_ms(text) is None


def test_the_clock_gives_what_cedar_cannot_compute():
    facts = look_up((FactDeclaration(name="utc", provider="clock"),), {}, instant_ms("2026-11-22T23:59:59Z"))

    assert facts["utc"] == {"day": "2026-11-22", "minute": 1439, "weekday": 7}


def test_a_calendar_fact_is_looked_up_by_its_name():
    fact = FactDeclaration(name="business", provider="calendar", calendar="finance")

    facts = look_up((fact,), {"finance": calendar()}, instant_ms("2026-11-23T09:00:00Z"))

    assert facts == {
        "now": instant_ms("2026-11-23T09:00:00Z"),
        "business": {"open": True, "holiday": False, "freeze": False},
    }
