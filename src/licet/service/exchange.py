"""One exchange over the service, without a socket: what was asked, and what is answered.

Routes are plain functions of these values; the ASGI application and the embedded door are two short
drivers around the same routes, so that both answer alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from licet.errors import Malformed
from licet.ledger.page import Job
from licet.protocol import fast
from licet.protocol.types import MAIN_TENANT, JsonObject, Tenant

JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"

QUERY_FIELDS_MAX: Final = 16


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
    tenant: Tenant = MAIN_TENANT
    """Whose share of the queue it takes."""


def json_reply(document: JsonObject, *, status: int = 200) -> Reply:
    """A JSON answer in canonical form."""
    return Reply(status=status, content_type=JSON, body=fast.canonical(document))


def read_query(raw: bytes) -> dict[str, str]:
    """The parameters of a query string as it was sent, percent-decoded.

    Raises:
        Malformed: not ``name=value&...``, too many of them, or one that stands twice.
    """
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            max_num_fields=QUERY_FIELDS_MAX,
            errors="strict",
        )
    except ValueError as error:
        raise Malformed("the query cannot be read", mend="percent-encode it, name=value&...") from error
    query = dict(pairs)
    if len(query) != len(pairs):
        # Attack: two readers that pick different copies of one parameter.
        raise Malformed("a query parameter stands twice", mend="send each once")
    return query
