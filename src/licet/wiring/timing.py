"""The clock at a start: not behind the log, nor far ahead unless an operator vouches (``trust.md`` 5.4).

A receipt that is dated ahead stops its log until that day: `iat` never decreases. So a start that finds the
clock far ahead asks a person, who has another clock. Why ``CLOCK_AHEAD_DAYS_MAX`` is what it is:
``docs/adr/0014-a-clock-far-ahead-needs-a-witness.md``.
"""

from __future__ import annotations

from typing import Final

from licet.authority.vouching import CLOCK_NAMED_S_MAX, ClockJob
from licet.errors import ClockRefused, LicetError
from licet.ledger.batch import CLOCK_BACK_MS_MAX, Seals, write_batch
from licet.ledger.steady import shown
from licet.store.port import Head, Store
from licet.wiring.home import Home

CLOCK_AHEAD_DAYS_MAX: Final = 27
_DAY_MS: Final = 24 * 3_600_000


def demand_clock(head: Head, now_ms: int, *, named_s: int | None, home: Home) -> None:
    """Refuse a clock that is behind the log, or far ahead of it; ``named_s`` is what an operator says it is.

    Raises:
        ClockRefused: with the command that goes on where there is one.
    """
    last = f"the last time that the log recorded, {shown(head.updated_ms)}"
    if now_ms < head.updated_ms - CLOCK_BACK_MS_MAX:
        # Attack: a clock set back makes spent permits fresh again. No operator's word helps against that.
        raise ClockRefused(
            f"the clock says {shown(now_ms)}, {(head.updated_ms - now_ms) // 1000} s behind the log: {last}",
            mend="set the clock right and start again; nothing is written before that time has passed",
        )
    if named_s is not None:
        _demand_near(named_s, now_ms)
        return
    ahead_days = (now_ms - head.updated_ms) // _DAY_MS
    if ahead_days >= CLOCK_AHEAD_DAYS_MAX:
        raise ClockRefused(
            f"the clock says {shown(now_ms)}, {ahead_days} days after {last}: this home was not used for "
            "that long, or the clock is wrong, and one receipt dated ahead stops a log until that day",
            mend="compare it with another clock; if it is right: "
            f"`licet serve --home {home.root} --accept-clock {shown(now_ms)}`; if not, set it",
        )


def record_clock(store: Store, seals: Seals, head: Head, named_s: int) -> Head:
    """Record that an operator vouched for the clock; the head after it.

    Raises:
        ClockRefused: it has moved away from what was named.
    """
    job = ClockJob(previous_s=head.updated_ms // 1000, now_s=named_s)
    written = write_batch(store, [job], seals, after=head)
    result = written.results[0]
    if isinstance(result, LicetError):
        raise result
    return written.head


def _demand_near(named_s: int, now_ms: int) -> None:
    apart_s = abs(now_ms // 1000 - named_s)
    if apart_s > CLOCK_NAMED_S_MAX:
        raise ClockRefused(
            f"`--accept-clock` names {shown(named_s * 1000)}, the clock says {shown(now_ms)}: "
            f"{apart_s} s apart",
            mend=f"name the time that it is now, to within {CLOCK_NAMED_S_MAX} s; "
            "if you did, the clock is wrong: set it",
        )
