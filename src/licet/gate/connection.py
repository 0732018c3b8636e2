"""One HTTP/1.1 connection over TCP, TLS or a unix socket, with one deadline over each whole exchange.

Imported with the first call, since it brings ``http.client``. No proxies from the environment, no
redirects, no cookies: ``http.client`` has none, which is why it is used.

Attack: a server that sends one byte a second keeps a plain socket timeout from ever firing. Here every
read gets what is left of the one deadline.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from licet.gate.clock import monotonic_s

ANSWER_BYTES_MAX: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an authority listens: ``path`` for a unix socket, else ``host`` and ``port``."""

    host: str
    port: int = 0
    path: str | None = None
    tls: ssl.SSLContext | None = None


class AnswerTooLarge(Exception):
    """More than 256 KiB of answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One whole reply; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool


class _Timed(io.RawIOBase):
    """The reading side of a socket under one deadline; counts what arrived."""

    def __init__(self, sock: socket.socket, ends_s: float) -> None:
        self._sock = sock
        self._ends_s = ends_s
        self.octets = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        self._sock.settimeout(_left_s(self._ends_s))
        count = self._sock.recv_into(buffer)  # type: ignore[arg-type]  # io hands in a writable buffer
        self.octets += count
        return count


class _Exchange:
    """What ``http.client`` calls a socket, for the length of one exchange."""

    def __init__(self, sock: socket.socket, ends_s: float) -> None:
        self._sock = sock
        self._ends_s = ends_s
        self.timed = _Timed(sock, ends_s)

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left_s(self._ends_s))
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.timed)

    def close(self) -> None:
        """``Connection`` owns the socket."""


class Connection:
    """One connection. Not shared between threads at the same time; a broken one is thrown away."""

    __slots__ = ("_address", "_client", "_exchange", "_sock")

    def __init__(self, address: Address, *, timeout_ms: int) -> None:
        """Dial.

        Raises:
            OSError: nobody there, in time.
        """
        self._address = address
        self._sock = _dial(address, monotonic_s() + timeout_ms / 1000)
        self._client = http.client.HTTPConnection(address.host, address.port or None)
        # Never dial by itself: what this object did not open, it does not use.
        self._client.auto_open = 0
        self._exchange: _Exchange | None = None

    @property
    def stale(self) -> bool:
        """Whether an idle connection was closed, or speaks out of turn: either way it is not used again."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN | select.POLLPRI)
        return bool(poll.poll(0))

    @property
    def answered(self) -> bool:
        """Whether a byte of the last exchange's answer arrived."""
        return self._exchange is not None and self._exchange.timed.octets > 0

    def post(self, path: str, body: bytes, headers: Mapping[str, str], *, timeout_ms: int) -> Answer:
        """Send and read one whole answer.

        Raises:
            OSError: the connection died, or the time is over (``TimeoutError``).
            http.client.HTTPException: what came is not HTTP.
            AnswerTooLarge: more than 256 KiB.
        """
        self._exchange = _Exchange(self._sock, monotonic_s() + timeout_ms / 1000)
        self._client.sock = self._exchange
        self._client.request("POST", path, body=body, headers=dict(headers))
        response = self._client.getresponse()
        octets = response.read(ANSWER_BYTES_MAX + 1)
        if len(octets) > ANSWER_BYTES_MAX:
            raise AnswerTooLarge
        # `read(n)` gives less than announced without a word: ask for the end.
        if response.length:
            raise http.client.IncompleteRead(octets, response.length)
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=octets,
            reusable=not response.will_close,
        )

    def close(self) -> None:
        """Give the socket back."""
        self._sock.close()


def _left_s(ends_s: float) -> float:
    left_s = ends_s - monotonic_s()
    if left_s <= 0:
        message = "the deadline of this attempt is over"
        raise TimeoutError(message)
    return left_s


def _dial(address: Address, ends_s: float) -> socket.socket:
    """A connected socket, with TLS where the address says so. Each address of a name gets what is left."""
    if address.path is not None:
        return _connected(socket.AF_UNIX, address.path, ends_s)
    failure: OSError | None = None
    for family, _, _, _, place in socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        try:
            plain = _connected(family, place, ends_s)
        except OSError as error:
            failure = error
            continue
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plain if address.tls is None else _shaken(plain, address.tls, address.host, ends_s)
    raise failure or OSError(f"`{address.host}` has no address")


def _connected(family: int, place: object, ends_s: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(_left_s(ends_s))
        sock.connect(place)  # type: ignore[arg-type]  # getaddrinfo's own form, or a path
    except BaseException:
        sock.close()
        raise
    return sock


def _shaken(plain: socket.socket, tls: ssl.SSLContext, host: str, ends_s: float) -> socket.socket:
    try:
        plain.settimeout(_left_s(ends_s))
        return tls.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
