"""The receipt of an operator who vouched for the clock (``trust.md`` 5.4)."""

from __future__ import annotations

from dataclasses import dataclass

from licet.errors import ClockRefused
from licet.ledger.page import Page, Sealed
from licet.protocol.types import MAIN_TENANT
from licet.receipt.turns import CLOCK_NAMED_S_MAX, clock_document

__all__ = ["CLOCK_NAMED_S_MAX", "ClockJob"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJob:
    """Record that ``now_s`` is the time by an operator's own clock, ``previous_s`` the log's last one."""

    previous_s: int
    now_s: int

    def write(self, page: Page) -> Sealed:
        """Seal the receipt.

        Raises:
            ClockRefused: the clock has left what the operator named.
        """
        if abs(page.issued_s - self.now_s) > CLOCK_NAMED_S_MAX:
            raise ClockRefused(
                f"the clock is {abs(page.issued_s - self.now_s)} s from the time that was named",
                mend="name the time that it is now; if you did, the clock is wrong: set it",
            )
        stamp = page.stamp(MAIN_TENANT)
        return page.seal(clock_document(previous_s=self.previous_s, now_s=self.now_s, stamp=stamp))
