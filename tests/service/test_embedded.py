"""An embedded home answers as the service does: the same routes, the same refusals, without a socket."""

from __future__ import annotations

import asyncio
import json

import pytest

from licet import embedded
from licet.service.app import App
from licet.wiring.founding import found_home
from support.asgi import JSON, ask
from support.world import effect, payment, starter

SENT = {"content-type": JSON}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    root = tmp_path_factory.mktemp("embedded") / "home"
    found_home(root, template=starter(), origin="embedded.example/licet/main")
    with embedded.open(root) as home:
        yield home


@pytest.fixture(scope="module")
def over_http(home):
    """The same authority behind the ASGI application, asked with the owner's key."""
    key = home._running.home.owner_token.read_text().strip()
    app = App(home._routes)

    def sent(method, target, body, headers):
        path, _, query = target.partition("?")
        named = [("authorization", f"Bearer {key}"), *headers.items()]
        return asyncio.run(ask(app, method, path, chunks=(body,), headers=named, query=query.encode()))

    return sent


@pytest.mark.parametrize(
    "asked",
    [
        ("GET", "/nowhere", b"", {}),
        ("PUT", "/v1/bundles", b"", {}),
        ("GET", "/v1/receipts?limit=2", b"", {}),
        ("GET", "/v1/receipts?limit=1&limit=2", b"", {}),
        ("GET", "/v1/receipts?limit", b"", {}),
        ("GET", "/v1/receipts?surface=payments%2Etransfer", b"", {}),
        ("GET", "/v1/receipts/none", b"", {}),
        ("GET", "/v1/bundles", b"", {}),
        ("GET", "/log/checkpoint", b"", {}),
        ("GET", "/log/tile/0/001", b"", {}),
        ("GET", "/.well-known/licet", b"", {}),
        ("POST", "/v1/decisions", payment("parity"), SENT),
        ("POST", "/v1/decisions", payment("parity", amount=4_001), SENT),
        ("POST", "/v1/decisions", payment("parity"), {}),
        ("POST", "/v1/decisions", b"{", SENT),
        ("POST", "/v1/decisions", b" " * 70_000, SENT),
        ("POST", "/v1/decisions", payment("late"), {**SENT, "licet-deadline-ms": "0"}),
        ("POST", "/v1/decisions", payment("late"), {**SENT, "licet-deadline-ms": "x"}),
        ("POST", "/v1/permits/claim", json.dumps({"permit": "a.b.c", "effect": effect()}).encode(), SENT),
    ],
)
def test_both_doors_answer_alike(home, over_http, asked):
    inside, outside = home.exchange(*asked), over_http(*asked)

    if inside.status == outside.status == 413:  # what was sent is told in other words
        assert json.loads(inside.body)["code"] == json.loads(outside.body)["code"]
    else:
        assert (inside.status, inside.body) == (outside.status, outside.body)
    assert inside.headers["content-type"] == outside.headers["content-type"]


def test_header_names_are_read_in_any_case(home):
    assert home.exchange("POST", "/v1/decisions", payment("case"), {"Content-Type": JSON}).status == 200


def test_a_closed_home_answers_nothing_and_closing_twice_is_harmless(tmp_path):
    found_home(tmp_path / "home", template=starter(), origin="closed.example/licet/main")
    home = embedded.open(tmp_path / "home")
    home.close()
    home.close()

    answer = home.exchange("POST", "/v1/decisions", payment(), SENT)
    assert answer.status >= 500
    assert b"PERMIT" not in answer.body
