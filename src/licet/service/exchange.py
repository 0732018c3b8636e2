"""One exchange over the service, without a socket: what was asked, and what is answered.

Routes are plain functions of these values; the ASGI application and the embedded door are two short
drivers around the same routes, so that both answer alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from licet.ledger.page import Job
from licet.protocol import fast
from licet.protocol.types import JsonObject

JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request as it arrived. Header names are lower case; ``query`` is percent-decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, whole."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An answer that waits for a commit: write ``job``, then ``render`` its result."""

    job: Job[Any]  # each job has its own result; `render` was made for it by the same route
    deadline_ms: int
    render: Callable[[Any], Reply]


def json_reply(document: JsonObject, *, status: int = 200) -> Reply:
    """A JSON answer in canonical form."""
    return Reply(status=status, content_type=JSON, body=fast.canonical(document))
