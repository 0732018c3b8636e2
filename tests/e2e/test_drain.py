"""SIGTERM under load: not ready first, everything acknowledged is recorded, the rest asks again (P11, I2)."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from http.client import HTTPException

from licet.tlog.checkpoint import parse_checkpoint
from licet.tlog.note import parse_note
from support.served import Served
from support.world import payment

DRAIN_S = 10
CALLERS = 8


class Load:
    """Callers that decide without end; what was acknowledged, what was refused, what nobody answered."""

    def __init__(self, served):
        self.acknowledged, self.refused, self.unanswered = {}, set(), set()
        self._threads = [
            threading.Thread(target=self._ask, args=(served.client(unix=number % 2 == 0), number))
            for number in range(CALLERS)
        ]
        for thread in self._threads:
            thread.start()

    def join(self):
        for thread in self._threads:
            thread.join(30)

    def _ask(self, client, number):
        for count in range(100_000):
            key = f"{number}-{count}"
            try:
                answer = client("POST", "/v1/decisions", payment(key))
            except (OSError, HTTPException):  # it has gone: what became of this one is unknown here
                self.unanswered.add(key)
                return
            if answer.status == 200:
                self.acknowledged[key] = answer.body
            else:
                assert answer.status == 503
                self.refused.add(key)


class Watch(threading.Thread):
    """Asks for readiness without end, on one connection, and keeps what it heard with its time."""

    def __init__(self, served):
        super().__init__()
        self.heard = []
        self._client = served.client()
        self.start()

    def run(self):
        with suppress(OSError, HTTPException):
            while True:
                answer = self._client("GET", "/readyz")
                red = {check["name"] for check in answer.json()["checks"] if not check["ok"]}
                self.heard.append((time.monotonic(), answer.status, red))
                time.sleep(0.02)


def everything(owner):
    before, rows = "", []
    while True:
        page = owner("GET", f"/v1/receipts?kind=decision&limit=1000{before}").json()
        rows += page["receipts"]
        if page["next"] is None:
            return rows
        before = f"&before={page['next']}"


def test_i02_sigterm_under_load_loses_nothing_acknowledged(home):
    with Served(home) as served:
        load, watch = Load(served), Watch(served)
        while len(load.acknowledged) < 100:
            time.sleep(0.01)
        before, began = len(load.acknowledged), time.monotonic()
        code = served.stop()
        took_s = time.monotonic() - began
        load.join()
        watch.join(10)

    assert code == 0
    assert took_s <= DRAIN_S
    assert watch.heard[0][1:] == (200, set())
    assert watch.heard[-1][1:] == (503, {"stopping"}), "it was never seen that it would stop"
    assert len(load.acknowledged) > before, "nothing was answered while it said that it would stop"
    kept = parse_checkpoint(parse_note(home.last_checkpoint.read_text()).text)
    with Served(home) as again:
        owner = again.client()
        assert owner("GET", "/version").json()["size"] == kept.size
        recorded = {row["receipt"] for row in everything(owner)}
        assert {_receipt(body) for body in load.acknowledged.values()} <= recorded
        for key in [*load.unanswered, *load.refused]:
            first = owner("POST", "/v1/decisions", payment(key))
            assert first.json()["outcome"] == "PERMIT"
            assert owner("POST", "/v1/decisions", payment(key)).body == first.body
        assert owner("GET", "/v1/log/verify").json()["problems"] == []
        assert again.stop() == 0


def _receipt(body):
    return json.loads(body)["receipt"]


def test_a_request_half_sent_does_not_hold_a_drain_for_long(home):
    with Served(home) as served:
        client = served.client()
        client("GET", "/livez")
        client._connection.sock.sendall(
            b"POST /v1/decisions HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\n\r\n{"
        )
        time.sleep(0.1)
        began = time.monotonic()

        assert served.stop() == 0
        assert time.monotonic() - began <= DRAIN_S


def test_a_second_signal_ends_the_grace(home):
    with Served(home) as served:
        served.process.terminate()
        time.sleep(0.05)

        assert served.stop() == 0
