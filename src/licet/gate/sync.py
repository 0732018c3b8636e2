"""The sync driver's transport: HTTP/1.1 keep-alive over the standard library.

``http.client`` comes with the first exchange (``gate/connection.py``), so that importing licet stays
light. Answers are only carried here; whether one may be believed is decided by the flow.
"""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from licet.gate.clock import Clock, SystemClock
from licet.gate.decision import Failure
from licet.gate.flow import Failed, Reply, Send
from licet.protocol.visible import visible

if TYPE_CHECKING:
    import ssl

    from licet.gate.connection import Address, Connection

IDLE_CONNECTIONS_MAX: Final = 8
_PORTS: Final = {"http": 80, "https": 443}
_CREDENTIAL = re.compile(r"[\x21-\x7e]+")


class HttpTransport:
    """Connections to one authority, kept alive between exchanges. Safe for threads and across ``fork``."""

    def __init__(
        self, url: str, *, credential: str, clock: Clock | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """Prepare; nothing is dialled before the first exchange.

        Raises:
            ValueError: a URL or credential of another form.
        """
        if _CREDENTIAL.fullmatch(credential) is None:
            message = "the credential is not one word of printable ASCII (mend: pass the `lk_...` key)"
            raise ValueError(message)
        self._place = _read_url(url)
        self._credential = credential
        self._clock = SystemClock() if clock is None else clock
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._address: Address | None = None
        self._tls = tls
        self._owner_pid = os.getpid()
        self._closed = False

    def exchange(self, send: Send) -> Reply | Failed:
        """Send once and hear the whole reply; once more if a kept connection was dead before any answer."""
        import http.client  # noqa: PLC0415 - start-up: with the first call

        from licet.gate.connection import AnswerTooLarge  # noqa: PLC0415 - as above

        try:
            return self._exchange(send)
        except TimeoutError:
            return Failed(failure=Failure.DEADLINE, now=self._clock.now())
        except (http.client.RemoteDisconnected, http.client.IncompleteRead, OSError):
            return Failed(failure=Failure.UNREACHABLE, now=self._clock.now())
        except (http.client.HTTPException, AnswerTooLarge, ValueError):
            # Not HTTP, or more of it than an answer has: the same bytes would get the same again.
            return Failed(failure=Failure.BAD_ANSWER, now=self._clock.now(), again=False)

    def close(self) -> None:
        """Drop the kept connections; an exchange after this fails."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for connection in idle:
            connection.close()

    def _exchange(self, send: Send) -> Reply:
        import http.client  # noqa: PLC0415 - start-up: with the first call

        ends_ms = self._clock.now().elapsed_ms + send.timeout_ms
        kept = self._take()
        if kept is not None:
            try:
                return self._post(kept, send, ends_ms)
            except (http.client.RemoteDisconnected, ConnectionError):
                # The server closed an idle connection as we spoke. No byte of an answer came, and the
                # key makes the same bytes safe to send: ask once on a fresh connection.
                if kept.answered:
                    raise
        return self._post(self._dial(ends_ms), send, ends_ms)

    def _post(self, connection: Connection, send: Send, ends_ms: int) -> Reply:
        headers = {
            "Authorization": f"Bearer {self._credential}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Licet-Deadline-Ms": str(send.deadline_ms),
        }
        kept = False
        try:
            answer = connection.post(send.path, send.body, headers, timeout_ms=self._left_ms(ends_ms))
            kept = answer.reusable and self._keep(connection)
        finally:
            if not kept:
                connection.close()
        return Reply(status=answer.status, headers=answer.headers, body=answer.body, now=self._clock.now())

    def _take(self) -> Connection | None:
        if self._owner_pid != os.getpid():
            self._forget()
        with self._lock:
            if self._closed:
                message = "this gate was closed"
                raise ConnectionError(message)
            while self._idle:
                connection = self._idle.pop()
                if not connection.stale:
                    return connection
                connection.close()
        return None

    def _forget(self) -> None:
        """After ``fork`` both processes hold the sockets: speaking on one would mix two dialogues.

        Closing here closes only this process's copy. The lock may have been held by a thread that the
        child does not have.
        """
        idle, self._idle = self._idle, []
        self._lock, self._owner_pid = threading.Lock(), os.getpid()
        for connection in idle:
            connection.close()

    def _keep(self, connection: Connection) -> bool:
        with self._lock:
            if self._closed or len(self._idle) >= IDLE_CONNECTIONS_MAX:
                return False
            self._idle.append(connection)
            return True

    def _dial(self, ends_ms: int) -> Connection:
        from licet.gate.connection import Address, Connection  # noqa: PLC0415 - as above

        if self._address is None:
            scheme, host, port = self._place
            if scheme == "unix":
                self._address = Address(host="localhost", path=host)
            elif scheme == "https":
                import ssl  # noqa: PLC0415 - start-up: only for https

                tls = self._tls or ssl.create_default_context()
                self._address = Address(host=host, port=port, tls=tls)
            else:
                self._address = Address(host=host, port=port)
        return Connection(self._address, timeout_ms=self._left_ms(ends_ms))

    def _left_ms(self, ends_ms: int) -> int:
        return max(1, ends_ms - self._clock.now().elapsed_ms)


def _read_url(url: str) -> tuple[str, str, int]:
    """Scheme, host or socket path, port."""
    if url.startswith("unix:"):
        path = url.removeprefix("unix:")
        if path:
            return "unix", path, 0
    else:
        parts = urlsplit(url)
        plain = parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
        if parts.scheme in _PORTS and parts.hostname and plain:
            return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
    mend = "(mend: `https://host:port`, `http://host:port` or `unix:PATH`)"
    message = f"`{visible(url)}` is not an authority {mend}"
    raise ValueError(message)
