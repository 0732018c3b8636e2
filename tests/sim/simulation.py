"""One run: a seeded scheduler that picks the next event among everybody and everything that may go wrong.

Each event draws from a generator of its own (seed and event number), so that a run without some of its
events is still a run of the same seed: that is what ``shrink.py`` uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from random import Random

from licet.errors import LicetError
from licet.gate.answers import Question
from licet.gate.decision import Claim, Decision, Failure, Permit
from licet.gate.flow import Send, Sleep
from licet.ledger.fsck import check_log
from licet.service.exchange import Reply
from sim.agents import Agents
from sim.authority import Fault, Parts, Process
from sim.clocks import PartyClock, SteppedClock, Time
from sim.disk import Disk, Plan
from sim.ground import AGENTS, EXECUTORS, LOG_KEY, copy_of, ground
from sim.history import History
from sim.network import Answered, Call, Network, Work, forged
from sim.operator import Operator
from sim.parties import Executing, Hands, Session, asking
from sim.weather import drawn, planned, stepped, storm
from support.sources import SeededEntropy

EVENTS = 160
FLIGHT_MAX = 40
STEP_MS_MAX = 20

Event = tuple[str, float, Callable[[Random], str]]
"""A name, a weight, and what it does; it gives back a few words for the trace."""


class Violation(AssertionError):
    """An invariant did not hold. ``event`` is the number of the event after which it was seen."""

    def __init__(self, seed: int, event: int, texts: list[str], trace: list[str]) -> None:
        super().__init__(f"SIM_SEED={seed} EVENT={event} {'; '.join(texts)}")
        self.seed = seed
        self.event = event
        self.texts = texts
        self.trace = trace

    def told(self, events: list[int]) -> Violation:
        """The same, with the events it took and their trace, for whoever reads the failed test."""
        line = f"{self} WITH={','.join(map(str, events))}"
        told = Violation(self.seed, self.event, self.texts, self.trace)
        told.args = ("\n".join((line, *self.trace)),)
        return told


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a run is made of; a broken variant replaces a part."""

    parts: Parts = field(default_factory=Parts)
    executing: type[Executing] = Executing


GENUINE = Setting()


