"""Every route over bare ASGI: what works, what is refused, and what each header means."""

from __future__ import annotations

import asyncio
import json

import pytest

from licet.protocol import limits
from licet.service import app as rim
from service.problems import claim_body, headers, problem_of
from support.asgi import ask
from support.world import payment

# --- what works -----------------------------------------------------------------------------------


def test_a_permit_lives_through_every_route(owner, executor, world):
    decided = owner("POST", "/v1/decisions", payment()).json()
    assert decided["outcome"] == "PERMIT"
    claimed = executor("POST", "/v1/permits/claim", claim_body(decided["receipt"], claim_id="c-1")).json()
    done = json.dumps({"receipt_id": decided["receipt_id"], "status": "executed"}).encode()
    completed = executor("POST", "/v1/permits/complete", done).json()
    assert (claimed["index"], completed["index"]) == (
        decided["log"]["index"] + 1,
        decided["log"]["index"] + 2,
    )

    place = f"/v1/receipts/{decided['receipt_id']}"
    shown = owner("GET", place).json()
    assert shown["receipt"] == decided["receipt"]
    assert shown["detail"]["request"]["parameters"]["payee"] == "acme"
    assert (shown["permit"]["claim_index"], shown["permit"]["completion"]) == (claimed["index"], "executed")
    proof = owner("GET", f"{place}/proof")
    assert proof.status == 200
    assert proof.body.startswith(b"c2sp.org/tlog-proof@v1\n")
    found = owner("GET", "/v1/receipts", query=b"kind=decision&limit=5").json()
    assert [row["receipt_id"] for row in found["receipts"]] == [decided["receipt_id"]]
    assert owner("GET", "/v1/log/verify").json()["checked"] == world.store.head().size


def test_a_denial_is_no_error_of_the_caller(owner):
    denied = owner("POST", "/v1/decisions", payment(amount=400_000))

    assert denied.status == 200
    assert denied.json()["outcome"] == "DENY"


def test_a_bundle_is_staged_and_listed(owner, world):
    bundle = world.store.bundle(world.store.active().digest)
    staged = owner("POST", "/v1/bundles", bundle.packed, content="application/x-tar").json()
    listed = owner("GET", "/v1/bundles").json()

    assert staged["digest"] == listed["active"]["digest"] == bundle.digest
    assert staged["tests"]["failed"] == 0


def test_what_anybody_may_read_needs_no_key(app, world):
    for path in (
        "/livez",
        "/readyz",
        "/version",
        "/log/checkpoint",
        "/.well-known/licet",
        "/.well-known/jwks.json",
        f"/log/tile/0/000.p/{world.store.head().size}",
        f"/log/tile/entries/000.p/{world.store.head().size}",
    ):
        assert asyncio.run(ask(app, "GET", path)).status == 200, path

    version = asyncio.run(ask(app, "GET", "/version")).json()
    assert (version["origin"], version["size"]) == (world.authority.origin, world.store.head().size)


def test_a_tile_that_is_not_there_yet_is_404_and_not_cached(app, world):
    for path in (
        "/log/tile/0/001",
        "/log/tile/0/000.p/200",
        "/log/tile/9/000",
        "/log/tile/0/x",
        "/log/tile/",
    ):
        answer = asyncio.run(ask(app, "GET", path))
        problem_of(answer, 404, "not_found")
    full = asyncio.run(ask(app, "GET", f"/log/tile/0/000.p/{world.store.head().size}"))
    assert "immutable" in full.headers["cache-control"]


