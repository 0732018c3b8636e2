"""The guard of the whole test run: nothing in this process reaches another host."""

from __future__ import annotations

import ipaddress
import sys


class ForeignHostError(Exception):
    """A test reached for a host that is not this one."""


REACHED: list[str] = []
_NAMED = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_ADDRESSED = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what would leave this machine. An audit hook sees the C level too, whoever opened the socket."""
    if event in _NAMED:
        host = arguments[0]
    elif event in _ADDRESSED:
        address = arguments[_ADDRESSED[event]]
        if not isinstance(address, tuple):
            return  # a Unix socket's path, or a socket that is already connected
        host = address[0]
    else:
        return
    if not _is_here(host):
        # Kept aside as well: code under test may take any exception for "unreachable" and go on.
        REACHED.append(f"{event} {host!r}")
        message = f"a test reached for `{host!r}`: tests speak to loopback only"
        raise ForeignHostError(message)


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def install() -> None:
    """Guard this process for the rest of its life: an audit hook cannot be taken out again."""
    sys.addaudithook(_guard)
