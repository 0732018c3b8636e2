"""Who plays: the authority, the executor and the agent of one run of the demo, in one temporary folder."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from licet import Gate
from licet.cli.demo.bank import OPENING_MINOR, count_transfers
from licet.cli.demo.processes import Child, Launcher, Ran
from licet.gate.decision import Decision
from licet.protocol.canonical import canonical_bytes
from licet.protocol.strict import read_strict

LICET: Final = "licet.cli.main"
ACCOUNT: Final = "acct-42"
_WAIT_S: Final = 15.0


class Payment(NamedTuple):
    """What an agent wants to pay, under which idempotency key."""

    key: str
    amount_minor: int = 4_000
    payee: str = "acme"
    agent: str = "finance-bot"

    def told(self) -> str:
        """`40.00 to acme`."""
        return f"{money(self.amount_minor)} to {self.payee}"


class Books(NamedTuple):
    """The bank's ledger as the file says, read from outside."""

    transfers: int
    balance_minor: int


class Answered(NamedTuple):
    """The executor's answer."""

    status: int
    code: str


class Cast:
    """The three of them; ``close`` ends what was started."""

    def __init__(self, folder: Path, launcher: Launcher) -> None:
        """Nobody is on stage yet."""
        self.folder = folder
        self.home = folder / "home"
        self.bank = folder / "bank"
        self.launcher = launcher
        self.url = ""
        self.executor_url = ""
        self._authority: Child | None = None
        self._executor: Child | None = None
        self._gate: Gate | None = None

    def start_authority(self) -> None:
        """`licet serve` on a free port, and after a kill on the same one; the agent connects anew."""
        if self._gate is not None:
            self._gate.close()
            self._gate = None
        listen = urlsplit(self.url).netloc or "127.0.0.1:0"
        self._authority = self.launcher.start(
            LICET, "serve", "--home", "home", "--listen", listen, talks_on="stderr"
        )
        self.url = self._authority.wait_for("listening on ").partition(" ")[0]

    def kill_authority(self) -> None:
        """SIGKILL."""
        if self._authority is not None:
            self._authority.kill()

    def stop_authority(self) -> None:
        """SIGTERM: it writes what is queued and ends."""
        if self._authority is not None:
            self._authority.stop()

    def start_executor(self) -> None:
        """The process with the bank's credential; it speaks to the authority over the Unix socket."""
        self.bank.mkdir(mode=0o700)
        self._executor = self.launcher.start(
            "licet.cli.demo.executor",
            "bank",
            "unix:home/data/licet.sock",
            "home/trust",
            "home/data/executor.token",
            talks_on="stdout",
        )
        self.executor_url = self._executor.wait_for("listening on ")

    def ask(self, payment: Payment) -> Decision:
        """The agent asks; it holds an API key of the authority, and none of the bank."""
        if self._gate is None:
            credential = (self.home / "data" / "owner.token").read_text(encoding="ascii").strip()
            self._gate = Gate.remote(self.url, credential=credential, trust=self.home / "trust")
        return self._gate.decide(
            "payments.transfer",
            "transfer",
            actor=("agent", payment.agent),
            target=("account", ACCOUNT),
            parameters={"amount_minor": payment.amount_minor, "currency": "USD", "payee": payment.payee},
            key=payment.key,
        )

    def hand_over(self, token: str, payment: Payment) -> Answered:
        """The agent hands a receipt to the executor and asks it to pay."""
        body = canonical_bytes(
            {
                "permit": token,
                "account": ACCOUNT,
                "payee": payment.payee,
                "amount_minor": payment.amount_minor,
                "currency": "USD",
            }
        )
        parts = urlsplit(self.executor_url)
        client = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_WAIT_S)
        try:
            client.request("POST", "/transfers", body, {"Content-Type": "application/json"})
            response = client.getresponse()
            document = read_strict(response.read())
        finally:
            client.close()
        code = document.get("code") if isinstance(document, dict) else None
        return Answered(response.status, str(code))

    def books(self) -> Books:
        """The ledger and what is left."""
        ledger = self.bank / "ledger.jsonl"
        paid = 0
        for line in ledger.read_bytes().splitlines() if ledger.exists() else []:
            entry = read_strict(line)
            amount = entry.get("amount_minor") if isinstance(entry, dict) else None
            paid += amount if isinstance(amount, int) else 0
        return Books(count_transfers(ledger), OPENING_MINOR - paid)

    def licet(self, *arguments: str) -> Ran:
        """Run one `licet` command in the demo's folder."""
        return self.launcher.run(LICET, *arguments)

    def close(self) -> None:
        """End what was started, the executor first."""
        if self._gate is not None:
            self._gate.close()
        for child in (self._executor, self._authority):
            if child is not None:
                child.stop()


def money(minor: int) -> str:
    """`40.00`."""
    return f"{minor // 100}.{minor % 100:02d}"