class Simulation:
    """The state of one run."""

    def __init__(self, seed: int, setting: Setting = GENUINE) -> None:
        self.seed = seed
        self.setting = setting
        self.time = Time()
        self.clock = SteppedClock(self.time)
        self.clocks = {name: PartyClock(self.time) for name in (*AGENTS, *EXECUTORS)}
        self.entropy = SeededEntropy(f"run {seed}".encode())
        self.disk = Disk(copy_of(ground().tables))
        self.plan = Plan()
        self.history = History(self.disk)
        self.network = Network()
        self.sessions: dict[int, Session] = {}
        self.process: Process | None = None
        self.trace: list[str] = []
        self.events = 0
        self._hash = sha256(str(seed).encode())
        self._numbers = count(1)
        self._claim_ids = (f"c-{number}" for number in count(1))
        self.agents = Agents(self)
        self.operator = Operator(self)
        rng = drawn(seed)
        self._storm = storm(rng)
        self._restart(rng)

    def step(self, number: int) -> None:
        """One event, then every check."""
        rng = drawn(self.seed * 1_000_003 + number)
        self.time.until(self.time.ms + rng.randrange(STEP_MS_MAX))
        events = [event for event in self._events() if event[1]]
        weights = [weight for _, weight, _ in events]
        name, _, act = rng.choices(events, weights)[0]
        try:
            told = act(rng)
        except Fault as fault:
            self.history.blame("fault", repr(fault))
            told = "fault"
        self.events += 1
        self._note(number, name, told)
        self.history.look()
        self._demand_whole(number)

    def end(self) -> None:
        """The seas are calm again: a new process, every log checked whole, every answer given again."""
        self._die(drawn(0))
        self.time.until(self.time.ms + 1_000_000)
        self.clock.off_ms = 0
        self._restart(drawn(0))
        self._demand_whole(self.events)
        report = check_log(self.process.store, LOG_KEY)
        for problem in report.problems:
            self.history.blame("I9", str(problem))
        for call, body in self.history.calls():
            self.process.arrive(call)
            while self.process.sequencer.depth:
                self.process.write()
            _, reply = self.process.outbox.pop()
            if reply.body != body:
                self.history.blame("I3", f"asked again, {call.body!r} was answered otherwise")
        self._demand_whole(self.events)

    def trace_hash(self) -> str:
        """The digest of everything that happened."""
        return self._hash.hexdigest()

    def start(self, owner: str, machine: object, *, question: object, done: Callable[[object], None]) -> None:
        """Begin a session of ``owner``."""
        number = next(self._numbers)
        session = Session(number, owner, machine, clock=self.clocks[owner], question=question, done=done)
        self.sessions[number] = session
        session.begin(self)
        self._sweep(session)

    def ask(self, agent: str, question: Question) -> None:
        """``agent`` asks; what its machine ends in is checked first, then used."""

        def done(decision: Decision) -> None:
            self.history.look()
            self.history.believed(question, decision)
            self.agents.heard(question, decision)

        self.start(agent, asking(question, self.clocks[agent]), question=question, done=done)

    def post(self, letter: Call | Answered | Work) -> None:
        """Put a letter on the wire; a call is possible from here on."""
        if isinstance(letter, Call):
            self.history.posted(letter)
        if len(self.network.flight) < FLIGHT_MAX:
            self.network.post(letter)

    def _demand_whole(self, number: int) -> None:
        if self.history.violations:
            raise Violation(self.seed, number, self.history.violations, self.trace)

    def _note(self, number: int, name: str, told: str) -> None:
        line = f"{number} {name} {told}"
        self.trace.append(line)
        self._hash.update(f"{line} {self.time.ms} {self.history.log.root.hex()}\n".encode())

    def _events(self) -> list[Event]:
        flight, up = bool(self.network.flight), self.process is not None
        waiting = bool(self.sessions)
        queued = self.process.sequencer.depth if self.process else 0
        sealed = bool(self.process and self.process.outbox)
        doomed = bool(self.process and self.process.stopping)
        faulty = self.plan != Plan(happened=self.plan.happened)
        storm = self._storm
        return [
            ("task", 16, self.agents.task),
            ("deliver", 40 * flight, self._deliver),
            ("write", 26 * bool(queued), self._write),
            ("send", 30 * sealed, self._send),
            ("wake", 20 * any(isinstance(one.step, Sleep) for one in self.sessions.values()), self._wake),
            ("give up", (1.5 if flight or queued or sealed else 10) * waiting, self._give_up),
            ("break off", storm["break off"] * waiting, self._break_off),
            ("drop", storm["drop"] * flight, self._drop),
            ("twice", storm["twice"] * flight, self._twice),
            ("echo", storm["echo"] * bool(self.network.seen_calls), self._echo),
            ("forge", storm["forge"] * flight, self._forge),
            ("rest", 1 * (up and not queued), self._rest),
            ("disk", storm["disk"] * (up and not faulty), self._disk),
            ("die", 12 if doomed else storm["die"] * up, self._die),
            ("restart", 0 if up else 40, self._restart),
            ("executor dies", storm["executor dies"] * waiting, self._executor_dies),
            ("clock", storm["clock"], self._clock),
            ("wait", storm["wait"], self._wait),
            ("activate", storm["activate"] * up, self.operator.act),
            ("stop", storm["stop"], self.operator.stop),
        ]

    # --- network -------------------------------------------------------------------------------------

    def _deliver(self, rng: Random) -> str:
        return self._arrives(self.network.take(rng))

    def _arrives(self, letter: Call | Answered | Work) -> str:
        if isinstance(letter, Work):
            return self._work(letter)
        if isinstance(letter, Answered):
            return self._answered(letter)
        if self.process is None:
            self._lost(letter)
            return "nobody listens"
        self.process.arrive(letter)
        return f"{letter.sender} {letter.path}"

    def _answered(self, letter: Answered) -> str:
        session = self.sessions.get(letter.attempt[0])
        if session is None or not session.waits_for(letter.attempt):
            return "too late"
        session.hear(letter, self)
        self._sweep(session)
        return f"{session.owner} hears {letter.status}"

    def _lost(self, call: Call) -> None:
        session = self.sessions.get(call.attempt[0]) if call.attempt else None
        if session is not None and session.waits_for(call.attempt):
            session.lose(Failure.UNREACHABLE, self)
            self._sweep(session)

    def _drop(self, rng: Random) -> str:
        return type(self.network.take(rng)).__name__

    def _twice(self, rng: Random) -> str:
        letter = rng.choice(self.network.flight)
        self.network.flight.append(letter)
        return self._arrives(letter)

    def _echo(self, rng: Random) -> str:
        letter = rng.choice(self.network.seen_calls)
        self.network.flight.append(letter)
        return f"{letter.sender} {letter.path}"

    def _forge(self, rng: Random) -> str:
        letter = self.network.take(rng)
        if isinstance(letter, Answered):
            letter = forged(letter, self.network.seen_answers, rng)
        elif isinstance(letter, Work):
            letter = self.agents.tampered(letter, rng)
        return self._arrives(letter)

    # --- sessions ------------------------------------------------------------------------------------

    def _sweep(self, session: Session) -> None:
        if session.step is None:
            self.sessions.pop(session.number, None)

    def _pick(self, rng: Random) -> Session:
        return self.sessions[rng.choice(list(self.sessions))]

    def _next(self, kind: type[Send | Sleep]) -> Session | None:
        """The session of those that wait for ``kind`` whose moment comes first."""
        waiting = [one for one in self.sessions.values() if isinstance(one.step, kind)]
        return min(waiting, key=lambda one: (one.due_ms, one.number), default=None)

    def _wake(self, rng: Random) -> str:
        session = self._next(Sleep)
        self.time.until(session.due_ms)
        session.wake(self)
        self._sweep(session)
        return session.owner

    def _give_up(self, rng: Random) -> str:
        session = self._next(Send)
        if session is None:
            return "nobody"
        self.time.until(session.due_ms)
        session.lose(Failure.UNREACHABLE, self)
        self._sweep(session)
        return session.owner

    def _break_off(self, rng: Random) -> str:
        session = self._pick(rng)
        if isinstance(session.step, Sleep):
            return "nothing to break"
        session.lose(Failure.UNREACHABLE, self)
        self._sweep(session)
        return session.owner

    # --- authority -----------------------------------------------------------------------------------

    def _write(self, rng: Random) -> str:
        jobs = self.process.write()
        told = f"{jobs} jobs"
        if self.plan.happened:
            told += " " + ", ".join(self.plan.happened)
            self.plan.happened.clear()
        if not self.process.alive:
            self._gone()
        return told

    def _send(self, rng: Random) -> str:
        call, reply = self.process.outbox.pop(rng.randrange(len(self.process.outbox)))
        self.history.look()
        self.left(call, reply)
        return f"{call.sender} {call.path} {reply.status}"

    def left(self, call: Call, reply: Reply) -> None:
        """An answer goes out."""
        self.history.left(call, reply)
        self.operator.told(call, reply)
        if call.attempt is not None:
            self.post(
                Answered(
                    attempt=call.attempt,
                    status=reply.status,
                    headers=dict(reply.headers),
                    body=reply.body,
                )
            )

    def _rest(self, rng: Random) -> str:
        self.process.sequencer.rest()
        return ""

    def _disk(self, rng: Random) -> str:
        fresh = planned(rng)
        self.plan.__dict__.update(fresh.__dict__)
        return str(fresh)

    def _die(self, rng: Random) -> str:
        if self.process is not None:
            self.process.die()
        self._gone()
        return ""

    def _gone(self) -> None:
        self.process = None
        self.plan.__dict__.update(Plan().__dict__)

    def _restart(self, rng: Random) -> str:
        self.history.look()
        self.history.audit()
        try:
            self.process = Process(
                self.disk,
                self.plan,
                self.clock,
                self.entropy,
                published=self.history.published,
                parts=self.setting.parts,
            )
        except LicetError as refused:
            # Nobody put an old copy back: a disk that its own authority refuses has lost something.
            self.history.blame("I9", f"does not start: {refused.message}")
        return f"at {self.disk.tables.heads['main'].size}"

    # --- executors and time --------------------------------------------------------------------------

    def _work(self, work: Work) -> str:
        hands = Hands(perform=self._perform, claim_ids=self._claim_ids)
        told: list[object] = []
        machine = self.setting.executing().work(work, self.clocks[work.executor], hands)
        self.start(work.executor, machine, question=None, done=told.append)
        return f"{work.executor} {told}"

    def _perform(self, permit: Permit, claim: Claim) -> None:
        self.history.look()
        self.history.performed(permit, claim)

    def _executor_dies(self, rng: Random) -> str:
        name = rng.choice(EXECUTORS)
        lost = [session.number for session in self.sessions.values() if session.owner == name]
        for number in lost:
            del self.sessions[number]
        return f"{name} {lost}"

    def _clock(self, rng: Random) -> str:
        kind = rng.randrange(6)
        if kind == 3:
            who = rng.choice((*AGENTS, *EXECUTORS))
            self.clocks[who].off_s = rng.choice((0, 0, -90, -3, 3, 90))
        else:
            self.clock.off_ms = stepped(self.clock.off_ms, kind, rng)
        return f"{kind} {self.clock.off_ms}"

    def _wait(self, rng: Random) -> str:
        self.time.until(self.time.ms + rng.choice((1_000, 5_000, 25_000, 70_000)))
        return ""
