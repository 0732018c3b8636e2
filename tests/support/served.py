"""Real ``licet serve`` processes over homes of their own; each test stops, by pid, what it started."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import NamedTuple

from licet.wiring.founding import found_home
from licet.wiring.home import Home
from support.world import starter

LISTENING = re.compile(r"listening on http://([^ ]+):(\d+) and unix:(.+)")
START_S = 30.0
STOP_S = 30.0
IDLE_S = 2.0
LICET = (sys.executable, "-m", "licet.cli.main")
LAUNCH = (*LICET, "serve")


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


class RefusedStart(Exception):
    """`licet serve` ended before it answered."""

    def __init__(self, code, said):
        super().__init__(f"exit {code}: {said}")
        self.code = code
        self.said = said


@contextmanager
def fresh_home(origin="served.example/licet/main"):
    """A home of its own under a short path, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="licet-"))
    try:
        found_home(folder / "home", template=starter(), origin=origin)
        yield Home(folder / "home")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Client:
    """One caller with one key and one connection, over TCP or the unix socket."""

    def __init__(self, served, key=None, *, unix=False, timeout=30.0):
        self._served = served
        self._key = key
        self._unix = unix
        self._timeout = timeout
        self._connection = None
        self._used_s = 0.0

    def __call__(self, method, path, body=None, *, headers=None, content="application/json"):
        sent = dict(headers or {})
        if self._key:
            sent["Authorization"] = f"Bearer {self._key}"
        if method == "POST":
            sent.setdefault("Content-Type", content)
        if time.monotonic() - self._used_s > IDLE_S:
            self.close()  # the server lets go of an idle connection too
        self._used_s = time.monotonic()
        if self._connection is None:
            self._connection = self._connect()
        try:
            self._connection.request(method, path, body=body, headers=sent)
            response = self._connection.getresponse()
            whole = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        return Answered(
            response.status, {name.lower(): value for name, value in response.getheaders()}, whole
        )

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self):
        if self._unix:
            return UnixConnection(self._served.socket, self._timeout)
        return http.client.HTTPConnection("127.0.0.1", self._served.port, timeout=self._timeout)


class Served:
    """One running process. ``stop`` ends it and gives its exit code; so does leaving the context."""

    def __init__(self, home, *options, launch=LAUNCH, env=None):
        self.home = home
        self._launch = launch
        self._env = {**os.environ, **(env or {})}
        self._options = options or ("--listen", "127.0.0.1:0")
        self.said = []
        self._clients = []
        self._lines = Queue()
        self.process = subprocess.Popen(
            [*launch, "--home", str(home.root), *self._options],
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._await_start()
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self):
        return self.process.pid

    def client(self, role="owner", *, unix=False, timeout=30.0):
        """A caller with the key of ``owner`` or ``executor``, or with none (``anonymous``)."""
        files = {"owner": self.home.owner_token, "executor": self.home.executor_token}
        key = files[role].read_text().strip() if role in files else None
        client = Client(self, key, unix=unix, timeout=timeout)
        self._clients.append(client)
        return client

    def stop(self, number=signal.SIGTERM):
        """End it with a signal, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(STOP_S)
        self._close()
        return code

    def wait(self):
        """The exit code of a process that ends by itself."""
        code = self.process.wait(STOP_S)
        self._close()
        return code

    def kill(self):
        """SIGKILL, as the machine would."""
        return self.stop(signal.SIGKILL)

    def _close(self):
        for client in self._clients:
            client.close()
        self._reader.join(STOP_S)
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()

    def _read(self):
        for line in self.process.stderr:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _await_start(self):
        while True:
            try:
                line = self._lines.get(timeout=START_S)
            except Empty:
                raise RefusedStart(None, self.said) from None
            if line is None:
                code = self.process.wait(STOP_S)
                raise RefusedStart(code, "\n".join(self.said))
            self.said.append(line)
            found = LISTENING.search(line)
            if found:
                self.port = int(found[2])
                self.socket = Path(found[3])
                return
