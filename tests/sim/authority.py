"""One authority process: the real routes, jobs and writer over the simulated disk, without a thread.

What arrives waits in the writer's own queue until the scheduler lets it write a batch; what was written
waits in ``outbox`` until the scheduler lets it leave. A process may die at each of these points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from licet.authority.authority import Authority
from licet.authority.deciding import Deciding
from licet.authority.disk import DiskWatch
from licet.authority.reading import Reading
from licet.authority.shelf import PolicyShelf
from licet.errors import LicetError
from licet.ledger.batch import Seals
from licet.ledger.fsck import check_edge, check_outside
from licet.ledger.ports import Clock, Entropy
from licet.ledger.sequencer import Sequencer
from licet.service.exchange import JSON, Ask, Reply
from licet.service.problem import problem
from licet.service.routes import Routes
from licet.store.port import Head
from sim.disk import Died, Disk, FaultyStore, Plan
from sim.ground import LOG, LOG_KEY, RECEIPT, ROOTS, ground
from sim.network import Call
from support.sources import LOW_BYTES, ORIGIN, ManualRoom


class SteppedSequencer(Sequencer):
    """The real writer; its thread is the scheduler."""

    def start(self) -> None:
        self._prove()
        self._head = self._store.head()

    def step(self) -> int:
        """Write what is queued as one batch; how many jobs that were."""
        batch = self._take() if self.depth else None
        if batch:
            self._write(batch)
        return len(batch or ())

    def rest(self) -> None:
        """What the writer does while nothing is queued."""
        if self._poison is None:
            self._idle()


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a process is built of; a broken variant changes one of them."""

    store: type[FaultyStore] = FaultyStore
    sequencer: type[SteppedSequencer] = SteppedSequencer
    deciding: type[Deciding] = Deciding


class Fault(BaseException):
    """The authority met a fault of its own: a bug, whatever came of it. No handler of it may catch this."""


class Process:
    """One life of the authority."""

    def __init__(
        self,
        disk: Disk,
        plan: Plan,
        clock: Clock,
        entropy: Entropy,
        *,
        published: Callable[[Head], None],
        parts: Parts,
    ) -> None:
        """Start: the checks of every start, then one heartbeat."""
        self.store = parts.store(disk, plan)
        self.outbox: list[tuple[Call, Reply]] = []
        self.alive = True
        self.stopping: LicetError | None = None
        self._disk = disk
        self._published = published
        head = check_edge(self.store, LOG_KEY)
        if disk.outside is not None:
            check_outside(self.store, head, disk.outside, LOG_KEY)
        seals = Seals(receipts=RECEIPT, log=LOG, clock=clock, entropy=entropy)
        self.sequencer = parts.sequencer(self.store, seals, committed=self._commits, fatal=self._fatal)
        self.shelf = PolicyShelf(self.store)
        for checked in ground().bundles:
            self.shelf.keep(checked.compiled)
        authority = Authority(
            deciding=parts.deciding(
                store=self.store, shelf=self.shelf, clock=clock, entropy=entropy, disk=_plenty()
            ),
            sequencer=self.sequencer,
            reading=Reading(store=self.store, log_key=LOG_KEY),
            roots=ROOTS,
            receipt_keys=(RECEIPT.public,),
            origin=ORIGIN,
        )
        self.authority = authority
        self._routes = Routes(authority=authority, version="0", engine="simulated")
        self.sequencer.start()

    def arrive(self, call: Call) -> None:
        """One call came in: answer it at once, or queue its job."""
        try:
            answered = self._routes.handle(_ask(call))
            if isinstance(answered, Reply):
                self.outbox.append((call, answered))
            else:
                self.submit(answered.job, answered.deadline_ms, call, answered.render)
        except LicetError as error:
            self.outbox.append((call, problem(error)))

    def submit(self, job: object, deadline_ms: int, call: Call, render: Callable[[object], Reply]) -> None:
        """Queue a job; its answer goes to the outbox."""
        ticket = (call, render)
        self.authority.submit(job, deadline_ms=deadline_ms, mailbox=self, ticket=ticket)

    def deliver(self, settled: Sequence[tuple[object, object]]) -> None:
        """The writer's mailbox. A process that died delivers nothing."""
        if not self.alive:
            return
        for (call, render), result in settled:
            if isinstance(result, LicetError):
                if isinstance(result.__cause__, Exception) and not isinstance(result.__cause__, LicetError):
                    raise Fault(repr(result.__cause__)) from result.__cause__
                self.outbox.append((call, problem(result)))
            else:
                self.outbox.append((call, render(result)))

    def write(self) -> int:
        """One batch; ``Died`` inside it is the end of this process."""
        return self.sequencer.step()

    def die(self) -> None:
        """Everything that is not on the disk is gone."""
        self.alive = False
        self.outbox.clear()

    def _commits(self, head: Head) -> None:
        self._published(head)
        self._disk.outside = head.checkpoint

    def _fatal(self, alarm: LicetError) -> None:
        if isinstance(alarm.__cause__, Died):
            self.die()
        elif alarm.__cause__ is not None:
            raise Fault(repr(alarm.__cause__)) from alarm.__cause__
        self.stopping = alarm


def _plenty() -> DiskWatch:
    return DiskWatch(room=ManualRoom(), low_bytes=LOW_BYTES)


def _ask(call: Call) -> Ask:
    headers = {
        "authorization": f"Bearer {ground().credentials[call.sender]}",
        "content-type": JSON,
        "licet-deadline-ms": str(call.deadline_ms),
    }
    return Ask(method="POST", path=call.path, query={}, headers=headers, body=call.body)
