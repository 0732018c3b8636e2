"""Sixteen processes at once over the real service: one key, one receipt; one permit, one claim (I3, I4)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from support.served import Served, fresh_home
from support.world import effect, payment

RACERS = 16
ROUNDS = 150
SOAK_ROUNDS = int(os.environ.get("RACE_ROUNDS", "4000"))
RACER = Path(__file__).parent / "racer.py"


class Field:
    """Sixteen racers over one served authority, half of them on each door."""

    def __init__(self, served):
        self.owner = served.client()
        key = served.home.owner_token.read_text().strip()
        self._racers = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-S",
                    str(RACER),
                    f"127.0.0.1:{served.port}" if number % 2 else str(served.socket),
                    key,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(RACERS)
        ]

    def race(self, path, bodies):
        """Send ``bodies`` at once, one to each racer; statuses and bodies in their order."""
        for racer, body in zip(self._racers, bodies, strict=True):
            racer.stdin.write(f"{path} {body.decode()}\n")
        for racer in self._racers:
            racer.stdin.flush()
        answers = [json.loads(racer.stdout.readline()) for racer in self._racers]
        return [(answer["status"], answer["body"]) for answer in answers]

    def close(self):
        for racer in self._racers:
            racer.stdin.close()
        for racer in self._racers:
            racer.wait(10)
            racer.stdout.close()


@pytest.fixture(scope="module")
def served():
    with fresh_home() as home, Served(home) as served:
        yield served


@pytest.fixture(scope="module")
def field(served):
    field = Field(served)
    yield field
    field.close()


def size(field):
    return field.owner("GET", "/version").json()["size"]


def one_key(field, rounds, tag):
    before = size(field)
    for number in range(rounds):
        answers = field.race("/v1/decisions", [payment(f"{tag}-{number}")] * RACERS)
        assert {status for status, _ in answers} == {200}
        assert len({body for _, body in answers}) == 1
    assert size(field) == before + rounds


def one_permit(field, rounds, tag):
    for number in range(rounds):
        decided = field.owner("POST", "/v1/decisions", payment(f"{tag}-{number}")).json()
        before = size(field)
        body = json.dumps({"permit": decided["receipt"], "effect": effect()}).encode()
        answers = field.race("/v1/permits/claim", [body] * RACERS)
        assert Counter(status for status, _ in answers) == {200: 1, 409: RACERS - 1}
        assert {json.loads(body)["code"] for status, body in answers if status == 409} == {"already_claimed"}
        assert size(field) == before + 1


def mixed(field, rounds, tag):
    """Two requests under one key: whichever came first is the answer, and the other is told so."""
    winners = Counter()
    for number in range(rounds):
        bodies = [payment(f"{tag}-{number}", amount=4_000 + racer % 2) for racer in range(RACERS)]
        answers = field.race("/v1/decisions", bodies)
        won = {racer % 2 for racer, (status, _) in enumerate(answers) if status == 200}
        assert len(won) == 1
        (winner,) = won
        winners[winner] += 1
        assert len({body for status, body in answers if status == 200}) == 1
        for racer, (status, body) in enumerate(answers):
            assert (status == 200) == (racer % 2 == winner)
            assert status == 200 or (status, json.loads(body)["code"]) == (409, "idempotency_conflict")
    return winners


def claim_with_retries(field, rounds, tag):
    """Each racer claims with an id of its own and asks again: the winner gets its first answer back."""
    for number in range(rounds):
        decided = field.owner("POST", "/v1/decisions", payment(f"{tag}-{number}")).json()
        bodies = [
            json.dumps({"permit": decided["receipt"], "effect": effect(), "claim_id": f"c-{racer}"}).encode()
            for racer in range(RACERS)
        ]
        first, again = (field.race("/v1/permits/claim", bodies) for _ in range(2))
        assert [status for status, _ in first].count(200) == 1
        assert first == again


def test_i03_one_key_gets_one_receipt(field):
    one_key(field, ROUNDS, f"one-{time.time_ns()}")


def test_i03_two_requests_under_one_key_have_one_winner(field):
    assert sum(mixed(field, ROUNDS, f"mixed-{time.time_ns()}").values()) == ROUNDS


def test_i04_one_permit_is_claimed_once(field):
    one_permit(field, ROUNDS, f"claim-{time.time_ns()}")


def test_i04_a_claim_that_is_asked_for_again_gets_its_own_answer(field):
    claim_with_retries(field, ROUNDS // 2, f"retry-{time.time_ns()}")


def test_after_all_races_the_log_is_whole(field):
    assert field.owner("GET", "/v1/log/verify").json()["problems"] == []


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("race", [one_key, mixed, one_permit, claim_with_retries])
def test_i03_i04_for_long(field, race):
    race(field, SOAK_ROUNDS, f"soak-{race.__name__}-{time.time_ns()}")
    assert field.owner("GET", "/v1/log/verify").json()["problems"] == []
