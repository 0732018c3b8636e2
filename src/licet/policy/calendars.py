"""Calendars of a bundle: business hours, holidays and freeze windows, all in UTC.

::

    [calendar]
    name = "finance"

    [hours]                               # UTC, half-open: 17:00 itself is outside
    monday = ["08:00-12:00", "13:00-17:00"]

    [holidays]
    dates = ["2026-12-25"]

    [[freeze]]                            # half-open as well
    from = "2026-12-24T00:00:00Z"
    until = "2027-01-02T00:00:00Z"
    reason = "year end"

Cedar knows no calendars, and time zone tables differ between machines: so the author writes UTC, the
build freezes it to integers, and the flags of an instant are arithmetic.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from licet.policy import limits
from licet.policy.findings import Findings
from licet.policy.instants import DAY_MS, day_number, instant_ms, iso_weekday, minute_of_day
from licet.policy.toml_source import Keys, TomlSource
from licet.protocol.types import JsonObject

CALENDAR_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RANGE = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_DAY_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """One calendar, frozen to integers.

    ``hours`` holds, per weekday from Monday on, sorted disjoint ``[from, until)`` minutes of the UTC day;
    ``holidays`` are days since 1970-01-01; ``freezes`` are sorted ``[from, until)`` milliseconds.
    """

    name: str
    hours: tuple[tuple[tuple[int, int], ...], ...]
    holidays: frozenset[int]
    freezes: tuple[tuple[int, int], ...]

    def flags(self, now_ms: int) -> JsonObject:
        """What an instant is: `open` (inside business hours, no holiday), `holiday`, `freeze`."""
        holiday = now_ms // DAY_MS in self.holidays
        minute = minute_of_day(now_ms)
        ranges = self.hours[iso_weekday(now_ms) - 1]
        inside = any(start <= minute < end for start, end in ranges)
        freeze = any(start <= now_ms < end for start, end in self.freezes)
        return {"freeze": freeze, "holiday": holiday, "open": inside and not holiday}


def read_calendar(source: TomlSource, findings: Findings) -> Calendar:
    """The calendar in ``source``; faults become findings."""
    keys = Keys(source, (), source.document, findings)
    head = keys.table("calendar")
    name = ""
    if head is None:
        keys.fault(
            None, "the table `calendar` is missing", 'write [calendar] with name = "..."', code="POL023"
        )
    else:
        name = head.text("name", chars_max=limits.NAME_CHARS_MAX, grammar=CALENDAR_NAME)
        head.end()
    calendar = Calendar(
        name=name,
        hours=_hours(keys.table("hours")),
        holidays=_holidays(keys.table("holidays")),
        freezes=_freezes(keys),
    )
    keys.end()
    return calendar


def _hours(table: Keys | None) -> tuple[tuple[tuple[int, int], ...], ...]:
    if table is None:
        return ((),) * len(WEEKDAYS)
    hours = tuple(_day_hours(table, day) for day in WEEKDAYS)
    table.end()
    return hours


def _day_hours(table: Keys, day: str) -> tuple[tuple[int, int], ...]:
    texts = table.strings(day, (), items_max=limits.RANGES_PER_DAY_MAX, chars_max=11, grammar=_RANGE)
    ranges: list[tuple[int, int]] = []
    for text in texts:
        match = _RANGE.fullmatch(text)
        if match is None:
            continue
        numbers = [int(digits) for digits in match.groups()]
        start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if not start < end <= _DAY_MINUTES:
            table.fault(day, f"`{text}` does not end after it begins, within the day", "split it at midnight")
        ranges.append((start, end))
    ranges.sort()
    if any(first[1] > second[0] for first, second in pairwise(ranges)):
        table.fault(day, f"the hours of `{day}` overlap", "join them into one range")
    return tuple(ranges)


def _holidays(table: Keys | None) -> frozenset[int]:
    if table is None:
        return frozenset()
    days: set[int] = set()
    for text in table.strings("dates", items_max=limits.HOLIDAYS_MAX, chars_max=10):
        day = day_number(text)
        if day is None:
            table.fault("dates", f"`{text}` is not a date", 'write "2026-12-25"')
        else:
            days.add(day)
    table.end()
    return frozenset(days)


def _freezes(keys: Keys) -> tuple[tuple[int, int], ...]:
    windows: list[tuple[int, int]] = []
    for table in keys.tables("freeze", items_max=limits.FREEZES_MAX):
        start, end = (_instant(table, name) for name in ("from", "until"))
        table.text("reason", "", chars_max=limits.TEXT_CHARS_MAX)
        table.end()
        if start is None or end is None:
            continue
        if start >= end:
            table.fault("until", "the freeze ends before it begins", "let `until` be after `from`")
        windows.insert(bisect_right(windows, (start, end)), (start, end))
    return tuple(windows)


def _instant(table: Keys, name: str) -> int | None:
    text = table.text(name, chars_max=24)
    ms = instant_ms(text)
    if ms is None:
        table.fault(name, f"`{text}` is not an instant", 'write "2026-12-24T00:00:00Z"')
    return ms
