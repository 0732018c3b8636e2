"""licet inside one process: the same routes as the service, without a socket.

The caller is the owner of the home directory, since nobody else can open it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import unquote

from licet.authority.callers import OWNER
from licet.errors import LicetError, TooLarge
from licet.service.exchange import Ask, Reply, read_query
from licet.service.problem import problem
from licet.service.routes import Routes
from licet.wiring.environment import environment
from licet.wiring.home import find_home
from licet.wiring.opening import Running, open_home

if TYPE_CHECKING:
    from licet.gate.core import Gate
    from licet.gate.question import ActorLike


class Exchanged(NamedTuple):
    """What came back: as over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Embedded:
    """An open home. One process holds it; ``close`` lets go."""

    def __init__(self, running: Running) -> None:
        """Wrap an authority that runs."""
        self._running = running
        self._routes = Routes(authority=running.authority, version=version("licet"), engine=running.engine)

    def exchange(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Exchanged:
        """Answer as the service answers, as the owner; returns after the commit."""
        try:
            reply = self._reply(method, path, body, headers or {})
        except LicetError as error:
            reply = problem(error)
        return Exchanged(reply.status, {"content-type": reply.content_type, **reply.headers}, reply.body)

    def trust_bytes(self) -> bytes:
        """The home's trust file, for the enforcing side of the same process."""
        return self._running.trust

    @property
    def engine(self) -> str:
        """The store's engine, for people."""
        return self._running.engine

    def gate(self, *, actor: ActorLike | None = None) -> Gate:
        """A gate over this authority, with its trust pinned; closing it closes the home."""
        # Imported here: who only opens a home needs no SDK.
        from licet.gate.clock import SystemClock  # noqa: PLC0415
        from licet.gate.core import Gate  # noqa: PLC0415
        from licet.gate.local import LocalTransport  # noqa: PLC0415

        clock = SystemClock()
        return Gate(LocalTransport(self, clock), trust=self.trust_bytes(), actor=actor, clock=clock)

    def close(self) -> None:
        """Write what is queued and close the home."""
        self._running.close()

    def __enter__(self) -> Self:
        """Use as a context: closed at its end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _reply(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        place, _, query = path.partition("?")
        place = unquote(place)
        bytes_max = self._routes.body_max(method, place)
        if len(body) > bytes_max:
            raise TooLarge(f"the body has {len(body)} bytes", mend=f"keep it to {bytes_max} bytes")
        ask = Ask(
            method=method,
            path=place,
            query=read_query(query.encode("utf-8")),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
        )
        answered = self._routes.handle(ask, caller=OWNER)
        if isinstance(answered, Reply):
            return answered
        written = self._running.authority.settle(
            answered.job, deadline_ms=answered.deadline_ms, tenant=answered.tenant
        )
        return answered.render(written)


def open(home: str | Path) -> Embedded:  # noqa: A001 - `embedded.open(home)` is how people say it
    """Open a home in this process, after every check of a start.

    Raises:
        StopHere, RaiseTheAlarm: refused; nothing was changed.
    """
    env = environment()
    return Embedded(open_home(find_home(str(home), env, Path.cwd()), env))
