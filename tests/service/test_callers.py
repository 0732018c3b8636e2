"""Who may do what over HTTP: keys, roles, audiences, tenants."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from service.conftest import BOT, EXECUTOR, STRANGER
from support.asgi import JSON, Caller, ask
from support.world import effect, payment

ROUTES = (
    ("POST", "/v1/decisions"),
    ("POST", "/v1/permits/claim"),
    ("POST", "/v1/permits/complete"),
    ("GET", "/v1/receipts"),
    ("GET", "/v1/receipts/01900000-0000-7000-8000-000000000000"),
    ("GET", "/v1/receipts/01900000-0000-7000-8000-000000000000/proof"),
    ("GET", "/v1/bundles"),
    ("POST", "/v1/bundles"),
    ("POST", "/v1/bundles/sha256:" + "0" * 64 + "/activate"),
    ("GET", "/v1/log/verify"),
    ("GET", "/v1/permits"),
    ("POST", "/v1/permits/01900000-0000-7000-8000-000000000000/revoke"),
    ("GET", "/v1/freezes"),
    ("POST", "/v1/freezes"),
    ("POST", "/v1/freezes/01900000-0000-7000-8000-000000000000/lift"),
)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic lk_a_b", "lk_a_b", "Bearer x", "Bearer lk_", "Bearer lk_\u00e9_x"],
)
def test_an_unauthenticated_caller_reaches_nothing(app, world, header):
    sent = [("content-type", JSON)] + ([] if header is None else [("authorization", header)])
    for method, path in ROUTES:
        answer = asyncio.run(ask(app, method, path, chunks=(payment(),), headers=sent))

        assert (answer.status, answer.json()["code"]) == (401, "unauthenticated"), (method, path)
        assert answer.headers["www-authenticate"] == 'Bearer realm="licet"'
    assert world.store.head().size == 2


def test_unknown_wrong_revoked_and_expired_keys_hear_the_same(app, world, key_of):
    good = world.owner.reveal()
    name, secret = good.rsplit("_", 1)
    soon = world.clock.now_ms // 1000 + 10
    expiring = key_of(BOT, expires_s=soon)
    assert Caller(app, expiring)("POST", "/v1/decisions", payment()).status == 200
    world.clock.pass_ms(10_000)
    keys = {
        "unknown": "lk_0123456789abcdef_" + "A" * 43,
        "another secret": f"{name}_{'A' * 43}",
        "one letter less": good[:-1],
        "one letter more": f"{name}_{secret}A",
        "revoked": key_of(BOT, revoked=True),
        "expired": expiring,
    }

    answers = {why: Caller(app, key)("POST", "/v1/decisions", payment("k-2")) for why, key in keys.items()}

    assert {why: answer.status for why, answer in answers.items()} == dict.fromkeys(keys, 401)
    assert len({answer.body for answer in answers.values()}) == 1


def test_an_executor_reaches_nothing_but_claim_and_complete(app, world, executor):
    bundle = world.store.bundle(world.store.active().digest)
    bodies = {"/v1/bundles": (bundle.packed, "application/x-tar")}
    for method, path in ROUTES:
        if path in {"/v1/permits/claim", "/v1/permits/complete"}:
            continue
        body, content = bodies.get(path, (payment(), JSON))
        if path.endswith("/activate"):
            body = b'{"statement":"a.b.c"}'
        if path.endswith("/revoke"):
            body = b'{"reason":"x"}'
        if path.startswith("/v1/freezes"):
            body = b'{"scope":{"all":true},"reason":"x"}' if path == "/v1/freezes" else b'{"reason":"x"}'
        answer = executor(method, path, body, content=content)
        assert (answer.status, answer.json()["code"]) == (403, "not_allowed"), (method, path)


def test_an_executor_acts_for_its_own_audience_alone(app, owner, executor, key_of, world):
    decided = owner("POST", "/v1/decisions", payment()).json()
    claim = json.dumps({"permit": decided["receipt"], "effect": effect()}).encode()
    complete = json.dumps({"receipt_id": decided["receipt_id"], "status": "executed"}).encode()
    stranger = Caller(app, key_of(STRANGER))

    assert stranger("POST", "/v1/permits/claim", claim).json()["code"] == "wrong_audience"
    assert executor("POST", "/v1/permits/claim", claim).status == 200
    assert stranger("POST", "/v1/permits/complete", complete).json()["code"] == "wrong_audience"
    assert executor("POST", "/v1/permits/complete", complete).status == 200


def test_a_caller_decides_for_itself_and_reads_its_own(app, owner, key_of):
    bot = Caller(app, key_of(BOT))
    mine = bot("POST", "/v1/decisions", payment()).json()
    other = owner("POST", "/v1/decisions", payment(actor={"type": "agent", "id": "cfo-bot"})).json()
    foreign = bot("POST", "/v1/decisions", payment("k-2", actor={"type": "agent", "id": "cfo-bot"}))

    assert (foreign.status, foreign.json()["pointer"]) == (403, "/actor")
    assert bot("GET", f"/v1/receipts/{mine['receipt_id']}").status == 200
    assert bot("GET", f"/v1/receipts/{mine['receipt_id']}/proof").status == 200
    assert bot("GET", f"/v1/receipts/{other['receipt_id']}").status == 404
    assert bot("GET", f"/v1/receipts/{other['receipt_id']}/proof").status == 404
    assert [row["receipt_id"] for row in bot("GET", "/v1/receipts").json()["receipts"]] == [
        mine["receipt_id"]
    ]
    for method, path in (("GET", "/v1/bundles"), ("GET", "/v1/log/verify"), ("POST", "/v1/permits/claim")):
        body = json.dumps({"permit": mine["receipt"], "effect": effect()}).encode()
        assert bot(method, path, body).status == 403


def test_another_tenants_caller_sees_nothing_of_this_one(app, owner, key_of):
    decided = owner("POST", "/v1/decisions", payment()).json()
    foreign = Caller(
        app, key_of(replace(EXECUTOR, tenant="other", roles=frozenset(EXECUTOR.roles | {"auditor"})))
    )
    body = json.dumps({"permit": decided["receipt"], "effect": effect()}).encode()

    assert foreign("GET", f"/v1/receipts/{decided['receipt_id']}").status == 404
    assert foreign("GET", "/v1/receipts").json()["receipts"] == []
    assert foreign("POST", "/v1/permits/claim", body).json()["code"] == "permit_invalid"


def test_every_refusal_of_a_permit_has_its_own_code(owner, executor, world):
    decided = owner("POST", "/v1/decisions", payment()).json()

    def claim(receipt=decided["receipt"], **more):
        document = {"permit": receipt, "effect": effect(), **more}
        answer = executor("POST", "/v1/permits/claim", json.dumps(document).encode())
        return answer.status, answer.json().get("code")

    def complete(receipt_id=decided["receipt_id"], status="executed"):
        body = json.dumps({"receipt_id": receipt_id, "status": status}).encode()
        answer = executor("POST", "/v1/permits/complete", body)
        return answer.status, answer.json().get("code")

    assert complete() == (409, "not_claimed")
    assert claim(effect=effect(amount=5_000)) == (409, "effect_mismatch")
    assert claim(decided["receipt"][:-4] + "AAAA") == (403, "permit_invalid")
    assert claim("x.y.z") == (403, "permit_invalid")
    assert claim() == (200, None)
    assert claim() == (409, "already_claimed")
    assert complete() == (200, None)
    assert complete(status="failed") == (409, "already_completed")
    assert complete("01900000-0000-7000-8000-000000000000") == (404, "not_found")
    late = owner("POST", "/v1/decisions", payment("k-2")).json()
    world.clock.pass_ms(61_000)
    assert claim(late["receipt"]) == (410, "permit_expired")
    assert owner("POST", "/v1/decisions", payment(amount=4_001)).status == 409
