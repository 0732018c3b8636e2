"""An ASGI application driven by hand: no server, no socket, one message at a time."""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple

from licet.service.app import App
from licet.service.routes import Routes

JSON = "application/json"


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def app_of(world):
    """The application over a world's authority."""
    return App(Routes(authority=world.authority, version="0.0.0", engine="memory"))


def scope_of(method, path, headers, query=b""):
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
    }


async def ask(app, method, path, *, chunks=(b"",), headers=(), query=b"", ends="http.request", endless=None):
    """One request, its body in ``chunks``; ``ends`` may be ``http.disconnect`` to hang up inside it."""
    sent = []
    waiting = list(chunks) if endless is None else endless

    async def receive():
        if waiting:
            chunk = waiting.pop(0)
            more = bool(waiting) or ends != "http.request"
            return {"type": "http.request", "body": chunk, "more_body": more}
        return {"type": ends}

    async def send(message):
        sent.append(message)

    await app(scope_of(method, path, list(headers), query), receive, send)
    start, body = sent
    named = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answered(start["status"], named, body["body"])


class Caller:
    """A caller with an API key, for tests that need no chunks."""

    def __init__(self, app, key):
        self.app = app
        self.key = key

    def __call__(self, method, path, body=b"", *, headers=(), query=b"", content=JSON, key=None):
        sent = [("authorization", f"Bearer {key or self.key}"), *headers]
        if method == "POST":
            sent.append(("content-type", content))
        return asyncio.run(ask(self.app, method, path, chunks=(body,), headers=sent, query=query))
