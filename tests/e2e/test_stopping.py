"""Stop now, with real processes: what was frozen or revoked stays so after a kill and a restart."""

from __future__ import annotations

import json
import subprocess
import sys

from support.served import Served
from support.world import effect, payment


def licet(home, *line):
    command = [sys.executable, "-m", "licet.cli.main", *line, "--home", str(home.root), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout)


def claim(client, receipt):
    answer = client("POST", "/v1/permits/claim", json.dumps({"permit": receipt, "effect": effect()}))
    return answer.status, answer.json().get("code")


def test_a_freeze_by_the_command_line_stops_a_served_authority_and_outlives_it(home):
    with Served(home) as served:
        owner, executor = served.client(), served.client("executor")
        before = owner("POST", "/v1/decisions", payment("k-1")).json()
        taken = owner("POST", "/v1/decisions", payment("k-2")).json()

        code, set_ = licet(home, "freeze", "--surface", "payments.transfer", "--reason", "bank file rejected")
        assert code == 0
        assert claim(executor, before["receipt"]) == (403, "frozen")
        assert owner("POST", "/v1/decisions", payment("k-3")).json()["reason"] == "frozen"
        assert licet(home, "permit", "revoke", taken["receipt_id"], "--reason", "wrong payee")[0] == 0
        served.kill()

    with Served(home) as served:
        owner, executor = served.client(), served.client("executor")
        assert claim(executor, before["receipt"]) == (403, "frozen")
        assert claim(executor, taken["receipt"]) == (410, "permit_revoked")
        assert owner("POST", "/v1/decisions", payment("k-4")).json()["reason"] == "frozen"
        listed = owner("GET", "/v1/freezes").json()["freezes"]
        assert [(one["id"], one["reason"]) for one in listed] == [(set_["receipt_id"], "bank file rejected")]

        assert licet(home, "unfreeze", set_["receipt_id"], "--reason", "it was a test")[0] == 0
        assert claim(executor, before["receipt"]) == (200, None)
        assert owner("POST", "/v1/decisions", payment("k-5")).json()["outcome"] == "PERMIT"
        assert owner("GET", "/v1/log/verify").json()["problems"] == []
        assert served.stop() == 0

    again = licet(home, "unfreeze", set_["receipt_id"], "--reason", "twice")
    assert (again[0], again[1]["error"]["code"]) == (2, "already_lifted")
