"""Runs the application under uvicorn: sockets of our own, signals of our own, a clean end.

uvicorn raises the signal again after its shutdown (exit -15) and leaves its socket file; a supervisor
must see 0 for a drain that worked, so both are ours.

A drain (``trust.md`` 9): not ready, while everything is still answered; no more connections; what runs is
answered; the writer's queue, the checkpoint and the store follow in ``wiring/serving.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, Final

import uvicorn

from licet.errors import LicetError
from licet.service.app import App
from licet.service.door import CONNECTIONS_MAX, TURNED_AWAY_MAX, Door

LEAVE_S: Final = 0.5
"""How long a service that is not ready any more still takes what those send who have not seen it."""
DRAIN_S: Final = 7
"""Of 10 s for the whole end: the rest is the writer's, the checkpoint's and the store's."""
FILES_KEPT: Final = 128
"""File descriptors for everything that is no connection: the store, its readers, the checkpoint."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to ``run``."""
        yield


class Service:
    """One running service; ``stop`` may be called from any thread."""

    def __init__(self, app: App, listeners: Sequence[socket.socket]) -> None:
        """Serve ``app`` on sockets that listen already."""
        door: Any = partial(Door, connections_max=_connections_max())  # uvicorn only ever calls it
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http=door,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
        self._app = app
        self._leaving = False
        self._server = _Server(config)
        self._listeners = list(listeners)
        self._fatal: LicetError | None = None
        self._loop_factory = config.get_loop_factory()

    def stop(self) -> None:
        """Stop accepting, finish what runs, end."""
        self._server.should_exit = True

    def leave(self) -> None:
        """Begin a drain: not ready first, then ``stop``; asked a second time, ``stop`` at once."""
        if self._leaving:
            self.stop()
            return
        self._leaving = True
        self._app.leave()
        asyncio.get_running_loop().call_later(LEAVE_S, self.stop)

    def fail(self, error: LicetError) -> None:
        """End because this process must not write any more; ``run`` returns the error."""
        self._fatal = error
        self.stop()

    def run(self, started: Callable[[], None]) -> LicetError | None:
        """Serve until SIGTERM, SIGINT or ``fail``; None is a clean end."""
        with asyncio.Runner(loop_factory=self._loop_factory) as runner:
            runner.run(self._serve(started))
        return self._fatal

    async def _serve(self, started: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.leave)
        serving = asyncio.ensure_future(self._server.serve(sockets=self._listeners))
        # uvicorn tells by a flag alone; there is no event to wait for.
        while not self._server.started and not serving.done():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
        if self._server.started:
            started()
        await serving


def _connections_max() -> int:
    """How many connections this process can hold and still open the files it needs.

    The soft limit of file descriptors is often 1,024; it is raised as far as is allowed and needed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + TURNED_AWAY_MAX + FILES_KEPT
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS_MAX
    return max(1, min(CONNECTIONS_MAX, soft - TURNED_AWAY_MAX - FILES_KEPT))
