"""Authorities and executors with one guard taken out: the simulator must find each of them.

A checker that never found anything has not been seen to work.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import fields, replace
from hashlib import sha256
from types import MappingProxyType

from licet.authority.deciding import DecideJob, Deciding
from licet.errors import LicetError, StoreUnknown
from licet.gate.answers import ClaimQuestion, Refusal
from licet.gate.clock import Clock
from licet.gate.decision import Claim
from licet.gate.flow import Heard, Step
from licet.protocol.types import ReceiptId
from licet.store.port import KeyRow
from sim.authority import Parts, SteppedSequencer
from sim.disk import FaultyStore, FaultyTxn
from sim.parties import Executing
from sim.simulation import Setting


class _UnguardedClaim(FaultyTxn):
    """`claimed_at IS NULL` is missing in the claim statement."""

    def claim(self, receipt_id: ReceiptId, **named: object) -> bool:
        row = self._inner.permit(receipt_id)
        if row is not None:
            unclaimed = replace(
                row,
                claimed_s=None,
                claim_id=None,
                claim_index=None,
                completion_status=None,
                completion_index=None,
            )
            self._inner._put(self._inner._new.permits, receipt_id, unclaimed)
        return self._inner.claim(receipt_id, **named)


class _EndlessPermit(FaultyTxn):
    """`exp > :t` is missing in the claim statement."""

    def claim(self, receipt_id: ReceiptId, **named: object) -> bool:
        row = self._inner.permit(receipt_id)
        if row is not None:
            named["now_s"] = min(named["now_s"], row.expires_s - 1)
        return self._inner.claim(receipt_id, **named)


class _KeyNotUnique(FaultyTxn):
    """The key's row is not unique."""

    def insert_key(self, row: KeyRow) -> bool:
        if self._inner.find_key(row.key) is not None:
            row = replace(row, key=sha256(row.key + row.index.to_bytes(8, "big")).digest())
        return self._inner.insert_key(row)


class _FreezeNotSeen(FaultyTxn):
    """Deciding does not look for a freeze inside the transaction."""

    def frozen_by(self, **_: object) -> None:
        return None


class FreezesNotSeen(FaultyStore):
    """See ``_FreezeNotSeen``."""

    TXN = _FreezeNotSeen


class UnguardedClaims(FaultyStore):
    """See ``_UnguardedClaim``."""

    TXN = _UnguardedClaim


class EndlessPermits(FaultyStore):
    """See ``_EndlessPermit``."""

    TXN = _EndlessPermit


class KeysIgnored(FaultyStore):
    """No key was ever used before."""

    TXN = _KeyNotUnique

    def find_key(self, key: bytes) -> None:
        return None


class LateCommit(FaultyStore):
    """Answers leave before the commit, which happens with the next batch, if this process lives to see it."""

    _open: object = None

    def begin(self) -> FaultyTxn:
        if self._open is not None:
            super().commit(self._open)
            self._open = None
        return super().begin()

    def commit(self, txn: object) -> None:
        self._open = txn


class GoesOnWriting(FaultyStore):
    """A store that forgets that a commit's fate is unknown."""

    def commit(self, txn: object) -> None:
        try:
            super().commit(txn)
        except StoreUnknown:
            self.inner._poisoned = False
            raise


class PoisonIgnored(SteppedSequencer):
    """A writer that calls UNKNOWN a failure, and goes on with what its process believes the store to be."""

    def _stop_writing(self, alarm: LicetError, live: list[object]) -> None:
        if not isinstance(alarm, StoreUnknown):
            super()._stop_writing(alarm, live)
            return
        fatal, self._fatal = self._fatal, lambda alarm: None
        super()._stop_writing(alarm, live)
        self._fatal, self._poison = fatal, None
        self._head = self._store.head()


class _StaleJob(DecideJob):
    """Does not look at the active bundle again inside the transaction."""

    def _still_true(self, page: object) -> object:
        return self.snapshot, self.decision


class DecidedOnTheOldBundle(Deciding):
    """See ``_StaleJob``."""

    def job(self, *args: object, **named: object) -> DecideJob:
        made = super().job(*args, **named)
        return _StaleJob(**{field.name: getattr(made, field.name) for field in fields(DecideJob)})


class RunsWithoutProof(Executing):
    """Takes a claim whose answer was lost for one that was granted."""

    def claimed(self, asked: ClaimQuestion, clock: Clock) -> Generator[Step, Heard, Claim | Refusal]:
        ended = yield from super().claimed(asked, clock)
        if isinstance(ended, Refusal) and ended.failure == "claim_lost":
            return Claim(receipt="", receipt_id=ReceiptId(""))
        return ended


class ClaimsByItsName(Executing):
    """Numbers its claims by the permit, so that after a crash it is given its old claim, and runs again."""

    def claimed(self, asked: ClaimQuestion, clock: Clock) -> Generator[Step, Heard, Claim | Refusal]:
        again = asked.body.replace(asked.claim_id.encode(), b"always")
        return super().claimed(replace(asked, body=again, claim_id="always"), clock)


def _store(kind: type[FaultyStore]) -> Setting:
    return Setting(parts=Parts(store=kind))


BROKEN: Mapping[str, tuple[Setting, frozenset[str]]] = MappingProxyType(
    {
        "claim not guarded": (_store(UnguardedClaims), frozenset({"I4"})),
        "expiry not guarded": (_store(EndlessPermits), frozenset({"I19"})),
        "key ignored": (_store(KeysIgnored), frozenset({"I3"})),
        "answer before commit": (_store(LateCommit), frozenset({"I2"})),
        "poison ignored": (
            Setting(parts=Parts(store=GoesOnWriting, sequencer=PoisonIgnored)),
            frozenset({"I2", "I3", "I9"}),
        ),
        "freeze not seen": (_store(FreezesNotSeen), frozenset({"I5", "I9"})),
        "bundle not looked at again": (
            Setting(parts=Parts(deciding=DecidedOnTheOldBundle)),
            frozenset({"I16"}),
        ),
        "runs without proof of its claim": (Setting(executing=RunsWithoutProof), frozenset({"I1", "I4"})),
        "claims by the permit's name": (Setting(executing=ClaimsByItsName), frozenset({"I4"})),
    }
)
"""What is broken, and the invariants of which one must be seen to fail."""
