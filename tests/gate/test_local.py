"""The embedded authority behind the same machine: no socket, same answers, one process."""

from __future__ import annotations

import os
import sys
from types import ModuleType

import pytest

import sample_evidence as sample
from gate.fakes import CALL, FakeAuthority, FakeClock
from licet.errors import HomeHeld, LicetError
from licet.gate.core import Gate
from licet.gate.decision import Failure
from licet.gate.local import EMBEDDED, LocalTransport


@pytest.fixture
def homes(monkeypatch):
    """Put a fake `licet.embedded` where the gate looks by name; gives the authorities it opened."""
    opened = []

    def open_home(home):
        if home.name == "held":
            raise HomeHeld(f"the home `{home}` is held", mend="use `licet serve`")
        authority = FakeAuthority()
        opened.append(authority)
        return authority

    module = ModuleType(EMBEDDED)
    module.open = open_home
    monkeypatch.setitem(sys.modules, EMBEDDED, module)
    return opened


def ask(gate):
    return gate.decide("payments.transfer", "transfer", **CALL)


def local(authority):
    clock = FakeClock()
    return Gate(LocalTransport(authority, clock), trust=sample.TRUST, clock=clock)


def test_a_local_gate_asks_the_home_and_gives_it_back(homes, monkeypatch):
    monkeypatch.setattr("licet.gate.core.SystemClock", FakeClock)

    with Gate.local("a/home") as gate:
        decision = ask(gate)

    assert decision.permit is not None
    assert [path for path, _ in homes[0].asked] == ["/v1/decisions"]
    assert homes[0].closed


def test_a_home_that_is_held_says_so(homes):
    with pytest.raises(HomeHeld, match="licet serve"):
        Gate.local("held")


def test_a_home_whose_trust_cannot_be_read_is_given_back(homes, monkeypatch):
    monkeypatch.setattr(FakeAuthority, "trust_bytes", lambda authority: b"{}")

    with pytest.raises(LicetError):
        Gate.local("a/home")

    assert homes[0].closed


def test_the_same_checks_hold_without_a_socket():
    assert ask(local(FakeAuthority())).permit is not None
    assert ask(local(FakeAuthority(signer=sample.STRANGER))).failure is Failure.BAD_SIGNATURE


def test_an_authority_that_breaks_inside_is_no_answer():
    authority = FakeAuthority(tamper=lambda path, answered: 1 / 0)

    decision = ask(local(authority))

    assert (decision.permit, decision.failure) == (None, Failure.UNREACHABLE)
    assert len(authority.asked) == 1


def test_after_fork_a_local_gate_refuses_to_decide():
    authority = FakeAuthority()
    gate = local(authority)
    child = os.fork()
    if child == 0:
        refused = ask(gate).failure is Failure.UNREACHABLE and authority.asked == []
        gate.close()
        os._exit(0 if refused and not authority.closed else 1)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert ask(gate).permit is not None
