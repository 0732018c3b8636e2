"""The ASGI application: reads a body within its bound, calls a route, waits for the commit, answers.

Bare ASGI on the hot path: a web framework between would cost half a decision again.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, TypeAlias

from licet.errors import LicetError, Malformed, NotRecorded, TooLarge
from licet.ledger.sequencer import COMMIT_WAIT_S
from licet.service.exchange import Ask, Pending, Reply, read_query
from licet.service.problem import internal_problem, problem
from licet.service.routes import Routes

Scope: TypeAlias = MutableMapping[str, Any]  # ASGI's own shape
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LOG = logging.getLogger(__name__)

BODY_WAIT_S = 10.0
"""How long a whole body may take to arrive (``trust.md`` 7.4)."""

_REQUEST_ID = re.compile(rb"[\x20-\x7e]{1,128}")
"""What is echoed: one printable line, whatever a parser in front may have let through."""


class LoopMailbox:
    """Carries a batch's answers from the writer's thread to the event loop, in one hop a batch."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver onto ``loop``."""
        self.loop = loop

    def deliver(self, settled: Sequence[tuple[object, object]]) -> None:
        """Resolve the futures of a batch on the loop."""
        try:
            self.loop.call_soon_threadsafe(_resolve, settled)
        except RuntimeError:
            # The loop has closed: nobody waits any more. The records stand; a retry finds them.
            _LOG.warning("%d answers found nobody waiting", len(settled))


def _resolve(settled: Sequence[tuple[object, object]]) -> None:
    for ticket, result in settled:
        # One cancelled caller must not keep the rest of its batch waiting.
        if not isinstance(ticket, asyncio.Future) or ticket.done():
            continue
        if isinstance(result, LicetError):
            ticket.set_exception(result)
        else:
            ticket.set_result(result)


class App:
    """The application over ``routes``."""

    def __init__(self, routes: Routes) -> None:
        """Bind the routes; the loop is found with the requests."""
        self._routes = routes
        self._mailbox: LoopMailbox | None = None

    def leave(self) -> None:
        """Not ready any more, while requests are still answered: the first step of a drain."""
        self._routes.authority.leave()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; other scopes are not ours."""
        if scope["type"] != "http":
            message = f"licet serves http, not {scope['type']}"
            raise RuntimeError(message)
        try:
            reply = await self._reply(scope, receive)
        except LicetError as error:
            reply = problem(error)
        except Exception:  # noqa: BLE001 - the rim: a fault of ours is a 500, which is no permit
            _LOG.exception("a request met a fault of our own")
            reply = internal_problem()
        await _send(send, reply, _request_id(scope))

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        ask = await self._ask(scope, receive)
        if self._routes.slow(ask.method, ask.path):
            answered = await asyncio.to_thread(self._routes.handle, ask)
        else:
            answered = self._routes.handle(ask)
        if isinstance(answered, Reply):
            return answered
        return answered.render(await self._written(answered))

    async def _written(self, pending: Pending) -> object:
        loop = asyncio.get_running_loop()
        if self._mailbox is None or self._mailbox.loop is not loop:
            self._mailbox = LoopMailbox(loop)
        ticket: asyncio.Future[object] = loop.create_future()
        self._routes.authority.submit(
            pending.job,
            deadline_ms=pending.deadline_ms,
            mailbox=self._mailbox,
            ticket=ticket,
            tenant=pending.tenant,
        )
        try:
            # The decision belongs to the writer: a caller that hangs up cancels its wait, never a commit.
            return await asyncio.wait_for(asyncio.shield(ticket), COMMIT_WAIT_S)
        except TimeoutError as error:
            raise NotRecorded("the commit did not end in time", mend="ask again with the same key") from error

    async def _ask(self, scope: Scope, receive: Receive) -> Ask:
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name = raw_name.decode("latin-1")
            if name in headers and name in _SINGLE:
                # Attack: two readers that pick different copies of one header.
                raise Malformed(f"the header `{name}` stands twice", mend="send it once")
            headers[name] = raw_value.decode("latin-1")
        body_max = self._routes.body_max(scope["method"], scope["path"])
        return Ask(
            method=scope["method"],
            path=scope["path"],
            query=read_query(scope["query_string"]),
            headers=headers,
            body=await _body(receive, body_max),
        )


_SINGLE = frozenset(
    {"authorization", "content-type", "licet-deadline-ms", "licet-permit", "traceparent", "host"}
)


async def _body(receive: Receive, bytes_max: int) -> bytes:
    try:
        # Attack: one byte a second, on many connections.
        async with asyncio.timeout(BODY_WAIT_S):
            return await _chunks(receive, bytes_max)
    except TimeoutError as error:
        raise Malformed(
            f"the body did not arrive within {BODY_WAIT_S:.0f} s", mend="send the whole body at once"
        ) from error


async def _chunks(receive: Receive, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("the caller hung up inside the body", mend="send the whole body")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > bytes_max:
            raise TooLarge(
                f"the body has more than {bytes_max} bytes",
                mend=f"keep it to {bytes_max} bytes; large values enter as a digest",
            )
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _request_id(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return None


async def _send(send: Send, reply: Reply, request_id: bytes | None) -> None:
    headers = [
        (b"content-type", reply.content_type.encode("ascii")),
        (b"content-length", str(len(reply.body)).encode("ascii")),
        *((name.encode("ascii"), value.encode("ascii")) for name, value in reply.headers.items()),
    ]
    if "cache-control" not in reply.headers:
        headers.append((b"cache-control", b"no-store"))
    if request_id is not None:
        headers.append((b"x-request-id", request_id))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
