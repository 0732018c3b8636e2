"""Freezes, revocations and open permits over the service: who may, what is answered, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from licet.authority.callers import OWNER, Role
from licet.receipt.read import read_receipt
from service.conftest import BOT
from support.asgi import Caller
from support.stops import SCOPES
from support.world import effect, payment

NOWHERE = "01900000-0000-7000-8000-000000000000"
OPERATOR = replace(OWNER, roles=frozenset({Role.OPERATOR}), audience=None)
AUDITOR = replace(OWNER, roles=frozenset({Role.AUDITOR}), audience=None)


@pytest.fixture
def operator(app, key_of):
    return Caller(app, key_of(OPERATOR))


def sent(caller, path, **document):
    return caller("POST", path, json.dumps(document).encode())


def claim(executor, decided):
    answer = sent(executor, "/v1/permits/claim", permit=decided["receipt"], effect=effect())
    return answer.status, answer.json().get("code")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_freeze_is_set_listed_and_lifted(owner, executor, operator, scope):
    decided = owner("POST", "/v1/decisions", payment()).json()
    set_ = sent(operator, "/v1/freezes", scope=SCOPES[scope], reason="odd payees").json()

    assert set_.keys() == {"freeze", "receipt_id", "index"}
    assert read_receipt(set_["freeze"]).reason == "odd payees"
    (listed,) = operator("GET", "/v1/freezes").json()["freezes"]
    assert listed == {
        "id": set_["receipt_id"],
        "index": set_["index"],
        "tenant": "main",
        "scope": SCOPES[scope],
        "reason": "odd payees",
        "by": {"type": "human", "id": "owner"},
        "set": read_receipt(set_["freeze"]).stamp.issued_s,
        "lifted_index": None,
    }
    assert owner("POST", "/v1/decisions", payment("k-2")).json()["reason"] == "frozen"
    assert claim(executor, decided) == (403, "frozen")
    lifted = sent(operator, f"/v1/freezes/{set_['receipt_id']}/lift", reason="a test").json()
    assert read_receipt(lifted["freeze"]).of == set_["receipt_id"]
    assert operator("GET", "/v1/freezes").json() == {"freezes": [], "next": None}
    (kept,) = operator("GET", "/v1/freezes", query=b"state=all").json()["freezes"]
    assert kept["lifted_index"] == lifted["index"]
    again = sent(operator, f"/v1/freezes/{set_['receipt_id']}/lift", reason="a test")
    assert (again.status, again.json()["code"]) == (409, "already_lifted")
    assert claim(executor, decided) == (200, None)


def test_the_same_freeze_again_is_the_same_answer(operator):
    first = sent(operator, "/v1/freezes", scope={"all": True}, reason="one")

    assert sent(operator, "/v1/freezes", scope={"all": True}, reason="two").body == first.body


def test_a_permit_is_revoked_and_shown_so(owner, executor, operator):
    decided = owner("POST", "/v1/decisions", payment()).json()
    path = f"/v1/permits/{decided['receipt_id']}/revoke"
    revoked = sent(operator, path, reason="wrong payee")

    assert revoked.json().keys() == {"revocation", "receipt_id", "index"}
    assert sent(operator, path, reason="again").body == revoked.body
    assert claim(executor, decided) == (410, "permit_revoked")
    shown = owner("GET", f"/v1/receipts/{decided['receipt_id']}").json()
    assert shown["permit"]["revoked_index"] == revoked.json()["index"]
    used = owner("POST", "/v1/decisions", payment("k-2")).json()
    assert claim(executor, used) == (200, None)
    late = sent(operator, f"/v1/permits/{used['receipt_id']}/revoke", reason="too late")
    assert (late.status, late.json()["code"]) == (409, "already_claimed")


def test_what_is_open_is_listed_page_by_page(owner, executor, operator, world):
    one, two, three = (owner("POST", "/v1/decisions", payment(f"k-{n}")).json() for n in range(3))
    assert claim(executor, one) == (200, None)
    assert claim(executor, two) == (200, None)
    sent(executor, "/v1/permits/complete", receipt_id=two["receipt_id"], status="executed")

    page = operator("GET", "/v1/permits", query=b"state=open&limit=1").json()
    rest = operator("GET", "/v1/permits", query=f"state=open&before={page['next']}".encode()).json()

    assert [row["receipt_id"] for row in page["permits"]] == [three["receipt_id"]]
    assert [row["receipt_id"] for row in rest["permits"]] == [one["receipt_id"]]
    assert (page["permits"][0]["claimed"], rest["next"]) == (None, None)
    assert rest["permits"][0]["surface"] == "payments.transfer"
    assert rest["permits"][0]["actor"] == "agent/finance-bot"
    world.clock.pass_ms(61_000)
    assert [
        row["receipt_id"] for row in operator("GET", "/v1/permits", query=b"state=open").json()["permits"]
    ] == [one["receipt_id"]]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/permits", b"state=all"),
        ("/v1/permits", b"state=open&kind=claim"),
        ("/v1/permits", b"state=open&limit=1001"),
        ("/v1/freezes", b"state=open"),
        ("/v1/freezes", b"before=x"),
        ("/v1/freezes", b"limit=1001"),
        ("/v1/freezes", b"surface=a"),
    ],
)
def test_a_query_that_means_nothing_is_refused(operator, path, query):
    answer = operator("GET", path, query=query)

    assert (answer.status, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    ("path", "document", "code"),
    [
        ("/v1/freezes", {"scope": {"all": True}}, "malformed"),
        ("/v1/freezes", {"reason": "x"}, "malformed"),
        ("/v1/freezes", {"scope": {"all": True, "tenant": True}, "reason": "x"}, "malformed"),
        ("/v1/freezes", {"scope": {"surface": "No Name"}, "reason": "x"}, "malformed"),
        (f"/v1/freezes/{NOWHERE}/lift", {"reason": ""}, "malformed"),
        (f"/v1/freezes/{NOWHERE}/lift", {"reason": "x"}, "not_found"),
        ("/v1/freezes/x/lift", {"reason": "x"}, "not_found"),
        (f"/v1/permits/{NOWHERE}/revoke", {"reason": "x"}, "not_found"),
        (f"/v1/permits/{NOWHERE}/revoke", {}, "malformed"),
        ("/v1/permits/x/revoke", {"reason": "x"}, "not_found"),
    ],
)
def test_what_stops_nothing_is_refused(operator, world, path, document, code):
    size = world.store.head().size

    assert sent(operator, path, **document).json()["code"] == code
    assert world.store.head().size == size


def test_roles_are_kept_apart(app, key_of, owner, operator, executor):
    decided = owner("POST", "/v1/decisions", payment()).json()
    auditor, bot = Caller(app, key_of(AUDITOR)), Caller(app, key_of(BOT))
    posts = {
        "/v1/freezes": {"scope": {"all": True}, "reason": "x"},
        f"/v1/freezes/{NOWHERE}/lift": {"reason": "x"},
        f"/v1/permits/{decided['receipt_id']}/revoke": {"reason": "x"},
    }

    for caller in (auditor, bot, executor):
        for path, document in posts.items():
            assert sent(caller, path, **document).json()["code"] == "not_allowed", path
    for path, query in (("/v1/freezes", b""), ("/v1/permits", b"state=open")):
        assert auditor("GET", path, query=query).status == 200
        assert operator("GET", path, query=query).status == 200
        assert bot("GET", path, query=query).status == 403
        assert executor("GET", path, query=query).status == 403
