"""Where a log turns: an operator vouched for its clock.

It is a leaf like every other receipt, so that whoever reads the log later knows that the times before and
after it were kept together by a person's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..protocol.shape import Members, refuse
from ..protocol.types import JsonObject
from . import fields
from .statement import Links, Stamp, stamped

CLOCK_NAMED_S_MAX: Final = 300
"""How far the time that an operator names may be from the clock it vouches for."""

_OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReceipt:
    """An operator named ``now_s`` as the time, when the log's last one was ``previous_s``."""

    stamp: Stamp
    links: Links
    previous_s: int
    now_s: int


def clock_document(*, previous_s: int, now_s: int, stamp: Stamp) -> JsonObject:
    """The payload of a clock receipt."""
    document = stamped("clock", stamp, Links())
    document["previous"] = previous_s
    document["now"] = now_s
    document["reason"] = _OPERATOR
    return document


def read_clock(members: Members, stamp: Stamp, links: Links) -> ClockReceipt:
    """A clock receipt out of its payload; ``read.py`` checks that nothing is left.

    Raises:
        Malformed: another shape, or times that no start would have accepted.
        UnknownValue: somebody vouched whom this version does not know.
    """
    fields.demand_links(links, "anchor")
    fields.known_state(members, "reason", _OPERATOR)
    previous_s, now_s = members.integer("previous"), members.integer("now")
    if previous_s > stamp.issued_s:
        refuse(members.place("previous"), f"{previous_s} is after `iat`, {stamp.issued_s}", fields.NOT_OURS)
    if abs(now_s - stamp.issued_s) > CLOCK_NAMED_S_MAX:
        refuse(members.place("now"), f"{now_s} is far from `iat`, {stamp.issued_s}", fields.NOT_OURS)
    return ClockReceipt(stamp=stamp, links=links, previous_s=previous_s, now_s=now_s)
