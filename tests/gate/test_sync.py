"""The sync driver against real sockets: HTTP, unix sockets, and servers that die, drip and lie."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time

import pytest

from gate.fakes import CALL
from gate.servers import (
    CREDENTIAL,
    address_of,
    answering,
    ask_once,
    decide,
    gate_to,
    genuine,
    read_request,
    saying,
    scripted,
    serving,
)
from licet.gate.connection import ANSWER_BYTES_MAX, Address, Connection
from licet.gate.decision import Failure
from licet.gate.errors import GateUnavailable, NotPermitted
from licet.gate.flow import Failed, Reply, Send
from licet.gate.sync import HttpTransport

# --- the good way ----------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["tcp", "unix"])
def test_a_permit_runs_an_effect_over_a_real_socket(over, tmp_path):
    with serving(path=tmp_path / "s" if over == "unix" else None) as server:
        gate = gate_to(address_of(server))
        with gate.permit("payments.transfer", "transfer", **CALL) as p:
            ran = p.thawed()
        gate.close()

    assert ran == CALL["parameters"]
    assert server.authority.statuses == ["executed"]
    assert server.connections == 1


def test_the_headers_are_those_of_the_contract_and_no_others():
    with serving() as server:
        gate = gate_to(address_of(server))
        decide(gate)
        gate.close()

    _, headers = server.seen[0]
    assert headers.pop("Host").startswith("127.0.0.1:")
    assert int(headers.pop("Content-Length")) > 0
    assert (
        headers
        == {
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {CREDENTIAL}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Licet-Deadline-Ms": "1950",
        }
        or 1_900 < int(headers["Licet-Deadline-Ms"]) <= 1_950
    )


def test_connections_are_kept_and_shared_between_threads():
    with serving() as server:
        gate = gate_to(address_of(server))
        outcomes = []

        def ask(number):
            outcomes.extend(decide(gate, key=f"{number}-{n}").outcome.value for n in range(5))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gate.close()

    assert outcomes == ["PERMIT"] * 30
    assert server.connections <= 6


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving() as server:
        gate = gate_to(address_of(server))

        assert decide(gate).permit is not None
        gate.close()


# --- nobody, nothing, nonsense ---------------------------------------------------------------------


def test_nobody_there_is_not_a_permit(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", f"unix:{tmp_path / 'none'}"):
        decision = ask_once(url)

        assert (decision.permit, decision.failure) == (None, Failure.UNREACHABLE)


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"", "unreachable"),
        (b"\r\n\r\n", "bad_answer"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "bad_answer"),
        (b"HTTP/9.9 200 OK\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200 + b"\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "unreachable"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "unreachable"),
        (b"HTTP/1.1 302 Found\r\nLocation: /v1/decisions\r\nContent-Length: 0\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b" " * (ANSWER_BYTES_MAX + 9), "bad_answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (ANSWER_BYTES_MAX + 9), "bad_answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:60]),
)
def test_what_is_no_answer_is_no_permit(data, failure):
    with scripted(saying(data)) as (url, accepted):
        gate = gate_to(url)
        decision = decide(gate)
        gate.close()

    assert decision.permit is None
    assert decision.failure == failure
    assert len(accepted) == (1 if failure == "bad_answer" else 3)


def test_a_redirect_is_not_followed_even_to_a_genuine_permit():
    with serving() as good:

        def redirect(client):
            read_request(client)
            place = f"{address_of(good)}/v1/decisions"
            client.sendall(f"HTTP/1.1 308 Go\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())

        with scripted(redirect) as (url, _):
            decision = ask_once(url)

    assert (decision.permit, decision.failure) == (None, Failure.BAD_ANSWER)
    assert good.seen == []


def test_a_connection_that_dies_at_any_byte_of_the_answer_is_no_permit():
    question = {}

    def record(client):
        question["body"] = read_request(client)

    with scripted(record) as (url, _):
        ask_once(url, deadline=0.5)
    whole = genuine(question["body"])
    points = [*range(0, len(whole) - 1, 97), len(whole) - 1]

    for point in points:
        with scripted(saying(whole[:point])) as (url, _):
            transport = HttpTransport(url, credential=CREDENTIAL)
            heard = transport.exchange(
                Send(path="/v1/decisions", body=question["body"], timeout_ms=1_000, deadline_ms=950)
            )
            transport.close()

            assert isinstance(heard, Failed), (point, heard)


def test_a_server_that_never_answers_costs_no_more_than_the_deadline():
    with scripted(lambda client: (read_request(client), time.sleep(2))) as (url, _):
        began = time.monotonic()
        decision = ask_once(url, deadline=0.4)
        took = time.monotonic() - began

    assert (decision.permit, decision.failure) == (None, Failure.DEADLINE)
    assert took < 1


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"], ids=["head", "body"]
)
def test_a_server_that_drips_costs_no_more_than_the_deadline(head):
    def drip(client):
        read_request(client)
        client.sendall(head)
        for _ in range(100):
            client.sendall(b"H")
            time.sleep(0.02)

    with scripted(drip) as (url, _):
        began = time.monotonic()
        decision = ask_once(url, deadline=0.4)
        took = time.monotonic() - began

    assert decision.permit is None
    assert took < 1


def test_a_flood_of_interim_answers_costs_no_more_than_the_deadline():
    def flood(client):
        read_request(client)
        while True:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    with scripted(flood) as (url, _):
        began = time.monotonic()
        decision = ask_once(url, deadline=0.4)
        took = time.monotonic() - began

    assert decision.permit is None
    assert took < 1


# --- kept connections ------------------------------------------------------------------------------


def test_a_kept_connection_that_was_closed_is_noticed_and_replaced():
    with scripted(answering(1), answering()) as (url, accepted):
        gate = gate_to(url)
        first = decide(gate, key="a")
        time.sleep(0.05)
        second = decide(gate, key="b")
        gate.close()

    assert (first.permit is not None, second.permit is not None) == (True, True)
    assert len(accepted) == 2


def test_a_kept_connection_that_dies_before_the_first_byte_is_silently_asked_again():
    def once_then_die(client):
        client.sendall(genuine(read_request(client)))
        read_request(client)

    with scripted(once_then_die, answering()) as (url, accepted):
        gate = gate_to(url)
        decide(gate, key="a")
        decision = decide(gate, key="b")
        gate.close()

    assert decision.permit is not None
    assert len(accepted) == 2


def test_a_kept_connection_that_dies_in_the_middle_is_a_failed_attempt():
    def once_then_half(client):
        client.sendall(genuine(read_request(client)))
        client.sendall(genuine(read_request(client))[:50])

    with scripted(once_then_half, answering()) as (url, accepted):
        gate = gate_to(url)
        decide(gate, key="a")
        decision = decide(gate, key="b")
        gate.close()

    assert decision.permit is not None
    assert len(accepted) == 2


def test_an_answer_nobody_asked_for_is_never_taken_for_the_next_one():
    def talkative(client):
        body = read_request(client)
        client.sendall(genuine(body) + genuine(body))
        time.sleep(0.2)

    with scripted(talkative, answering()) as (url, _):
        gate = gate_to(url)
        decide(gate, key="a")
        time.sleep(0.05)
        decision = decide(gate, key="b")
        gate.close()

    assert decision.permit is None or decision.permit.key == "b"


def test_a_closed_gate_reaches_nobody():
    with serving() as server:
        gate = gate_to(address_of(server))
        decide(gate, key="a")
        gate.close()
        decision = decide(gate, key="b")

    assert decision.failure is Failure.UNREACHABLE
    assert len(server.seen) == 1


def test_after_fork_the_child_speaks_on_a_connection_of_its_own():
    with serving() as server:
        transport = HttpTransport(address_of(server), credential=CREDENTIAL)
        send = Send(path="/v1/decisions", body=b"{}", timeout_ms=2_000, deadline_ms=1_950)
        assert isinstance(transport.exchange(send), Reply)
        child = os.fork()
        if child == 0:
            heard = transport.exchange(send)
            os._exit(0 if isinstance(heard, Reply) else 1)
        _, status = os.waitpid(child, 0)
        assert isinstance(transport.exchange(send), Reply)
        transport.close()

    assert status == 0
    assert server.connections == 2


def test_an_authority_under_a_certificate_nobody_vouches_for_is_not_reached():
    with serving() as server:
        url = address_of(server).replace("http:", "https:")
        decision = ask_once(url, deadline=0.5)

    assert (decision.permit, decision.failure) == (None, Failure.UNREACHABLE)
    assert server.seen == []


def test_tls_settings_are_handed_to_the_connection():
    transport = HttpTransport("https://127.0.0.1:1", credential=CREDENTIAL, tls=ssl.create_default_context())
    send = Send(path="/v1/decisions", body=b"{}", timeout_ms=200, deadline_ms=150)

    assert isinstance(transport.exchange(send), Failed)


def test_a_name_with_no_address_left_in_time_fails_within_it():
    with pytest.raises(TimeoutError):
        Connection(Address(host="127.0.0.1", port=1), timeout_ms=0)


# --- death between the calls -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/permits/claim"])
def test_an_authority_that_dies_on_the_way_runs_nothing(path):
    ran = []
    with serving() as server:
        genuine_exchange = server.authority.exchange

        def die(method, asked, body, headers):
            if asked == path:
                raise ConnectionError
            return genuine_exchange(method, asked, body, headers)

        server.authority.exchange = die
        gate = gate_to(address_of(server))
        with pytest.raises(GateUnavailable), gate.permit("payments.transfer", "transfer", **CALL) as p:
            ran.append(p)
        gate.close()

    assert ran == []


def test_many_callers_with_one_key_run_one_effect():
    ran, refused = [], []
    with serving() as server:
        gate = gate_to(address_of(server))

        def race():
            try:
                with gate.permit("payments.transfer", "transfer", **CALL) as p:
                    ran.append(p.receipt_id)
            except NotPermitted as error:
                refused.append(error)

        threads = [threading.Thread(target=race) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gate.close()

    assert len(ran) == 1
    assert len(refused) == 7