def test_readyz_says_which_check_fails(app, world):
    assert asyncio.run(ask(app, "GET", "/readyz")).json()["ready"] is True
    world.clock.now_ms -= 5_000

    answer = asyncio.run(ask(app, "GET", "/readyz"))
    assert answer.status == 503
    assert [check["name"] for check in answer.json()["checks"] if not check["ok"]] == ["clock"]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("POST", "/v1/decisions/", 404, "not_found"),
        ("POST", "/V1/decisions", 404, "not_found"),
        ("GET", "/v1/receipts/x/y", 404, "not_found"),
        ("GET", "/v1/decisions", 405, "method_not_allowed"),
        ("DELETE", "/v1/receipts/0", 405, "method_not_allowed"),
        ("PUT", "/v1/bundles", 405, "method_not_allowed"),
        ("POST", "/livez", 405, "method_not_allowed"),
        ("HEAD", "/log/checkpoint", 405, "method_not_allowed"),
        ("POST", "/log/tile/0/000", 405, "method_not_allowed"),
        ("GET", "/v1/receipts/none", 404, "not_found"),
        ("GET", "/v1/receipts/01900000-0000-7000-8000-000000000000", 404, "not_found"),
        ("GET", "/v1/receipts/01900000-0000-7000-8000-000000000000/proof", 404, "not_found"),
        ("POST", "/v1/bundles/nothing/activate", 400, "malformed"),
    ],
)
def test_a_path_or_method_that_is_not_there_is_refused(owner, method, path, status, code):
    problem_of(owner(method, path, b'{"statement":"a.b.c"}'), status, code)


def test_a_wrong_method_hears_the_right_one(owner):
    assert owner("DELETE", "/v1/bundles").headers["allow"] == "GET, POST"
    assert owner("POST", "/readyz").headers["allow"] == "GET"


@pytest.mark.parametrize(
    "path", ["/v1/decisions", "/v1/permits/claim", "/v1/permits/complete", "/v1/bundles"]
)
@pytest.mark.parametrize("content", ["text/plain", "", "application/jsonp", "text/json; x=application/json"])
def test_a_wrong_content_type_is_refused(owner, path, content):
    problem_of(owner("POST", path, payment(), content=content), 415, "wrong_content_type")


def test_a_content_type_may_carry_parameters_and_capitals(owner):
    assert owner("POST", "/v1/decisions", payment(), content="Application/JSON; charset=utf-8").status == 200


@pytest.mark.parametrize(
    "name", ["authorization", "content-type", "licet-deadline-ms", "traceparent", "host", "licet-permit"]
)
def test_a_header_that_decides_something_stands_once(app, world, name):
    first = dict(headers(world.owner.reveal())).get(name, "1")
    twice = [*headers(world.owner.reveal()), (name, first), (name, first)]

    problem_of(
        asyncio.run(ask(app, "POST", "/v1/decisions", chunks=(payment(),), headers=twice)), 400, "malformed"
    )
    assert world.store.head().size == 2


def test_a_body_over_the_limit_is_refused_before_its_end(app, world):
    read = []

    class Endless(list):
        def pop(self, _):
            assert len(read) < 1_000, "nobody stops reading"
            read.append(4_096)
            return b" " * 4_096

        def __bool__(self):
            return True

    async def run():
        return await ask(app, "POST", "/v1/decisions", chunks=(), headers=headers("x"), endless=Endless())

    problem_of(asyncio.run(run()), 413, "too_large")
    assert sum(read) <= limits.BODY_BYTES_MAX + 4_096


def test_a_body_of_exactly_the_limit_is_read(owner):
    padded = payment() + b" " * (limits.BODY_BYTES_MAX - len(payment()))

    assert owner("POST", "/v1/decisions", padded).status == 200
    problem_of(owner("POST", "/v1/decisions", padded + b" "), 413, "too_large")


def test_a_claim_may_be_as_large_as_the_request_it_claims(owner, executor):
    decided = owner("POST", "/v1/decisions", payment()).json()
    body = claim_body(decided["receipt"])

    padded = body + b" " * (limits.CLAIM_BYTES_MAX - len(body))
    assert executor("POST", "/v1/permits/claim", padded).status == 200
    problem_of(executor("POST", "/v1/permits/claim", padded + b" "), 413, "too_large")


def test_a_body_may_come_in_any_pieces(app, world):
    body = payment()
    pieces = [body[at : at + 1] for at in range(len(body))]

    answer = asyncio.run(
        ask(app, "POST", "/v1/decisions", chunks=pieces, headers=headers(world.owner.reveal()))
    )
    assert answer.json()["outcome"] == "PERMIT"


def test_hanging_up_inside_the_body_records_nothing(app, world):
    answer = asyncio.run(
        ask(
            app,
            "POST",
            "/v1/decisions",
            chunks=(payment()[:40],),
            headers=headers(world.owner.reveal()),
            ends="http.disconnect",
        )
    )

    problem_of(answer, 400, "malformed")
    assert world.store.head().size == 2


