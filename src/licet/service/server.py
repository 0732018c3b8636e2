"""Runs the application under uvicorn: sockets of our own, signals of our own, a clean end.

uvicorn raises the signal again after its shutdown (exit -15) and leaves its socket file; a supervisor
must see 0 for a drain that worked, so both are ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Generator, Sequence

import uvicorn

from licet.errors import LicetError
from licet.service.app import App
from licet.service.door import Door

DRAIN_S = 10


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
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http=Door,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
        self._server = _Server(config)
        self._listeners = list(listeners)
        self._fatal: LicetError | None = None
        self._loop_factory = config.get_loop_factory()

    def stop(self) -> None:
        """Stop accepting, finish what runs, end."""
        self._server.should_exit = True

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
            loop.add_signal_handler(number, self.stop)
        serving = asyncio.ensure_future(self._server.serve(sockets=self._listeners))
        # uvicorn tells by a flag alone; there is no event to wait for.
        while not self._server.started and not serving.done():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
        if self._server.started:
            started()
        await serving
