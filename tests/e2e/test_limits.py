"""Connections that want nothing: too many, too slow, deaf, or half gone. None of them is in anybody's way."""

from __future__ import annotations

import json
import resource
import socket
import time
from contextlib import ExitStack

import pytest

from licet.service.door import CONNECTIONS_MAX, UNIX_CONNECTIONS_KEPT
from support.world import payment

TCP_PLACES = CONNECTIONS_MAX - UNIX_CONNECTIONS_KEPT
FILES = 2 * CONNECTIONS_MAX


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.skip(f"{FILES} open files are needed, and this account may have {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def rest_of(line):
    """What arrives until the other side closes."""
    got = b""
    while chunk := line.recv(65_536):
        got += chunk
    return got


def test_a_connection_too_many_hears_503_and_the_owners_socket_has_room(shared, many_files):
    with ExitStack() as held:
        address = ("127.0.0.1", shared.port)
        for _ in range(TCP_PLACES):
            held.enter_context(socket.create_connection(address, timeout=10))
        with socket.create_connection(address, timeout=10) as turned_away:
            turned_away.sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n")
            head, _, body = rest_of(turned_away).partition(b"\r\n\r\n")

        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nretry-after: 1" in head
        assert json.loads(body)["code"] == "overloaded"
        assert shared.client(unix=True)("POST", "/v1/decisions", payment("crowded")).status == 200
    until = time.monotonic() + 10
    while not answers(shared):
        assert time.monotonic() < until


def answers(shared):
    try:
        return shared.client(timeout=2)("GET", "/livez").status == 200
    except OSError:
        return False


def test_a_body_of_one_byte_a_second_is_cut_off(shared):
    key = shared.home.owner_token.read_text().strip()
    head = (
        "POST /v1/decisions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {key}\r\ncontent-length: 60000\r\n\r\n"
    )
    before = shared.client()("GET", "/version").json()["size"]
    got, began = b"", time.monotonic()
    with socket.create_connection(("127.0.0.1", shared.port), timeout=1) as line:
        line.sendall(head.encode())
        try:
            while time.monotonic() < began + 20:
                line.sendall(b" ")
                try:
                    chunk = line.recv(65_536)
                except TimeoutError:
                    continue
                if not chunk:
                    break
                got += chunk
        except (ConnectionError, BrokenPipeError):
            pass

    assert 9 < time.monotonic() - began < 15
    assert got.startswith(b"HTTP/1.1 400 ")
    assert b"did not arrive within 10 s" in got
    assert shared.client()("GET", "/version").json()["size"] == before


def test_an_answer_that_nobody_reads_is_in_nobodys_way(shared):
    key = shared.home.owner_token.read_text().strip()
    ask = f"GET /v1/receipts?limit=1000 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\r\n".encode()
    owner = shared.client()
    for number in range(40):
        owner("POST", "/v1/decisions", payment(f"deaf-{number}"))
    with ExitStack() as held:
        for _ in range(50):
            line = held.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            line.connect(("127.0.0.1", shared.port))
            line.sendall(ask * 20)

        assert owner("POST", "/v1/decisions", payment("heard")).status == 200


def test_a_peer_that_sends_its_end_first_still_hears_its_answer(shared):
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as line:
        line.sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")

        assert rest_of(line).startswith(b"HTTP/1.1 200 OK")
