"""The executor of the demo, a process of its own: it alone can pay, and pays only for a permit.

``python -m licet.cli.demo.executor FOLDER AUTHORITY TRUST TOKEN`` serves ``POST /transfers`` on loopback
with ``{"permit", "account", "payee", "amount_minor", "currency"}``. It

1. builds the effect from what it is about to run, never from what the caller says was permitted,
2. verifies the permit offline against the pinned trust folder,
3. claims it at the authority: the first claim wins, a lost answer is no,
4. pays with the permitted parameters, 5. reports what became of it.

It ends when its standard input ends, so that it never outlives the demo.
"""

from __future__ import annotations

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final, NamedTuple

from licet.cli.demo.bank import Bank
from licet.errors import LicetError
from licet.gate.decision import Failure
from licet.gate.errors import NotPermitted
from licet.gate.permits import Executor
from licet.protocol.canonical import canonical_bytes
from licet.protocol.shape import Members
from licet.protocol.strict import read_strict
from licet.protocol.types import JsonObject

AUDIENCE: Final = "payments-executor"
_BODY_BYTES_MAX: Final = 32 * 1024
_TEXT_CHARS_MAX: Final = 64


class Told(NamedTuple):
    """An HTTP answer."""

    status: int
    document: JsonObject


class Window:
    """Where permits are handed in: the bank's credential lives here and nowhere else."""

    def __init__(self, bank: Bank, executor: Executor) -> None:
        """Open the account; the credential stays in this process's memory."""
        self._bank = bank
        self._executor = executor
        self._credential = bank.open_account()

    def pay(self, body: bytes) -> Told:
        """Pay for a permit, or say why not."""
        try:
            members = Members(read_strict(body, bytes_max=_BODY_BYTES_MAX))
            permit = members.text("permit", chars_max=_BODY_BYTES_MAX)
            effect: JsonObject = {  # 1
                "surface": "payments.transfer",
                "action": "transfer",
                "target": {"type": "account", "id": members.text("account", chars_max=_TEXT_CHARS_MAX)},
                "parameters": {
                    "amount_minor": members.integer("amount_minor"),
                    "currency": members.text("currency", chars_max=_TEXT_CHARS_MAX),
                    "payee": members.text("payee", chars_max=_TEXT_CHARS_MAX),
                },
            }
            members.end()
            with self._executor.hold(permit, effect) as held:  # 2, 3
                arguments = held.thawed()
                number = self._bank.transfer(  # 4
                    self._credential,
                    payee=str(arguments["payee"]),
                    amount_minor=int(str(arguments["amount_minor"])),
                    permit=held.receipt_id,
                )
                held.result({"transfer": number})  # 5: leaving the block reports it
            return Told(201, {"code": "executed", "transfer": number})
        except NotPermitted as refusal:
            return refused(refusal)
        except (LicetError, ValueError) as error:
            return Told(400, {"code": "malformed", "detail": str(error)})


def refused(refusal: NotPermitted) -> Told:
    """A refusal in the codes of ``protocol.md`` 4; nothing ran."""
    decision = refusal.decision
    match decision.failure:
        case Failure.ALREADY_CLAIMED:
            status, code = 409, "already_claimed"
        case Failure.EXPIRED:
            status, code = 410, "permit_expired"
        case (
            Failure.UNREACHABLE
            | Failure.DEADLINE
            | Failure.CLAIM_LOST
            | Failure.NOT_RECORDED
            | Failure.OVERLOADED
        ):
            status, code = 503, "unreachable"
        case _ if decision.check == "effect_digest":
            status, code = 409, "effect_mismatch"
        case _:
            status, code = 403, "permit_invalid"
    return Told(status, {"code": code, "detail": str(refusal)})


class _Server(HTTPServer):
    """One request after the other; ``window`` is where its handler hands them in."""

    window: Window


class _Handler(BaseHTTPRequestHandler):
    """``POST /transfers`` and nothing else."""

    server: _Server
    timeout = 5.0
    """Seconds of silence on a socket: a half-sent request must not stop the next one."""

    def do_POST(self) -> None:
        """Hand the body to the window."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/transfers" or not length.isdecimal() or int(length) > _BODY_BYTES_MAX:
            self._answer(Told(400, {"code": "malformed", "detail": "POST /transfers with a small JSON body"}))
            return
        self._answer(self.server.window.pay(self.rfile.read(int(length))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Say nothing: the demo tells the story."""

    def _answer(self, told: Told) -> None:
        body = canonical_bytes(told.document)
        self.send_response(told.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(folder: str, authority: str, trust: str, token: str) -> None:
    """Serve on a free loopback port and say which, until standard input ends."""
    credential = Path(token).read_text(encoding="ascii").strip()
    executor = Executor.remote(authority, credential=credential, audience=AUDIENCE, trust=trust)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.window = Window(Bank(Path(folder)), executor)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    sys.stdout.write(f"listening on http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


def _end_with_stdin() -> None:
    sys.stdin.read()
    # Whatever runs: the demo is gone, and nobody will read an answer. A claimed permit stays open on record.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:5])
