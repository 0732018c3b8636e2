"""Both drivers against a dictionary: whatever the calls and their order, three equal answers.

500 steps and more in each run; the profile ``ci`` walks four times as far.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from licet.errors import StoreRefused
from licet.store.port import FreezeQuery, ReceiptQuery
from store.drivers import MemoryDriver, SqliteDriver
from store.samples import (
    NOW_MS,
    NOW_S,
    activation,
    body,
    bundle,
    bytes_of,
    claim,
    digest_of,
    freeze,
    grown,
    id_of,
    key,
    permit,
    receipt,
)

NAMES = st.sampled_from(["a", "b", "c", "d"])
OUTCOMES = st.sampled_from([("PERMIT", "permitted"), ("DENY", "forbidden"), ("SILENCE", "no_permit")])
INDEXES = st.integers(0, 12)
REFUSED = "refused"


class Equal(RuleBasedStateMachine):
    """The model: what was recorded, as plain dictionaries."""

    @initialize()
    def open(self):
        self.folder = Path(tempfile.mkdtemp(prefix="licet-machine-"))
        self.drivers = [MemoryDriver(), SqliteDriver(self.folder)]
        self.head = self.drivers[0].store.head()
        self.leaves = []
        self.keys = {}
        self.permits = {}
        self.versions = []
        self.freezes = {}
        self.kept = set()

    def teardown(self):
        for driver in getattr(self, "drivers", []):
            driver.close()
        shutil.rmtree(getattr(self, "folder", ""), ignore_errors=True)

    def both(self, act):
        """Run one transaction on each driver; they must answer alike."""
        answers = []
        for driver in self.drivers:
            txn = driver.store.begin()
            try:
                answer = act(txn)
                txn.commit()
            except StoreRefused:
                answer = REFUSED
                txn.rollback()
            answers.append(answer)
        assert answers[0] == answers[1]
        return answers[0]

    @rule(name=NAMES, told=OUTCOMES, fails=st.booleans(), detail=st.booleans())
    def decide(self, name, told, fails, detail):
        """Key, permit, leaf, head; a failing job is taken back to its savepoint first."""
        index = len(self.leaves)
        outcome, reason = told
        row = receipt(index, outcome=outcome, reason=reason, surface=f"surface-{name}")
        asked = key(name, index=index, request_digest=digest_of(outcome))

        def act(txn):
            head = txn.head()
            if fails:
                txn.savepoint()
                txn.insert_key(key("never", index=index))
                txn.insert_permit(permit(index))
                txn.insert_leaves([row], [])
                txn.rollback_to()
            if not txn.insert_key(asked):
                return txn.find_key(asked.key)
            if outcome == "PERMIT":
                txn.insert_permit(permit(index))
            txn.insert_leaves([row], [body(index)] if detail else [])
            assert txn.advance_head(head, grown(head))
            return txn.read_back(index, 1)

        answer = self.both(act)
        if name in self.keys:
            assert answer == self.keys[name]
            return
        assert answer == [row.jws]
        self.keys[name] = asked
        self.leaves.append((row, detail))
        if outcome == "PERMIT":
            self.permits[index] = permit(index)
        self.head = grown(self.head)

    @rule(count=st.integers(1, 5))
    def log_more(self, count):
        """A batch without keys."""
        first = len(self.leaves)
        rows = [receipt(first + n) for n in range(count)]

        def act(txn):
            head = txn.head()
            txn.insert_leaves(rows, [])
            return txn.advance_head(head, grown(head, count))

        assert self.both(act) is True
        self.leaves += [(row, False) for row in rows]
        self.head = grown(self.head, count)

    @rule(
        index=INDEXES,
        claim_index=INDEXES,
        late_s=st.sampled_from([0, 59, 60]),
        effect=st.sampled_from(["effect", "effect", "other"]),
        audience=st.sampled_from(["payments-executor", "payments-executor", "other"]),
        tenant=st.sampled_from(["main", "main", "other"]),
    )
    def claim(self, index, claim_index, late_s, effect, audience, tenant):  # noqa: PLR0917 -- guards
        """Claim, rightly or wrongly in any combination of guards."""
        now_s = NOW_S + late_s
        answer = self.both(
            lambda txn: claim(
                txn,
                index,
                now_s=now_s,
                claim_index=claim_index,
                effect_digest=digest_of(effect),
                audience=audience,
                tenant=tenant,
            )
        )
        row = self.permits.get(index)
        right = (effect, audience, tenant) == ("effect", "payments-executor", "main") and late_s < 60
        right = right and not self.stopping() and (row is None or row.revoked_index is None)
        if row is None or row.claimed_s is not None or not right:
            assert answer is False
        elif claim_index <= index or claim_index >= len(self.leaves):
            assert answer == REFUSED
        else:
            assert answer is True
            self.permits[index] = replace(row, claimed_s=now_s, claim_index=claim_index)

    @rule(
        index=INDEXES,
        completion_index=INDEXES,
        status=st.sampled_from(["executed", "failed", "unknown", "perhaps"]),
    )
    def complete(self, index, completion_index, status):
        """Complete, or settle."""
        answer = self.both(
            lambda txn: txn.complete(
                id_of(index), tenant="main", status=status, completion_index=completion_index
            )
        )
        row = self.permits.get(index)
        settles = row is not None and row.completion_status == "unknown" and status != "unknown"
        if row is None or row.claimed_s is None or (row.completion_status is not None and not settles):
            assert answer is False
        elif status == "perhaps" or not row.claim_index < completion_index < len(self.leaves):
            assert answer == REFUSED
        else:
            assert answer is True
            self.permits[index] = replace(row, completion_status=status, completion_index=completion_index)

    def stopping(self):
        """Whether a freeze stops the one surface of all permits."""
        return any(row.lifted_index is None and row.name == permit().surface for row in self.freezes.values())

    @rule(index=INDEXES, late_s=st.sampled_from([0, 60]), revoked_index=INDEXES)
    def revoke(self, index, late_s, revoked_index):
        """Take a permit back, or not."""
        answer = self.both(
            lambda txn: txn.revoke(
                id_of(index), tenant="main", now_s=NOW_S + late_s, revoked_index=revoked_index
            )
        )
        row = self.permits.get(index)
        if row is None or late_s or row.claimed_s is not None or row.revoked_index is not None:
            assert answer is False
        elif not index < revoked_index < len(self.leaves):
            assert answer == REFUSED
        else:
            assert answer is True
            self.permits[index] = replace(row, revoked_index=revoked_index)

    @rule(index=INDEXES, name=st.sampled_from([permit().surface, "other"]))
    def freeze(self, index, name):
        """Freeze a surface, that of the permits or another."""
        row = freeze(index, name=name)
        answer = self.both(lambda txn: txn.insert_freeze(row))
        stands = any(one.lifted_index is None and one.name == name for one in self.freezes.values())
        if stands:
            assert answer is False
        elif index in self.freezes or index >= len(self.leaves):
            assert answer == REFUSED
        else:
            assert answer is True
            self.freezes[index] = row

    @rule(index=INDEXES, lifted_index=INDEXES)
    def lift(self, index, lifted_index):
        """Lift a freeze, or not."""
        answer = self.both(lambda txn: txn.lift(id_of(index), tenant="main", lifted_index=lifted_index))
        row = self.freezes.get(index)
        if row is None or row.lifted_index is not None:
            assert answer is False
        elif not index < lifted_index < len(self.leaves):
            assert answer == REFUSED
        else:
            assert answer is True
            self.freezes[index] = replace(row, lifted_index=lifted_index)

    @rule(version=st.integers(0, 4), index=INDEXES, name=NAMES, keep=st.booleans())
    def activate(self, version, index, name, keep):
        """Activate a bundle, kept or not."""

        def act(txn):
            if keep:
                txn.insert_bundle(bundle(name))
            return txn.insert_activation(activation(version, index, name))

        answer = self.both(act)
        if 1 <= version <= len(self.versions):
            assert answer is False
            self.kept |= {name} if keep else set()
        elif (
            version != len(self.versions) + 1 or index >= len(self.leaves) or not ({name} & self.kept or keep)
        ):
            assert answer == REFUSED
        else:
            assert answer is True
            self.versions.append(activation(version, index, name))
            self.kept.add(name)

    @rule(gap=st.integers(-2, 3))
    def leave_a_gap(self, gap):
        """Leaves that do not continue, or a head that does not cover them."""
        size = len(self.leaves)

        def act(txn):
            head = txn.head()
            txn.insert_leaves([receipt(size + gap)], [])
            return txn.advance_head(head, grown(head, 2))

        assert self.both(act) == REFUSED

    @rule(behind=st.integers(0, 3), epoch=st.integers(1, 2))
    def write_from_a_stale_head(self, behind, epoch):
        """The head's compare-and-set fences it."""
        stale = replace(self.head, size=max(self.head.size - behind, 0), epoch=epoch)
        true = (stale.size, stale.epoch) == (self.head.size, self.head.epoch)
        for driver in self.drivers:
            txn = driver.store.begin()
            assert txn.advance_head(stale, grown(stale, 9)) is true
            txn.rollback()

    @rule(seconds=st.integers(-5, 5))
    def beat(self, seconds):
        """A heartbeat, with a clock that may go back."""
        now_ms = NOW_MS + 1000 * seconds
        for driver in self.drivers:
            driver.store.heartbeat(now_ms)
        self.head = replace(self.head, updated_ms=max(self.head.updated_ms, now_ms))

    @rule()
    def restart(self):
        """Close and open again."""
        for driver in self.drivers:
            driver.reopen()

    @invariant()
    def all_three_agree(self):
        for driver in getattr(self, "drivers", []):
            store = driver.store
            assert store.head() == self.head
            assert store.scan(0, 1000) == [row for row, _ in self.leaves]
            assert [store.body(row.index) is not None for row, _ in self.leaves] == [
                detail for _, detail in self.leaves
            ]
            assert {name: store.find_key(bytes_of(name)) for name in self.keys} == self.keys
            assert store.find_key(bytes_of("never")) is None
            assert {index: store.permit(id_of(index)) for index in self.permits} == self.permits
            assert store.activations() == self.versions
            newest_first = [row for _, row in sorted(self.freezes.items(), reverse=True)]
            assert store.freezes(FreezeQuery(tenant="main", stopping=False)) == newest_first
            wanted = ReceiptQuery(tenant="main", outcome="DENY", surface="surface-a")
            assert store.receipts(wanted) == [
                row for row, _ in reversed(self.leaves) if (row.outcome, row.surface) == ("DENY", "surface-a")
            ]


TestDriversAreEqual = Equal.TestCase
TestDriversAreEqual.settings = settings(
    max_examples=settings.default.max_examples // 2,
    stateful_step_count=24,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
