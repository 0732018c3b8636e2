"""One connection under uvicorn, with the bounds that uvicorn lacks (``trust.md`` 7.4, T23).

Measured on uvicorn 0.54 with httptools: 20 MB of headers were answered with 200, and a half-sent head was
held open for ever. Here a head (and whatever else is no body: chunk sizes, trailers) is bounded in bytes,
lines and time. What is no HTTP is answered with a problem document like everything else.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from licet.errors import LicetError, Malformed, TooLarge
from licet.service.exchange import Reply
from licet.service.problem import problem

HEAD_BYTES_MAX: Final = 16 * 1024
HEAD_LINES_MAX: Final = 64
HEAD_WAIT_S: Final = 5.0


class HeadTooLarge(Exception):
    """Raised inside the parser, which stops and reports it as unreadable input."""


class Door(HttpToolsProtocol):
    """uvicorn's connection, bounded."""

    _framing_bytes = 0
    """What arrived since the last whole request and is no body."""
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """Begin; the first head is already due."""
        super().connection_made(transport)
        self._due()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._met()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, within the bounds."""
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
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body; the application bounds it."""
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A whole request was read."""
        self._framing_bytes = 0
        self._in_head = True
        super().on_message_complete()

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


def _unreadable() -> Malformed:
    return Malformed("the bytes are no HTTP request", mend="speak HTTP/1.1")


def _bytes_of(reply: Reply) -> bytes:
    """A whole answer as bytes, for a connection that ends with it."""
    phrase = {400: "Bad Request", 413: "Content Too Large"}[reply.status]
    head = (
        f"HTTP/1.1 {reply.status} {phrase}\r\ncontent-type: {reply.content_type}\r\n"
        f"content-length: {len(reply.body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + reply.body