def test_a_body_that_trickles_is_cut_off(app, world, monkeypatch):
    monkeypatch.setattr(rim, "BODY_WAIT_S", 0.05)

    async def run():
        sent = []

        async def receive():
            await asyncio.sleep(10)

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/decisions",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers(world.owner.reveal())],
        }
        await app(scope, receive, send)
        return sent

    assert asyncio.run(run())[0]["status"] == 400


@pytest.mark.parametrize(
    "query",
    [
        b"limit",
        b"limit=1&limit=2",
        b"limit=-1",
        b"limit=1001",
        b"limit=9999999999999999999",
        b"limit=%ff",
        b"before=x",
        b"nothing=1",
        b"limit=1;before=2",
        b"\xff=1",
        b"&".join(b"a%d=1" % number for number in range(17)),
    ],
)
def test_a_bad_query_is_refused(owner, query):
    problem_of(owner("GET", "/v1/receipts", query=query), 400, "malformed")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"surface":', b"\xff", payment() + b"x", b"1" * 70]
)
def test_what_is_no_request_is_malformed(owner, world, body):
    problem_of(owner("POST", "/v1/decisions", body), 400, "malformed")
    problem_of(owner("POST", "/v1/permits/claim", body), 400, "malformed")
    problem_of(owner("POST", "/v1/permits/complete", body), 400, "malformed")
    assert world.store.head().size == 2


def test_a_refusal_names_the_place(owner):
    document = problem_of(owner("POST", "/v1/decisions", payment(surprise=1)), 400, "malformed")

    assert document["pointer"] == "/surprise"


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["1", "2000", "60000"])
def test_a_deadline_is_milliseconds_up_to_a_minute(owner, value):
    assert owner("POST", "/v1/decisions", payment(), headers=[("licet-deadline-ms", value)]).status == 200


@pytest.mark.parametrize(
    "value", ["60001", "-1", "+1", "1.5", "1e3", " 5", "", "abc", "0x10", "٣", "9999999"]
)
def test_a_deadline_that_is_no_number_of_milliseconds_is_refused(owner, world, value):
    sent = value.encode("utf-8").decode("latin-1")

    problem_of(
        owner("POST", "/v1/decisions", payment(), headers=[("licet-deadline-ms", sent)]), 400, "malformed"
    )
    assert world.store.head().size == 2


def test_a_deadline_that_has_passed_records_nothing_and_keeps_the_key_free(owner, world):
    late = owner("POST", "/v1/decisions", payment(), headers=[("licet-deadline-ms", "0")])

    problem_of(late, 503, "overloaded")
    assert late.headers["retry-after"]
    assert world.store.head().size == 2
    assert owner("POST", "/v1/decisions", payment()).json()["outcome"] == "PERMIT"


def test_a_trace_is_recorded_as_correlation(owner, world):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    decided = owner(
        "POST", "/v1/decisions", payment(), headers=[("traceparent", f"00-{trace}-00f067aa0ba902b7-01")]
    )

    assert (
        owner("GET", f"/v1/receipts/{decided.json()['receipt_id']}").json()["detail"]["correlation"] == trace
    )


@pytest.mark.parametrize("value", ["", "00-xyz-00f067aa0ba902b7-01", "a" * 5_000])
def test_a_trace_that_is_none_is_not_recorded_and_refuses_nothing(owner, world, value):
    decided = owner("POST", "/v1/decisions", payment(), headers=[("traceparent", value)])

    assert world.store.body(decided.json()["log"]["index"]).correlation is None


def test_a_request_id_is_echoed_on_answers_and_refusals(owner):
    for path in ("/livez", "/nowhere"):
        assert owner("GET", path, headers=[("x-request-id", "r-7")]).headers["x-request-id"] == "r-7"


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b", "a\nb", "\x00", "é", "x" * 129, ""])
def test_a_request_id_that_is_no_printable_line_is_not_echoed(owner, value):
    assert "x-request-id" not in owner("GET", "/livez", headers=[("x-request-id", value)]).headers
