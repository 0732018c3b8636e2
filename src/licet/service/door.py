"""One connection under uvicorn, with the bounds that uvicorn lacks (``trust.md`` 7.4, T23).

Measured on uvicorn 0.54 with httptools: 20 MB of headers were answered with 200, and a half-sent head was
held open for ever. Here a head (and whatever else is no body: chunk sizes, trailers) is bounded in bytes,
lines and time, a body in time, an answer in the time that its reader takes, connections in number. What is
no HTTP is answered with a problem document like everything else.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from licet.errors import LicetError, Malformed, Overloaded, TooLarge
from licet.service.exchange import Reply
from licet.service.problem import TITLES, problem

HEAD_BYTES_MAX: Final = 16 * 1024
HEAD_LINES_MAX: Final = 64
HEAD_WAIT_S: Final = 5.0
BODY_WAIT_S: Final = 11.0
"""The application refuses a body after 10 s (``app.py``); a sender who goes on all the same is cut here."""
READ_WAIT_S: Final = 30.0
"""How long an answer may wait for its reader."""
CONNECTIONS_MAX: Final = 1_024
UNIX_CONNECTIONS_KEPT: Final = 64
"""Of these, for the Unix socket alone: a crowd at the TCP door does not lock the owner out."""
TURNED_AWAY_MAX: Final = 64
"""Connections over the bound that are told so at one time; more are closed without a word."""
LINGER_S: Final = 1.0


class HeadTooLarge(Exception):
    """Raised inside the parser, which stops and reports it as unreadable input."""


class Door(HttpToolsProtocol):
    """uvicorn's connection, bounded."""

    _framing_bytes = 0
    """What arrived since the last whole request and is no body."""
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None
    _turned_away = False

    def __init__(self, *args: Any, connections_max: int = CONNECTIONS_MAX, **named: Any) -> None:
        """As uvicorn makes its connections; ``connections_max`` is what the process can hold."""
        super().__init__(*args, **named)
        self._connections_max = connections_max

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """Begin, if there is a place; the first head is already due."""
        super().connection_made(transport)
        unix = transport.get_extra_info("socket").family == socket.AF_UNIX
        places = self._connections_max - (0 if unix else UNIX_CONNECTIONS_KEPT)
        if len(self.connections) > places:
            self._turn_away()
        else:
            self._due()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._met()
        self._body_met()
        self._read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, within the bounds."""
        if self._turned_away:
            return
        self._framing_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._framing_bytes > HEAD_BYTES_MAX:
            # Attack: headers without end, held in memory until the machine has none.
            self._refuse(_too_large())
        elif self._in_head and self._framing_bytes and self._head_timer is None:
            self._due()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the lines of a head, and of trailers."""
        super().on_header(name, value)
        if len(self.headers) > HEAD_LINES_MAX:
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        """The head is there: start the request."""
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES_MAX:
            raise HeadTooLarge
        self._met()
        self._in_head = False
        self._body_due()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body; the application bounds it."""
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A whole request was read."""
        self._framing_bytes = 0
        self._in_head = True
        self._body_met()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer was written; whether anybody reads it is seen later."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._unread()

    def pause_writing(self) -> None:
        """The peer reads more slowly than we write."""
        super().pause_writing()
        self._unread()

    def resume_writing(self) -> None:
        """The peer has read."""
        self._read()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own signature
        """Refuse what is no HTTP, or a head past its bounds."""
        large = self.headers is not None and len(self.headers) > HEAD_LINES_MAX
        self._refuse(_too_large() if large or self._framing_bytes > HEAD_BYTES_MAX else _unreadable())

    def _refuse(self, error: LicetError) -> None:
        self._met()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_bytes_of(problem(error)))
        # Otherwise an earlier request of this connection is still being answered: a refusal written now
        # would be taken for ITS answer, "nothing was recorded" for something that may well be.
        self.transport.close()

    def _turn_away(self) -> None:
        # Attack: connections until the process has no file descriptor left for its own store.
        self._turned_away = True
        if len(self.connections) > self._connections_max + TURNED_AWAY_MAX:
            self.transport.abort()
            return
        self.transport.write(_bytes_of(problem(_full(self._connections_max))))
        # Half closed, and what arrives is let go: a close with bytes unread would reset the answer away.
        self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.abort)

    def _body_due(self) -> None:
        self._body_timer = self.loop.call_later(BODY_WAIT_S, self._body_overdue)

    def _body_met(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _body_overdue(self) -> None:
        self._body_timer = None
        if self.pipeline:
            self._body_due()  # nothing is read meanwhile: an earlier request is still being answered
            return
        # Attack: one byte a second keeps a connection open for as long as the body is said to be.
        self.transport.close()
        self.loop.call_later(LINGER_S, self.transport.abort)

    def _unread(self) -> None:
        if self._read_timer is None:
            self._read_timer = self.loop.call_later(READ_WAIT_S, self._never_read)

    def _read(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _never_read(self) -> None:
        # Attack: answers that nobody reads, held in memory and in the way of a clean end.
        self._read_timer = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _due(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_WAIT_S, self._overdue)

    def _met(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _overdue(self) -> None:
        # Attack: thousands of connections that never finish a head.
        self._head_timer = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._due()
        elif not self.transport.is_closing():
            self.transport.close()


def _too_large() -> TooLarge:
    return TooLarge(
        f"the head has more than {HEAD_BYTES_MAX} bytes or {HEAD_LINES_MAX} lines",
        mend="send fewer and shorter headers; values belong in the body",
    )


def _full(connections: int) -> Overloaded:
    return Overloaded(
        f"{connections} connections are open already; nothing was read",
        mend="ask again with the same key; keep connections open and use them again",
    )


def _unreadable() -> Malformed:
    return Malformed("the bytes are no HTTP request", mend="speak HTTP/1.1")


def _bytes_of(reply: Reply) -> bytes:
    """A whole answer as bytes, for a connection that ends with it."""
    phrase = TITLES[reply.status]
    head = (
        f"HTTP/1.1 {reply.status} {phrase}\r\ncontent-type: {reply.content_type}\r\n"
        f"content-length: {len(reply.body)}\r\ncache-control: no-store\r\nconnection: close\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        + "\r\n"
    )
    return head.encode("ascii") + reply.body
