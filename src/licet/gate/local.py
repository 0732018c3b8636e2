"""The embedded authority as a transport: the same bytes, without a socket.

``licet.embedded`` is found by name, because the enforcing side does not import the deciding side. What
it hands over is a port of three methods that answer exactly as the HTTP service does.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from licet.gate.clock import Clock
from licet.gate.decision import Failure
from licet.gate.flow import Failed, Reply, Send

EMBEDDED = "licet.embedded"


class EmbeddedAuthority(Protocol):
    """An open home (``licet.embedded.open``)."""

    def exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer one request as the HTTP service would: status, headers, body."""
        ...

    def trust_bytes(self) -> bytes:
        """The home's own trust file."""
        ...

    def close(self) -> None:
        """Give the home back to other processes."""
        ...


def open_home(home: str | Path) -> EmbeddedAuthority:
    """Open the authority of ``home`` inside this process.

    Raises:
        LicetError: no home, or another process holds it (use ``licet serve`` and ``Gate.remote``).
    """
    embedded = importlib.import_module(EMBEDDED)
    authority: EmbeddedAuthority = embedded.open(Path(home))
    return authority


class LocalTransport:
    """Function calls into an authority that this process opened, and only this process."""

    def __init__(self, authority: EmbeddedAuthority, clock: Clock) -> None:
        """Bind to the process that holds the home."""
        self._authority = authority
        self._clock = clock
        self._owner_pid = os.getpid()

    def exchange(self, send: Send) -> Reply | Failed:
        """Answer in place; after ``fork`` there is no answer."""
        if self._owner_pid != os.getpid():
            # The child inherited the memory of a log it does not own: two writers would fork the log.
            return Failed(failure=Failure.UNREACHABLE, now=self._clock.now(), again=False)
        headers = {"content-type": "application/json", "licet-deadline-ms": str(send.deadline_ms)}
        try:
            status, answered, body = self._authority.exchange("POST", send.path, send.body, headers)
        except Exception:  # noqa: BLE001  # whatever broke in there, it is no answer and no permit
            return Failed(failure=Failure.UNREACHABLE, now=self._clock.now(), again=False)
        return Reply(
            status=status,
            headers={name.lower(): value for name, value in answered.items()},
            body=body,
            now=self._clock.now(),
        )

    def close(self) -> None:
        """Give the home back, from the process that took it."""
        if self._owner_pid == os.getpid():
            self._authority.close()
