"""Instants between RFC 3339 text and milliseconds since 1970: integers and the Gregorian calendar alone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
NOW_MS_MAX: Final = 253_402_300_799_999
"""The last millisecond of year 9999, the last one that Cedar's ``datetime`` text can name."""

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_ms(text: str) -> int | None:
    """Milliseconds of ``2026-11-23T09:00:00Z`` (or with ``.000``); None when it is no such text."""
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
    except ValueError:
        return None


def instant_text(ms: int) -> str:
    """The one text of an instant: UTC, three digits of a second.

    Raises:
        ValueError: outside 1970..9999.
    """
    if not 0 <= ms <= NOW_MS_MAX:
        message = f"{ms} ms is outside 1970..9999"
        raise ValueError(message)
    moment = _EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"


def day_number(text: str) -> int | None:
    """Days from 1970-01-01 to ``2026-12-25``; None when it is no date."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError:
        return None


def day_text(ms: int) -> str:
    """The UTC date of an instant."""
    return instant_text(ms)[:10]


def iso_weekday(ms: int) -> int:
    """Monday is 1, Sunday is 7, in UTC."""
    return (ms // DAY_MS + 3) % 7 + 1


def minute_of_day(ms: int) -> int:
    """Whole minutes since 00:00 UTC."""
    return ms % DAY_MS // MINUTE_MS
