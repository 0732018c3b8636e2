"""A real process over TCP and its unix socket: everything that a caller, executor or auditor does."""

from __future__ import annotations

import json
import socket

import pytest

from licet.protocol.parse import parse_claim_ask
from licet.tlog.checkpoint import parse_checkpoint
from licet.tlog.note import parse_note
from licet.verify.receipt import verify_receipt
from licet.verify.report import Verdict
from licet.verify.trust import parse_trust
from support.world import effect, payment


@pytest.fixture(params=[False, True], ids=["tcp", "unix"])
def unix(request):
    return request.param


@pytest.fixture
def key(request):
    return f"{abs(hash(request.node.nodeid)):x}"


def claim_body(receipt, **more):
    return json.dumps({"permit": receipt, "effect": effect(), **more}).encode()


def test_a_permit_lives_its_whole_life(shared, unix, key):
    owner, executor = shared.client(unix=unix), shared.client("executor", unix=unix)

    decided = owner("POST", "/v1/decisions", payment(key)).json()
    assert decided["outcome"] == "PERMIT"
    parse_claim_ask(claim_body(decided["receipt"]))
    assert executor("POST", "/v1/permits/claim", claim_body(decided["receipt"])).status == 200
    assert (
        executor("POST", "/v1/permits/claim", claim_body(decided["receipt"])).json()["code"]
        == "already_claimed"
    )
    done = json.dumps({"receipt_id": decided["receipt_id"], "status": "executed"})
    assert executor("POST", "/v1/permits/complete", done).status == 200
    assert owner("POST", "/v1/decisions", payment(key)).json() == decided


def test_what_was_served_verifies_offline_with_the_homes_trust(shared, unix, key):
    owner = shared.client(unix=unix)
    decided = owner("POST", "/v1/decisions", payment(key)).json()
    proof = owner("GET", f"/v1/receipts/{decided['receipt_id']}/proof").body.decode()

    report = verify_receipt(
        decided["receipt"],
        trust=parse_trust(shared.home.trust_file.read_bytes()),
        proof=proof,
        at_s=None,
    )

    assert report.verdict is Verdict.VERIFIED


def test_anybody_reads_the_logs_public_face(shared, unix):
    anybody = shared.client("anonymous", unix=unix)
    checkpoint = parse_checkpoint(parse_note(anybody("GET", "/log/checkpoint").body.decode()).text)
    discovery = anybody("GET", "/.well-known/licet").json()
    keys = anybody("GET", "/.well-known/jwks.json").json()["keys"]

    assert (checkpoint.origin, checkpoint.size >= 2) == (discovery["origin"], True)
    assert len(anybody("GET", f"/log/tile/0/000.p/{min(checkpoint.size, 255)}").body) % 32 == 0
    assert anybody("GET", f"/log/tile/entries/000.p/{min(checkpoint.size, 255)}").status == 200
    assert {one["kty"] for one in keys} == {"OKP"}
    assert anybody("GET", "/livez").json() == {"live": True}
    assert anybody("GET", "/readyz").json()["ready"] is True
    assert anybody("POST", "/v1/decisions", payment()).status == 401


def test_nothing_of_the_server_is_told(shared):
    for path in ("/livez", "/nowhere"):
        assert not {"server", "date", "x-powered-by"} & shared.client()("GET", path).headers.keys()


def talk(served, sent, *, shut=False, unix=False):
    """Send bytes as they are; everything that came back until the server closed or was silent."""
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as line:
        line.settimeout(10)
        line.connect(str(served.socket) if unix else ("127.0.0.1", served.port))
        line.sendall(sent)
        if shut:
            line.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while chunk := line.recv(65_536):
                got += chunk
        except (TimeoutError, ConnectionError):
            pass
        return got


def request_of(served, body, *more, last=True):
    key = served.home.owner_token.read_text().strip()
    lines = [
        "POST /v1/decisions HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
        *(["Connection: close"] if last else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_pipelined_requests_are_answered_in_order_each_with_its_own(shared, unix, key):
    bodies = [payment(f"{key}-{number}", amount=4_000 + number) for number in range(8)]
    sent = b"".join(request_of(shared, body, last=body is bodies[-1]) for body in bodies)

    got = talk(shared, sent, unix=unix)

    answers = [json.loads(part.split(b"\r\n\r\n", 1)[1]) for part in got.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    again = [shared.client()("POST", "/v1/decisions", body).json() for body in bodies]
    assert answers == again
    assert len({answer["receipt_id"] for answer in answers}) == 8


def test_garbage_behind_a_request_is_never_taken_for_its_answer(shared, key):
    body = payment(key)
    got = talk(shared, request_of(shared, body, last=False) + b"\x00\x01 garbage\r\n\r\n")

    assert not got.startswith(b"HTTP/1.1 4")
    decided = shared.client()("POST", "/v1/decisions", body)
    assert decided.json()["outcome"] == "PERMIT"


@pytest.mark.parametrize("cut", [1, 30, -20, -1])
def test_half_a_request_and_gone_records_nothing(shared, key, cut):
    body = payment(f"{key}-{cut}")
    before = shared.client()("GET", "/version").json()["size"]

    talk(shared, request_of(shared, body)[:cut], shut=True)

    assert shared.client()("GET", "/version").json()["size"] == before


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"POST /v1/decisions HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /v1/decisions HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_http_gets_a_problem_and_no_more(shared, sent):
    head, _, body = talk(shared, sent).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["code"] == "malformed"


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"x-%d: y\r\n" % number for number in range(80)),
        b"x: " + b"y" * 20_000 + b"\r\n",
        b"x: " + b"y" * 2_000_000,
    ],
    ids=["lines", "bytes", "endless"],
)
def test_a_head_without_bounds_is_cut_off(shared, head):
    got = talk(shared, b"GET /livez HTTP/1.1\r\nhost: a\r\n" + head + b"\r\n")

    assert got == b"" or json.loads(got.partition(b"\r\n\r\n")[2])["code"] == "too_large"
    assert shared.client()("GET", "/livez").status == 200


def test_a_head_that_never_ends_is_closed(shared):
    with socket.create_connection(("127.0.0.1", shared.port), timeout=15) as line:
        line.sendall(b"GET /livez HTTP/1.1\r\nhost:")

        assert line.recv(100) == b""


def test_a_large_upload_in_chunks_is_no_head(shared):
    key = shared.home.owner_token.read_text().strip()
    body = payment("chunked") + b" " * 40_000
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 512]), body[at : at + 512]) for at in range(0, len(body), 512)
    )
    head = (
        "POST /v1/decisions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    assert talk(shared, head.encode() + chunks + b"0\r\n\r\n").startswith(b"HTTP/1.1 200 OK")
