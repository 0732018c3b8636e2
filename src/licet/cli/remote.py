"""One exchange with a served authority over TCP or a Unix socket, with the standard library alone.

No proxies from the environment, no redirects, no cookies: `http.client` has none. An answer is read up
to a bound; whatever goes wrong on the way is ``Unreachable``, which is no permit.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from licet.errors import Unreachable, Usage

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""A page of a thousand receipts of 32 KiB fits."""

_WAIT_S: Final = 120.0
"""Building a large bundle takes the authority this long at most; decisions carry their own deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Remote:
    """A served authority; one connection per exchange, since a verb asks once or twice."""

    def __init__(self, url: str, *, token: str | None) -> None:
        """Read ``url``; nothing is sent yet.

        Raises:
            Usage: a URL of another form, or a key that is no word of printable ASCII.
        """
        self.url = url
        self._place = _place(url)
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise Usage(
                "the API key is not one word of printable ASCII", mend="give the `lk_...` key, nothing else"
            )
        self._token = token

    def exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Exchanged:
        """Send and read one whole answer.

        Raises:
            Unreachable: no whole answer came.
        """
        sent = {"Accept": "application/json, text/plain", "Connection": "close", **headers}
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        client = self._client()
        try:
            client.request(method, path, body=body or None, headers=sent)
            response = client.getresponse()
            answer = response.read(ANSWER_BYTES_MAX + 1)
            if len(answer) > ANSWER_BYTES_MAX or response.length:
                raise http.client.IncompleteRead(answer)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(
                f"`{self.url}` did not answer: {_told(error)}",
                mend="start it with `licet serve`, then ask again with the same idempotency key",
            ) from error
        finally:
            client.close()
        return Exchanged(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=answer,
        )

    def close(self) -> None:
        """Nothing is kept open between exchanges."""

    def _client(self) -> http.client.HTTPConnection:
        scheme, host, port = self._place
        if scheme == "unix":
            return _UnixConnection(host, _WAIT_S)
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=_WAIT_S)
        return http.client.HTTPConnection(host, port, timeout=_WAIT_S)


def answers(path: str) -> bool:
    """Whether somebody listens on the Unix socket at ``path``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except OSError:
            # Nobody there, or a socket file that a killed process left behind.
            return False
    return True


def _place(url: str) -> tuple[str, str, int | None]:
    if url.startswith("unix:") and url != "unix:":
        return "unix", url.removeprefix("unix:"), None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme in {"http", "https"} and parts.hostname and plain:
        return parts.scheme, parts.hostname, port
    raise Usage(
        f"`{url[:128]}` is not the address of an authority",
        mend="write `http://127.0.0.1:8787` or `unix:HOME/data/licet.sock`",
    )


def _told(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the connection ended before the whole answer"
