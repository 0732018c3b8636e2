"""What waits for the writer: bounded, and fair among tenants (``storage.md`` 3).

1. While more than half of the places are taken, one tenant holds at most its share of them.
2. A tenant below its share finds a place in a full queue too: the newest job of whoever holds most goes.
3. A batch takes one job of each tenant in turn, so that a crowd of one tenant delays nobody else.

Whatever is refused or displaced here was never begun: nothing of it is recorded, its key stays free.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from licet.errors import Overloaded
from licet.ledger.page import Job
from licet.protocol import limits
from licet.protocol.types import Tenant


class Mailbox(Protocol):
    """Where answers go, a batch at a time: on the writer's thread, or that of whoever displaced a job."""

    def deliver(self, settled: Sequence[tuple[object, object]]) -> None:
        """Take (ticket, result) pairs; a result that is a ``LicetError`` is the refusal."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One job that waits. ``deadline_ms`` is on the monotonic clock."""

    job: Job[object]
    tenant: Tenant
    deadline_ms: int
    mailbox: Mailbox
    ticket: object


class Waiting:
    """The queue. Its owner holds a lock around every call."""

    def __init__(self) -> None:
        """Empty."""
        self._lines: OrderedDict[Tenant, deque[Entry]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        """How many jobs wait."""
        return self._count

    def ahead(self, tenant: Tenant) -> int:
        """How many jobs at most are taken before a new one of ``tenant`` is."""
        line = self._lines.get(tenant)
        held = 0 if line is None else len(line)
        others = len(self._lines) - (line is not None)
        return min(self._count, held + others * (held + 1))

    def put(self, entry: Entry) -> Entry | None:
        """Queue ``entry``; what is given back had to go for it.

        Raises:
            Overloaded: the queue is full, or the entry's tenant holds its share of it.
        """
        line = self._lines.get(entry.tenant)
        held = 0 if line is None else len(line)
        share = limits.QUEUE_ENTRIES_MAX // (len(self._lines) + (line is None))
        full = self._count >= limits.QUEUE_ENTRIES_MAX
        if held >= share and self._count * 2 > limits.QUEUE_ENTRIES_MAX:  # 1
            # Attack: one tenant asks without end, and every other one hears that the queue is full.
            raise Overloaded(
                f"{held} decisions of this tenant are waiting already",
                mend="ask again with the same key after the time in `Retry-After`",
            )
        displaced = self._displace() if full else None  # 2
        self._lines.setdefault(entry.tenant, deque()).append(entry)
        self._count += 1
        return displaced

    def take(self, count: int) -> list[Entry]:
        """The next ``count`` jobs, or as many as there are."""
        taken: list[Entry] = []
        while self._lines and len(taken) < count:
            tenant, line = self._lines.popitem(last=False)
            taken.append(line.popleft())
            if line:
                self._lines[tenant] = line  # 3
        self._count -= len(taken)
        return taken

    def _displace(self) -> Entry:
        tenant = max(self._lines, key=lambda name: len(self._lines[name]))
        line = self._lines[tenant]
        newest = line.pop()
        if not line:
            del self._lines[tenant]
        self._count -= 1
        return newest
