"""Calls over HTTP that are wrong, each with what it must be answered."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from licet import embedded
from licet.cli.remote import Exchanged, Remote
from support.command_line import REQUEST, Served, licet, parameters

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A refusal as its reader sees it."""

    status: int
    code: str
    mend: str


class Door:
    """HTTP calls to a served authority."""

    def __init__(self, authority: Served) -> None:
        self.authority = authority

    def post(
        self, path: str, body: object, *, holder: str | None = "owner", headers: Mapping[str, str] = JSON
    ) -> Exchanged:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        key = None if holder is None else self.authority.token(holder)
        return Remote(self.authority.socket, token=key).exchange("POST", path, sent, headers)

    def get(self, path: str) -> Exchanged:
        return Remote(self.authority.socket, token=self.authority.token()).exchange("GET", path, b"", {})

    def permit(self, key: str, surface: str = "payments.transfer", **changes: object) -> str:
        request = {**REQUEST, "surface": surface, "idempotency_key": key, **changes}
        answer = json.loads(self.post("/v1/decisions", request).body)
        assert answer["outcome"] == "PERMIT", answer
        return str(answer["receipt"])

    def claim(self, permit: str, *, holder: str = "executor", **effect: object) -> Exchanged:
        usual = {name: REQUEST[name] for name in ("surface", "action", "target", "parameters")}
        return self.post(
            "/v1/permits/claim", {"permit": permit, "effect": {**usual, **effect}}, holder=holder
        )


def asked(**changes: object) -> Callable[[Door], Exchanged]:
    return lambda door: door.post("/v1/decisions", {**REQUEST, **changes})


def sent(body: bytes) -> Callable[[Door], Exchanged]:
    return lambda door: door.post("/v1/decisions", body)


def without(name: str) -> dict[str, object]:
    return {member: value for member, value in REQUEST.items() if member != name}


def replayed(door: Door) -> Exchanged:
    permit = door.permit("replayed")
    assert door.claim(permit).status == 200
    return door.claim(permit)


def expired(door: Door) -> Exchanged:
    effect = {"surface": "payments.slow", "parameters": {"amount_minor": 1}}
    permit = door.permit("expired", "payments.slow", parameters={"amount_minor": 1})
    time.sleep(2.1)  # its second, and the rest of the one it was given in
    return door.claim(permit, **effect)


def foreign(door: Door) -> Exchanged:
    with tempfile.TemporaryDirectory(prefix="licet-t-") as folder:
        assert licet("init", f"{folder}/home", "--template", "minimal").code == 0
        with embedded.open(f"{folder}/home") as other:
            answer = other.exchange("POST", "/v1/decisions", json.dumps(REQUEST).encode(), JSON)
    return door.claim(json.loads(answer.body)["receipt"])


def of_another_executor(door: Door) -> Exchanged:
    permit = door.permit("other", "infra.apply", parameters={"amount_minor": 1})
    return door.claim(permit, surface="infra.apply", parameters={"amount_minor": 1})


def conflicting(door: Door) -> Exchanged:
    door.permit("conflict")
    return asked(idempotency_key="conflict", parameters=parameters(amount_minor=4001))(door)


HTTP: dict[str, tuple[Callable[[Door], Exchanged], Told]] = {
    "no JSON": (sent(b"pay acme"), Told(status=400, code="malformed", mend="send JSON")),
    "a float": (
        sent(json.dumps({**REQUEST, "parameters": {"amount": 40.5}}).encode()),
        Told(status=400, code="malformed", mend="send minor units or a string"),
    ),
    "an integer beyond 2^53": (
        asked(parameters=parameters(amount_minor=2**53)),
        Told(status=400, code="malformed", mend="send it as a string of digits"),
    ),
    "a member twice": (
        sent(json.dumps(REQUEST).replace('{"surface"', '{"surface":"a","surface"', 1).encode()),
        Told(status=400, code="malformed", mend="send each member once"),
    ),
    "a member is missing": (
        lambda door: door.post("/v1/decisions", without("actor")),
        Told(status=400, code="malformed", mend="add `actor`"),
    ),
    "a member is misspelt": (
        asked(parametres={}),
        Told(status=400, code="malformed", mend="did you mean `parameters`?"),
    ),
    "a number where a string belongs": (
        asked(action=7),
        Told(status=400, code="malformed", mend="send a string"),
    ),
    "an array": (sent(b"[]"), Told(status=400, code="malformed", mend="send an object")),
    "a byte order mark": (
        sent(b"\xef\xbb\xbf{}"),
        Told(status=400, code="malformed", mend="send plain UTF-8"),
    ),
    "too large": (
        sent(b" " * 70_000),
        Told(
            status=413,
            code="too_large",
            mend="keep it to 65536 bytes; large values enter as a digest",
        ),
    ),
    "another content type": (
        lambda door: door.post("/v1/decisions", REQUEST, headers={"Content-Type": "text/plain"}),
        Told(status=415, code="wrong_content_type", mend="send `Content-Type: application/json`"),
    ),
    "nobody": (
        lambda door: door.post("/v1/decisions", REQUEST, holder=None),
        Told(
            status=401,
            code="unauthenticated",
            mend="send `Authorization: Bearer <key>`; see data/owner.token",
        ),
    ),
    "an executor that asks": (
        lambda door: door.post("/v1/decisions", REQUEST, holder="executor"),
        Told(status=403, code="not_allowed", mend="use a key whose roles include `caller`"),
    ),
    "a permit of another authority": (
        foreign,
        Told(
            status=403,
            code="permit_invalid",
            mend="claim it where it was issued, not at `example.com/bad`",
        ),
    ),
    "a permit for another executor": (
        of_another_executor,
        Told(status=403, code="wrong_audience", mend="claim with the key of `infra-executor`"),
    ),
    "a permit used twice": (
        replayed,
        Told(
            status=409,
            code="already_claimed",
            mend="ask for a new decision with a new idempotency key; a permit works once",
        ),
    ),
    "a permit for another effect": (
        lambda door: door.claim(door.permit("swapped"), parameters=parameters(payee="mallory")),
        Told(
            status=409,
            code="effect_mismatch",
            mend="run exactly the surface, action, target and parameters that were permitted",
        ),
    ),
    "a permit that expired": (
        expired,
        Told(
            status=410,
            code="permit_expired",
            mend="ask for a new decision with a new idempotency key, and claim it within its lifetime",
        ),
    ),
    "a key used for something else": (
        conflicting,
        Told(
            status=409,
            code="idempotency_conflict",
            mend="send a new idempotency key for a new request, the same bytes for a retry",
        ),
    ),
    "a receipt that is not there": (
        lambda door: door.get("/v1/receipts/01930c5a-0000-7000-8000-000000000000"),
        Told(status=404, code="not_found", mend="list them with `licet receipt list`"),
    ),
    "a path that is not there": (
        lambda door: door.get("/v2/decisions"),
        Told(status=404, code="not_found", mend="see the table of routes in docs/reference/http.md"),
    ),
    "a method that is not there": (
        lambda door: door.get("/v1/decisions"),
        Told(status=405, code="method_not_allowed", mend="use POST"),
    ),
}
