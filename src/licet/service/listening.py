"""The sockets a service listens on: bound by us, before anything else starts, and removed by us.

uvicorn creates unix sockets with mode 0666; ours is 0600 inside the home's 0700 data folder.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from licet.errors import AddressInUse, SettingsInvalid

BACKLOG = 1_024
UNANSWERED_MS = 20_000
"""A peer that acknowledges nothing for this long is gone, whatever its socket looks like from here."""
UNIX_PATH_BYTES_MAX = 107
PROBE_S = 1.0


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address: loopback only, since this version speaks no TLS."""

    host: str
    port: int


def parse_listen(text: str) -> Address:
    """Read ``host:port`` (``[::1]:port`` for IPv6); port 0 asks for a free one.

    Raises:
        SettingsInvalid: not an address, or one beyond loopback.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004 - TCP
        raise SettingsInvalid(f"`{text}` is not an address", mend="write `127.0.0.1:8787`")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError as error:
        raise SettingsInvalid(f"`{host}` is not an IP address", mend="write `127.0.0.1:8787`") from error
    if not loopback:
        # Attack: API keys read off the wire.
        raise SettingsInvalid(
            f"`{host}` is beyond this machine and the service speaks no TLS",
            mend="listen on 127.0.0.1 and let a TLS proxy on this machine speak to others",
        )
    return Address("127.0.0.1" if host == "localhost" else host, int(port))


def bind_tcp(address: Address) -> socket.socket:
    """A bound TCP socket.

    Raises:
        AddressInUse: somebody else has the port.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        _end_half_open(listener)
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(
                f"port {address.port} on {address.host} is in use",
                mend="stop what listens there, or choose another: `licet serve --listen 127.0.0.1:0`",
            ) from error
        raise SettingsInvalid(
            f"cannot listen on {address.host}:{address.port}: {error.strerror}",
            mend="choose another address with `--listen`",
        ) from error
    return listener


def _end_half_open(listener: socket.socket) -> None:
    """Let the kernel end connections whose peer vanished; on Linux accepted sockets inherit it."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)


def bind_unix(path: Path) -> socket.socket:
    """A bound unix socket of mode 0600. A socket file that nobody answers is a dead server's: replaced.

    Raises:
        AddressInUse: a live server answers there, or the path is no socket.
        SettingsInvalid: the path is too long.
    """
    if len(os.fsencode(path)) > UNIX_PATH_BYTES_MAX:
        raise SettingsInvalid(
            f"the socket path `{path}` is longer than {UNIX_PATH_BYTES_MAX} bytes",
            mend="give a shorter one: `licet serve --socket /run/licet.sock`",
        )
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsInvalid(
            f"cannot make the socket `{path}`: {error.strerror}", mend="choose another with `--socket`"
        ) from error
    finally:
        os.umask(before)
    return listener


def remove_unix(path: Path) -> None:
    """Remove the socket file; a missing one is fine."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _clear(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise AddressInUse(f"`{path}` is there and is no socket", mend="choose another with `--socket`")
    if not _dead(path):
        raise AddressInUse(
            f"a server answers on `{path}` already", mend="stop it, or choose another with `--socket`"
        )
    remove_unix(path)


def _dead(path: Path) -> bool:
    """Whether nobody listens there any more; whatever is not certain is alive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)  # a live server whose queue is full would keep us waiting
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:
            return False
    return False
