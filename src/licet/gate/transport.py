"""The port between the machine and the world, and the loop that drives one with the other."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeVar

from licet.gate.clock import Clock
from licet.gate.flow import Failed, Heard, Reply, Send, Step, Woke

Ended = TypeVar("Ended")


class Transport(Protocol):
    """One authority. Never raises for what the authority or the network does."""

    def exchange(self, send: Send) -> Reply | Failed:
        """Carry out one ``Send``."""
        ...

    def close(self) -> None:
        """Let go of connections; an exchange after this fails."""
        ...


def drive(flow: Generator[Step, Heard, Ended], transport: Transport, clock: Clock) -> Ended:
    """What ``flow`` ends in."""
    step = next(flow)
    while True:
        heard: Heard
        if isinstance(step, Send):
            heard = transport.exchange(step)
        else:
            clock.sleep(step.wait_ms)
            heard = Woke(now=clock.now())
        try:
            step = flow.send(heard)
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]  # what the generator type says
