"""The stages of one decision, each alone, on the same request; and the whole decision, durable."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from licet.protocol import digest, fast, parse, strict
from licet.protocol.canonical import canonical_bytes
from licet.protocol.ed25519 import verify
from licet.protocol.types import JsonObject
from licet.receipt import jws
from licet.receipt.keys import PrivateKey
from licet.tlog import compact, entry

KEY = PrivateKey.from_seed(bytes(range(32)))
REQUEST: JsonObject = {
    "surface": "payments.transfer",
    "action": "transfer",
    "actor": {"type": "agent", "id": "finance-bot"},
    "target": {"type": "account", "id": "acct-42"},
    "parameters": {"amount_minor": 4000, "currency": "USD", "payee": "acme"},
    "context": {"ticket": "FIN-7", "note": "x" * 500},
    "audience": "payments-executor",
    "idempotency_key": "01J9ZK3T-finance-bot-7",
}
PAYLOAD = canonical_bytes(
    {"v": 1, "kind": "decision", "request": REQUEST, "nonce": "0" * 32, "pad": "x" * 300}
)
Prepare = Callable[[Path, ExitStack], Callable[[], object]]


class Missing(Exception):
    """A stage that cannot run here, and why."""


def read_exact(_folder: Path, _stack: ExitStack) -> Callable[[], object]:
    """The exact reader alone."""
    body = fast.canonical(REQUEST)
    return lambda: strict.read_strict(body)


def read_fast(_folder: Path, _stack: ExitStack) -> Callable[[], object]:
    """The fast reader on the bytes that SDKs send."""
    body = fast.canonical(REQUEST)
    return lambda: fast.read(body)


def parse_request(_folder: Path, _stack: ExitStack) -> Callable[[], object]:
    """Stop 2: bytes to a typed request, both digests included."""
    body = fast.canonical(REQUEST)
    return lambda: parse.parse_request(body)


def canonical_digest(_folder: Path, _stack: ExitStack) -> Callable[[], object]:
    """Canonical bytes of a request and its tagged digest."""
    return lambda: digest.tagged_digest(digest.REQUEST_TAG, fast.canonical(REQUEST))


def seal(_folder: Path, _stack: ExitStack) -> Callable[[], object]:
    """Stop 6: the compact JWS over a payload."""
    return lambda: jws.seal(KEY, jws.RECEIPT_TYP, PAYLOAD)


def verify_signature(_folder: Path, _stack: ExitStack) -> Callable[[], object]:
    """The verifying half: parts, kid, small-order checks, signature."""
    sealed = jws.seal(KEY, jws.RECEIPT_TYP, PAYLOAD)

    def run() -> None:
        parts = jws.split(sealed)
        if jws.read_kid(parts.header, jws.RECEIPT_TYP) != KEY.kid:
            raise AssertionError
        if not verify(KEY.public, parts.signed, parts.signature):
            raise AssertionError

    return run


def append_leaf(_folder: Path, _stack: ExitStack) -> Callable[[], object]:
    """Stop 7's pure part: leaf hash and the new right edge of a log of a million."""
    sealed = jws.seal(KEY, jws.RECEIPT_TYP, PAYLOAD)
    leaf = entry.receipt_leaf(sealed)
    size = 1_000_000
    frontier = tuple(leaf for _ in range(size.bit_count()))
    return lambda: compact.append(size, frontier, [entry.receipt_leaf(sealed)])


def decision(folder: Path, stack: ExitStack) -> Callable[[], object]:
    """All stops in one process: decided, signed, logged, fsynced; a new key every time."""
    home = folder / "home"
    made = subprocess.run(
        [sys.executable, "-m", "licet.cli.main", "init", str(home), "--template", "minimal"],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        raise Missing(f"`licet init` exits {made.returncode}: {made.stderr.strip().splitlines()[-1:]}")
    from licet import Gate, Outcome  # noqa: PLC0415 - the other stages must run without it

    gate = Gate.local(str(home), actor=("agent", "finance-bot"))
    close = getattr(gate, "close", None)
    if close is not None:
        stack.callback(close)
    keys = count()

    def run() -> None:
        answer = gate.decide(
            "payments.transfer",
            "transfer",
            target=("account", "acct-42"),
            parameters={"amount_minor": 4000, "currency": "USD", "payee": "acme"},
            key=f"bench-{next(keys)}",
        )
        if answer.outcome is not Outcome.PERMIT:  # a benchmark that measures errors is none
            message = f"the bench's request got {answer.outcome} {answer.reason}"
            raise AssertionError(message)

    return run


ALL: tuple[tuple[str, Prepare, int], ...] = (
    ("read, exact", read_exact, 2_000),
    ("read, fast", read_fast, 5_000),
    ("parse a request", parse_request, 2_000),
    ("canonical + digest", canonical_digest, 5_000),
    ("seal a receipt", seal, 1_000),
    ("verify", verify_signature, 500),
    ("leaf + right edge", append_leaf, 2_000),
    ("decision", decision, 100),
)
