"""Servers for the sync driver: a real one over the fake authority, and raw ones that follow a script."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import sample_evidence as sample
from gate.fakes import CALL, FakeAuthority
from licet.gate.clock import SystemClock
from licet.gate.core import Gate
from licet.gate.instant import Instant
from licet.gate.sync import HttpTransport

CREDENTIAL = "lk_test_secret"


class FrozenDay(SystemClock):
    """Real elapsed time, the sample's time of day."""

    def now(self):
        return Instant(elapsed_ms=super().now().elapsed_ms, unix_s=sample.NOW_S)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, authority):
        self.authority = authority
        self.connections = 0
        self.seen = []
        self.lock = threading.Lock()
        super().__init__(address, Handler)

    def handle_error(self, request, client_address):
        """A client that went away is no news here."""


class UnixServer(Server):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "localhost", 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.disable_nagle_algorithm = self.request.family != socket.AF_UNIX
        with self.server.lock:
            self.server.connections += 1
        super().setup()
        if isinstance(self.client_address, str):
            self.client_address = ("unix", 0)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            self.server.seen.append((self.path, dict(self.headers.items())))
            status, headers, answer = self.server.authority.exchange("POST", self.path, body, self.headers)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Quiet."""


@contextmanager
def serving(authority=None, *, path=None):
    server = (
        UnixServer(str(path), authority or FakeAuthority())
        if path
        else Server(("127.0.0.1", 0), authority or FakeAuthority())
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def address_of(server):
    if isinstance(server, UnixServer):
        return f"unix:{server.server_address}"
    return f"http://127.0.0.1:{server.server_address[1]}"


def gate_to(url, **more):
    clock = FrozenDay()
    transport = HttpTransport(url, credential=CREDENTIAL, clock=clock)
    return Gate(transport, trust=sample.TRUST, clock=clock, **more)


def decide(gate, **more):
    return gate.decide("payments.transfer", "transfer", **{**CALL, **more})


@contextmanager
def scripted(*dialogues):
    """A raw server: each accepted connection is handed to the next dialogue, the last one repeats."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    accepted = []
    open_sockets = []

    def run():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            dialogue = dialogues[min(len(accepted), len(dialogues) - 1)]
            accepted.append(client)
            open_sockets.append(client)
            threading.Thread(target=talk, args=(dialogue, client), daemon=True).start()

    def talk(dialogue, client):
        try:
            dialogue(client)
        except OSError:
            pass
        finally:
            client.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", accepted
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def ask_once(url, **more):
    with gate_to(url) as gate:
        return decide(gate, **more)


def read_request(client):
    """One whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65_536)
        if not more:
            raise ConnectionError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(
        next(line for line in head.lower().split(b"\r\n") if b"content-length" in line).split(b":")[1]
    )
    while len(body) < length:
        body += client.recv(65_536)
    return body


def genuine(body, authority=None):
    """The bytes of a genuine answer to a decision."""
    status, _, answer = (authority or FakeAuthority()).exchange("POST", "/v1/decisions", body, {})
    return f"HTTP/1.1 {status} OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer


def saying(data):
    """A dialogue that reads a request and says ``data``, whatever was asked."""

    def dialogue(client):
        read_request(client)
        client.sendall(data)

    return dialogue


def answering(times=1_000):
    """A dialogue that answers genuinely, ``times`` times."""

    def dialogue(client):
        for _ in range(times):
            client.sendall(genuine(read_request(client)))

    return dialogue
