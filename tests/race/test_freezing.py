"""Sixteen processes against one freeze: before its answer at most one claim, after it none (I4)."""

from __future__ import annotations

import json
import threading
import time

import pytest

from race.test_races import RACERS, Field
from support.served import Served, fresh_home
from support.stops import SCOPES
from support.world import effect, payment

ROUNDS = 40


@pytest.fixture(scope="module")
def field():
    with fresh_home() as home, Served(home) as served:
        field = Field(served)
        yield field
        field.close()


def asked(field, path, document):
    answer = field.owner("POST", path, json.dumps(document))
    assert answer.status == 200, answer.body
    return answer.json()


def claims_of(permit):
    body = {"permit": permit, "effect": effect()}
    return [json.dumps(body | {"claim_id": f"racer-{number}"}).encode() for number in range(RACERS)]


def frozen_after(field, delay_s, scope):
    """A freeze on its way, from a thread of its own; join it, then read ``answer``."""
    thread = threading.Thread(target=lambda: thread.__dict__.update(answer=_freeze(field, delay_s, scope)))
    thread.start()
    return thread


def _freeze(field, delay_s, scope):
    time.sleep(delay_s)
    return asked(field, "/v1/freezes", {"scope": scope, "reason": "a race"})


def test_i04_no_claim_of_sixteen_processes_succeeds_after_a_freeze_was_answered(field):
    outcomes = set()
    for round_ in range(ROUNDS):
        scope = list(SCOPES.values())[round_ % len(SCOPES)]
        decided = asked(field, "/v1/decisions", json.loads(payment(f"claimed-{round_}")))
        claims = claims_of(decided["receipt"])

        freezing = frozen_after(field, round_ % 10 * 0.001, scope)
        early = field.race("/v1/permits/claim", claims)
        freezing.join()
        late = field.race("/v1/permits/claim", [body.replace(b"racer-", b"late-") for body in claims])

        won = [json.loads(body) for status, body in early if status == 200]
        refused = {json.loads(body)["code"] for status, body in [*early, *late] if status != 200}
        outcomes |= refused
        assert len(won) <= 1
        assert all(claim["index"] < freezing.answer["index"] for claim in won)
        assert [status for status, _ in late if status == 200] == []
        assert refused <= {"frozen", "already_claimed"}
        lift = f"/v1/freezes/{freezing.answer['receipt_id']}/lift"
        asked(field, lift, {"reason": "the race is over"})
    assert outcomes == {"frozen", "already_claimed"}, "the race was never close"
    assert field.owner("GET", "/v1/log/verify").json()["problems"] == []


def test_no_decision_of_sixteen_processes_is_a_permit_after_a_freeze_was_answered(field):
    for round_ in range(ROUNDS // 4):
        before = [payment(f"early-{round_}-{number}") for number in range(RACERS)]
        after = [payment(f"late-{round_}-{number}") for number in range(RACERS)]

        freezing = frozen_after(field, round_ % 5 * 0.001, SCOPES["actor"])
        early = [json.loads(body) for _, body in field.race("/v1/decisions", before)]
        freezing.join()
        late = [json.loads(body) for _, body in field.race("/v1/decisions", after)]

        for answer in early:
            permitted = answer["log"]["index"] < freezing.answer["index"]
            assert answer["reason"] == ("permitted" if permitted else "frozen")
        assert {answer["reason"] for answer in late} == {"frozen"}
        lift = f"/v1/freezes/{freezing.answer['receipt_id']}/lift"
        asked(field, lift, {"reason": "the race is over"})
    assert field.owner("GET", "/v1/log/verify").json()["problems"] == []
