"""``licet serve``: a home behind TCP and a unix socket, until SIGTERM or a fault."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from licet.errors import LicetError
from licet.service.app import App
from licet.service.listening import bind_tcp, bind_unix, parse_listen, remove_unix
from licet.service.routes import Routes
from licet.service.server import Service
from licet.wiring.home import Home
from licet.wiring.opening import Running, open_home
from licet.wiring.settings import environment


def serve(
    home: Home, *, listen: str | None, socket: str | None, announce: Callable[[str], None]
) -> LicetError | None:
    """Serve ``home``; None is a clean end, an error says why this process must not go on.

    ``announce`` is told each line for people once requests are answered.

    Raises:
        StopHere, RaiseTheAlarm: refused to start; nothing was changed.
    """
    fault: list[LicetError] = []
    service: list[Service] = []

    def fatal(error: LicetError) -> None:
        fault.append(error)
        for one in service:
            one.fail(error)

    running = open_home(home, environment(), fatal=fatal)
    try:
        path = _socket_path(home, running, socket)
        tcp = bind_tcp(parse_listen(listen or running.settings.service.listen))
        try:
            unix = bind_unix(path)
        except BaseException:
            tcp.close()
            raise
        host, port = tcp.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        routes = Routes(authority=running.authority, version=version("licet"), engine=running.engine)
        service.append(Service(App(routes), (tcp, unix)))

        def started() -> None:
            announce(f"licet {routes.version} decides for `{running.authority.origin}`")
            announce(f"store: {running.engine}, log size {running.head.size}")
            announce(f"listening on http://{shown}:{port} and unix:{path}")

        try:
            failed = service[0].run(started)
        finally:
            tcp.close()
            unix.close()
            remove_unix(path)
    finally:
        running.close()
    return failed or (fault[0] if fault else None)


def _socket_path(home: Home, running: Running, socket: str | None) -> Path:
    if socket is not None:
        return Path(socket)
    return home.root / running.settings.service.socket
