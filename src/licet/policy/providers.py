"""The fact providers of this version: each a pure function of the instant and the bundle.

Facts are what the host attests; a rule reads them as ``context.facts.<name>``. ``now`` is always there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from licet.policy.calendars import Calendar
from licet.policy.instants import day_text, instant_text, iso_weekday, minute_of_day
from licet.policy.types import BoolType, ExtensionType, Field, IntType, RecordType, StringType
from licet.protocol.types import JsonObject

ProviderName = Literal["clock", "calendar"]

PROVIDERS: Final[tuple[ProviderName, ...]] = ("clock", "calendar")
PROVIDERS_LATER: Final = ("approvals", "budget", "actor", "history")
RESERVED_FACTS: Final = frozenset({"now", "host"})
"""``now`` is given to every surface; ``host`` records why the host halted a decision."""

CLOCK_TYPE: Final = RecordType(
    fields=(
        Field(name="day", type=StringType()),
        Field(name="minute", type=IntType(low=0, high=1439)),
        Field(name="weekday", type=IntType(low=1, high=7)),
    )
)
"""The UTC date, whole minutes since 00:00 UTC, and the ISO weekday (Monday is 1)."""

CALENDAR_TYPE: Final = RecordType(
    fields=tuple(Field(name=name, type=BoolType()) for name in ("freeze", "holiday", "open"))
)
_NOW: Final = Field(name="now", type=ExtensionType(name="datetime"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDeclaration:
    """One member of ``[facts]``. ``calendar`` names it for that provider and is None for the others."""

    name: str
    provider: ProviderName
    calendar: str | None = None

    def type(self) -> RecordType:
        """What its provider gives."""
        return CALENDAR_TYPE if self.provider == "calendar" else CLOCK_TYPE


def facts_type(declared: tuple[FactDeclaration, ...]) -> RecordType:
    """The type of ``context.facts``: ``now`` and what the surface declares."""
    return RecordType(fields=(_NOW, *(Field(name=fact.name, type=fact.type()) for fact in declared)))


def look_up(
    declared: tuple[FactDeclaration, ...], calendars: Mapping[str, Calendar], now_ms: int
) -> JsonObject:
    """The declared facts of one instant, with ``now`` in milliseconds as the host read it."""
    facts: JsonObject = {"now": now_ms}
    for fact in declared:
        if fact.provider == "calendar" and fact.calendar is not None:
            facts[fact.name] = calendars[fact.calendar].flags(now_ms)
        else:
            facts[fact.name] = _clock(now_ms)
    return facts


def cedar_facts(declared: tuple[FactDeclaration, ...], facts: JsonObject) -> JsonObject:
    """Cedar's JSON of ``facts``; ``host`` is not a fact that rules read.

    Raises:
        Malformed: a fact is missing, undeclared or of another type: its source failed.
    """
    seen = {name: value for name, value in facts.items() if name != "host"}
    now = seen.get("now")
    if isinstance(now, int) and not isinstance(now, bool):
        seen["now"] = instant_text(now)
    return facts_type(declared).convert(seen, "/facts")


def _clock(now_ms: int) -> JsonObject:
    return {"day": day_text(now_ms), "minute": minute_of_day(now_ms), "weekday": iso_weekday(now_ms)}
