"""One racer: a process with one connection that sends what it is told the moment it is told."""

from __future__ import annotations

import http.client
import json
import socket
import sys


class Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def main(address, key):
    place, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(place, int(port), timeout=60) if port.isdigit() else Unix(address)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for line in sys.stdin:
        path, _, body = line.rstrip("\n").partition(" ")
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        answer = {"status": response.status, "body": response.read().decode()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
