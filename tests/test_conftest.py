"""The guards of the test run itself: they refuse, and they let loopback through."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

import loopback
import third_party
from loopback import ForeignHostError


def _forget(reached: int) -> None:
    del loopback.REACHED[reached:]


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.com"])
def test_a_foreign_host_is_refused_before_a_packet_leaves(host: str) -> None:
    before = len(loopback.REACHED)

    with pytest.raises(ForeignHostError):
        socket.create_connection((host, 443), timeout=1)

    assert len(loopback.REACHED) == before + 1
    _forget(before)


def test_a_datagram_to_a_foreign_host_is_refused() -> None:
    before = len(loopback.REACHED)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram, pytest.raises(ForeignHostError):
        datagram.sendto(b"x", ("192.0.2.1", 53))

    _forget(before)


def test_loopback_goes_through() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    with server, socket.create_connection(server.getsockname(), timeout=5) as client:
        assert client.getpeername() == server.getsockname()


def test_a_swallowed_refusal_is_remembered() -> None:
    before = len(loopback.REACHED)

    with contextlib.suppress(Exception):  # the very thing the guard must survive
        socket.create_connection(("192.0.2.1", 443), timeout=1)

    assert loopback.REACHED[before:] == ["socket.getaddrinfo '192.0.2.1'"]
    _forget(before)


def test_missing_vectors_skip_and_name_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LICET_VECTORS", str(tmp_path))

    with pytest.raises(pytest.skip.Exception, match="set LICET_VECTORS to their folder"):
        third_party.vectors("wycheproof")
