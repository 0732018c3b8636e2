"""A home under a story of decisions, claims, completions and an activation; and what must hold after a loss.

Every step makes one leaf, and is asked again in the same words: so after asking everything again the log
has exactly one leaf more for each step, whatever was lost in between.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from licet.authority.callers import OWNER, Role
from licet.ledger.fsck import check_log
from licet.policy.bundle import Bundle
from licet.protocol import fast
from licet.protocol.parse import parse_claim_ask, parse_completion_ask, parse_decision_ask
from licet.protocol.types import Audience, EntityRef
from licet.receipt.keys import PrivateKey
from licet.receipt.read import read_receipt
from licet.receipt.statement import Activation
from licet.tlog.checkpoint import parse_checkpoint
from licet.tlog.entry import receipt_leaf
from licet.tlog.merkle import root_of
from licet.tlog.note import parse_note
from licet.wiring.founding import found_home, sign_activation
from licet.wiring.home import Home
from licet.wiring.opening import open_home
from support.world import effect, payment, starter

ORIGIN = "faults.example/licet/main"
EXECUTOR = replace(
    OWNER,
    actor=EntityRef(type="service", id="payments-executor"),
    roles=frozenset({Role.EXECUTOR}),
    audience=Audience("payments-executor"),
)
SECOND = "an activation of the second bundle"


def template(label: str = "1") -> dict[str, bytes]:
    """The starter's surface with one rule and one test: a home that opens in milliseconds."""
    files = starter()
    files = {name: files[name] for name in files if not name.startswith(("policies/", "tests/"))}
    files["bundle.toml"] = files["bundle.toml"].replace(b"starter-1", f"faults-{label}".encode())
    # A state may be opened minutes after its permits were given.
    surface = files["surfaces/payments.toml"].replace(b"permit_ttl_s = 60", b"permit_ttl_s = 600")
    files["surfaces/payments.toml"] = surface
    files["policies/small.cedar"] = _POLICY
    files["tests/small.toml"] = _TEST
    return files


_POLICY = b"""\
@id("pay-small")
@reason("Payments up to 100.00 need no approval")
permit (principal is Agent in Team::"finance", action == Action::"transfer", resource)
when { context.parameters.amount_minor <= 10000 };
"""
_TEST = b"""\
[[case]]
name = "40.00 is permitted"
request.surface = "payments.transfer"
request.action = "transfer"
request.actor = { type = "agent", id = "finance-bot" }
request.parameters = { amount_minor = 4000, currency = "USD", payee = "acme" }
facts = { now = "2026-11-23T09:00:00Z" }
expect = { outcome = "PERMIT", policies = ["pay-small"] }
"""


def found(folder: Path) -> Home:
    """A new home for a story."""
    found_home(folder, template=template(), origin=ORIGIN)
    return Home(folder)


@contextmanager
def opened(home: Home, *, disk=None, fatal=None):
    """The home, deciding."""
    running = open_home(home, {}, disk=disk, fatal=fatal)
    try:
        yield running
    finally:
        running.close()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is asked: ``decide k``, ``claim k``, ``complete k`` or ``activate``."""

    key: str

    def ask(self, running, receipts) -> str:
        """Ask, wait for the answer, and give its receipt. ``receipts`` are those of earlier steps."""
        verb, _, name = self.key.partition(" ")
        return getattr(self, f"_{verb}")(running, name, receipts)

    def _decide(self, running, name, receipts):
        authority = running.authority
        ask = parse_decision_ask(payment(name))
        answered = authority.decide(ask, OWNER, deadline_ms=authority.deadline_ms())
        return (_settle(authority, answered) if hasattr(answered, "write") else answered).receipt

    def _claim(self, running, name, receipts):
        document = {"permit": receipts[f"decide {name}"], "effect": effect(), "claim_id": f"c-{name}"}
        authority = running.authority
        return _settle(
            authority, authority.claim(parse_claim_ask(fast.canonical(document)), EXECUTOR)
        ).receipt

    def _complete(self, running, name, receipts):
        permit = read_receipt(receipts[f"decide {name}"]).stamp.receipt_id
        ask = parse_completion_ask(fast.canonical({"receipt_id": permit, "status": "executed"}))
        authority = running.authority
        return _settle(authority, authority.complete(ask, EXECUTOR)).receipt

    def _activate(self, running, name, receipts):
        authority, store = running.authority, running._store
        staged = authority.stage(Bundle.from_files(template("2")).pack(), OWNER).compiled
        active = store.active()
        if active.digest == staged.digest:
            return store.receipt(active.index).jws  # its own statement again would be refused as stale
        root = PrivateKey.from_pem(running.home.key("root").read_bytes())
        step = Activation(
            bundle=staged.head.name, version=2, digest=staged.digest, parent=active.digest, reason=SECOND
        )
        said = sign_activation(root, step, issued_s=int(time.time()), nonce="00" * 16)
        return _settle(authority, authority.activate(staged.digest, said, OWNER)).receipt


def _settle(authority, job):
    return authority.settle(job, deadline_ms=authority.deadline_ms())


def put(home: Home, files) -> None:
    """Make the data folder hold ``files``, the keys and the lock, and nothing else."""
    for path in home.data.iterdir():
        if path.name.startswith(("licet.db", "last-checkpoint", ".last-checkpoint")):
            path.unlink()
    for name, content in files.items():
        path = home.data / name
        path.write_bytes(content)
        path.chmod(0o600)


def copied(home: Home, folder: Path) -> Home:
    """The same home, elsewhere."""
    shutil.copytree(home.root, folder, ignore=shutil.ignore_patterns("*.sock"))
    return Home(folder)


def examine(home: Home, *, size: int, asked, acked) -> None:
    """Open the home in earnest and demand everything that was promised, then ask everything again.

    ``size`` is that of the log before the story.
    """
    with opened(home) as running:
        store = running._store
        rows = _demand_whole(store)
        there = {row.jws for row in rows}
        lost = [key for key, receipt in acked.items() if receipt not in there]
        assert not lost, f"acknowledged and lost: {lost}"
        assert size + len(acked) <= len(rows) <= size + len(asked)

        receipts = dict(acked)
        for key in asked:
            receipts[key] = Step(key).ask(running, receipts)
            assert acked.get(key) in {None, receipts[key]}, f"`{key}` has two receipts"
        rows = _demand_whole(store)
        assert len(rows) == size + len(asked)
        assert set(receipts.values()) <= {row.jws for row in rows}
        report = check_log(store, running.authority.reading.log_key)
        assert not report.problems, report.problems


def _demand_whole(store):
    """The leaves: gapless, hashing to the root, which is the checkpoint's; and none beyond it."""
    head = store.head()
    rows = store.scan(0, head.size + 1)
    assert [row.index for row in rows] == list(range(head.size))
    assert root_of([receipt_leaf(row.jws) for row in rows]) == head.root
    checkpoint = parse_checkpoint(parse_note(head.checkpoint).text)
    assert (checkpoint.size, checkpoint.root) == (head.size, head.root)
    assert store.checkpoint(head.size) == head.checkpoint
    assert store.checkpoints(head.size, 1) == []
    return rows
