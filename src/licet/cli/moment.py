"""A time on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from licet.errors import Usage

_SECONDS_DIGITS_MAX = 15


def seconds(text: str) -> int:
    """Unix seconds of ``2026-11-23T09:00:00Z`` (UTC where no zone stands) or of plain seconds.

    Raises:
        Usage: neither.
    """
    if text.isdecimal() and text.isascii() and len(text) <= _SECONDS_DIGITS_MAX:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Usage(
            f"`{text}` is no time", mend="write 2026-11-23T09:00:00Z, or seconds since 1970"
        ) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
