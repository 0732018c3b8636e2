"""How a served authority begins and ends: SIGTERM, SIGKILL, a second one, a port in use."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from contextlib import suppress
from http.client import HTTPException

import pytest

from licet.tlog.checkpoint import parse_checkpoint
from licet.tlog.note import parse_note
from support.served import LICET, RefusedStart, Served, fresh_home
from support.world import payment


def size_of(note):
    return parse_checkpoint(parse_note(note).text).size


def test_a_drain_answers_what_runs_and_leaves_everything_in_order(home):
    with Served(home) as served:
        assert stat.S_IMODE(served.socket.stat().st_mode) == 0o600
        answers = []

        def ask_on(number):
            client = served.client(unix=number % 2 == 0)
            with suppress(OSError, HTTPException):  # the server has gone; which way is not the point here
                for count in range(10_000):
                    answer = client("POST", "/v1/decisions", payment(f"{number}-{count}"))
                    answers.append(answer)

        threads = [threading.Thread(target=ask_on, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while len(answers) < 40:
            time.sleep(0.01)
        assert served.stop() == 0
        for thread in threads:
            thread.join(10)

    assert not served.socket.exists()
    assert {answer.status for answer in answers} <= {200, 503}
    wal = home.data / "licet.db-wal"
    assert not wal.exists() or wal.stat().st_size == 0
    with Served(home) as again:
        owner = again.client()
        size = owner("GET", "/version").json()["size"]
        kept = home.last_checkpoint.read_text()
        assert size_of(kept) == size
        recorded = {row["receipt"] for row in everything(owner)}
        assert {answer.json()["receipt"] for answer in answers if answer.status == 200} <= recorded
        assert owner("GET", "/v1/log/verify").json()["problems"] == []
        assert again.stop() == 0
    assert home.last_checkpoint.read_text() == kept


def everything(owner):
    before, rows = "", []
    while True:
        page = owner("GET", f"/v1/receipts?limit=1000{before}").json()
        rows += page["receipts"]
        if page["next"] is None:
            return rows
        before = f"&before={page['next']}"


def test_an_interrupt_ends_it_cleanly_too(home):
    with Served(home) as served:
        assert served.stop(signal.SIGINT) == 0


def test_after_a_kill_the_same_key_gets_the_byte_identical_receipt(home):
    with Served(home) as served:
        first = served.client()("POST", "/v1/decisions", payment())
        served.kill()
    assert (home.data / "licet.sock").exists()

    with Served(home) as again:
        assert again.client()("POST", "/v1/decisions", payment()).body == first.body
        again.kill()
    # The file outside may lag behind a kill; a start alone publishes the newest checkpoint again.
    with Served(home) as third:
        size = third.client()("GET", "/version").json()["size"]
        assert third.stop() == 0
    assert size_of(home.last_checkpoint.read_text()) == size


def test_a_second_serve_of_one_home_is_refused_and_names_the_first(home):
    with Served(home) as served:
        with pytest.raises(RefusedStart) as refused:
            Served(home)
        assert refused.value.code == 1
        assert str(served.pid) in refused.value.said
        assert served.client(unix=True)("GET", "/livez").status == 200


def test_a_port_in_use_is_exit_2_and_the_home_stays_usable(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RefusedStart) as refused:
            Served(home, "--listen", f"127.0.0.1:{port}")
    assert refused.value.code == 2
    assert f"port {port}" in refused.value.said
    assert not (home.data / "licet.sock").exists()

    with Served(home) as served:
        assert served.stop() == 0


def test_beyond_loopback_is_exit_2(home):
    with pytest.raises(RefusedStart) as refused:
        Served(home, "--listen", "0.0.0.0:0")

    assert refused.value.code == 2


def test_a_home_whose_socket_path_is_too_long_gets_a_short_one_and_says_so(tmp_path):
    with fresh_home() as home:
        deep = home.root.parent / ("d" * 110)
        home.root.rename(deep)
        moved = type(home)(deep)
        runtime = home.root.parent / "run"
        runtime.mkdir(mode=0o700)
        with Served(moved, env={"XDG_RUNTIME_DIR": str(runtime)}) as served:
            assert served.socket.parent == runtime / "licet"
            assert any("too long for a socket" in line for line in served.said)
            decided = served.client(unix=True)("POST", "/v1/decisions", payment())
            # A verb with `--home` finds the same place, and so speaks to the process that holds the home.
            listed = subprocess.run(
                [*LICET, "receipt", "list", "--json", "--home", str(deep)],
                env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
                capture_output=True,
                check=True,
            )
            assert decided.json()["receipt_id"].encode() in listed.stdout
            assert served.stop() == 0
        assert not served.socket.exists()


def test_a_named_socket_is_used_and_removed(home):
    path = home.root.parent / "named.sock"
    with Served(home, "--listen", "127.0.0.1:0", "--socket", str(path)) as served:
        assert served.socket == path
        assert served.client(unix=True)("GET", "/livez").status == 200
        assert served.stop() == 0
    assert not path.exists()


def test_one_answer_at_the_moment_of_the_signal_is_whole_or_absent(home):
    with Served(home) as served:
        for number in range(20):
            assert served.client()("POST", "/v1/decisions", payment(f"w-{number}")).status == 200
        line = socket.create_connection(("127.0.0.1", served.port), timeout=10)
        key = home.owner_token.read_text().strip()
        body = payment("last")
        head = (
            "POST /v1/decisions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        line.sendall(head.encode() + body)
        os.kill(served.pid, signal.SIGTERM)
        got = b""
        while chunk := line.recv(65_536):
            got += chunk
        line.close()
        assert served.wait() == 0

    if got:
        assert got.startswith(b"HTTP/1.1 200 OK")
        with Served(home) as again:
            answer = again.client()("POST", "/v1/decisions", body)
            assert json.loads(got.partition(b"\r\n\r\n")[2]) == answer.json()
