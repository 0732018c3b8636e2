"""The real service loses its disk or its life: what was acknowledged stands, once (I2, I5)."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from licet.receipt.read import read_receipt
from licet.verify.receipt import verify_receipt
from licet.verify.report import Verdict
from licet.verify.trust import parse_trust
from support.served import Served, fresh_home
from support.world import payment

CYCLES = 20
SOAK_CYCLES = int(os.environ.get("KILL_CYCLES", "1000"))
CALLERS = 6
BROKEN_DISK = Path(__file__).parent / "broken_disk.py"


@pytest.fixture
def home():
    with fresh_home() as home:
        yield home


class Load:
    """Callers that decide without end and keep what was acknowledged, by key."""

    def __init__(self, served, cycle):
        self.acknowledged = {}
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._ask, args=(served.client(unix=number % 2 == 0), f"{cycle}-{number}")
            )
            for number in range(CALLERS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        return self.acknowledged

    def _ask(self, client, tag):
        with suppress(OSError, HTTPException):  # the process was killed: whatever was under way is unknown
            for number in range(1_000_000):
                if self._stop.is_set():
                    return
                key = f"{tag}-{number}"
                answer = client("POST", "/v1/decisions", payment(key))
                if answer.status == 200:
                    self.acknowledged[key] = answer.body


def everything(owner):
    before, rows = "", []
    while True:
        page = owner("GET", f"/v1/receipts?kind=decision&limit=1000{before}").json()
        rows += page["receipts"]
        if page["next"] is None:
            return rows
        before = f"&before={page['next']}"


def killed(home, cycles, seed):
    """Kill under load, restart, kill again; everything acknowledged over all cycles."""
    rng = random.Random(seed)  # noqa: S311 - a seed that names the run
    acknowledged = {}
    for cycle in range(cycles):
        with Served(home) as served:
            owner = served.client()
            for key in rng.sample(sorted(acknowledged), min(20, len(acknowledged))):
                assert owner("POST", "/v1/decisions", payment(key)).body == acknowledged[key], (
                    f"SEED={seed} {key}"
                )
            load = Load(served, f"{seed}-{cycle}")
            time.sleep(rng.uniform(0.02, 0.25))
            served.kill()
            acknowledged |= load.stop()
    return acknowledged


def assert_nothing_lost(home, acknowledged):
    trust = parse_trust(home.trust_file.read_bytes())
    with Served(home) as served:
        owner = served.client()
        rows = [(read_receipt(row["receipt"]), row["receipt"]) for row in everything(owner)]
        keys = Counter(receipt.request.idempotency_key for receipt, _ in rows)
        assert set(keys.values()) == {1}
        stored = {receipt.request.idempotency_key: (receipt.stamp.receipt_id, jws) for receipt, jws in rows}
        for key, body in acknowledged.items():
            assert stored[key][1].encode() in body
        for key in list(acknowledged)[::40]:
            receipt_id, jws = stored[key]
            proof = owner("GET", f"/v1/receipts/{receipt_id}/proof").body.decode()
            assert verify_receipt(jws, trust=trust, proof=proof, at_s=None).verdict is Verdict.VERIFIED
        report = owner("GET", "/v1/log/verify").json()
        assert (report["problems"], report["checked"]) == ([], report["size"])
        for key, body in acknowledged.items():
            assert owner("POST", "/v1/decisions", payment(key)).body == body
        assert served.stop() == 0


def test_i02_a_kill_under_load_loses_nothing_acknowledged(home):
    acknowledged = killed(home, CYCLES, seed=1)

    assert len(acknowledged) > CYCLES
    assert_nothing_lost(home, acknowledged)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_i02_a_thousand_kills_under_load_lose_nothing_acknowledged(home):
    acknowledged = {}
    for seed in range(SOAK_CYCLES // 50):
        acknowledged |= killed(home, 50, seed=10_000 + seed)
        assert_nothing_lost(home, acknowledged)


@pytest.mark.parametrize("operation", ["sync", "write"])
def test_i05_a_disk_that_fails_is_503_and_the_end_of_the_process(home, operation):
    trigger = home.root.parent / "broken"
    launch = (sys.executable, str(BROKEN_DISK), str(trigger), operation, "serve")
    with Served(home, launch=launch) as served:
        owner = served.client()
        first = owner("POST", "/v1/decisions", payment("before")).body
        trigger.touch()
        lost = owner("POST", "/v1/decisions", payment("during"))
        assert (lost.status, lost.json()["code"]) == (503, "not_recorded")
        assert b"PERMIT" not in lost.body
        with suppress(OSError, HTTPException):
            assert owner("POST", "/v1/decisions", payment("before")).status == 503
        assert served.wait() == 1
    trigger.unlink()

    with Served(home) as again:
        owner = again.client()
        assert owner("POST", "/v1/decisions", payment("before")).body == first
        assert owner("POST", "/v1/decisions", payment("during")).json()["outcome"] == "PERMIT"
        keys = Counter(read_receipt(row["receipt"]).request.idempotency_key for row in everything(owner))
        assert keys == {"before": 1, "during": 1}
        assert owner("GET", "/v1/log/verify").json()["problems"] == []


def test_i05_an_idle_process_whose_disk_fails_ends_by_itself(home):
    trigger = home.root.parent / "broken"
    launch = (sys.executable, str(BROKEN_DISK), str(trigger), "sync", "serve")
    with Served(home, launch=launch) as served:
        trigger.touch()

        assert served.wait() == 1
