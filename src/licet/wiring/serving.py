"""``licet serve``: a home behind TCP and a unix socket, until SIGTERM or a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from socket import socket as Listener  # noqa: N812 - `socket` is the path that the caller names

from licet.authority.disk import MIB
from licet.errors import LicetError, StoreUnknown
from licet.service.app import App
from licet.service.listening import Address, bind_tcp, bind_unix, parse_listen, remove_unix
from licet.service.routes import Routes
from licet.service.server import Service
from licet.wiring.environment import environment
from licet.wiring.home import Home
from licet.wiring.opening import Running, database_path, open_home
from licet.wiring.room import DatabaseRoom, Reserve
from licet.wiring.runtime import make_folder, socket_path


def serve(
    home: Home,
    *,
    listen: str | None,
    socket: str | None,
    announce: Callable[[str], None],
    accept_clock_s: int | None = None,
) -> LicetError | None:
    """Serve ``home``; None is a clean end, an error says why this process must not go on.

    ``accept_clock_s`` is the time by an operator's own clock; that they vouched for ours is recorded.
    ``announce`` is told each line for people once requests are answered.

    Raises:
        StopHere, RaiseTheAlarm: refused to start; nothing was changed.
    """
    faults: list[LicetError] = []
    service: list[Service] = []
    reserve: list[Reserve] = []

    def fatal(error: LicetError) -> None:
        faults.append(error)
        if isinstance(error, StoreUnknown):
            for held in reserve:
                held.give_up(error)
        for one in service:
            one.fail(error)

    env = environment()
    running = open_home(home, env, fatal=fatal, accept_clock_s=accept_clock_s)
    try:
        reserve.append(_reserve(running))
        path = _socket_path(running, socket, env, announce)
        tcp, unix = _listeners(parse_listen(listen or running.settings.service.listen), path)
        try:
            routes = Routes(authority=running.authority, version=version("licet"), engine=running.engine)
            service.append(Service(App(routes), (tcp, unix)))
            if faults:  # the writer may have failed before there was a service to end
                service[0].fail(faults[0])
            failed = service[0].run(partial(_announce, announce, running, _shown(tcp), path))
        finally:
            tcp.close()
            unix.close()
            remove_unix(path)
    finally:
        running.close()
    return failed or (faults[0] if faults else None)


def _reserve(running: Running) -> Reserve:
    disk = running.settings.disk
    reserve = Reserve(
        path=running.home.reserve,
        size_bytes=disk.reserve_mib * MIB,
        low_bytes=disk.low_mark_mib * MIB,
        room=DatabaseRoom(database_path(running.home, running.settings)),
    )
    reserve.make()
    return reserve


def _listeners(address: Address, path: Path) -> tuple[Listener, Listener]:
    tcp = bind_tcp(address)
    try:
        return tcp, bind_unix(path)
    except BaseException:
        tcp.close()
        raise


def _socket_path(
    running: Running, socket: str | None, env: Mapping[str, str], announce: Callable[[str], None]
) -> Path:
    if socket is not None:
        return Path(socket)
    wanted = running.home.root / running.settings.service.socket
    path = socket_path(running.home, running.settings.service.socket, env)
    if path != wanted:
        make_folder(path)
        announce(f"the path `{wanted}` is too long for a socket, it is `{path}` instead")
    return path


def _shown(tcp: Listener) -> str:
    host, port = tcp.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(announce: Callable[[str], None], running: Running, address: str, path: Path) -> None:
    announce(f"licet {version('licet')} decides for `{running.authority.origin}`")
    announce(f"store: {running.engine}, log size {running.head.size}")
    announce(f"listening on {address} and unix:{path}")
