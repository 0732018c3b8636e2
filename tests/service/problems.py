"""What the tests of the service share: reading a problem document, making bodies and headers."""

from __future__ import annotations

import json

from support.asgi import JSON
from support.world import effect

PROBLEM_MEMBERS = {"type", "title", "status", "detail", "code", "mend"}


def problem_of(answer, status, code):
    """Check an answer as a problem document; none of them is, or holds, a permit."""
    document = answer.json()
    assert (answer.status, document["status"], document["code"]) == (status, status, code), document
    assert document.keys() >= PROBLEM_MEMBERS
    assert document["type"] == f"urn:licet:error:{code}"
    assert document["detail"]
    assert document["mend"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert b"PERMIT" not in answer.body
    return document


def claim_body(receipt, **more):
    return json.dumps({"permit": receipt, "effect": effect(), **more}).encode()


def headers(key, *more):
    return [("authorization", f"Bearer {key}"), ("content-type", JSON), *more]
